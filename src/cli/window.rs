//! What the intent's windows mean for a run that is to begin now.

use super::failure::Failure;
use crate::clock::rfc3339;
use crate::model::step::{Stage, Step};
use crate::model::text::counted;
use crate::plan::Plan;
use crate::plan::window::{Windows, left_over};
use crate::report::duration;

/// A plan's windows.
///
/// # Errors
/// If somebody edited one into what is none.
pub fn of(plan: &Plan) -> Result<Windows, Failure> {
    Windows::parse(&plan.windows).map_err(|why| {
        Failure::new("HK0107", format!("a window of the plan is none: {why}"))
            .detail("nothing was called")
            .hint("mend it under `windows` in plan.yaml, then the same command again")
    })
}

/// What to tell who is about to begin these steps: how many fit.
///
/// # Errors
/// If no window is open: when the next one opens.
pub fn fits(plan: &Plan, steps: &[&Step], now_ms: u64, again: &str) -> Result<String, Failure> {
    let windows = of(plan)?;
    if plan.windows.is_empty() || steps.is_empty() {
        return Ok(String::new());
    }
    let Some(closes) = windows.closes_ms(now_ms) else {
        let message = format!("no window is open at {}: {}", rfc3339(now_ms), plan.windows.join("; "));
        let failure = Failure::new("HK0517", message).detail("nothing was called; everything is as the last run left it");
        return Err(match windows.opens_ms(now_ms) {
            Some(opens) => failure.hint(format!("{again}   # from {} on", rfc3339(opens))),
            None => failure.hint(format!("{again}   # in a window")),
        });
    };
    let late = left_over(&windows, steps, now_ms);
    let left = duration(closes.saturating_sub(now_ms) / 1000);
    let what = match late.first() {
        None => "all of it fits, by the steps' usual lengths".to_owned(),
        Some(first) => format!("{} must wait for the next one: {first} and what comes after it", counted(late.len(), "step")),
    };
    Ok(format!("\nThe window closes in {left}, at {}: {what}.", rfc3339(closes)))
}

/// What a dry run says of windows: how far one gets in the first, begun at its opening.
pub fn row(plan: &Plan, now_ms: u64) -> Option<Vec<String>> {
    let windows = of(plan).ok().filter(|_| !plan.windows.is_empty())?;
    let begin = if windows.closes_ms(now_ms).is_some() { now_ms } else { windows.opens_ms(now_ms)? };
    let steps: Vec<&Step> = plan.steps.iter().filter(|step| step.stage != Stage::Cleanup).collect();
    let late = left_over(&windows, &steps, begin);
    let longest = windows.longest_s(now_ms).unwrap_or(u64::MAX);
    let text = match (late.first(), steps.iter().find(|step| step.estimate_s > longest)) {
        (_, Some(never)) => {
            format!("step {} usually takes {}, longer than any window: it never begins", never.id, duration(never.estimate_s))
        }
        (Some(first), _) => {
            format!(
                "begun at {}, {} of {} steps fit; {first} is the first to wait for the next",
                rfc3339(begin),
                steps.len() - late.len(),
                steps.len()
            )
        }
        (None, _) => format!("begun at {}, all {} steps fit", rfc3339(begin), steps.len()),
    };
    Some(vec!["windows".to_owned(), text])
}

/// What to say when the window closed on a run.
pub fn closed(plan: &Plan, id: &str, again: &str) -> Failure {
    let usual = plan.step(id).map_or(0, |step| step.estimate_s);
    Failure::new(
        "HK0517",
        format!("the window closes before step {id} (usually {}) and what it interrupts would have come to an end", duration(usual)),
    )
    .detail(format!("windows: {}", plan.windows.join("; ")))
    .detail("everything that was begun has come to its end and stays; nothing was called after that")
    .hint(format!("{again}   # in the next window: goes on"))
    .hint(format!("hikkoshi status {}", plan.migration))
}
