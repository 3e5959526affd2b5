//! `hikkoshi rehearse`: what one shows when asked "and if it fails?".

use super::dry_run::blocked;
use super::failure::{Failure, exit};
use super::place::Place;
use super::session::start;
use super::{Done, Global, say, say_json};
use crate::clock::rfc3339;
use crate::model::step::Stage;
use crate::plan::Plan;
use crate::rehearse::notes::What;
use crate::rehearse::summary::{Class, Named, Summary};
use crate::rehearse::weather::REALISTIC;
use crate::rehearse::{Night, Outcome, Rehearsal, nights};
use crate::report::{self, Style, duration, run, table};

/// Options of `rehearse`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// How many nights
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs: u64,
    /// The first night; the same number is the same night
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the plan through many nights on the simulated account.
pub fn run(global: &Global, args: &Args) -> Done {
    let place = Place::find(&global.dir, args.name.as_deref())?;
    let plan = place.plan_as_made()?.value;
    let inventory = place.inventory()?.value;
    if !plan.blockers.is_empty() {
        return Err(blocked(&plan));
    }
    let until = plan.stages.iter().copied().filter(|stage| *stage != Stage::Cleanup).max().unwrap_or(Stage::Foundation);
    let rehearsal = Rehearsal::new(&plan, start(&inventory), until).map_err(|why| {
        Failure::new("HK0510", format!("in the simulation, without any fault, {why}"))
            .detail("the plan would fail there; nothing was called")
            .hint(format!("hikkoshi dry-run {} --offline", place.name))
    })?;
    let seeds: Vec<u64> = (args.seed..args.seed.saturating_add(args.runs)).collect();
    let told = global.verbose > 0 && args.runs == 1;
    let nights = nights(&seeds, |seed| rehearsal.night(seed, REALISTIC, told));
    let summary = Summary::of(&nights);
    if global.json {
        say_json(&json(&plan, &rehearsal, args, &summary));
    } else if told {
        nights.iter().for_each(|night| say(&one(&plan, night, global.style())));
    } else {
        say(&text(&plan, &rehearsal, args, &summary, global));
    }
    Ok(if summary.wrong.is_empty() { 0 } else { exit::FINDINGS })
}

fn replay(plan: &Plan, seed: u64) -> String {
    format!("hikkoshi rehearse {} --seed {seed} --runs 1 --verbose", plan.migration)
}

fn json(plan: &Plan, rehearsal: &Rehearsal<'_>, args: &Args, summary: &Summary) -> serde_json::Value {
    let named = |named: &Named| serde_json::json!({ "seed": named.seed, "seconds": named.seconds, "restarts": named.restarts, "replay": replay(plan, named.seed) });
    let wrong = summary.wrong.iter().map(|(seed, why)| serde_json::json!({ "seed": seed, "why": why, "replay": replay(plan, *seed) }));
    let faults = summary.faults.iter().map(|(what, times, nights)| serde_json::json!({ "what": what, "times": times, "nights": nights }));
    serde_json::json!({
        "migration": plan.migration,
        "seed": args.seed,
        "runs": summary.nights,
        "undisturbed": { "seconds": rehearsal.there.seconds, "calls": rehearsal.there.calls },
        "ended": summary.ended,
        "seconds": { "median": summary.median_s, "nine_in_ten": summary.ninth_s },
        "faults": faults.collect::<Vec<_>>(),
        "looks": summary.looks,
        "longest": summary.longest.as_ref().map(named),
        "worst": summary.worst.as_ref().map(named),
        "wrong": wrong.collect::<Vec<_>>(),
    })
}

fn heading(style: Style, words: &str) -> String {
    format!("\n{}\n", style.bold(words))
}

fn text(plan: &Plan, rehearsal: &Rehearsal<'_>, args: &Args, summary: &Summary, global: &Global) -> String {
    let (style, width) = (global.style(), global.width());
    let last = args.seed + summary.nights - 1;
    let mut out = format!(
        "{} of {}: {} nights on the simulated account, {} to {last}\n",
        style.bold("Rehearsal"),
        style.bold(&plan.migration),
        summary.nights,
        args.seed
    );
    let clear = &rehearsal.there;
    out.push_str(&heading(style, "How they ended"));
    out.push_str(&bars(summary, style));
    let rows = [
        ["nothing goes wrong".to_owned(), format!("{}, {} changes", duration(clear.seconds), clear.calls)],
        ["half of the nights".to_owned(), format!("at most {}", duration(summary.median_s))],
        ["nine in ten".to_owned(), format!("at most {}", duration(summary.ninth_s))],
    ];
    out.push_str(&heading(style, "How long they took"));
    out.push_str(&table::columns(&rows.map(Vec::from), 2, width));
    out.push_str(&heading(style, "What went wrong on the way"));
    out.push_str(&faults(summary));
    out.push_str(&heading(style, "The longest and the hardest"));
    for (what, night) in [("longest", &summary.longest), ("hardest", &summary.worst)] {
        let Some(night) = night else { continue };
        out.push_str(&format!("  {what}  {}, {} restarts\n", duration(night.seconds), night.restarts));
        out.push_str(&format!("           {}\n", replay(plan, night.seed)));
    }
    out.push_str(&verdict(plan, summary, style, width));
    out
}

/// One line per way to end, with its share.
fn bars(summary: &Summary, style: Style) -> String {
    let mut out = String::new();
    for (class, count) in &summary.ended {
        let share = *count as f64 * 100.0 / summary.nights.max(1) as f64;
        let bar = "█".repeat((share / 4.0).round() as usize);
        let line = format!("  {:<48} {count:>6}  {share:>5.1} %  {bar}", class.words());
        let line = line.trim_end();
        out.push_str(&match (class, count) {
            (Class::Wrong, 1..) => style.bad(line),
            (_, 0) => style.dim(line),
            _ => line.to_owned(),
        });
        out.push('\n');
    }
    out
}

fn faults(summary: &Summary) -> String {
    let mut out = format!("  {:<50} {:>6}  {:>6}\n", "", "times", "nights");
    for (what, times, nights) in &summary.faults {
        out.push_str(&format!("  {what:<50} {times:>6}  {nights:>6}\n"));
    }
    out
}

/// What held in all of them; or what did not, and how to see it.
fn verdict(plan: &Plan, summary: &Summary, style: Style, width: usize) -> String {
    if summary.wrong.is_empty() {
        let words = format!(
            "in none was anything made twice, left behind unknown, or changed by two at a time ({} looks, one after every change); \
             each ended where a night without faults ends, or where it began",
            summary.looks
        );
        return format!("\n{}", table::hanging(&style.good("✓ "), &words, 2, width));
    }
    let mut out = String::from("\n");
    for (seed, why) in summary.wrong.iter().take(5) {
        out.push_str(&table::hanging(&style.bad("✗ "), &format!("night {seed}: {}", report::harmless(why)), 2, width));
        out.push_str(&format!("    {}\n", replay(plan, *seed)));
    }
    out
}

/// One night with all that happened.
fn one(plan: &Plan, night: &Night, style: Style) -> String {
    let mut out = format!("{} of {}: night {}\n\n", style.bold("Rehearsal"), style.bold(&plan.migration), night.seed);
    for note in &night.notes {
        let line = match &note.what {
            What::Told(event) => match run::line(event, plan, style) {
                Some(line) => line,
                None => continue,
            },
            What::Struck(fault, further) if further.is_empty() => style.warn(&format!("⚡ {}", fault.words())),
            What::Struck(fault, further) => style.warn(&format!("⚡ {}: {further}", fault.words())),
            What::Said(words) => format!("— {words}"),
        };
        let at = rfc3339(note.at_ms);
        out.push_str(&format!("{}  {line}\n", at.get(11..19).unwrap_or(&at)));
    }
    let (mark, words) = match &night.outcome {
        Outcome::Reached => (style.good("✓"), "at the end of a night without faults".to_owned()),
        Outcome::Back => (style.good("✓"), "taken back: as before the start".to_owned()),
        Outcome::Left(why) => (style.warn("Δ"), format!("stopped for a colleague's change, which a person has to judge: {why}")),
        Outcome::Wrong(why) => (style.bad("✗"), why.clone()),
    };
    out.push_str(&format!("\n{mark} {words}; {}, {} restarts\n", duration(night.seconds), night.starts.saturating_sub(1)));
    out
}
