//! Whether IAM allows whoever runs a plan what it needs: a dry run asks IAM's policy simulator.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::failure::Failure;
use super::place::Place;
use super::policy::{bucket, unknown};
use crate::cloud::Cloud;
use crate::model::call::{Call, Outcome};
use crate::model::inventory::Inventory;
use crate::model::text::first_of;
use crate::plan::Plan;
use crate::plan::policy::Part;
use crate::plan::policy::simulator::{Lack, Question, Subject, Told, questions};
use crate::report::{Style, harmless, table};

/// How many questions are under way at a time.
const CONCURRENT: usize = 4;

/// What is known of the caller's rights.
pub enum Rights {
    /// Nothing, and why.
    Unasked(String),
    /// What IAM says.
    Told {
        /// The ARN of the user or role.
        who: String,
        /// What it said.
        told: Told,
    },
}

/// Asks.
///
/// # Errors
/// If the plan calls something of which nobody has written down what it needs.
pub async fn ask(cloud: &dyn Cloud, place: &Place, plan: &Plan, inventory: &Inventory, caller: &str) -> Result<Rights, Failure> {
    let questions = questions(plan, inventory, bucket(place)?.as_ref()).map_err(unknown)?;
    let who = match subject(cloud, caller).await {
        Ok(who) => who,
        Err(why) => return Ok(Rights::Unasked(why)),
    };
    Ok(match hear(cloud, plan, &questions, &who).await {
        Ok(told) => Rights::Told { who, told },
        Err(why) => Rights::Unasked(why),
    })
}

async fn hear(cloud: &dyn Cloud, plan: &Plan, questions: &[Question], who: &str) -> Result<Told, String> {
    let operation = "iam:SimulatePrincipalPolicy";
    let mut told = Told::of(questions);
    let mut next = questions.to_vec();
    while !next.is_empty() {
        let asked = stream::iter(std::mem::take(&mut next)).map(|question| {
            let call = Call::new(operation, Value::Object(question.parameters(plan, who)));
            async move { (question, cloud.call(&call).await) }
        });
        let mut answers = asked.buffered(CONCURRENT);
        while let Some((question, outcome)) = answers.next().await {
            match outcome {
                // Of some actions AWS wants other things to be told than of others.
                Outcome::Refused(refusal) if refusal.code == "InvalidInput" => match question.apart() {
                    parts if parts.is_empty() => told.refused(&question, &refusal.to_string()),
                    parts => next.extend(parts),
                },
                outcome => {
                    let answer = answer(operation, outcome)?;
                    told.hear(&question, answer["EvaluationResults"].as_array().map(Vec::as_slice).unwrap_or_default());
                }
            }
        }
    }
    Ok(told)
}

/// The user or role whose policies bind the caller; or why there is none to ask about.
async fn subject(cloud: &dyn Cloud, caller: &str) -> Result<String, String> {
    match Subject::of(caller) {
        Subject::Of(arn) => Ok(arn),
        Subject::Nobody(why) => Err(why),
        Subject::Role(name) => {
            let answer = answer("iam:GetRole", cloud.call(&Call::new("iam:GetRole", json!({ "RoleName": name }))).await)?;
            answer["Role"]["Arn"].as_str().map(str::to_owned).ok_or_else(|| format!("iam:GetRole did not say the ARN of {name}"))
        }
    }
}

fn answer(operation: &str, outcome: Outcome) -> Result<Value, String> {
    match outcome {
        Outcome::Done(answer) => Ok(answer),
        Outcome::Refused(refusal) => Err(format!("{operation}: {refusal}")),
        Outcome::Unknown(why) => Err(format!("{operation} got no answer: {why}")),
    }
}

impl Rights {
    /// The first part of the policy that is lacking and needed.
    pub fn lacking(&self) -> Option<Part> {
        match self {
            Rights::Unasked(_) => None,
            Rights::Told { told, .. } => told.denied.iter().map(|lack| lack.part).find(|part| *part != Part::Cleanup),
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        match self {
            Rights::Unasked(why) => json!({ "not_asked": why }),
            Rights::Told { who, told } => {
                let allowed: BTreeMap<&str, usize> = told.allowed.iter().map(|(part, count)| (part.name(), *count)).collect();
                json!({ "who": who, "allowed": allowed, "denied": told.denied, "unsure": told.unsure, "untold": told.untold })
            }
        }
    }

    /// In one row or two.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let (who, told) = match self {
            Rights::Unasked(why) => return vec![vec!["IAM".to_owned(), format!("not asked: {}", harmless(why))]],
            Rights::Told { who, told } => (who, told),
        };
        let count = |lacks: &BTreeSet<Lack>, part: Part| lacks.iter().filter(|lack| lack.part == part).count();
        let of_part = |part: Part| {
            let allowed = told.allowed.get(&part).copied().unwrap_or_default();
            let all = allowed + count(&told.denied, part) + count(&told.unsure, part);
            (all > 0).then(|| format!("{} {allowed} of {all}", part.name()))
        };
        let parts: Vec<String> = Part::ALL.into_iter().filter_map(of_part).collect();
        let who = who.splitn(6, ':').last().unwrap_or_default();
        let mut rows = vec![vec!["IAM".to_owned(), format!("{} is allowed: {}", harmless(who), parts.join(", "))]];
        if !told.untold.is_empty() {
            let keys: Vec<String> = told.untold.iter().map(|key| harmless(key)).collect();
            rows.push(vec![String::new(), format!("its policies also look at {}, which is not known beforehand", first_of(&keys, 4))]);
        }
        rows
    }

    /// What is missing, and what can't be known.
    pub fn lines(&self, name: &str, style: Style, width: usize) -> String {
        let Rights::Told { told, .. } = self else { return String::new() };
        let mut out = String::new();
        for ((part, why), lacks) in alike(&told.denied) {
            let lacks = format!("{} lacks {}: {why}", part.name(), short(&lacks));
            // Whoever cleans up may be another person, on another day.
            let (mark, line) = match part {
                Part::Cleanup => (style.warn("! "), format!("{lacks}; whoever cleans up needs it (hikkoshi policy {name} --part cleanup)")),
                _ => (style.bad("✗ "), lacks),
            };
            out.push_str(&table::hanging(&mark, &line, 2, width));
        }
        for ((part, why), lacks) in alike(&told.unsure) {
            out.push_str(&table::hanging(&style.warn("? "), &format!("{} needs {}: {why}", part.name(), short(&lacks)), 2, width));
        }
        out
    }
}

/// What is missing for the same reason in the same part.
fn alike(lacks: &BTreeSet<Lack>) -> BTreeMap<(Part, String), Vec<&Lack>> {
    let mut out: BTreeMap<(Part, String), Vec<&Lack>> = BTreeMap::new();
    lacks.iter().for_each(|lack| out.entry((lack.part, harmless(&lack.why))).or_default().push(lack));
    out
}

/// The actions; of one alone also on what.
fn short(lacks: &[&Lack]) -> String {
    let unique = |texts: Vec<String>| texts.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    let actions = unique(lacks.iter().map(|lack| lack.action.clone()).collect());
    match &actions[..] {
        [action] if lacks.iter().all(|lack| lack.resource == "*") => action.clone(),
        [action] => format!("{action} on {}", first_of(&unique(lacks.iter().map(|lack| harmless(&lack.resource)).collect()), 2)),
        _ => first_of(&actions, 6),
    }
}
