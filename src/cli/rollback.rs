//! `hikkoshi rollback`

use super::apply::{drive, interrupted, no_checkpoint, ready, stopped};
use super::confirm::confirm;
use super::failure::Failure;
use super::place::{Hashed, Place};
use super::{Done, Global, ask, gate, say};
use crate::cloud::simulated::FaultAt;
use crate::execute::{End, Goal, Machine};
use crate::model::step::Stage;
use crate::model::text::counted;
use crate::plan::Plan;
use crate::report::run as report_run;

/// Options of `rollback`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Back to this checkpoint; it stays
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "all")]
    to: Option<String>,
    /// Back to the beginning
    #[arg(long)]
    all: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// On a simulated account: N=fail|lose|drop|die|die-after at the N-th mutating call of this run
    #[arg(long, value_name = "N=FAULT")]
    fault: Vec<FaultAt>,
}

/// Goes back.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan()?;
    let to = target(&place, &plan, &args)?;
    let (ready, journal) = ready(global, &place, plan, &args.fault).await?;
    place.belong(&ready.records, &ready.plan)?;
    let plan = &ready.plan.value;
    let machine = Machine::replay(plan, &ready.records);
    let again = format!("hikkoshi rollback {} {}", place.name, args.to.as_ref().map_or("--all".to_owned(), |to| format!("--to {to}")));
    ask::must_not_be_paused(&place, machine.control(), &again)?;
    let points = machine.points_of_no_return(to);
    if let Some(first) = points.first() {
        let mut failure = Failure::new("HK0507", format!("step {} is done and can't be undone", first.id)).detail("nothing was called");
        for step in &points {
            if let crate::model::step::Undo::Irreversible(why) = &step.undo {
                failure = failure.detail(format!("{}: {why}", step.id));
            }
        }
        return Err(failure.hint("what cleanup deleted has to be made anew by hand: hikkoshi explain break-glass"));
    }
    let count = machine.to_undo(to).len();
    if count == 0 {
        let after = to.map_or(String::new(), |stage| format!(": nothing after checkpoint {} is done", stage.name()));
        say(&format!("nothing to undo{after}\n"));
        return Ok(0);
    }
    let where_to = to.map_or("the beginning".to_owned(), |stage| format!("checkpoint {}", stage.name()));
    let notes = data_notes(&machine, to);
    confirm(
        &format!(
            "This will undo {} of migration {} in account {}, back to {where_to}.{notes}",
            counted(count, "step"),
            plan.migration,
            plan.account
        ),
        &place.name,
        args.yes,
    )?;
    let asker = gate::Asker { name: &place.name, yes: true };
    let end = drive(global, &place, &ready, journal, Goal::Back(to), count as u64, &asker).await;
    match end {
        End::Reached => {
            told(global, &place, plan, &where_to)?;
            Ok(0)
        }
        // There is no gate on the way back.
        End::Interrupted | End::Gate(_) | End::Unwell { .. } | End::Outside { .. } => Err(interrupted(global, &place, plan, &again)),
        End::Journal(error) => Err(place.journal_failed(error)),
        End::Failed(failed) => Err(stopped(global, &place, plan, &failed, ("undoing step", &again))
            .detail("what was undone is in the journal and is not undone twice")
            .hint(format!("hikkoshi status {}", place.name))),
    }
}

/// What a way back takes with it.
fn data_notes(machine: &Machine<'_>, to: Option<Stage>) -> String {
    let copies = machine.to_undo(to).into_iter().filter(|step| step.call.operation.name() == "RunInstances").count();
    let addresses = machine.to_undo(to).into_iter().filter(|step| step.call.operation.name() == "AllocateAddress").count();
    let mut out = String::new();
    if addresses > 0 {
        out.push_str(&format!(
            "\n{addresses} elastic IPs of NAT gateways are released: they may never come back, and whoever allow-listed them must know."
        ));
    }
    if copies == 0 {
        return out;
    }
    out + &format!("\n{copies} relocated instances are terminated and the old ones started again: what was written on the copies is lost.")
}

/// How far back: a checkpoint, or none for the beginning.
fn target(place: &Place, plan: &Hashed<Plan>, args: &Args) -> Result<Option<Stage>, Failure> {
    if args.all {
        return Ok(None);
    }
    let Some(name) = &args.to else {
        let machine = Machine::replay(&plan.value, &place.records_of(plan)?);
        let mut failure = Failure::new("HK0111", "how far back? a rollback needs --to CHECKPOINT or --all").detail("nothing was called");
        for reached in machine.checkpoints().iter().rev() {
            failure = failure.hint(format!("hikkoshi rollback {} --to {}", place.name, reached.name()));
        }
        return Err(failure.hint(format!("hikkoshi rollback {} --all   # back to the beginning", place.name)));
    };
    let found = Stage::parse(name).filter(|stage| plan.value.stages.contains(stage));
    found.map(Some).ok_or_else(|| no_checkpoint(&plan.value, name))
}

fn told(global: &Global, place: &Place, plan: &Plan, where_to: &str) -> Result<(), Failure> {
    if global.json {
        return Ok(());
    }
    let machine = Machine::replay(plan, &place.records()?);
    say(&format!("\nback at {where_to}\n{}", report_run::state(&machine, global.style(), global.width())));
    Ok(())
}
