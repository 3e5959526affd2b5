//! Who must approve a plan, and before what: what the intent asks for, and what the plan makes of it. Pure.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::Gate;
use super::gates::Health;
use super::problem::{Problem, nearest};
use crate::model::absent::is_default;
use crate::model::step::Stage;

/// Approvals that a run needs: `hikkoshi approve`, by other people than the one who planned.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsWish {
    /// How many people, 1 to 20.
    #[schemars(with = "u32", range(min = 1, max = 20))]
    pub need: Spanned<u32>,
    /// Who counts: callers' ARNs as `aws sts get-caller-identity` tells them, `*` for any text, such as
    /// `arn:aws:sts::123456789012:assumed-role/Ops/*`; everybody, if there is none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub of: Vec<Spanned<String>>,
    /// Before what: `start` (the first step; the default) or stages: guard, data, cleanup, …
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub at: Vec<Spanned<String>>,
    /// Whether the approval of whoever planned counts, too.
    #[serde(default)]
    pub planner_counts: bool,
}

/// Before what an approval is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Point {
    /// The first step.
    Start,
    /// The first step of a stage.
    Before(Stage),
}

impl Point {
    /// Its name: `start`, or the stage's.
    pub fn name(self) -> &'static str {
        match self {
            Point::Start => "start",
            Point::Before(stage) => stage.name(),
        }
    }

    /// The point of that name.
    pub fn parse(name: &str) -> Option<Point> {
        if name == "start" { Some(Point::Start) } else { Stage::parse(name).map(Point::Before) }
    }

    /// The stage before which it is asked for.
    pub fn stage(self) -> Stage {
        match self {
            Point::Start => Stage::ALL[0],
            Point::Before(stage) => stage,
        }
    }

    /// The gate's id.
    pub fn gate(self) -> String {
        format!("approval-{}", self.name())
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Point> for String {
    fn from(point: Point) -> String {
        point.name().to_owned()
    }
}

impl TryFrom<String> for Point {
    type Error = String;

    fn try_from(name: String) -> Result<Point, String> {
        Point::parse(&name).ok_or_else(|| format!("`{name}` is neither `start` nor a stage"))
    }
}

/// What approvals a plan needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// How many people.
    pub need: u32,
    /// Who counts; everybody, if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// Before what, in the order of a run.
    pub at: Vec<Point>,
    /// Whether the planner counts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub planner_counts: bool,
    /// Who planned, as AWS tells it; noted where the planner does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planner: Option<String>,
}

impl ApprovalsWish {
    /// What it makes of a plan.
    ///
    /// # Errors
    /// What can't be: nobody, nowhere, or more people than there are.
    pub fn read(&self) -> Result<Approvals, Problem> {
        let need = &self.need;
        if !(1..=20).contains(&need.value) {
            return Err(Problem::at(need, format!("{} people can't be asked for", need.value), "1 to 20"));
        }
        for pattern in &self.of {
            caller(pattern)?;
        }
        let people = self.of.len() as u64;
        if people > 0 && people < u64::from(need.value) && self.of.iter().all(|one| !one.value.contains(['*', '?'])) {
            let message = format!("{} people are to approve, and {people} may", need.value);
            return Err(Problem::at(need, message, "as many ARNs in `of` at least, or one with `*`"));
        }
        let mut at = self.at.iter().map(point).collect::<Result<Vec<Point>, Problem>>()?;
        at.sort();
        at.dedup();
        if at.is_empty() {
            at.push(Point::Start);
        }
        let of = self.of.iter().map(|one| one.value.clone()).collect();
        Ok(Approvals { need: need.value, of, at, planner_counts: self.planner_counts, planner: None })
    }
}

/// A pattern that a caller's ARN can match at all.
fn caller(pattern: &Spanned<String>) -> Result<(), Problem> {
    let text = &pattern.value;
    let role = text.contains(":iam:") && text.contains(":role/");
    if text.starts_with("arn:") && !role && !text.contains(char::is_whitespace) {
        return Ok(());
    }
    let message = if role { format!("`{text}` is a role, and nobody calls as a role") } else { format!("`{text}` is no caller's ARN") };
    Err(Problem::at(pattern, message, "such as arn:aws:sts::123456789012:assumed-role/ROLE/*, as `aws sts get-caller-identity` tells it"))
}

fn point(name: &Spanned<String>) -> Result<Point, Problem> {
    Point::parse(&name.value).ok_or_else(|| {
        let names = || ["start"].into_iter().chain(Stage::ALL.map(Stage::name));
        let hint = match nearest(&name.value, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => names().collect::<Vec<_>>().join(", "),
        };
        Problem::at(name, format!("there is neither a stage nor a start called `{}`", name.value), &hint)
    })
}

impl Approvals {
    /// The gates at which a run waits for them.
    pub fn gates(&self) -> Vec<Gate> {
        let gate = |point: &Point| Gate {
            id: point.gate(),
            before: point.stage(),
            asks: self.asks(),
            details: Vec::new(),
            check: Some(Health::Approvals(*point)),
        };
        self.at.iter().map(gate).collect()
    }

    /// What is asked for, in words.
    pub fn asks(&self) -> String {
        let who = match (self.need, self.of.is_empty()) {
            (1, true) => "somebody has approved this plan".to_owned(),
            (n, true) => format!("{n} people have approved this plan"),
            (n, false) => format!("{n} of {} {} approved this plan", self.of.join(", "), if n == 1 { "has" } else { "have" }),
        };
        if self.planner_counts { who } else { format!("{who}, not counting who planned it") }
    }

    /// Whether somebody's approval counts by where they are: in `of`, if there is one.
    pub fn admits(&self, arn: &str) -> bool {
        self.of.is_empty() || self.of.iter().any(|pattern| like(pattern, arn))
    }

    /// The stages that an approval at a point is about: up to the next point.
    pub fn covers(&self, point: Point, stage: Stage) -> bool {
        let next = self.at.iter().find(|other| other.stage() > point.stage());
        stage >= point.stage() && next.is_none_or(|next| stage < next.stage())
    }
}

/// Whether a text is as a pattern of IAM says: `*` is any text, `?` any one letter.
pub fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how far its text goes for now.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, end)) => {
                    star = Some((at, end + 1));
                    p = at + 1;
                    t = end + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whom a caller's ARN means: the same text, the same person. Names differ by more than capitals in IAM; a role counts with
/// the name of its session; and who signs in at the Identity Center is one person under all permission sets.
pub fn person(arn: &str) -> String {
    let arn = arn.to_lowercase();
    let center = arn.split_once(":assumed-role/awsreservedsso_").and_then(|(account, rest)| Some((account, rest.rsplit_once('/')?.1)));
    match center {
        Some((account, name)) => format!("{account}:identity-center/{name}"),
        None => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_as_in_iam() {
        let ops = "arn:aws:sts::123456789012:assumed-role/Ops/*";
        for (pattern, arn, wanted) in [
            (ops, "arn:aws:sts::123456789012:assumed-role/Ops/mika", true),
            (ops, "arn:aws:sts::123456789012:assumed-role/Ops/", true),
            (ops, "arn:aws:sts::123456789012:assumed-role/Opsy/mika", false),
            (ops, "arn:aws:sts::210987654321:assumed-role/Ops/mika", false),
            ("arn:aws:*:mika", "arn:aws:sts::1:assumed-role/mika", false),
            ("arn:*mika", "arn:aws:sts::1:mika/x/mika", true),
            ("arn:aws:iam::1:user/m?ka", "arn:aws:iam::1:user/mika", true),
            ("arn:aws:iam::1:user/mika", "arn:aws:iam::1:user/Mika", false),
            ("arn:aws:iam::1:user/mika", "arn:aws:iam::1:user/mika2", false),
            ("a*b*c", "axbyybzc", true),
            ("a*b*c", "axbyybz", false),
        ] {
            assert_eq!(like(pattern, arn), wanted, "{pattern} {arn}");
        }
    }

    #[test]
    fn a_person_is_who_calls_not_how_often() {
        let sts = |rest: &str| person(&format!("arn:aws:sts::1:assumed-role/{rest}"));
        assert_eq!(sts("Ops/mika"), sts("Ops/Mika"));
        assert_ne!(sts("Ops/mika"), sts("Ops/rin"));
        assert_ne!(sts("Ops/mika"), sts("Dev/mika"));
        assert_eq!(sts("AWSReservedSSO_Admin_1234567890abcdef/mika@x"), sts("AWSReservedSSO_Ops_fedcba0987654321/mika@x"));
        assert_ne!(sts("AWSReservedSSO_Admin_1234567890abcdef/mika@x"), sts("AWSReservedSSO_Admin_1234567890abcdef/rin@x"));
        assert_ne!(person("arn:aws:iam::1:user/mika"), person("arn:aws:iam::1:user/team/mika"));
    }

    #[test]
    fn an_approval_is_about_the_stages_up_to_the_next_point() {
        let at = vec![Point::Start, Point::Before(Stage::Data), Point::Before(Stage::Cleanup)];
        let rule = Approvals { need: 1, of: vec![], at, planner_counts: false, planner: None };
        let covered = |point| Stage::ALL.into_iter().filter(|stage| rule.covers(point, *stage)).count();
        assert_eq!([Point::Start, Point::Before(Stage::Data), Point::Before(Stage::Cleanup)].map(covered), [6, 2, 1]);
    }
}
