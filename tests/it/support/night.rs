//! The story's account on the emulator, planned and ready to run.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::command::Hikkoshi;
use super::emulator::Emulator;
use super::proxy::Proxy;

/// The story's account on the emulator, planned and ready to run.
pub struct Night {
    /// The emulator.
    pub emulator: Emulator,
    scratch: TempDir,
    /// The VPC.
    pub vpc: String,
    round: u32,
}

/// How long the emulator's slow states last, in seconds of its own. Nobody waits less for one.
pub const SLOW_S: f64 = 2.0;

impl Night {
    /// An emulator, and nothing on it yet. Its time and the program's run forty times as fast as the machine's.
    pub fn falls() -> Night {
        Night::on(Emulator::start_paced(40, SLOW_S))
    }

    /// The same in real time.
    pub fn falls_slowly() -> Night {
        Night::on(Emulator::start())
    }

    fn on(emulator: Emulator) -> Night {
        Night { emulator, scratch: TempDir::new().expect("a scratch directory"), vpc: String::new(), round: 0 }
    }

    /// A fresh account with the same ids as the one before, in a fresh working directory, planned.
    pub fn begin(&mut self, account: &[&str]) {
        self.begin_with(account, &|_, _| ());
    }

    /// The same with more in the account: `more` is told the emulator and the account's ids.
    pub fn begin_with(&mut self, account: &[&str], more: &dyn Fn(&Emulator, &Value)) {
        self.round += 1;
        self.emulator.reset(42);
        let ids = self.emulator.build_account(account);
        more(&self.emulator, &ids);
        self.vpc = ids["network"]["vpc"].as_str().expect("the account has a VPC").to_owned();
        std::fs::create_dir_all(self.dir()).expect("the scratch directory is writable");
        self.emulator.snapshots(&self.vpc, &self.file("before.json"), &self.file("before-stable.json"));
        let hikkoshi = self.hikkoshi(&self.emulator.url());
        hikkoshi.run(&["init", "--name", "move", "--vpc", &self.vpc]).expect_code(0);
        hikkoshi.run(&["plan", "move"]).expect_code(0);
    }

    /// Adds to the intent.
    pub fn wish(&self, text: &str) {
        let path = self.file("migrations/move.yaml");
        let intent = std::fs::read_to_string(&path).expect("the intent was written");
        std::fs::write(path, format!("{intent}\n{text}")).expect("the scratch directory is writable");
    }

    fn dir(&self) -> PathBuf {
        self.scratch.path().join(format!("round-{}", self.round))
    }

    /// A file of this round.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// Every file of this round, and what is in it.
    pub fn written(&self) -> Vec<(PathBuf, String)> {
        let (mut folders, mut out) = (vec![self.dir()], Vec::new());
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).expect("a file");
                    out.push((path, String::from_utf8_lossy(&bytes).into_owned()));
                }
            }
        }
        out
    }

    /// The program, in this round's working directory.
    pub fn hikkoshi(&self, url: &str) -> Hikkoshi {
        let hikkoshi = Hikkoshi::new(&self.dir(), url);
        match self.emulator.clock() {
            Some(clock) => hikkoshi.env("HIKKOSHI_CLOCK", clock),
            None => hikkoshi,
        }
    }

    /// The account's promises as the inspector judges them, and its shape under a name for later comparison.
    pub fn inspect(&self, name: &str) -> PathBuf {
        let intent = json!({ "retired": self.addresses_of_tasks() });
        let shape = self.file(name);
        let broken = self.emulator.check_intent(&self.vpc, Some(&self.file("before.json")), &intent, Some(&shape));
        assert_eq!(broken, Vec::<String>::new(), "broken promises after {name}");
        shape
    }

    /// The targets that are addresses: a service's tasks, which no task ever has again. The inspector would miss them.
    fn addresses_of_tasks(&self) -> Vec<String> {
        let before = std::fs::read_to_string(self.file("before.json")).expect("a snapshot");
        let before: Value = serde_json::from_str(&before).expect("a snapshot is JSON");
        let groups = before["target_groups"].as_object().into_iter().flatten();
        let targets = groups.flat_map(|(_, group)| group["targets"].as_array().into_iter().flatten());
        targets
            .filter_map(|target| target["id"].as_str())
            .filter(|id| id.parse::<std::net::Ipv4Addr>().is_ok())
            .map(str::to_owned)
            .collect()
    }

    /// Applies through the proxy until it is through, as somebody would who starts it again whenever it dies.
    pub fn apply_until_done(&self, proxy: &Proxy) -> u32 {
        let hikkoshi = self.hikkoshi(&proxy.url());
        for deaths in 0..40 {
            let finished = hikkoshi.spawn(&["apply", "move", "--yes"], &proxy.pid_file()).wait();
            if finished.signal.is_none() {
                finished.expect_code(0);
                return deaths;
            }
        }
        panic!("the run never ended");
    }
}
