//! What VPC flow logs show, after everything was joined and counted: `plans/<name>/flows.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::absent::is_default;
use super::flow::Flow;
use super::id::Id;

/// Seconds without any record beyond which the window has a gap: longer than the longest aggregation of flow logs (ten
/// minutes, VPC guide, `flow-logs.md`) and than their usual delay.
pub const GAP_S: i64 = 3600;
/// Seconds that a window may lack at its edges and still count as whole.
const SLACK_S: i64 = 3600;

/// What was seen in flow logs; immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Format of this file; 1.
    pub version: u32,
    /// The account's twelve digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The VPC.
    pub vpc: Id,
    /// The moments of the inventories by which interfaces were given to their owners, RFC 3339.
    pub inventories: Vec<String>,
    /// What the logs cover.
    pub window: Window,
    /// Accepted connections, each with evidence of the kind `seen`.
    pub flows: Vec<Flow>,
    /// Connections that a group or a network ACL refused; no flow that must survive, but a sign of one that is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Flow>,
    /// Where workloads go to on the internet most; the rest is in `flows`, to the internet as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<Destination>,
    /// For each workload and balancer: since when and until when its interfaces were logged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub watched: BTreeMap<Id, Watch>,
    /// Why the logs don't show all that got through, however long they are: AWS could not deliver, or was not asked to log it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blind: Vec<String>,
    /// What a person should know of how this was counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What the logs cover, as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Start of the first record, RFC 3339; empty without records.
    pub first: String,
    /// End of the last record, RFC 3339.
    pub last: String,
    /// From the first to the last, in seconds.
    pub seconds: i64,
    /// Records read, of every sort.
    pub records: u64,
    /// Records that say that nothing was there to log.
    pub nodata: u64,
    /// Records that say that something was left out (`SKIPDATA`: an internal limit or error of AWS).
    pub skipdata: u64,
    /// Records that were not joined: of interfaces of other VPCs, or of protocols without ports but ICMP.
    pub passed_over: u64,
    /// Records of interfaces that no inventory knows.
    pub unowned: u64,
    /// Times of more than an hour without a record: from, until.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<(String, String)>,
}

/// Since when and until when a workload's interfaces were logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// RFC 3339.
    pub first: String,
    /// RFC 3339.
    pub last: String,
    /// From the first to the last, in seconds.
    pub seconds: i64,
    /// Records that say that something was left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub skipdata: u64,
}

/// A range on the internet that a workload goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// The workload.
    pub from: Id,
    /// The range: a /24 for IPv4, a /48 for IPv6.
    pub range: String,
    /// Records, at least; where a workload has more destinations than are counted one by one, an estimate from below.
    pub records: u64,
}

impl Seen {
    /// Nothing seen yet.
    pub fn nothing(account: &str, region: &str, vpc: &Id) -> Seen {
        Seen {
            version: 1,
            account: account.to_owned(),
            region: region.to_owned(),
            vpc: vpc.clone(),
            inventories: Vec::new(),
            window: Window::default(),
            flows: Vec::new(),
            refused: Vec::new(),
            destinations: Vec::new(),
            watched: BTreeMap::new(),
            blind: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Why the logs do not cover so many days; empty if they do.
    pub fn shortfalls(&self, days: u32) -> Vec<String> {
        let window = &self.window;
        let mut out = Vec::new();
        if window.seconds + SLACK_S < seconds_of(days) {
            out.push(format!("the logs span {}, and {days} days are asked for", span(window.seconds)));
        }
        for (from, until) in &window.gaps {
            out.push(format!("there is no record from {from} to {until}"));
        }
        if window.skipdata > 0 {
            let records = if window.skipdata == 1 { "record says" } else { "records say" };
            out.push(format!("{} {records} SKIPDATA: AWS left something out there", window.skipdata));
        }
        out.extend(self.blind.iter().cloned());
        out.extend(self.shows_refusals_only());
        out
    }

    /// Files don't say what they leave out. A VPC in which nothing gets through is rarer than a flow log of `REJECT`.
    fn shows_refusals_only(&self) -> Option<String> {
        let only = self.blind.is_empty() && self.flows.is_empty() && !self.refused.is_empty();
        only.then(|| "they show refused connections only, as a flow log of REJECT does".to_owned())
    }

    /// Why the logs do not show all that a workload accepted in so many days; none if they do.
    pub fn unwatched(&self, workload: &Id, days: u32) -> Option<String> {
        let wanted = seconds_of(days);
        if self.window.seconds + SLACK_S < wanted {
            return Some(format!("the logs span {} of {days} days", span(self.window.seconds)));
        }
        if let Some(why) = self.blind.first().cloned().or_else(|| self.shows_refusals_only()) {
            return Some(why);
        }
        if let Some((from, until)) = self.window.gaps.first() {
            return Some(format!("the logs have a gap from {from} to {until}"));
        }
        match self.watched.get(workload) {
            None => Some("no interface of it is in the logs".to_owned()),
            Some(watch) if watch.skipdata > 0 => Some("AWS left out records of its interfaces (SKIPDATA)".to_owned()),
            // An interface says nothing on the edges of the window where nothing happened.
            Some(watch) if watch.seconds + 24 * 3600 < wanted => {
                Some(format!("its interfaces are in the logs for {} of {days} days", span(watch.seconds)))
            }
            Some(_) => None,
        }
    }
}

fn seconds_of(days: u32) -> i64 {
    i64::from(days) * 24 * 3600
}

/// A span of time for people.
fn span(seconds: i64) -> String {
    match seconds {
        60..120 => "1 minute".to_owned(),
        ..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::flow::End;
    use crate::model::network::{Ports, Protocol};

    fn seen(days: i64) -> Seen {
        let seconds = days * 24 * 3600;
        let watch = Watch { seconds, ..Watch::default() };
        Seen {
            window: Window { seconds, ..Window::default() },
            watched: BTreeMap::from([(Id::from("i-1"), watch)]),
            ..Seen::nothing("1", "us-east-1", &"vpc-1".into())
        }
    }

    #[test]
    fn a_window_covers_the_days_that_it_spans_without_a_hole() {
        assert_eq!(seen(14).shortfalls(14), Vec::<String>::new());
        assert_eq!(seen(14).unwatched(&"i-1".into(), 14), None);
        assert_eq!(seen(3).shortfalls(14), ["the logs span 3 days, and 14 days are asked for"]);
        assert!(seen(3).unwatched(&"i-1".into(), 14).is_some());
        assert!(seen(14).unwatched(&"i-2".into(), 14).is_some_and(|why| why.contains("no interface")));
        let mut holed = seen(14);
        holed.window.gaps.push(("a".into(), "b".into()));
        assert_eq!(holed.shortfalls(14), ["there is no record from a to b"]);
        assert!(holed.unwatched(&"i-1".into(), 14).is_some());
        let mut blind = seen(14);
        blind.blind.push("what got through is not logged".into());
        assert_eq!(blind.shortfalls(14), ["what got through is not logged"]);
        assert_eq!(blind.unwatched(&"i-1".into(), 14).as_deref(), Some("what got through is not logged"));
        let mut skipped = seen(14);
        skipped.window.skipdata = 1;
        assert_eq!(skipped.unwatched(&"i-1".into(), 14), None, "what AWS left out was another's");
        skipped.watched.get_mut(&Id::from("i-1")).expect("it is watched").skipdata = 1;
        assert!(skipped.unwatched(&"i-1".into(), 14).is_some_and(|why| why.contains("SKIPDATA")));
    }

    #[test]
    fn logs_of_refusals_only_are_no_evidence_of_silence() {
        let ports = Ports { protocol: Protocol::Tcp, from: 22, to: 22 };
        let flow = Flow { from: End::Internet, to: End::Resource("i-1".into()), ports, evidence: Vec::new() };
        let mut refused = seen(14);
        refused.refused.push(flow.clone());
        assert_eq!(refused.shortfalls(14).len(), 1);
        assert!(refused.unwatched(&"i-1".into(), 14).is_some_and(|why| why.contains("refused")));
        refused.flows.push(flow);
        assert_eq!((refused.shortfalls(14), refused.unwatched(&"i-1".into(), 14)), (Vec::new(), None));
    }
}
