//! What came of the steps: what they made, what they changed, what left, and what Terraform keeps nothing of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::changed::Changed;
use super::made::Made;
use super::table::{Change, Field, How, KINDS, Make, Treat, kind_of, treat};
use super::value::Arg;
use super::{Input, Moment};
use crate::execute::token;
use crate::model::call::Object;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{LOOK, Stage, Step, reference};
use crate::plan::Move;

/// All of it.
pub struct Book<'a> {
    pub(super) input: &'a Input<'a>,
    /// How far the plan was carried out.
    pub moment: Moment,
    /// What was made and is still there, in the plan's order.
    pub made: Vec<Made>,
    /// What was there and is otherwise now.
    pub changed: Vec<Changed>,
    /// What left, or will in cleanup.
    pub left: Vec<Left>,
    /// Operations that leave nothing in a configuration: why → titles.
    pub passing: BTreeMap<&'static str, Vec<String>>,
    /// For each step that counts, what became of it.
    pub fates: BTreeMap<String, &'static str>,
    /// Names that something got by a call → the name by which it was first known.
    pub(super) renamed: BTreeMap<(&'static str, String), String>,
    pub(super) index: Index<'a>,
}

/// Where things are: an account has many.
#[derive(Default)]
pub(super) struct Index<'a> {
    /// Resources of the inventory, by kind and by the name that calls have for them.
    existing: BTreeMap<(&'a str, &'a str), &'a Resource>,
    /// What each step made first.
    first: BTreeMap<String, usize>,
    /// What was made, by type and name.
    named: BTreeMap<(&'static str, String), usize>,
    /// Labels that are taken.
    pub(super) labels: BTreeSet<(&'static str, String)>,
    /// What was changed, by type and name.
    pub(super) changed: BTreeMap<(&'static str, String), usize>,
    /// The moves, by their ids.
    pub(super) moves: BTreeMap<&'a str, &'a Move>,
}

impl<'a> Index<'a> {
    fn of(input: &'a Input<'a>) -> Index<'a> {
        let mut index = Index::default();
        let places: BTreeMap<&str, &str> =
            KINDS.iter().rev().filter(|kind| !kind.kind.is_empty()).map(|kind| (kind.kind, kind.named)).collect();
        for resource in input.inventory.resources.values() {
            if let Some(named) = places.get(resource.kind.as_str()) {
                index.existing.insert((&resource.kind, path::text(&resource.doc, named)), resource);
            }
        }
        index.moves = input.plan.moves.iter().map(|one| (one.id.as_str(), one)).collect();
        index
    }
}

/// Something that left.
pub struct Left {
    /// Its type.
    pub of: &'static str,
    /// Its id or name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Whether it is still there, to be taken away in cleanup.
    pub later: bool,
}

impl<'a> Book<'a> {
    /// Goes through the steps.
    pub fn of(input: &'a Input<'a>) -> Book<'a> {
        let mut book = Book {
            input,
            moment: input.moment(),
            made: Vec::new(),
            changed: Vec::new(),
            left: Vec::new(),
            passing: BTreeMap::new(),
            fates: BTreeMap::new(),
            renamed: BTreeMap::new(),
            index: Index::of(input),
        };
        for step in &input.plan.steps {
            if book.counts(step) {
                match book.own(step) {
                    Some(told) => book.take(&told),
                    None => book.take(step),
                }
            } else if step.stage == Stage::Cleanup && !input.run.is_done(&step.id) {
                book.leaves_later(step);
            }
        }
        book.made.retain(|made| !made.gone);
        book.settle();
        book
    }

    /// The step with its own token and its own moment in the place of the references to them; none if it names neither.
    fn own(&self, step: &Step) -> Option<Step> {
        let text = |value: &Value| value.to_string().contains("${self.");
        if !step.call.parameters.values().any(text) {
            return None;
        }
        let run = self.input.run;
        let known = run.state(&step.id).filter(|_| self.moment != Moment::Preview);
        let placeholder = |what: &str| format!("not-made-yet:{}.{what}", step.id);
        let token = known.map_or_else(|| placeholder("Token"), |state| token(run.journal(), &step.id, state.generation));
        let at = known.and_then(|state| state.announced.clone()).unwrap_or_else(|| placeholder("At"));
        let mut told = step.clone();
        for value in told.call.parameters.values_mut() {
            told_of(value, &token, &at);
        }
        Some(told)
    }

    /// Whether a step counts: it was carried out; before the run, it will be.
    fn counts(&self, step: &Step) -> bool {
        if self.moment == Moment::Preview { step.stage != Stage::Cleanup } else { self.input.run.is_verified(&step.id) }
    }

    fn take(&mut self, step: &Step) {
        let operation = step.call.operation.to_string();
        let fate = match treat(&operation) {
            Some(Treat::Make(make)) => self.make(step, make),
            Some(Treat::Rules) => self.rules(step),
            Some(Treat::Change(change)) => self.change(step, change),
            Some(Treat::Turn) => self.turn(step),
            Some(Treat::Record) => self.record(step),
            Some(Treat::Remove(gone)) => {
                let name = self.name_at(&step.call.parameters, gone.who);
                self.leave(gone.of, name, step, false)
            }
            Some(Treat::Passing(why)) => {
                self.passing.entry(why).or_default().push(step.title.clone());
                "passing"
            }
            None => {
                let words = "this version does not know what that is to Terraform";
                self.passing.entry(words).or_default().push(format!("{} ({operation})", step.title));
                "unknown"
            }
        };
        self.fates.insert(step.id.clone(), fate);
    }

    fn make(&mut self, step: &Step, make: &Make) -> &'static str {
        let parameters = &step.call.parameters;
        let own = make.id.0.first().filter(|_| make.id.0.len() == 1).map(|at| self.name_at(parameters, at));
        // A member of a cluster that is deleted and made again under its name is the same one to Terraform.
        let again = |name: &String| self.left.iter().any(|left| left.of == make.of && left.name == *name);
        if let Some(name) = own.filter(again) {
            self.left.retain(|left| !(left.name == name && left.of == make.of));
            let fields: Vec<(&str, &str)> = make.args.iter().filter(|(_, to)| *to == "availability_zone").copied().collect();
            for (from, to) in fields {
                let field = Field { from, to, before: "AvailabilityZone", how: How::Set };
                self.set(make.of, &name, &field, parameters);
            }
            return "made again";
        }
        let made = self.built(step, make);
        self.push(made);
        "made"
    }

    fn change(&mut self, step: &Step, change: &Change) -> &'static str {
        let parameters = &step.call.parameters;
        if let Some(at) = self.maker_of(parameters, change.who) {
            for field in change.fields {
                self.set_made(at, field, parameters);
            }
            return "changed what was made";
        }
        let mut called = self.name_at(parameters, change.who);
        if change.of == "aws_lambda_alias" {
            called = format!("{}/{called}", self.name_at(parameters, "FunctionName"));
        }
        let name = self.owner(change.of, &called);
        let of = self.variant(change.of, &name);
        if let Some(at) = self.index_of(of, &name) {
            for field in change.fields {
                self.set_made(at, field, parameters);
            }
            return "changed what was made";
        }
        for field in change.fields {
            self.set(of, &name, field, parameters);
        }
        "changed"
    }

    /// What is under another name now is known by its first one.
    fn owner(&self, of: &'static str, called: &str) -> String {
        if of == "aws_instance" && called.starts_with("eni-") {
            let interface = self.input.inventory.get(&called.into());
            if let Some(owner) = interface.and_then(|interface| interface.facets.owner.as_ref()) {
                return owner.to_string();
            }
        }
        self.renamed.get(&(of, called.to_owned())).cloned().unwrap_or_else(|| called.to_owned())
    }

    /// An instance of a cluster is of another type than one that stands alone.
    fn variant(&self, of: &'static str, name: &str) -> &'static str {
        let member = |resource: &Resource| !path::text(&resource.doc, "DBClusterIdentifier").is_empty();
        let made = self.index_of("aws_rds_cluster_instance", name).is_some();
        if of == "aws_db_instance" && (made || self.existing(of, name).is_some_and(member)) { "aws_rds_cluster_instance" } else { of }
    }

    /// What the inventory has by this type and name.
    pub(super) fn existing(&self, of: &str, name: &str) -> Option<&'a Resource> {
        let kind = kind_of(of).filter(|kind| !kind.kind.is_empty())?;
        self.index.existing.get(&(kind.kind, name)).copied()
    }

    /// Takes in what was made.
    pub(super) fn push(&mut self, made: Made) {
        let at = self.made.len();
        if made.first {
            self.index.first.insert(made.step.clone(), at);
        }
        if !made.name.is_empty() {
            self.index.named.insert((made.of, made.name.clone()), at);
        }
        self.made.push(made);
    }

    /// What was made gets another name.
    pub(super) fn rename(&mut self, at: usize, name: &str) {
        let Some(made) = self.made.get_mut(at) else { return };
        self.index.named.remove(&(made.of, made.name.clone()));
        name.clone_into(&mut made.name);
        made.import = Some(name.to_owned());
        self.index.named.insert((made.of, name.to_owned()), at);
    }

    /// What was made and is not gone again.
    pub(super) fn index_of(&self, of: &'static str, name: &str) -> Option<usize> {
        let at = *self.index.named.get(&(of, name.to_owned()))?;
        Some(at).filter(|at| !self.made[*at].gone)
    }

    fn first_of(&self, step: &str) -> Option<usize> {
        let at = *self.index.first.get(step)?;
        Some(at).filter(|at| !self.made[*at].gone)
    }

    /// The step that made what a parameter names, as an index into what was made.
    fn maker_of(&self, parameters: &Object, at: &str) -> Option<usize> {
        let value = find(parameters, at)?;
        let (step, _) = reference(value.as_str()?)?;
        self.first_of(&step)
    }

    /// A name in parameters as text: literal, or what an output was.
    pub(super) fn name_at(&self, parameters: &Object, at: &str) -> String {
        find(parameters, at).map(|value| self.literal(&value).0).unwrap_or_default()
    }

    /// A text with what its references stand for, and whether all of that is known.
    pub(super) fn literal(&self, value: &Value) -> (String, bool) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(list) => return list.first().map_or((String::new(), true), |first| self.literal(first)),
            other => other.to_string(),
        };
        match reference(&text) {
            None => (text, true),
            Some((step, output)) => match self.input.run.output(&step, &output) {
                Some(Value::String(known)) => (known.clone(), true),
                Some(known) => (known.to_string(), true),
                None => (format!("not-made-yet:{step}.{output}"), false),
            },
        }
    }

    fn leave(&mut self, of: &'static str, name: String, step: &Step, later: bool) -> &'static str {
        let of = self.variant(of, &name);
        if !later && let Some(at) = self.maker_of(&step.call.parameters, who(step)).or_else(|| self.index_of(of, &name)) {
            self.made[at].gone = true;
            return "made and gone again";
        }
        let first = self.renamed.get(&(of, name.clone())).cloned().unwrap_or(name);
        let title = self.existing(of, &first).map_or_else(|| first.clone(), |resource| resource.name.clone());
        self.left.push(Left { of, name: first, title, later });
        "left"
    }

    fn leaves_later(&mut self, step: &Step) {
        if let Some(Treat::Remove(gone)) = treat(&step.call.operation.to_string()) {
            let name = self.name_at(&step.call.parameters, gone.who);
            if self.maker_of(&step.call.parameters, gone.who).is_none() && !name.is_empty() {
                self.leave(gone.of, name, step, true);
            }
        }
    }

    /// A value as an argument: references to what is made stay references.
    pub(super) fn arg(&self, value: &Value) -> Arg {
        match value {
            Value::Array(list) => Arg::List(list.iter().map(|element| self.arg(element)).collect()),
            Value::Object(map) => Arg::Map(map.iter().map(|(key, value)| (key.clone(), self.arg(value))).collect()),
            Value::String(text) => {
                let attribute = reference(text).and_then(|(step, output)| self.attribute(&step, &output));
                attribute.unwrap_or_else(|| Arg::text(self.literal(value).0))
            }
            other => Arg::Plain(other.clone()),
        }
    }

    /// The attribute in which Terraform has an output of a step.
    fn attribute(&self, step: &str, output: &str) -> Option<Arg> {
        let made = &self.made[self.first_of(step)?];
        let attribute = match output {
            "PublicIp" => "public_ip",
            "PrivateIpAddress" => "private_ip",
            "NetworkInterfaceId" if made.of == "aws_instance" => "primary_network_interface_id",
            "Arn" => "arn",
            _ if made.output == output => "id",
            _ => return None,
        };
        Some(Arg::Reference(made.of, made.label.clone(), attribute.to_owned()))
    }
}

/// Puts a token and a moment where they are referred to.
fn told_of(value: &mut Value, token: &str, at: &str) {
    match value {
        Value::String(text) if text.contains("${self.") => *text = text.replace("${self.Token}", token).replace("${self.At}", at),
        Value::Array(list) => list.iter_mut().for_each(|one| told_of(one, token, at)),
        Value::Object(map) => map.values_mut().for_each(|one| told_of(one, token, at)),
        _ => {}
    }
}

fn who(step: &Step) -> &'static str {
    match treat(&step.call.operation.to_string()) {
        Some(Treat::Remove(gone)) => gone.who,
        _ => "",
    }
}

/// The value at a path of parameters; `**Key` at any depth, whatever its case, also in what a look puts over its answer.
pub(super) fn find(parameters: &Object, at: &str) -> Option<Value> {
    if let Some(key) = at.strip_prefix("**") {
        return deep(&Value::Object(parameters.clone()), key);
    }
    let root = Value::Object(parameters.clone());
    if at.contains("[]") {
        let all: Vec<Value> = path::select(&root, at).into_iter().cloned().collect();
        return (!all.is_empty()).then_some(Value::Array(all));
    }
    path::first(&root, at).filter(|value| !value.is_null() && value.get(LOOK).is_none()).cloned()
}

fn deep(value: &Value, key: &str) -> Option<Value> {
    match value {
        Value::Object(map) => {
            let own =
                map.iter().find(|(name, value)| name.rsplit('.').next().unwrap_or(name).eq_ignore_ascii_case(key) && !value.is_null());
            own.map(|(_, value)| value.clone()).or_else(|| map.values().find_map(|value| deep(value, key)))
        }
        Value::Array(list) => list.iter().find_map(|value| deep(value, key)),
        _ => None,
    }
}
