//! `hikkoshi export terraform`: the migration as Terraform has to know it.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::place::{self, Place};
use super::{Done, Global, say, say_json};
use crate::execute::Machine;
use crate::report::terraform::config::Config;
use crate::report::terraform::state::State;
use crate::report::terraform::{Export, Input, Moment, RuleIds, export};

/// Options of `export`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// hikkoshi.tf with resources and import blocks for what was made, and a list of what to edit for what was changed
    Terraform(Terraform),
}

#[derive(clap::Args, Debug)]
struct Terraform {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// A Terraform state (format 4), as `terraform state pull` prints it: changes are then told by address
    #[arg(long, value_name = "FILE")]
    tfstate: Option<PathBuf>,
    /// The Terraform configuration's root folder: changes are then told by file and line
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// What `aws ec2 describe-security-group-rules` answered: rules of groups are imported by their ids
    #[arg(long, value_name = "FILE")]
    sg_rules: Option<PathBuf>,
    /// Write hikkoshi.tf and hikkoshi-terraform.md into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The two files of an export.
const CONFIGURATION: &str = "hikkoshi.tf";
const NOTES: &str = "hikkoshi-terraform.md";

/// Exports.
pub fn run(global: &Global, args: &Args) -> Done {
    let What::Terraform(args) = &args.what;
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan()?;
    let records = place.records_of(&plan)?;
    let inventory = place.inventory()?.value;
    let machine = Machine::replay(&plan.value, &records);
    let state = args.tfstate.as_deref().map(state).transpose()?;
    let config = args.config.as_deref().map(config).transpose()?;
    let rules = args.sg_rules.as_deref().map(rules).transpose()?;
    let input = Input {
        plan: &plan.value,
        inventory: &inventory,
        run: &machine,
        state: state.as_ref(),
        config: config.as_ref(),
        rules: rules.as_ref(),
    };
    let made = export(&input);
    let Some(out) = &args.out else {
        if global.json {
            say_json(&serde_json::json!({ "moment": input.moment().name(), "resources": made.resources, "imports": made.imports,
                "edits": made.edits, "configuration": made.configuration, "notes": made.notes }));
        } else {
            say(&format!("{}\n{}", made.configuration, commented(&made.notes)));
        }
        return Ok(0);
    };
    let (configuration, notes) = (out.join(CONFIGURATION), out.join(NOTES));
    place::write(&configuration, &made.configuration)?;
    place::write(&notes, &made.notes)?;
    tell(global, &input, &made, (&configuration, &notes));
    Ok(0)
}

fn tell(global: &Global, input: &Input<'_>, made: &Export, (configuration, notes): (&Path, &Path)) {
    let moment = input.moment();
    if global.json {
        say_json(&serde_json::json!({ "moment": moment.name(), "resources": made.resources, "imports": made.imports, "edits": made.edits,
            "files": [configuration, notes] }));
        return;
    }
    if moment == Moment::Preview {
        say("a preview: nothing has been carried out, ids are placeholders; export again after `hikkoshi apply`\n");
    }
    say(&format!("wrote {}: {} resources, {} with an import block\n", configuration.display(), made.resources, made.imports));
    say(&format!("wrote {}: {} edits in your own configuration, and what to do about the rest\n", notes.display(), made.edits));
}

/// Beside HCL, notes are a comment.
fn commented(notes: &str) -> String {
    notes.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect()
}

fn unfit(option: &str, path: &Path, why: &str, hint: &str) -> Failure {
    Failure::new("HK0111", format!("{option} {}: {why}", path.display())).detail("nothing was called, nothing was written").hint(hint)
}

fn state(path: &Path) -> Result<State, Failure> {
    let text = place::read_named(path, "--tfstate")?;
    State::parse(&text)
        .map_err(|why| unfit("--tfstate", path, &why, "terraform state pull > terraform.tfstate   # then the same command with that file"))
}

fn rules(path: &Path) -> Result<RuleIds, Failure> {
    let text = place::read_named(path, "--sg-rules")?;
    let hint = "aws ec2 describe-security-group-rules --filters Name=group-id,Values=sg-… > rules.json   # then the same command with it";
    RuleIds::parse(&text).map_err(|why| unfit("--sg-rules", path, &why, hint))
}

/// Every `.tf` file below a folder.
fn config(root: &Path) -> Result<Config, Failure> {
    let mut files: Vec<(String, String)> = Vec::new();
    for path in place::files_in(root)? {
        if path.extension().is_some_and(|end| end == "tf") {
            let named = path.strip_prefix(root).unwrap_or(&path).components().map(|part| part.as_os_str().to_string_lossy().into_owned());
            files.push((named.collect::<Vec<_>>().join("/"), place::read(&path)?));
        }
    }
    if files.is_empty() {
        return Err(unfit(
            "--config",
            root,
            "there is no .tf file in it",
            "the same command with the folder where `terraform plan` is run",
        ));
    }
    Ok(Config::parse(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))))
}
