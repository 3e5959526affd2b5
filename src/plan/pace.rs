//! How long a plan takes, what decides it, and what would shorten it.

use std::collections::BTreeMap;

use crate::model::call::Operation;
use crate::model::rate;
use crate::model::step::{Stage, Step};

use super::order;

/// The least that an order must save to be told, in seconds.
const WORTH_S: u64 = 30;

/// How long the steps before cleanup take, if every estimate holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace<'p> {
    /// Seconds from the start to the end.
    pub length_s: u64,
    /// Seconds if one step were done after the other.
    pub sum_s: u64,
    /// The steps that decide the end, first to last.
    pub path: Vec<&'p str>,
    /// How many of these seconds each move takes, the longest first.
    pub shares: Vec<(&'p str, u64)>,
    /// The orders on the path without which the plan would be shorter, the most first.
    pub savings: Vec<Saving<'p>>,
    /// The class of API operations whose budget binds first, and the seconds below which no plan of these calls can come.
    pub budget: Option<(&'p str, u64)>,
}

/// An order that costs time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving<'p> {
    /// The step that waits.
    pub step: &'p str,
    /// The one that it waits for.
    pub needs: &'p str,
    /// Why.
    pub because: &'p str,
    /// The seconds by which the plan would be shorter.
    pub seconds: u64,
}

/// The pace of steps in plan order.
pub fn of(steps: &[Step]) -> Pace<'_> {
    let forward = before_cleanup(steps);
    let (times, path) = order::schedule(forward.iter().copied(), None);
    let length_s = length(&times);
    let sum_s = forward.iter().map(|step| step.estimate_s).sum();
    let by_id: BTreeMap<&str, &Step> = forward.iter().map(|step| (step.id.as_str(), *step)).collect();
    let mut shares: BTreeMap<&str, u64> = BTreeMap::new();
    for step in path.iter().filter_map(|id| by_id.get(id)) {
        *shares.entry(&step.of_move).or_default() += step.estimate_s;
    }
    let mut shares: Vec<(&str, u64)> = shares.into_iter().collect();
    shares.sort_by_key(|(name, seconds)| (std::cmp::Reverse(*seconds), *name));
    Pace { length_s, sum_s, shares, savings: savings(&forward, &by_id, &path, length_s), budget: budget(&forward), path }
}

/// The seconds below which no run of the steps before cleanup can come: its longest chain of steps, or AWS's budget of calls.
pub fn bound_s(steps: &[Step]) -> u64 {
    let forward = before_cleanup(steps);
    length_s(forward.iter().copied()).max(budget(&forward).map_or(0, |(_, seconds)| seconds))
}

/// How many seconds steps take, in plan order, if every estimate holds.
pub fn length_s<'p>(steps: impl IntoIterator<Item = &'p Step>) -> u64 {
    length(&order::schedule(steps, None).0)
}

fn before_cleanup(steps: &[Step]) -> Vec<&Step> {
    steps.iter().filter(|step| step.stage != Stage::Cleanup).collect()
}

fn length(times: &BTreeMap<&str, (u64, u64)>) -> u64 {
    times.values().map(|(_, end)| *end).max().unwrap_or(0)
}

/// What each order between two moves costs, if it is on the path. Within a move the order is AWS's or the strategy's.
fn savings<'p>(forward: &[&'p Step], by_id: &BTreeMap<&str, &'p Step>, path: &[&'p str], length_s: u64) -> Vec<Saving<'p>> {
    let mut out = Vec::new();
    for pair in path.windows(2) {
        let step = by_id[pair[1]];
        let Some(need) = step.needs.iter().find(|need| need.step == pair[0]).filter(|_| step.of_move != by_id[pair[0]].of_move) else {
            continue;
        };
        let (times, _) = order::schedule(forward.iter().copied(), Some((pair[0], pair[1])));
        let seconds = length_s.saturating_sub(length(&times));
        if seconds >= WORTH_S {
            out.push(Saving { step: &step.id, needs: &need.step, because: &need.because, seconds });
        }
    }
    out.sort_by_key(|saving| std::cmp::Reverse(saving.seconds));
    out
}

/// The class whose bucket empties first: each call once, each wait and each check with one read at least.
fn budget<'p>(forward: &[&'p Step]) -> Option<(&'p str, u64)> {
    let mut asked: BTreeMap<&str, (f64, rate::Class<'_>)> = BTreeMap::new();
    let mut ask = |operation: &'p Operation| {
        let class = rate::class(operation);
        asked.entry(class.name).or_insert((0.0, class)).0 += 1.0;
    };
    for step in forward {
        ask(&step.call.operation);
        step.ready.iter().chain(&step.wait).for_each(|wait| ask(&wait.until.operation));
        step.verify.iter().for_each(|check| ask(&check.operation));
    }
    let bound = asked.into_values().map(|(count, class)| (class.name, ((count - class.burst) / class.refill).max(0.0).ceil()));
    bound.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, seconds)| (name, seconds as u64)).filter(|(_, seconds)| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::step::Need;

    fn step(id: &str, estimate_s: u64, needs: &[(&str, &str)]) -> Step {
        let call = "{operation: ec2:RunInstances, parameters: {}, probe: {operation: ec2:DescribeInstances, parameters: {}, path: Reservations, expect: exists}}";
        let text = format!(
            "{{id: {id}, stage: pets, move: {id}, title: {id}, call: {call}, undo: !nothing none, impact: none, estimate_s: {estimate_s}}}"
        );
        let mut step: Step = serde_yaml::from_str(&text).expect("a step");
        step.needs = needs.iter().map(|(step, because)| Need { step: (*step).to_owned(), because: (*because).to_owned() }).collect();
        step
    }

    #[test]
    fn what_decides_the_end_is_told_with_what_each_order_on_it_costs() {
        let steps = [
            step("one", 100, &[]),
            step("two", 300, &[("one", "one at a time")]),
            Step { of_move: "two".to_owned(), ..step("three", 50, &[("two", "its copy runs")]) },
            step("aside", 60, &[]),
        ];
        let pace = of(&steps);
        assert_eq!((pace.length_s, pace.sum_s, pace.path), (450, 510, vec!["one", "two", "three"]));
        assert_eq!(pace.shares, [("two", 350), ("one", 100)]);
        assert_eq!(pace.savings, [Saving { step: "two", needs: "one", because: "one at a time", seconds: 100 }]);
    }

    #[test]
    fn the_budget_that_binds_is_the_slowest_bucket() {
        let names: Vec<String> = (0..25).map(|at| format!("launch-{at}")).collect();
        let steps: Vec<Step> = names.iter().map(|name| step(name, 1, &[])).collect();
        assert_eq!(of(&steps).budget, Some(("ec2 launch", 10)), "5 at once, then 2 a second");
        assert_eq!(of(&steps[..5]).budget, None);
    }
}
