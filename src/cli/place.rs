//! The files of a working directory.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::journal::{Record, file};
use crate::model::inventory::Inventory;
use crate::plan::intent::{self, Intent, Problem};
use crate::plan::{Plan, format, sha256};

/// One migration's files.
#[derive(Clone, Debug)]
pub struct Place {
    dir: PathBuf,
    /// The migration's name.
    pub name: String,
}

/// Something read, with the hash of its bytes.
pub struct Hashed<T> {
    /// What was read.
    pub value: T,
    /// SHA-256 of the file.
    pub sha256: String,
}

impl Place {
    /// The files of a migration that may not exist yet.
    pub fn new(dir: &Path, name: &str) -> Place {
        Place { dir: dir.to_owned(), name: name.to_owned() }
    }

    /// The migration of that name, or the only one.
    ///
    /// # Errors
    /// If there is none, or no name is given and there are several.
    #[expect(clippy::disallowed_methods, reason = "the working directory is this module's purpose")]
    pub fn find(dir: &Path, name: Option<&str>) -> Result<Place, Failure> {
        let entries = std::fs::read_dir(dir.join("migrations")).into_iter().flatten().flatten();
        let stem = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().strip_suffix(".yaml").map(str::to_owned);
        let mut all: Vec<String> = entries.filter_map(stem).collect();
        all.sort();
        let list = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        let found = match name {
            Some(name) if all.iter().any(|one| one == name) => Some(name.to_owned()),
            Some(_) => None,
            None if all.len() == 1 => all.pop(),
            None => None,
        };
        match found {
            Some(name) => Ok(Place::new(dir, &name)),
            None => {
                let message = name.map_or_else(
                    || format!("{} holds no single migration", dir.join("migrations").display()),
                    |name| format!("there is no {}", dir.join("migrations").join(format!("{name}.yaml")).display()),
                );
                Err(Failure::new("HK0108", message)
                    .detail(format!("migrations here: {list}"))
                    .hint("hikkoshi init --name NAME --vpc VPC   # writes one; or name one of those, or choose a directory with --dir"))
            }
        }
    }

    /// `migrations/<name>.yaml`.
    pub fn intent_path(&self) -> PathBuf {
        self.dir.join("migrations").join(format!("{}.yaml", self.name))
    }

    /// `migrations/intent.schema.json`.
    pub fn schema_path(&self) -> PathBuf {
        self.dir.join("migrations").join("intent.schema.json")
    }

    /// `plans/<name>/inventory.json`.
    pub fn inventory_path(&self) -> PathBuf {
        self.folder().join("inventory.json")
    }

    /// `plans/<name>/plan.yaml`.
    pub fn plan_path(&self) -> PathBuf {
        self.folder().join("plan.yaml")
    }

    /// `plans/<name>/journal.jsonl`.
    pub fn journal_path(&self) -> PathBuf {
        self.folder().join("journal.jsonl")
    }

    fn folder(&self) -> PathBuf {
        self.dir.join("plans").join(&self.name)
    }

    /// The intent.
    ///
    /// # Errors
    /// If it can't be read, or something in it is wrong: with its line and column.
    pub fn intent(&self) -> Result<Hashed<Intent>, Failure> {
        let path = self.intent_path();
        let text = read(&path)?;
        let value = intent::parse(&text).map_err(|problem| at(&path, &text, &problem, "HK0101"))?;
        if value.migration.value != self.name {
            let place = value.migration.referenced;
            let problem = Problem {
                line: place.line(),
                column: place.column(),
                message: format!("`migration: {}` in a file called {}.yaml", value.migration.value, self.name),
                expected: format!("migration: {}", self.name),
            };
            return Err(at(&path, &text, &problem, "HK0101"));
        }
        Ok(Hashed { value, sha256: sha256(text.as_bytes()) })
    }

    /// A problem in the intent that only the inventory shows.
    pub fn intent_problem(&self, problem: &Problem) -> Failure {
        let path = self.intent_path();
        let text = read(&path).unwrap_or_default();
        at(&path, &text, problem, "HK0105")
    }

    /// The inventory.
    ///
    /// # Errors
    /// If there is none, or it isn't one.
    pub fn inventory(&self) -> Result<Hashed<Inventory>, Failure> {
        let path = self.inventory_path();
        let text = read(&path).map_err(|failure| failure.hint(format!("hikkoshi discover {}", self.name)))?;
        let value: Inventory = serde_json::from_str(&text).map_err(|error| {
            Failure::new("HK0107", format!("{}:{}:{}: {error}", path.display(), error.line(), error.column()))
                .hint(format!("hikkoshi discover {}", self.name))
        })?;
        Ok(Hashed { value, sha256: sha256(text.as_bytes()) })
    }

    /// The plan, checked against intent and inventory.
    ///
    /// # Errors
    /// If there is none, it is damaged, or what it was made from has changed.
    pub fn plan(&self) -> Result<Hashed<Plan>, Failure> {
        let path = self.plan_path();
        let text = read(&path).map_err(|failure| failure.hint(format!("hikkoshi plan {}", self.name)))?;
        let value = format::read(&text).map_err(|unreadable| {
            at(&path, &text, &unreadable.problem, unreadable.code)
                .hint(format!("mend that line, or make the plan again: hikkoshi plan {}", self.name))
        })?;
        for (what, path, wanted) in
            [("intent", self.intent_path(), &value.intent_sha256), ("inventory", self.inventory_path(), &value.inventory_sha256)]
        {
            let now = sha256(read(&path)?.as_bytes());
            if now != *wanted {
                return Err(Failure::new("HK0106", format!("the {what} has changed since the plan was made"))
                    .detail(format!("{}: {}… now, {}… in the plan", path.display(), &now[..12], &wanted.get(..12).unwrap_or(wanted)))
                    .detail("nothing was called")
                    .hint(format!("hikkoshi plan {}   # plans again; review it again before you apply it", self.name)));
            }
        }
        Ok(Hashed { value, sha256: format::hash(&text) })
    }

    /// The journal's records; none if nothing has been run.
    ///
    /// # Errors
    /// If it is damaged or can't be read.
    pub fn records(&self) -> Result<Vec<Record>, Failure> {
        file::read(&self.journal_path()).map_err(Failure::from)
    }
}

/// Reads a text file.
///
/// # Errors
/// If it isn't there or isn't text.
#[expect(clippy::disallowed_methods, reason = "the working directory is this module's purpose")]
pub fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new("HK0108", format!("there is no {}", path.display())),
        _ => Failure::new("HK0203", format!("{} can't be read: {error}", path.display())),
    })
}

/// Writes a file whole or not at all.
///
/// # Errors
/// If the disk is full or not writable; then the file is as it was.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text, true)
}

/// As [`write`], without waiting for the disk: for a simulated account, which nobody's data depends on.
///
/// # Errors
/// As [`write`].
pub fn write_lightly(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text, false)
}

#[expect(clippy::disallowed_methods, reason = "the working directory is this module's purpose")]
fn replace(path: &Path, text: &str, durable: bool) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| {
        Failure::new("HK0203", format!("{} can't be written: {error}", path.display()))
            .detail("the file is as it was")
            .hint("make room or choose another directory with --dir, then run the same command again")
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let beside = folder.join(format!(".{}.new", path.file_name().unwrap_or_default().to_string_lossy()));
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        if durable { file.sync_all() } else { Ok(()) }
    });
    let renamed = written.and_then(|()| std::fs::rename(&beside, path));
    if renamed.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    renamed.map_err(unwritable)
}

/// Whether a file is there.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// A problem in a text file, with the line it is in.
fn at(path: &Path, text: &str, problem: &Problem, code: &'static str) -> Failure {
    let mut failure = Failure::new(code, format!("{}:{problem}", path.display()));
    if let Some(line) = usize::try_from(problem.line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?)) {
        let column = usize::try_from(problem.column).unwrap_or(1).max(1);
        failure = failure.detail(format!("{:>5} | {line}", problem.line)).detail(format!("      | {}^", " ".repeat(column - 1)));
    }
    if !problem.expected.is_empty() {
        failure = failure.detail(format!("expected: {}", problem.expected));
    }
    failure.detail("nothing was written, nothing was called")
}

/// Puts a file aside under a name that is not taken: `journal.jsonl.1`.
///
/// # Errors
/// If it can't be renamed.
#[expect(clippy::disallowed_methods, reason = "the working directory is this module's purpose")]
pub fn set_aside(path: &Path) -> Result<(), Failure> {
    let free = (1..).map(|n| PathBuf::from(format!("{}.{n}", path.display()))).find(|path| !path.exists()).unwrap_or_default();
    std::fs::rename(path, &free).map_err(|error| Failure::new("HK0203", format!("{} can't be renamed: {error}", path.display())))
}
