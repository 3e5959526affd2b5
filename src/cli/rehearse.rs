//! `hikkoshi rehearse`: what one shows when asked "and if it fails?".

use super::dry_run::blocked;
use super::failure::{Failure, exit};
use super::place::Place;
use super::session::start;
use super::{Done, Global, say, say_json};
use crate::clock::rfc3339;
use crate::model::step::Stage;
use crate::model::text::counted;
use crate::plan::{Plan, prove};
use crate::rehearse::notes::What;
use crate::rehearse::summary::{Class, Named, Summary};
use crate::rehearse::weather::REALISTIC;
use crate::rehearse::{Clear, Night, Outcome, Rehearsal, nights};
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
    let place = Place::find(global, args.name.as_deref())?;
    let plan = place.plan_as_made()?.value;
    let (intent, inventory, seen) = (place.intent()?.value, place.inventory()?.value, place.flows()?);
    if !plan.blockers.is_empty() {
        return Err(blocked(&plan));
    }
    let until = plan.stages.iter().copied().filter(|stage| *stage != Stage::Cleanup).max().unwrap_or(Stage::Foundation);
    let flows = prove::flows(&intent, &inventory, seen.as_ref().map(|seen| &seen.value));
    let flows = flows.map_err(|problem| place.intent_problem(&problem))?;
    let rehearsal = Rehearsal::new(&plan, &flows, start(&inventory), until).map_err(|why| {
        Failure::new("HK0510", format!("in the simulation, without any fault, {why}"))
            .detail("the plan would fail there; nothing was called")
            .hint(format!("hikkoshi dry-run {} --offline", place.name))
    })?;
    let seeds: Vec<u64> = (args.seed..args.seed.saturating_add(args.runs)).collect();
    let told = global.verbose > 0 && args.runs == 1;
    let nights = nights(&seeds, |seed| rehearsal.night(seed, REALISTIC, told));
    let summary = Summary::of(&nights);
    if global.json {
        say_json(&json(&Meeting { name: &place.name, clear: rehearsal.there, first: args.seed }, &summary));
    } else if told {
        nights.iter().for_each(|night| say(&one(&plan, night, global.style())));
    } else {
        say(&text(&Meeting { name: &place.name, clear: rehearsal.there, first: args.seed }, &summary, global.style(), global.width()));
    }
    Ok(if summary.wrong.is_empty() { 0 } else { exit::FINDINGS })
}

/// What the result is told about.
struct Meeting<'a> {
    name: &'a str,
    clear: Clear,
    first: u64,
}

impl Meeting<'_> {
    /// What shows a night again, with all that happens in it.
    fn replay(&self, seed: u64) -> String {
        format!("hikkoshi rehearse {} --seed {seed} --runs 1 --verbose", self.name)
    }
}

fn json(meeting: &Meeting<'_>, summary: &Summary) -> serde_json::Value {
    let named = |named: &Named| serde_json::json!({ "seed": named.seed, "seconds": named.seconds, "restarts": named.restarts, "replay": meeting.replay(named.seed) });
    let wrong = summary.wrong.iter().map(|(seed, why)| serde_json::json!({ "seed": seed, "why": why, "replay": meeting.replay(*seed) }));
    let faults = summary.faults.iter().map(|(what, times, nights)| serde_json::json!({ "what": what, "times": times, "nights": nights }));
    serde_json::json!({
        "migration": meeting.name,
        "seed": meeting.first,
        "runs": summary.nights,
        "undisturbed": { "seconds": meeting.clear.seconds, "calls": meeting.clear.calls },
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

fn text(meeting: &Meeting<'_>, summary: &Summary, style: Style, width: usize) -> String {
    let last = meeting.first + summary.nights.saturating_sub(1);
    let mut out = format!(
        "{} of {}: {} nights on the simulated account, numbers {} to {last}\n",
        style.bold("Rehearsal"),
        style.bold(meeting.name),
        summary.nights,
        meeting.first
    );
    let clear = &meeting.clear;
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
        out.push_str(&format!("  {what}  {}, {}\n", duration(night.seconds), restarts(night.restarts)));
        out.push_str(&format!("           {}\n", meeting.replay(night.seed)));
    }
    out.push_str(&verdict(meeting, summary, style, width));
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

fn restarts(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "restart")
}

fn faults(summary: &Summary) -> String {
    let mut out = format!("  {:<50} {:>6}  {:>6}\n", "", "times", "nights");
    for (what, times, nights) in &summary.faults {
        out.push_str(&format!("  {what:<50} {times:>6}  {nights:>6}\n"));
    }
    out
}

/// What held in all of them; or what did not, and how to see it.
fn verdict(meeting: &Meeting<'_>, summary: &Summary, style: Style, width: usize) -> String {
    if summary.wrong.is_empty() {
        let words = format!(
            "in none was anything made twice, left behind unknown, or changed by two at a time; up to a colleague's change no flow was \
             cut and no door opened that the plan's proof keeps ({} looks, one after every change); all ended as said above",
            summary.looks
        );
        return format!("\n{}", table::hanging(&style.good("✓ "), &words, 2, width));
    }
    let mut out = String::from("\n");
    for (seed, why) in summary.wrong.iter().take(5) {
        out.push_str(&table::hanging(&style.bad("✗ "), &format!("night {seed}: {}", report::harmless(why)), 2, width));
        out.push_str(&format!("    {}\n", meeting.replay(*seed)));
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
    out.push_str(&format!("\n{mark} {words}; {}, {}\n", duration(night.seconds), restarts(night.starts.saturating_sub(1))));
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn summary(wrong: Vec<(u64, String)>) -> Summary {
        let counts = [712, 181, 48, 12, 21, 4, 22, wrong.len() as u64];
        Summary {
            nights: 1000,
            ended: Class::ALL.into_iter().zip(counts).collect::<BTreeMap<_, _>>(),
            median_s: 2640,
            ninth_s: 3720,
            faults: vec![("a change was refused: too many requests", 655, 480), ("the disk was full", 48, 47)],
            looks: 84_210,
            longest: Some(Named { seed: 34, seconds: 9_240, restarts: 3 }),
            worst: Some(Named { seed: 512, seconds: 8_100, restarts: 6 }),
            wrong,
        }
    }

    const MEETING: Meeting<'_> = Meeting { name: "story", clear: Clear { calls: 84, records: 356, seconds: 2640 }, first: 1 };

    #[test]
    fn what_is_shown_in_the_meeting() {
        let wanted = "\
Rehearsal of story: 1000 nights on the simulated account, numbers 1 to 1000

How they ended
  done at the first go                                712   71.2 %  ██████████████████
  done after 1 restart                                181   18.1 %  █████
  done after 2 restarts                                48    4.8 %  █
  done after more restarts                             12    1.2 %
  stopped for a colleague's change, then done          21    2.1 %  █
  stopped for a colleague's change, to be judged        4    0.4 %
  taken back, as before the start                      22    2.2 %  █
  NOT as it should be                                   0    0.0 %

How long they took
  nothing goes wrong  44 min, 84 changes
  half of the nights  at most 44 min
  nine in ten         at most 62 min

What went wrong on the way
                                                      times  nights
  a change was refused: too many requests               655     480
  the disk was full                                      48      47

The longest and the hardest
  longest  2 h 34 min, 3 restarts
           hikkoshi rehearse story --seed 34 --runs 1 --verbose
  hardest  2 h 15 min, 6 restarts
           hikkoshi rehearse story --seed 512 --runs 1 --verbose

  ✓ in none was anything made twice, left behind unknown, or changed by two at a time; up to a
    colleague's change no flow was cut and no door opened that the plan's proof keeps (84210 looks,
    one after every change); all ended as said above
";
        assert_eq!(text(&MEETING, &summary(Vec::new()), Style(false), 100), wanted);
    }

    #[test]
    fn a_night_that_went_wrong_is_named_with_what_replays_it() {
        let told = text(&MEETING, &summary(vec![(7, "made twice: elastic_ip of step eip-nat-a".to_owned())]), Style(false), 100);
        let end = "
  ✗ night 7: made twice: elastic_ip of step eip-nat-a
    hikkoshi rehearse story --seed 7 --runs 1 --verbose
";
        assert!(told.ends_with(end), "{told}");
        let told = json(&MEETING, &summary(vec![(7, "made twice".to_owned())]));
        assert_eq!(told["wrong"][0]["replay"], "hikkoshi rehearse story --seed 7 --runs 1 --verbose");
        assert_eq!((&told["ended"]["at_once"], &told["ended"]["wrong"]), (&712.into(), &1.into()));
    }
}
