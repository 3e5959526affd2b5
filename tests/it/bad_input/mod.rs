//! Bad input, one by one: which exit status and code, which place, what was expected, what to type next; and that nothing
//! was half-written, nothing lost.
//!
//! Everything happens at a [`Desk`]: a working directory with the story's migration, planned, and its account simulated.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::command::{Finished, Hikkoshi};
use crate::support::source::root;

mod account;
mod command_line;
mod disk;
mod intent;
mod journal;
mod names;
mod plan;
#[cfg(feature = "aws")]
mod wire;

/// A working directory of its own.
pub struct Desk {
    scratch: TempDir,
}

/// What a refusal must be.
pub struct Refusal<'a> {
    /// The exit status.
    pub exit: i32,
    /// The failure code.
    pub code: &'a str,
    /// What the text must say, besides code, what to type next and page.
    pub says: &'a [&'a str],
}

const INTENT: &str = "migrations/story.yaml";
const INVENTORY: &str = "plans/story/inventory.json";
const PLAN: &str = "plans/story/plan.yaml";
pub const JOURNAL: &str = "plans/story/journal.jsonl";
const ACCOUNT: &str = "account.json";
pub const SIM: &str = "--cloud=sim:account.json";

impl Desk {
    /// The story, planned and not begun.
    pub fn new() -> Desk {
        let desk = Desk { scratch: TempDir::new().expect("a scratch directory") };
        for file in [INTENT, INVENTORY, PLAN] {
            std::fs::create_dir_all(desk.path(file).parent().expect("it is in a folder")).expect("the scratch directory is writable");
            std::fs::copy(root().join(file), desk.path(file)).expect("the story is in the repository");
        }
        std::fs::copy(desk.path(INVENTORY), desk.path(ACCOUNT)).expect("the scratch directory is writable");
        desk
    }

    /// The story, carried out up to a checkpoint.
    pub fn begun(until: &str) -> Desk {
        let desk = Desk::new();
        desk.run(&["apply", "story", "--until", until, "--yes", SIM]).expect_code(0);
        desk
    }

    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir().join(file)
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(file), text).expect("the scratch directory is writable");
    }

    /// Replaces the first place where `from` stands.
    #[track_caller]
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no \"{from}\"");
        self.write(file, text.replacen(from, to, 1));
    }

    /// Puts something below a file's text.
    pub fn append(&self, file: &str, text: &str) {
        self.write(file, format!("{}\n{text}\n", self.read(file)));
    }

    /// The program at this desk.
    pub fn hikkoshi(&self) -> Hikkoshi {
        Hikkoshi::offline(self.dir())
    }

    pub fn run(&self, args: &[&str]) -> Finished {
        self.hikkoshi().run(args)
    }

    /// All files but the lease and its locks: names and bytes.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn collect(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    collect(&path, into);
                } else if path.extension().is_none_or(|extension| extension != "lock") && !path.ends_with("lease.json") {
                    let bytes = std::fs::read(&path).expect("the file can be read");
                    into.insert(path, bytes);
                }
            }
        }
        let mut files = BTreeMap::new();
        collect(self.dir(), &mut files);
        files
    }

    /// The command is refused as it should be, and leaves every file as it was.
    #[track_caller]
    pub fn refuses(&self, args: &[&str], wanted: &Refusal<'_>) -> String {
        self.refuses_by(&self.hikkoshi(), args, wanted)
    }

    /// As [`Desk::refuses`], with a program in another world.
    #[track_caller]
    pub fn refuses_by(&self, hikkoshi: &Hikkoshi, args: &[&str], wanted: &Refusal<'_>) -> String {
        let before = self.files();
        let finished = hikkoshi.run(args);
        let text = refused(&finished, wanted);
        let after = self.files();
        let changed: Vec<_> = before
            .keys()
            .chain(after.keys())
            .filter(|path| before.get(*path) != after.get(*path))
            .map(|path| path.display().to_string())
            .collect();
        assert!(changed.is_empty(), "{} changed {changed:?}\n{text}", finished.what);
        text
    }
}

/// The failure as it is printed, which must have everything that one needs at 3 a.m.
#[track_caller]
pub fn refused(finished: &Finished, wanted: &Refusal<'_>) -> String {
    let text = finished.stderr.clone();
    let whole = format!("{} (exit {:?})\n--- stdout\n{}\n--- stderr\n{text}", finished.what, finished.code, finished.stdout);
    assert_eq!(finished.code, Some(wanted.exit), "{whole}");
    assert!(text.starts_with(&format!("error[{}]: ", wanted.code)), "no {} first: {whole}", wanted.code);
    for said in wanted.says {
        assert!(text.contains(said), "it doesn't say \"{said}\": {whole}");
    }
    assert!(text.contains("\nnext: "), "it doesn't say what to type next: {whole}");
    assert!(text.contains(&format!("\npage: hikkoshi explain {}\n", wanted.code)), "it doesn't name its page: {whole}");
    for state in ["nothing was called", "nothing was written", "nothing was changed", "as it was", "is under way"] {
        if text.contains(state) {
            return text;
        }
    }
    panic!("it doesn't say what state things are in: {whole}");
}
