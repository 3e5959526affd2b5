//! What IAM's policy simulator is asked about a plan, and what its answers say. Pure.
//!
//! The simulator judges one action on one resource by the policies of a user or role, with the values that a request would
//! have for the keys of conditions. So each action is asked with just its own resources and values: asked in another
//! way, it denies what is allowed. It knows no policies of resources and no policies of a session, and of an
//! organization's policies only those without conditions (IAM User Guide, "IAM policy testing with the IAM policy
//! simulator"); what it therefore can't know is not called denied here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ask::partition;
use super::grant::Condition;
use super::{Bucket, Part, grants};
use crate::kinds::MIGRATION_TAG;
use crate::model::call::Object;
use crate::model::inventory::Inventory;
use crate::model::text::first_of;
use crate::plan::Plan;

/// The most pairs of action and resource in one request: a page of its answer (API reference, `MaxItems`).
const PAIRS_MAX: usize = 100;
/// The most resources in one request: more were refused (nccgroup/PMapper#6).
const RESOURCES_MAX: usize = 20;

/// One request: actions and resources of which some pairs are needed, in requests that have the same values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The actions, such as `ec2:CreateSubnet`.
    pub actions: BTreeSet<String>,
    /// The resources' ARNs. A `*` in one is asked as it stands: only a policy that says as much allows it.
    pub resources: BTreeSet<String>,
    /// Action and resource → the parts of the policy that need it. Other pairs are answered too, and mean nothing.
    pub needed: BTreeMap<(String, String), BTreeSet<Part>>,
    context: Context,
}

/// The key of a condition → the value that the request has.
type Context = BTreeMap<String, Known>;

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    One(String),
    Several(BTreeSet<String>),
}

impl Question {
    /// The parameters of `iam:SimulatePrincipalPolicy`; `who` is the ARN of a user or role.
    pub fn parameters(&self, plan: &Plan, who: &str) -> Object {
        let caller = [("aws:PrincipalArn", who.to_owned()), ("aws:PrincipalAccount", plan.account.to_string())];
        let caller = caller.map(|(key, value)| (key.to_owned(), Known::One(value)));
        let entries = self.context.clone().into_iter().chain(caller).map(|(key, known)| match known {
            Known::One(value) => json!({ "ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value] }),
            Known::Several(values) => json!({ "ContextKeyName": key, "ContextKeyType": "stringList", "ContextKeyValues": values }),
        });
        let secure = json!({ "ContextKeyName": "aws:SecureTransport", "ContextKeyType": "boolean", "ContextKeyValues": ["true"] });
        Object::from_iter([
            ("PolicySourceArn".to_owned(), who.into()),
            ("ActionNames".to_owned(), json!(self.actions)),
            ("ResourceArns".to_owned(), json!(self.resources)),
            ("ContextEntries".to_owned(), entries.chain([secure]).collect()),
        ])
    }
}

/// The region in which an action is asked for. Global services are asked in one of their partition (AWS General
/// Reference, "AWS Identity and Access Management endpoints and quotas").
fn region(plan: &Plan, action: &str) -> String {
    let service = action.split(':').next().unwrap_or_default();
    let global = match (partition(&plan.region), service) {
        ("aws-cn", "route53") => "cn-northwest-1",
        ("aws-cn", _) => "cn-north-1",
        ("aws-us-gov", _) => "us-gov-west-1",
        _ => "us-east-1",
    };
    if super::is_global(service) { global.to_owned() } else { plan.region.clone() }
}

/// What an action is needed on, and for which parts.
type On = BTreeMap<String, BTreeSet<Part>>;

/// All that is to be asked about a plan, in few requests: what has the same values, of one service, and either on
/// resources or on none. AWS refuses some mixtures (`InvalidInput`: actions "require different authorization information").
///
/// # Errors
/// As [`super::documents`].
pub fn questions(plan: &Plan, inventory: &Inventory, bucket: Option<&Bucket>) -> Result<Vec<Question>, Vec<String>> {
    let mut alike: BTreeMap<(Context, String, bool), BTreeMap<String, On>> = BTreeMap::new();
    for part in Part::ALL {
        for grant in grants(plan, inventory, bucket, part)? {
            for mut context in contexts(&grant.condition) {
                context.entry("aws:RequestedRegion".to_owned()).or_insert_with(|| Known::One(region(plan, &grant.action)));
                let service = grant.action.split(':').next().unwrap_or_default().to_owned();
                let together = (context, service, grant.resource == "*");
                let on = alike.entry(together).or_default().entry(grant.action.clone()).or_default();
                on.entry(grant.resource.clone()).or_default().insert(part);
            }
        }
    }
    Ok(alike.into_iter().flat_map(|((context, ..), needed)| packed(&context, needed)).collect())
}

/// Requests for what has the same values: what is needed on the same things stands together.
fn packed(context: &Context, needed: BTreeMap<String, On>) -> Vec<Question> {
    let mut pieces: Vec<(On, String)> = Vec::new();
    for (action, on) in needed {
        let on: Vec<_> = on.into_iter().collect();
        pieces.extend(on.chunks(RESOURCES_MAX).map(|on| (on.iter().cloned().collect(), action.clone())));
    }
    pieces.sort();
    let mut out: Vec<Question> = Vec::new();
    for (on, action) in pieces {
        let resources: BTreeSet<String> = on.keys().cloned().collect();
        let has_room = |last: &Question| {
            let together = last.resources.union(&resources).count();
            together <= RESOURCES_MAX && together * (last.actions.len() + 1) <= PAIRS_MAX
        };
        if !out.last().is_some_and(has_room) {
            let (actions, resources, needed) = Default::default();
            out.push(Question { actions, resources, needed, context: context.clone() });
        }
        let Some(last) = out.last_mut() else { continue };
        last.actions.insert(action.clone());
        last.resources.extend(resources);
        last.needed.extend(on.into_iter().map(|(resource, parts)| ((action.clone(), resource), parts)));
    }
    out
}

impl Question {
    /// The same, action by action: nothing, if there is but one.
    pub fn apart(&self) -> Vec<Question> {
        if self.actions.len() < 2 {
            return Vec::new();
        }
        let of = |action: &String| {
            let needed: BTreeMap<_, _> =
                self.needed.iter().filter(|((of, _), _)| of == action).map(|(pair, parts)| (pair.clone(), parts.clone())).collect();
            let resources = needed.keys().map(|(_, resource)| resource.clone()).collect();
            Question { actions: BTreeSet::from([action.clone()]), resources, needed, context: self.context.clone() }
        };
        self.actions.iter().map(of).collect()
    }
}

/// The values that requests have where a condition holds: one request for each value that a key may have, unless the
/// condition is about keys with several values.
fn contexts(condition: &Condition) -> Vec<Context> {
    let mut out = vec![Context::new()];
    for (operator, keys) in condition {
        for (key, values) in keys {
            let knowns: Vec<Known> = if operator.starts_with("ForA") {
                vec![Known::Several(values.clone())]
            } else {
                values.iter().cloned().map(Known::One).collect()
            };
            let with = |context: &Context, known: Known| {
                let mut context = context.clone();
                context.insert(key.clone(), known);
                context
            };
            out = out.iter().flat_map(|context| knowns.iter().cloned().map(|known| with(context, known))).collect();
        }
    }
    out
}

/// What the simulator said about all questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How many pairs of action and resource it allows, by part.
    pub allowed: BTreeMap<Part, usize>,
    /// What it denies.
    pub denied: BTreeSet<Lack>,
    /// What it denies or leaves open, but can't know.
    pub unsure: BTreeSet<Lack>,
    /// The keys that its policies look at and of which nothing is known.
    pub untold: BTreeSet<String>,
    /// The keys that the questions themselves are about.
    known: BTreeSet<String>,
}

/// An action on a resource that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Lack {
    /// The part that needs it.
    #[serde(serialize_with = "named")]
    pub part: Part,
    /// The action.
    pub action: String,
    /// Why.
    pub why: String,
    /// The resource's ARN, or `*`.
    pub resource: String,
}

fn named<S: serde::Serializer>(part: &Part, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(part.name())
}

impl Told {
    /// Nothing yet, of these questions.
    pub fn of(questions: &[Question]) -> Told {
        let known = questions.iter().flat_map(|question| question.context.keys().cloned()).collect();
        Told { known, ..Told::default() }
    }

    /// Adds the `EvaluationResults` of a question's answer.
    pub fn hear(&mut self, question: &Question, results: &[Value]) {
        let mut open = question.needed.clone();
        for verdict in results.iter().flat_map(verdicts) {
            let Some((pair, parts)) = open.extract_if(.., |pair, _| verdict.is_about(pair)).next() else { continue };
            self.untold.extend(verdict.missing().into_iter().filter(|key| !self.known.contains(key)));
            self.note(&pair, &parts, verdict.word(&pair));
        }
        for (pair, parts) in open {
            self.note(&pair, &parts, Word::Unsure("IAM's simulator did not answer".to_owned()));
        }
    }

    /// Notes that a question was refused.
    pub fn refused(&mut self, question: &Question, words: &str) {
        for (pair, parts) in &question.needed {
            self.note(pair, parts, Word::Unsure(format!("IAM's simulator does not take the question: {words}")));
        }
    }

    fn note(&mut self, (action, resource): &(String, String), parts: &BTreeSet<Part>, word: Word) {
        for part in parts.iter().copied() {
            let lack = |why: &String| Lack { part, action: action.clone(), why: why.clone(), resource: resource.clone() };
            match &word {
                Word::Allowed => *self.allowed.entry(part).or_default() += 1,
                Word::Denied(why) => drop(self.denied.insert(lack(why))),
                Word::Unsure(why) => drop(self.unsure.insert(lack(why))),
            }
        }
    }
}

enum Word {
    Allowed,
    Denied(String),
    Unsure(String),
}

/// What is said of one pair: a result of its own, or a part of the result of its action. Since 2025 there is one result
/// for each action with the resources below it, before there was one for each pair.
struct Verdict<'a> {
    result: &'a Value,
    of: &'a Value,
    decision: &'a str,
    resource: Option<&'a str>,
}

fn verdicts(result: &Value) -> Vec<Verdict<'_>> {
    let verdict = |of, decision| Verdict { result, of, decision: text(of, decision), resource: of["EvalResourceName"].as_str() };
    match result["ResourceSpecificResults"].as_array().filter(|parts| !parts.is_empty()) {
        Some(parts) => parts.iter().map(|part| verdict(part, "EvalResourceDecision")).collect(),
        None => vec![verdict(result, "EvalDecision")],
    }
}

impl Verdict<'_> {
    fn is_about(&self, (action, resource): &(String, String)) -> bool {
        text(self.result, "EvalActionName").eq_ignore_ascii_case(action) && self.resource.is_none_or(|ours| ours == resource)
    }

    /// The keys that it hangs on.
    fn missing(&self) -> BTreeSet<String> {
        let keys = self.of["MissingContextValues"].as_array().into_iter().flatten();
        keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()
    }

    fn word(&self, (action, resource): &(String, String)) -> Word {
        if self.decision == "allowed" {
            return Word::Allowed;
        }
        // What was there before has no tag of the migration's: that is no open question.
        let open: Vec<String> = self.missing().into_iter().filter(|key| !key.ends_with(&format!("/{MIGRATION_TAG}"))).collect();
        if !open.is_empty() {
            return Word::Unsure(format!("it depends on {}, which is not known beforehand", first_of(&open, 3)));
        }
        if self.result["OrganizationsDecisionDetail"]["AllowedByOrganizations"] == false {
            return Word::Denied("a service control policy of the organization does not allow it".to_owned());
        }
        if self.of["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] == false {
            return Word::Denied("the permissions boundary does not allow it".to_owned());
        }
        if self.decision == "explicitDeny" {
            return Word::Denied(match self.denying() {
                Some(policy) => format!("policy {policy} denies it"),
                None => "a policy denies it".to_owned(),
            });
        }
        match elsewhere(action, resource) {
            Some(why) => Word::Unsure(why.to_owned()),
            None => Word::Denied("no policy allows it".to_owned()),
        }
    }

    /// The policy that denies.
    fn denying(&self) -> Option<&str> {
        let statements = self.of["MatchedStatements"].as_array().into_iter().flatten();
        statements.filter_map(|statement| statement["SourcePolicyId"].as_str()).find(|policy| !policy.is_empty())
    }
}

/// Why something may be allowed all the same, although no policy of the caller's allows it as it was asked.
fn elsewhere(action: &str, resource: &str) -> Option<&'static str> {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    // EC2 makes up the ids of what it makes: nobody can name them beforehand.
    let is_made = matches!(parts[..], ["arn", _, "ec2", _, _, of] if of.split_once('/').is_some_and(|(kind, id)| kind != "*" && id == "*"));
    match action.split_once(':') {
        Some(("kms" | "s3", _)) => {
            Some("no policy of the caller allows it; the policy of the key or bucket may, which IAM's simulator does not read")
        }
        Some(("iam", "CreateServiceLinkedRole")) => {
            Some("no policy allows it; it is needed only where the account does not have that role yet")
        }
        _ if resource == "*" && action == "ec2:RunInstances" || resource.contains('*') && resource != "*" && !is_made => {
            Some("no policy allows it on all that this may be; which one it will be is not known beforehand")
        }
        _ => None,
    }
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of[key].as_str().unwrap_or_default()
}

/// Whose policies are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A user or role of this ARN.
    Of(String),
    /// A role of this name: the ARN of a session does not say the role's path.
    Role(String),
    /// None, and why.
    Nobody(String),
}

impl Subject {
    /// Whose policies bind a caller, whose ARN is as `sts:GetCallerIdentity` says it.
    pub fn of(caller: &str) -> Subject {
        let parts: Vec<&str> = caller.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "iam", _, _, resource] if resource.starts_with("user/") => Subject::Of(caller.to_owned()),
            ["arn", _, "iam", _, _, "root"] => Subject::Nobody("the account's root user is bound by no policy of IAM".to_owned()),
            ["arn", _, "sts", _, _, resource] => match resource.split('/').collect::<Vec<_>>()[..] {
                ["assumed-role", role, _] => Subject::Role(role.to_owned()),
                _ => Subject::nobody(caller),
            },
            _ => Subject::nobody(caller),
        }
    }

    fn nobody(caller: &str) -> Subject {
        Subject::Nobody(format!("IAM's simulator judges users and roles; {caller} is neither"))
    }
}
