//! Who has approved a plan, who does not count and why, who is missing: pure.

use super::machine::Machine;
use crate::journal::approval::{Given, Said};
use crate::model::step::Stage;
use crate::plan::approvals::{Approvals, Point, person};
use crate::plan::short;

/// What was given before one point of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Before what.
    pub point: Point,
    /// How many are needed.
    pub need: usize,
    /// Those that count, one of each person, earliest first.
    pub counted: Vec<Given>,
    /// Those that do not, and why.
    pub passed_over: Vec<(Given, String)>,
}

impl Tally {
    /// How many are missing.
    pub fn missing(&self) -> usize {
        self.need.saturating_sub(self.counted.len())
    }

    /// Who counts.
    pub fn who(&self) -> Vec<String> {
        self.counted.iter().map(|given| given.who.clone()).collect()
    }

    /// What is missing, in words.
    pub fn lacks(&self) -> String {
        let verb = if self.missing() == 1 { "is" } else { "are" };
        format!("{} of {} approvals {verb} missing", self.missing(), self.need)
    }
}

/// Counts what was given before a point of the plan that has this hash.
pub fn tally(rule: &Approvals, plan: &str, point: Point, given: &[Given]) -> Tally {
    let mut tally = Tally { point, need: rule.need as usize, counted: Vec::new(), passed_over: Vec::new() };
    let ended = |one: &Given| given.iter().find(|other| other.said == Said::Withdrawn(one.id.clone()) && same(&other.who, &one.who));
    for one in given.iter().filter(|one| one.point == point && one.said == Said::Approved) {
        let why = match ended(one) {
            Some(end) => Some(format!("withdrawn at {}", end.at)),
            None => objection(rule, plan, one, &tally.counted),
        };
        match why {
            None => tally.counted.push(one.clone()),
            Some(why) => tally.passed_over.push((one.clone(), why)),
        }
    }
    tally
}

fn same(one: &str, other: &str) -> bool {
    person(one) == person(other)
}

/// Why an approval does not count beside those that do.
fn objection(rule: &Approvals, plan: &str, one: &Given, counted: &[Given]) -> Option<String> {
    if one.plan != plan {
        return Some(format!("it is of another plan, {}…: this one was edited or made anew since", short(&one.plan)));
    }
    if let Some(why) = never_counts(rule, &one.who) {
        return Some(why);
    }
    counted.iter().find(|other| same(&other.who, &one.who)).map(|other| format!("the same person as {}, who counts once", other.who))
}

/// Why nobody with this ARN counts, whatever they approve.
pub fn never_counts(rule: &Approvals, arn: &str) -> Option<String> {
    if !rule.admits(arn) {
        return Some("not among those who may approve".to_owned());
    }
    let planned = !rule.planner_counts && rule.planner.as_ref().is_some_and(|planner| same(planner, arn));
    planned.then(|| "who planned does not approve, too".to_owned())
}

/// The points that a run forward has behind it when it begins: what is approved there lets it begin.
pub fn due(machine: &Machine<'_>, until: Stage) -> Vec<Point> {
    let Some(stage) = machine.current_stage().filter(|stage| *stage <= until) else { return Vec::new() };
    let points = machine.plan().approvals.iter().flat_map(|rule| &rule.at);
    points.filter(|point| point.stage() <= stage).copied().collect()
}

/// The points that it meets on its way.
pub fn ahead(machine: &Machine<'_>, until: Stage) -> Vec<Point> {
    let due = due(machine, until);
    let points = machine.plan().approvals.iter().flat_map(|rule| &rule.at);
    let reached = |point: &&Point| machine.current_stage().is_some() && point.stage() <= until && !due.contains(point);
    points.filter(reached).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPS: &str = "arn:aws:sts::1:assumed-role/Ops/";

    fn rule() -> Approvals {
        let of = vec![format!("{OPS}*")];
        Approvals { need: 2, of, at: vec![Point::Start], planner_counts: false, planner: Some(format!("{OPS}rin")) }
    }

    fn given(id: &str, who: &str, plan: &str) -> Given {
        let (id, who, at) = (id.to_owned(), who.to_owned(), format!("2026-11-24T02:00:0{id}Z"));
        Given { id, at, who, typed_by: "x@y".into(), plan: plan.into(), point: Point::Start, said: Said::Approved, reason: None }
    }

    fn words(given: &[Given]) -> (Vec<String>, Vec<String>) {
        let tally = tally(&rule(), "p", Point::Start, given);
        (tally.who(), tally.passed_over.iter().map(|(given, why)| format!("{}: {why}", given.id)).collect())
    }

    #[test]
    fn two_others_who_may_are_enough() {
        let (mika, yui) = (given("1", &format!("{OPS}mika"), "p"), given("2", &format!("{OPS}yui"), "p"));
        let tally = tally(&rule(), "p", Point::Start, &[mika, yui]);
        assert_eq!((tally.missing(), tally.counted.len(), tally.passed_over.len()), (0, 2, 0));
    }

    #[test]
    fn each_that_does_not_count_says_why() {
        let all = [
            given("1", &format!("{OPS}mika"), "p"),
            given("2", &format!("{OPS}Mika"), "p"),
            given("3", &format!("{OPS}rin"), "p"),
            given("4", "arn:aws:iam::1:user/yui", "p"),
            given("5", &format!("{OPS}yui"), "0123456789abcdef"),
            Given { point: Point::Before(Stage::Data), ..given("6", &format!("{OPS}yui"), "p") },
        ];
        let (who, not) = words(&all);
        assert_eq!(who, [format!("{OPS}mika")]);
        let once = format!("2: the same person as {OPS}mika, who counts once");
        let other = "5: it is of another plan, 0123456789ab…: this one was edited or made anew since";
        assert_eq!(not, [&once, "3: who planned does not approve, too", "4: not among those who may approve", other]);
    }

    #[test]
    fn who_withdraws_may_approve_again_and_nobody_withdraws_for_another() {
        let who = format!("{OPS}mika");
        let end = |id: &str, who: &str, of: &str| Given { said: Said::Withdrawn(of.into()), ..given(id, who, "p") };
        let first = given("1", &who, "p");
        assert_eq!(words(&[first.clone(), end("2", &format!("{OPS}rin"), "1")]).0.len(), 1);
        let (counted, not) = words(&[first.clone(), end("2", &who, "1")]);
        assert_eq!((counted.len(), not), (0, vec!["1: withdrawn at 2026-11-24T02:00:02Z".to_owned()]));
        // Whatever the clock of the machine says on which it was withdrawn.
        assert_eq!(words(&[end("0", &who, "1"), first.clone()]).0.len(), 0);
        assert_eq!(words(&[first, end("2", &who, "1"), given("3", &who, "p")]).0.len(), 1);
    }
}
