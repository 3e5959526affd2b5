//! `hikkoshi demo`: the story on a simulated account, in a scratch folder.
//!
//! It runs the same commands as a person would, on a copy of the repository's worked example; nothing is shown that
//! was not computed.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::{Done, Global, place, say};
use crate::cloud::simulated::{Fault, FaultAt};
use crate::execute::What;
use crate::model::inventory::Inventory;
use crate::model::step::Stage;

/// The story's account, as it was seen before the migration.
const STORY: &str = include_str!("../../plans/story/inventory.json");
/// The story's intent.
const INTENT: &str = include_str!("../../migrations/story.yaml");
/// The step that fails in the demonstration: the service is half across.
const FAILS: &str = "app-2-launch";

/// Options of `demo`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where to play; left out: a new folder among the temporary files
    #[arg(long, value_name = "DIR")]
    at: Option<PathBuf>,
}

/// Plays the story: audit, plan, dry run, apply, a failure half-way, resume, verify.
pub async fn run(global: &Global, args: Args) -> Done {
    let dir = args.at.unwrap_or_else(|| std::env::temp_dir().join(format!("hikkoshi-demo-{}", std::process::id())));
    let account = dir.join("account.json");
    if place::exists(&dir.join("migrations")) {
        return Err(Failure::new("HK0110", format!("{} holds a migration already", dir.display())).hint("choose another folder with --at"));
    }
    place::write(&account, STORY)?;
    place::write(&dir.join("migrations/story.yaml"), INTENT)?;
    place::write(&dir.join("plans/story/inventory.json"), STORY)?;
    let stage = Theatre { global: Global { dir: dir.clone(), cloud: format!("sim:{}", account.display()), ..global.clone() } };

    stage.scene("The account: five years of public subnets only. What is wrong with it?", "audit story --brief --fail-on never").await?;
    stage.scene("The plan: a strategy for each workload, new groups, every step with its way back.", "plan story").await?;
    stage.scene("The meeting: the executor itself on a simulated account, there and back.", "dry-run story").await?;
    let call = failing_call(&dir).await?;
    let fault = FaultAt { call, fault: Fault::Fail };
    stage.say("The night. One call is made to fail half-way: the launch of app-2's copy.");
    stage.expect_failure(&format!("apply story --yes --fault {}=fail", fault.call)).await?;
    stage.scene("Somebody else sits down: where does it stand?", "status story").await?;
    stage.scene("One command goes on from where it was.", "apply story --yes").await?;
    stage.scene("Is the account as the plan says it should now be?", "verify story").await?;
    say(&closing(&dir));
    Ok(0)
}

/// The number of the mutating call that the failing step makes, found by rehearsing.
async fn failing_call(dir: &Path) -> Result<u64, Failure> {
    let plan = place::Place::new(dir, "story").plan()?.value;
    let inventory: Inventory = serde_json::from_str(STORY).map_err(|error| Failure::new("HK0901", error.to_string()))?;
    let (there, _) = super::dry_run::rehearse(&plan, &inventory, Stage::Tighten).await?;
    let calls = there.events.iter().filter(|event| event.what == What::Calling);
    let at = calls.map(|event| event.step.as_str()).position(|step| step == FAILS);
    at.map(|at| at as u64 + 1).ok_or_else(|| Failure::new("HK0901", format!("the story has no step {FAILS}")))
}

struct Theatre {
    global: Global,
}

impl Theatre {
    fn say(&self, text: &str) {
        say(&format!("\n{}\n", self.global.style().bold(&format!("━━ {text}"))));
    }

    async fn play(&self, line: &str) -> Done {
        say(&format!("{}\n\n", self.global.style().dim(&format!("$ hikkoshi {line}"))));
        let words = std::iter::once("hikkoshi").chain(line.split(' '));
        let cli = <super::Cli as clap::Parser>::try_parse_from(words).map_err(|error| Failure::new("HK0901", error.to_string()))?;
        Box::pin(super::run(&self.global, cli.command)).await
    }

    async fn scene(&self, title: &str, line: &str) -> Result<(), Failure> {
        self.say(title);
        self.play(line).await.map(|_| ())
    }

    async fn expect_failure(&self, line: &str) -> Result<(), Failure> {
        match self.play(line).await {
            Err(failure) => {
                say(&failure.text(self.global.style().0));
                Ok(())
            }
            Ok(_) => Err(Failure::new("HK0901", "the call that was made to fail did not")),
        }
    }
}

fn closing(dir: &Path) -> String {
    format!(
        "\nEverything is in {dir}:\n  \
         migrations/story.yaml       the intent\n  \
         plans/story/inventory.json  what was seen\n  \
         plans/story/plan.yaml       the decision\n  \
         plans/story/journal.jsonl   what happened\n  \
         account.json                the simulated account as it is now\n\n\
         Go on by hand, for instance back again:\n  \
         cd {dir} && hikkoshi rollback story --all --cloud sim:account.json\n  \
         cd {dir} && hikkoshi graph story --format svg --out graph.svg\n",
        dir = dir.display()
    )
}
