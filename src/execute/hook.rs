//! What others are told of a run: the same stream that the terminal shows, and of it what somebody outside would act on.

use serde::Serialize;

use super::event::{Event, What};
use crate::plan::hooks::Occasion;

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct News {
    /// Of what.
    #[serde(rename = "event")]
    pub occasion: Occasion,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// The checkpoint, or the point before which people must approve.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub checkpoint: String,
    /// The step.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// The failure code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// In a sentence.
    pub text: String,
}

/// Somebody could not be told of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// Who.
    pub hook: String,
    /// Of what.
    pub news: String,
    /// Why.
    pub why: String,
}

/// Those who could not be told, for the journal.
pub trait Hooks: Send + Sync {
    /// Since it was last asked.
    fn untold(&self) -> Vec<Untold>;

    /// The same when the run is over: waits, but not for long, until everybody was told.
    fn close(&self) -> Vec<Untold>;
}

/// How a run that reached what it was to says that it ended.
const DONE: &str = "done";

/// What an event is to others; nothing, if they need not know.
pub fn news(event: &Event) -> Vec<News> {
    let step = event.step.clone();
    let bare = |occasion, text: String| News {
        occasion,
        at_ms: event.at_ms,
        checkpoint: String::new(),
        step: String::new(),
        code: String::new(),
        text,
    };
    let one = match &event.what {
        What::RunBegan { run, who, .. } => bare(Occasion::Begin, format!("{run} begins, by {who}")),
        What::Checkpoint => News { checkpoint: step, ..bare(Occasion::Checkpoint, format!("checkpoint {} is reached", event.step)) },
        What::Failed { code, why } => {
            News { step, code: code.clone(), ..bare(Occasion::Failure, format!("step {} failed: {why}", event.step)) }
        }
        What::Unapproved { point, why } => {
            News { checkpoint: point.clone(), ..bare(Occasion::Wait, format!("waits before {point}: {why}")) }
        }
        What::Held => News { step, ..bare(Occasion::Wait, format!("step {} waits to be released", event.step)) },
        What::Paused => bare(Occasion::Wait, "paused: nothing goes on until somebody resumes or aborts it".to_owned()),
        What::RunEnded { how } => {
            let end = bare(Occasion::End, format!("the run ended: {how}"));
            let failed = News { occasion: Occasion::Failure, text: format!("the run ended before its goal: {how}"), ..end.clone() };
            // That a step failed was told when it did.
            return if how == DONE || how == "failed" { vec![end] } else { vec![failed, end] };
        }
        _ => return Vec::new(),
    };
    vec![one]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(step: &str, what: What) -> Vec<(Occasion, String)> {
        let event = Event { at_ms: 1, step: step.to_owned(), what };
        news(&event).into_iter().map(|news| (news.occasion, news.text)).collect()
    }

    #[test]
    fn others_are_told_what_they_would_act_on() {
        let ended = |how: &str| told("", What::RunEnded { how: how.to_owned() });
        assert_eq!(ended("done"), [(Occasion::End, "the run ended: done".to_owned())]);
        assert_eq!(ended("failed").len(), 1);
        assert_eq!(
            ended("a gate's check is not well")[0],
            (Occasion::Failure, "the run ended before its goal: a gate's check is not well".to_owned())
        );
        let failed = told("nat-a", What::Failed { code: "HK0502".to_owned(), why: "no".to_owned() });
        assert_eq!(failed, [(Occasion::Failure, "step nat-a failed: no".to_owned())]);
        assert_eq!(told("nat-a", What::Verified), []);
        assert_eq!(told("guard", What::Checkpoint), [(Occasion::Checkpoint, "checkpoint guard is reached".to_owned())]);
    }
}
