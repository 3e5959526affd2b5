//! What was there before and is otherwise now.

use serde_json::Value;

use super::book::{Book, find};
use super::made::merged;
use super::state::Instance;
use super::table::{Field, How, kind_of};
use super::value::Arg;
use crate::model::call::Object;
use crate::model::facet::Role;
use crate::model::network::rules_of;
use crate::model::path;
use crate::model::step::Step;

/// A resource that was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Its type.
    pub of: &'static str,
    /// The name or id by which calls know it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What is otherwise now.
    pub fields: Vec<Edit>,
}

/// An argument that is otherwise now.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The argument, blocks by dots.
    pub argument: &'static str,
    /// What it was, where that is known.
    pub before: Option<Arg>,
    /// What it is: with references to what the plan made; none if it is taken away.
    pub after: Option<Arg>,
    /// The same with ids instead of references.
    pub literal: Option<Arg>,
}

/// The same but for the order of a list.
fn alike(a: &Option<Arg>, b: &Option<Arg>) -> bool {
    match (a, b) {
        (Some(Arg::List(a)), Some(Arg::List(b))) => a.len() == b.len() && a.iter().all(|one| b.contains(one)),
        (a, b) => a == b,
    }
}

impl<'a> Book<'a> {
    /// Notes that a call changes an argument.
    pub(super) fn set(&mut self, of: &'static str, name: &str, field: &Field, parameters: &Object) {
        let value = find(parameters, field.from);
        if value.is_none() && field.how != How::Unset {
            return;
        }
        let (value, literal) = match (field.to, value) {
            (_, None) => (None, None),
            ("ingress", Some(permissions)) => {
                let rules =
                    Arg::List(rules_of(&permissions).iter().map(|rule| Arg::text(format!("{} from {}", rule.ports, rule.peer))).collect());
                (Some(rules.clone()), Some(rules))
            }
            (to, Some(value)) => (Some(self.shaped(to, &value)), Some(self.literally(to, &value))),
        };
        if field.to == "identifier"
            && let Some(Arg::Plain(Value::String(new))) = &literal
        {
            self.renamed.insert((of, new.clone()), name.to_owned());
        }
        self.edit(of, name, field, (value, literal));
    }

    fn literally(&self, to: &str, value: &Value) -> Arg {
        self.shaped(to, &self.resolved(value))
    }

    /// A value with ids instead of references.
    fn resolved(&self, value: &Value) -> Value {
        match value {
            Value::Array(list) => list.iter().map(|element| self.resolved(element)).collect(),
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.clone(), self.resolved(value))).collect::<serde_json::Map<_, _>>().into()
            }
            Value::String(_) => Value::from(self.literal(value).0),
            other => other.clone(),
        }
    }

    fn edit(&mut self, of: &'static str, name: &str, field: &Field, (value, literal): (Option<Arg>, Option<Arg>)) {
        let at = match self.index.changed.get(&(of, name.to_owned())) {
            Some(at) => *at,
            None => {
                let title = self.existing(of, name).map_or_else(|| name.to_owned(), |resource| resource.name.clone());
                self.index.changed.insert((of, name.to_owned()), self.changed.len());
                self.changed.push(Changed { of, name: name.to_owned(), title, fields: Vec::new() });
                self.changed.len() - 1
            }
        };
        if !self.changed[at].fields.iter().any(|edit| edit.argument == field.to) {
            let before = self.before(of, name, field);
            let edit = Edit { argument: field.to, before: before.clone(), after: before.clone(), literal: before };
            self.changed[at].fields.push(edit);
        }
        let Some(edit) = self.changed[at].fields.iter_mut().find(|edit| edit.argument == field.to) else { return };
        match field.how {
            How::Set | How::Unset => (edit.after, edit.literal) = (value, literal),
            how => {
                edit.after = value.map(|value| Arg::List(merged(edit.after.take(), value, how)));
                edit.literal = literal.map(|value| Arg::List(merged(edit.literal.take(), value, how)));
            }
        }
    }

    /// What an argument was: by the state, where there is one, else by the inventory.
    fn before(&self, of: &'static str, name: &str, field: &Field) -> Option<Arg> {
        if let [one] = self.instances(of, name)
            && let Some(value) = one.value(field.to).filter(|value| !value.is_null())
        {
            return Some(Arg::from_json(value));
        }
        let doc = &self.existing(of, name)?.doc;
        let object = doc.as_object()?;
        if field.before.is_empty() {
            return None;
        }
        // An instance's profile is told by its ARN, and a public address is there or not.
        match field.to {
            "associate_public_ip_address" => return Some(Arg::Plain(Value::Bool(path::first(doc, field.before).is_some()))),
            "disable_api_termination" if path::first(doc, field.before).is_none() => return None,
            _ => {}
        }
        find(object, field.before).map(|value| self.shaped(field.to, &value))
    }

    /// Who it is in the state.
    pub fn instances(&self, of: &str, name: &str) -> &'a [Instance] {
        let Some(state) = self.input.state else { return &[] };
        let found = state.find(of, name);
        // Terraform knows a record's name without the dot.
        if found.is_empty() { state.find(of, name.trim_end_matches('.')) } else { found }
    }

    /// Whether it is Terraform's, as far as anybody knows: a state tells.
    pub fn is_terraforms(&self, of: &str, name: &str) -> bool {
        self.input.state.is_none() || !self.instances(of, name).is_empty()
    }

    /// Where an argument of it is written; or, if it is not, where it would be.
    pub fn place(&self, of: &str, name: &str, argument: &str) -> Option<String> {
        let config = self.input.config?;
        let resource = match self.instances(of, name) {
            [] => config.named(of, kind_of(of)?.attributes.first()?, name),
            [one, ..] => config.at(&one.modules, of, &one.name),
        }?;
        let more = if resource.has(argument) { "" } else { ", where it is not set" };
        Some(format!("{}{more}", resource.place(argument)))
    }

    /// A subnet gets another route table.
    pub(super) fn turn(&mut self, step: &Step) -> &'static str {
        let parameters = &step.call.parameters;
        let root = Value::Object(parameters.clone());
        let subnet = path::first(&root, "AssociationId.$look.parameters.Filters[0].Values[0]").cloned().unwrap_or_default();
        let (subnet, _) = self.literal(&subnet);
        let tables = self.input.inventory.tables();
        let before = tables.iter().find(|(id, _)| id.as_str() == subnet).map(|(_, table)| Arg::text(table.id.as_str()));
        let Some(table) = find(parameters, "RouteTableId") else { return "unknown" };
        let (after, literal) = (self.arg(&table), self.arg(&self.resolved(&table)));
        let title = self
            .input
            .inventory
            .with_role(Role::Subnet)
            .find(|one| one.id.as_str() == subnet)
            .map_or_else(|| subnet.clone(), |one| one.name.clone());
        let field = Edit { argument: "route_table_id", before, after: Some(after), literal: Some(literal) };
        self.changed.push(Changed { of: "aws_route_table_association", name: subnet, title, fields: vec![field] });
        "changed"
    }

    /// A record is written anew.
    pub(super) fn record(&mut self, step: &Step) -> &'static str {
        let changes = step.call.parameters.get("ChangeBatch").and_then(|batch| batch["Changes"].as_array()).cloned().unwrap_or_default();
        let fields = [("ResourceRecords[].Value", "records"), ("TTL", "ttl")];
        for set in changes.iter().filter_map(|change| change["ResourceRecordSet"].as_object()) {
            let name = self.name_at(set, "Name");
            for (from, to) in fields {
                self.set("aws_route53_record", &name, &Field { from, to, before: from, how: How::Set }, set);
            }
        }
        "changed"
    }

    /// What is in the end as it was is no change.
    pub(super) fn settle(&mut self) {
        let replaced: std::collections::BTreeSet<(&str, String)> =
            self.made.iter().filter_map(|made| Some((made.of, made.replaces.clone()?))).collect();
        // What happens to the old one on its way out is nobody's configuration.
        self.changed.retain(|changed| !replaced.contains(&(changed.of, changed.name.clone())));
        for changed in &mut self.changed {
            changed.fields.retain(|edit| !alike(&edit.before, &edit.literal));
        }
        self.changed.retain(|changed| !changed.fields.is_empty());
    }
}

impl Arg {
    /// A value of a state.
    fn from_json(value: &Value) -> Arg {
        match value {
            Value::Array(list) => Arg::List(list.iter().map(Arg::from_json).collect()),
            other => Arg::Plain(other.clone()),
        }
    }
}
