//! The files of a working directory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Global;
use super::failure::Failure;
use super::store::{Keep, Site};
use crate::execute::amend;
use crate::journal::Record;
use crate::journal::approval::Approvals;
use crate::journal::request::Requests;
use crate::journal::store::Store;
use crate::model::inventory::Inventory;
use crate::model::seen::Seen;
use crate::plan::intent::{self, Intent, Problem};
use crate::plan::problem::nearest;
use crate::plan::{Plan, format, sha256, short};

/// One migration's files.
#[derive(Clone)]
pub struct Place {
    dir: PathBuf,
    keep: Keep,
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
        // `./migrations` and `migrations` are the same; the shorter one reads better.
        let dir = dir.strip_prefix(".").unwrap_or(dir);
        Place { dir: dir.to_owned(), keep: Keep::default(), name: name.to_owned() }
    }

    /// The migration of that name, or the only one.
    ///
    /// # Errors
    /// If there is none, or no name is given and there are several.
    #[expect(clippy::disallowed_methods, reason = "the working directory is this module's purpose")]
    pub fn find(global: &Global, name: Option<&str>) -> Result<Place, Failure> {
        let dir = global.dir.as_path();
        let entries = std::fs::read_dir(dir.join("migrations")).into_iter().flatten().flatten();
        let stem = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().strip_suffix(".yaml").map(str::to_owned);
        let mut all: Vec<String> = entries.filter_map(stem).collect();
        all.sort();
        let found = match name {
            Some(name) => all.iter().find(|one| *one == name),
            None => all.first().filter(|_| all.len() == 1),
        };
        let place = found.map(|name| Place::new(dir, name)).ok_or_else(|| which(dir, name, &all))?;
        Ok(Place { keep: Keep::asked(global), ..place })
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

    /// `plans/<name>/flows.json`.
    pub fn flows_path(&self) -> PathBuf {
        self.folder().join("flows.json")
    }

    /// `plans/<name>/plan.yaml`.
    pub fn plan_path(&self) -> PathBuf {
        self.folder().join("plan.yaml")
    }

    /// `plans/<name>/journal.jsonl`.
    pub fn journal_path(&self) -> PathBuf {
        self.folder().join("journal.jsonl")
    }

    /// `plans/<name>/.cache/index`: what `status` tells, kept.
    pub fn index_path(&self) -> PathBuf {
        self.folder().join(".cache/index")
    }

    /// `plans/<name>/review.html`.
    pub fn review_path(&self) -> PathBuf {
        self.folder().join("review.html")
    }

    /// `plans/<name>/state`: where the journal is kept, if not here.
    pub fn state_path(&self) -> PathBuf {
        self.folder().join("state")
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
        let text = read(&path).map_err(|failure| match failure.code {
            "HK0107" => Failure { code: "HK0101", ..failure }.hint(format!("put a sound {} back (version control has it)", path.display())),
            _ => failure,
        })?;
        let wrong =
            |problem: &Problem| at(&path, &text, problem, "HK0101").hint(format!("mend that line, then: hikkoshi plan {}", self.name));
        let value = intent::parse(&text).map_err(|problem| wrong(&problem))?;
        if value.migration.value != self.name {
            let place = value.migration.referenced;
            let problem = Problem {
                line: place.line(),
                column: place.column(),
                message: format!("`migration: {}` in a file called {}.yaml", value.migration.value, self.name),
                expected: format!("migration: {}", self.name),
            };
            return Err(wrong(&problem));
        }
        Ok(Hashed { value, sha256: sha256(text.as_bytes()) })
    }

    /// A problem in the intent that only the inventory shows.
    pub fn intent_problem(&self, problem: &Problem) -> Failure {
        let path = self.intent_path();
        let text = read(&path).unwrap_or_default();
        at(&path, &text, problem, "HK0105").hint(format!("mend that line, then: hikkoshi plan {}", self.name))
    }

    /// The inventory.
    ///
    /// # Errors
    /// If there is none, or it isn't one.
    pub fn inventory(&self) -> Result<Hashed<Inventory>, Failure> {
        let path = self.inventory_path();
        let text = read(&path).map_err(|failure| failure.hint(format!("hikkoshi discover {}", self.name)))?;
        let value = inventory_of(&path, &text, "HK0107").map_err(|failure| failure.hint(format!("hikkoshi discover {}", self.name)))?;
        Ok(Hashed { value, sha256: sha256(text.as_bytes()) })
    }

    /// What flow logs showed; none if none were read.
    ///
    /// # Errors
    /// If the file is damaged, or of another VPC than the inventory.
    pub fn flows(&self) -> Result<Option<Hashed<Seen>>, Failure> {
        let path = self.flows_path();
        let text = match read(&path) {
            Err(failure) if failure.code == "HK0108" => return Ok(None),
            other => other?,
        };
        let again = format!("hikkoshi flows {} --logs PATH   # reads the logs again", self.name);
        let wrong = |place: String, why: String| {
            let failure = Failure::new("HK0107", format!("{}{place}: {why}", path.display()));
            failure.detail("nothing was called, nothing was written").hint(again.clone()).hint(format!("rm {}", path.display()))
        };
        let seen: Seen = serde_json::from_str(&text).map_err(|error| {
            wrong(format!(":{}:{}", error.line(), error.column()), format!("not what `hikkoshi flows` writes: {}", without_place(&error)))
        })?;
        if seen.version != 1 {
            return Err(wrong(
                String::new(),
                format!("it is of format {}, which hikkoshi {} does not know", seen.version, env!("CARGO_PKG_VERSION")),
            ));
        }
        let vpc = self.inventory()?.value.vpc;
        if seen.vpc != vpc {
            return Err(wrong(String::new(), format!("it is of {}, the inventory of {vpc}", seen.vpc)));
        }
        Ok(Some(Hashed { value: seen, sha256: sha256(text.as_bytes()) }))
    }

    /// The plan. It is checked against the intent and the inventory until a run has begun; from then on the plan is the
    /// decision, whatever becomes of what it was made from.
    ///
    /// # Errors
    /// If there is none, it is damaged, or what it was made from has changed before a run began.
    pub fn plan(&self) -> Result<Hashed<Plan>, Failure> {
        let plan = self.plan_alone()?;
        match self.changed(&plan.value)? {
            Some(failure) if !self.has_begun() => Err(failure),
            _ => Ok(plan),
        }
    }

    /// The plan, which must fit the intent and the inventory as they are now, run or not.
    ///
    /// # Errors
    /// If there is none, it is damaged, or what it was made from has changed.
    pub fn plan_as_made(&self) -> Result<Hashed<Plan>, Failure> {
        let plan = self.plan_alone()?;
        match self.changed(&plan.value)? {
            Some(failure) if self.has_begun() => Err(Failure { hints: Vec::new(), ..failure }
                .detail("a run has begun: apply, rollback, status and verify go on with the plan as it is")
                .hint("put the file back that the plan was made from (version control has it)")),
            Some(failure) => Err(failure),
            None => Ok(plan),
        }
    }

    /// The plan, whatever it was made from.
    ///
    /// # Errors
    /// If there is none or it is damaged.
    fn plan_alone(&self) -> Result<Hashed<Plan>, Failure> {
        let path = self.plan_path();
        let text = read(&path).map_err(|failure| failure.hint(format!("hikkoshi plan {}", self.name)))?;
        let value = format::read(&text).map_err(|unreadable| {
            let failure = at(&path, &text, &unreadable.problem, unreadable.code);
            match self.records() {
                Ok(records) if records.is_empty() => {
                    failure.hint(format!("mend that line, or make the plan again: hikkoshi plan {}", self.name))
                }
                _ => failure.hint("a run has begun: put back the plan that it began with (version control has it)"),
            }
        })?;
        Ok(Hashed { value, sha256: format::hash(&text) })
    }

    /// What the plan was made from and is not any more.
    fn changed(&self, plan: &Plan) -> Result<Option<Failure>, Failure> {
        let nothing = "nothing".to_owned();
        let made_from = [
            ("intent", self.intent_path(), &plan.intent_sha256),
            ("inventory", self.inventory_path(), &plan.inventory_sha256),
            ("flows that logs show", self.flows_path(), plan.flows_sha256.as_ref().unwrap_or(&nothing)),
        ];
        for (what, path, wanted) in made_from {
            let now = match read(&path) {
                Ok(text) => sha256(text.as_bytes()),
                Err(failure) if failure.code == "HK0108" => "nothing".to_owned(),
                Err(failure) => return Err(failure),
            };
            if now != *wanted {
                let short = |hash: &str| if hash.len() == 64 { format!("{}…", &hash[..12]) } else { hash.to_owned() };
                let has = if what.starts_with("flows") { "have" } else { "has" };
                return Ok(Some(
                    Failure::new("HK0106", format!("the {what} {has} changed since the plan was made"))
                        .detail(format!("{}: {} now, {} in the plan", path.display(), short(&now), short(wanted)))
                        .detail("nothing was called, nothing was written")
                        .hint(format!("hikkoshi plan {}   # plans again; review it again before you apply it", self.name)),
                ));
            }
        }
        Ok(None)
    }

    /// Whether a run has begun and was not gone back from entirely.
    fn has_begun(&self) -> bool {
        let records = self.records().unwrap_or_default();
        amend::has_begun(&records)
    }

    /// The journal's records; none if nothing has been run.
    ///
    /// # Errors
    /// If it is damaged or can't be read.
    pub fn records(&self) -> Result<Vec<Record>, Failure> {
        self.store()?.read().map_err(|error| self.journal_failed(error))
    }

    /// Where the journal is kept.
    ///
    /// # Errors
    /// If nothing can be kept there.
    pub fn store(&self) -> Result<Arc<dyn Store>, Failure> {
        self.keep.store(self)
    }

    /// Where the journal is kept, in a word.
    ///
    /// # Errors
    /// If what says so names no store.
    pub fn site(&self) -> Result<Site, Failure> {
        self.keep.site(self)
    }

    /// Makes sure that an empty store elsewhere does not hide a journal that was begun here: the migration would begin
    /// a second time.
    ///
    /// # Errors
    /// If it would.
    pub fn is_kept_there(&self) -> Result<(), Failure> {
        let site = self.site()?;
        if site == Site::Local || !exists(&self.journal_path()) || !self.records()?.is_empty() {
            return Ok(());
        }
        let here = self.store_at(&Site::Local)?;
        let count = here.read().map_err(|error| self.journal_failed(error))?.len();
        if count == 0 {
            return Ok(());
        }
        let (here, there) = (here.describe(), self.store()?.describe());
        Err(Failure::new("HK0207", format!("the journal is {here}, with {count} records, and {there} has none"))
            .detail("nothing was called, nothing was written: the migration would begin a second time")
            .hint(format!("hikkoshi state {} --state local --move-to {site}   # moves it there", self.name))
            .hint("or the same command with --state local"))
    }

    /// The store that this migration's journal would have elsewhere.
    ///
    /// # Errors
    /// If nothing can be kept there.
    pub fn store_at(&self, site: &Site) -> Result<Arc<dyn Store>, Failure> {
        self.keep.open(self, site)
    }

    /// What to say when the journal can't be read or written.
    pub fn journal_failed(&self, error: crate::journal::Error) -> Failure {
        Failure::journal(error, &self.name)
    }

    /// `plans/<name>/applied/<hash>.yaml`: a plan as a run took it up.
    pub fn kept_plan_path(&self, hash: &str) -> PathBuf {
        self.folder().join("applied").join(format!("{}.yaml", short(hash)))
    }

    /// Where one asks something of whoever runs the migration.
    ///
    /// # Errors
    /// If there is no such store.
    pub fn requests(&self) -> Result<Box<dyn Requests>, Failure> {
        Ok(self.store()?.requests())
    }

    /// Where approvals are left.
    ///
    /// # Errors
    /// If there is no such store.
    pub fn approvals(&self) -> Result<Box<dyn Approvals>, Failure> {
        Ok(self.store()?.approvals())
    }

    /// Who runs the migration just now, if somebody does.
    ///
    /// # Errors
    /// If the store can't be read: then nobody can tell.
    pub fn holder(&self) -> Result<Option<String>, Failure> {
        let holder = self.store()?.holder().map_err(|error| self.journal_failed(error))?;
        Ok(holder.filter(|holder| holder.open.is_none()).map(|holder| holder.lease.who))
    }

    /// The journal's records, which must be of this plan.
    ///
    /// # Errors
    /// If it is damaged, can't be read, or is another plan's.
    pub fn records_of(&self, plan: &Hashed<Plan>) -> Result<Vec<Record>, Failure> {
        let records = self.records()?;
        self.belong(&records, plan)?;
        Ok(records)
    }

    /// Whether records are of this plan.
    ///
    /// # Errors
    /// If they are another plan's.
    pub fn belong(&self, records: &[Record], plan: &Hashed<Plan>) -> Result<(), Failure> {
        match amend::plan_of(records).filter(|of| *of != plan.sha256) {
            None => Ok(()),
            Some(of) => Err(Failure::new("HK0202", format!("{} is the journal of another plan", self.store()?.describe()))
                .detail(format!("the journal's plan is {}…, {} is {}…", short(of), self.plan_path().display(), short(&plan.sha256)))
                .detail("nothing was called; the account is as the last run left it")
                .hint("put the plan back that was begun (version control has it), then run the same command again")
                .hint(format!(
                    "hikkoshi apply {} --reason …   # or goes on with the edited plan: proved again, what is done unchanged",
                    self.name
                ))),
        }
    }
}

/// No single migration is meant: which ones there are.
fn which(dir: &Path, name: Option<&str>, all: &[String]) -> Failure {
    let folder = Place::new(dir, "").dir.join("migrations");
    let init = "hikkoshi init --name NAME --vpc VPC   # writes a first one; or choose another directory with --dir";
    let failure = match name {
        Some(name) => Failure::new("HK0108", format!("there is no {}", folder.join(format!("{name}.yaml")).display())),
        None if all.is_empty() => Failure::new("HK0108", format!("there is no migration in {}", folder.display())),
        None => Failure::new("HK0108", format!("there are {} migrations in {}: say which", all.len(), folder.display())),
    };
    let failure = failure.detail("nothing was called, nothing was written");
    if all.is_empty() {
        return failure.hint(init);
    }
    let failure = failure.detail(format!("migrations here: {}", all.join(", ")));
    match name.map(|name| nearest(name, all.iter().map(String::as_str))) {
        Some(Some(near)) => failure.hint(format!("the same command with {near}, if that is what you meant")),
        Some(None) => failure.hint("the same command with one of these names").hint(init),
        None => failure.hint(format!("the same command with one of these names, such as {}", all[0])),
    }
}

/// A plan that an option names, whatever it was made from.
///
/// # Errors
/// If the file can't be read, or is no plan.
pub fn plan_of(path: &Path, option: &str) -> Result<Plan, Failure> {
    let text = read_named(path, option)?;
    format::read(&text).map_err(|unreadable| {
        at(path, &text, &unreadable.problem, unreadable.code)
            .hint(format!("the same command with {option} and a plan.yaml that `hikkoshi plan` wrote; version control has earlier ones"))
    })
}

/// An inventory from a file's text.
///
/// # Errors
/// If it isn't one.
pub fn inventory_of(path: &Path, text: &str, code: &'static str) -> Result<Inventory, Failure> {
    let wrong = |place: String, why: String| {
        Failure::new(code, format!("{}{place}: not an inventory: {why}", path.display())).detail("nothing was called, nothing was written")
    };
    let mut inventory: Inventory =
        serde_json::from_str(text).map_err(|error| wrong(format!(":{}:{}", error.line(), error.column()), without_place(&error)))?;
    if inventory.version != 1 {
        let why = format!("it is of format {}, which hikkoshi {} does not know", inventory.version, env!("CARGO_PKG_VERSION"));
        return Err(wrong(String::new(), why));
    }
    crate::discover::complete(&mut inventory);
    Ok(inventory)
}

/// A JSON error without the place, which stands before it already.
pub fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// This machine's name.
#[expect(clippy::disallowed_methods, reason = "the kernel tells it in a file")]
pub fn hostname() -> String {
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    std::env::var("HOSTNAME").ok().or_else(kernel).filter(|name| !name.is_empty()).unwrap_or_else(|| "this host".to_owned())
}

/// Reads a text file.
///
/// # Errors
/// If it isn't there or isn't text.
#[expect(clippy::disallowed_methods, reason = "the working directory is this module's purpose")]
pub fn read(path: &Path) -> Result<String, Failure> {
    let failure = |code, why: String| Failure::new(code, why).detail("nothing was called, nothing was written");
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => failure("HK0108", format!("there is no {}", path.display())),
        std::io::ErrorKind::InvalidData => failure("HK0107", format!("{} is not text (UTF-8)", path.display())),
        _ => failure("HK0203", format!("{} can't be read: {error}", path.display())),
    })
}

/// Reads a file that was named on the command line.
///
/// # Errors
/// As [`read`]; that it isn't there is the command line's mistake.
pub fn read_named(path: &Path, option: &str) -> Result<String, Failure> {
    read(path).map_err(|failure| match failure.code {
        "HK0108" => Failure { code: "HK0111", message: format!("{option}: there is no file `{}`", path.display()), ..failure }
            .hint("the same command with a file that exists"),
        _ => failure,
    })
}

/// Opens a file to be read bit by bit.
///
/// # Errors
/// If it can't be.
#[expect(clippy::disallowed_methods, reason = "the files of the command line are this module's purpose")]
pub fn open(path: &Path) -> Result<std::fs::File, Failure> {
    std::fs::File::open(path).map_err(|error| unreadable(path, &error))
}

/// The files of a folder and its folders in the order of their names, hidden ones apart; a file alone.
///
/// # Errors
/// If there is nothing, or it can't be looked into.
#[expect(clippy::disallowed_methods, reason = "the files of the command line are this module's purpose")]
pub fn files_in(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return if path.exists() { Ok(vec![path.to_owned()]) } else { Err(absent(path)) };
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|error| unreadable(path, &error))?;
    let mut paths: Vec<PathBuf> =
        entries.into_iter().filter(|e| !e.file_name().to_string_lossy().starts_with('.')).map(|e| e.path()).collect();
    paths.sort();
    Ok(paths.iter().map(|path| files_in(path)).collect::<Result<Vec<_>, _>>()?.concat())
}

fn absent(path: &Path) -> Failure {
    Failure::new("HK0111", format!("there is no file or folder `{}`", path.display()))
        .detail("nothing was called, nothing was written")
        .hint("the same command with a file or folder that exists")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        return absent(path);
    }
    Failure::new("HK0203", format!("{} can't be read: {error}", path.display())).detail("nothing was called, nothing was written")
}

/// Writes a file whole or not at all.
///
/// # Errors
/// If the disk is full or not writable; then the file is as it was.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text, true, &|| true).map(drop)
}

/// As [`write`], without waiting for the disk: for a simulated account, which nobody's data depends on.
///
/// # Errors
/// As [`write`].
pub fn write_lightly(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text, false, &|| true).map(drop)
}

/// The same, unless the file is not to be replaced any more at the last moment. Answers whether it was.
///
/// # Errors
/// As [`write`].
pub fn write_lightly_if(path: &Path, text: &str, still: &dyn Fn() -> bool) -> Result<bool, Failure> {
    replace(path, text, false, still)
}

#[expect(clippy::disallowed_methods, reason = "the working directory is this module's purpose")]
fn replace(path: &Path, text: &str, durable: bool, still: &dyn Fn() -> bool) -> Result<bool, Failure> {
    let unwritable = |error: std::io::Error| {
        Failure::new("HK0203", format!("{} can't be written: {error}", path.display()))
            .detail("the file is as it was; nothing is half-written")
            .hint("make room (df -h) or choose another directory with --dir, then run the same command again")
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let beside = folder.join(format!(".{}.new", path.file_name().unwrap_or_default().to_string_lossy()));
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        if durable { file.sync_all() } else { Ok(()) }
    });
    let may = still();
    let renamed = written.and_then(|()| if may { std::fs::rename(&beside, path) } else { Ok(()) });
    if !may || renamed.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    renamed.map_err(unwritable)?;
    if durable {
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable)?;
    }
    Ok(may)
}

/// Whether a file is there.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// A problem in a text file, with the line it is in.
pub fn at(path: &Path, text: &str, problem: &Problem, code: &'static str) -> Failure {
    let mut failure = Failure::new(code, format!("{}:{problem}", path.display()));
    if let Some(line) = usize::try_from(problem.line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?)) {
        let column = usize::try_from(problem.column).unwrap_or(1).clamp(1, line.chars().count() + 1);
        let line = line.replace('\t', " ");
        failure = failure.detail(format!("{:>5} | {line}", problem.line)).detail(format!("      | {}^", " ".repeat(column - 1)));
    }
    if problem.expected.starts_with("did you mean") {
        failure = failure.detail(problem.expected.clone());
    } else if !problem.expected.is_empty() {
        failure = failure.detail(format!("expected: {}", problem.expected));
    }
    failure.detail("nothing was called, nothing was written")
}
