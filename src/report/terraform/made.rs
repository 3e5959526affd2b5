//! What the plan made: resources with their arguments.

use serde_json::Value;

use super::book::{Book, find};
use super::table::{Field, How, Make};
use super::value::Arg;
use crate::model::call::Object;
use crate::model::network;
use crate::model::step::Step;

/// A rule that lets somebody in.
const RULE: &str = "aws_vpc_security_group_ingress_rule";

/// A resource that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The step that made it.
    pub step: String,
    /// Whether it is the step's own resource, which the step's outputs are about.
    pub first: bool,
    /// What happened, for people.
    pub title: String,
    /// Its type.
    pub of: &'static str,
    /// Its label in the configuration.
    pub label: String,
    /// The name by which calls know it; empty where that is an output.
    pub name: String,
    /// The output that is its id.
    pub output: &'static str,
    /// Arguments; dots lead into blocks.
    pub args: Vec<(String, Arg)>,
    /// Its import id, if it can be imported.
    pub import: Option<String>,
    /// Why it can't.
    pub unimportable: Option<&'static str>,
    /// The name of what it replaces, of the same type, if it does.
    pub replaces: Option<String>,
    /// Whether it was taken away again.
    pub gone: bool,
}

impl Made {
    /// Its address.
    pub fn address(&self) -> String {
        format!("{}.{}", self.of, self.label)
    }

    fn set(&mut self, argument: &str, value: Arg) {
        match self.args.iter_mut().find(|(name, _)| name == argument) {
            Some((_, known)) => *known = value,
            None => self.args.push((argument.to_owned(), value)),
        }
    }
}

impl Book<'_> {
    /// The resource that a step makes.
    pub(super) fn built(&mut self, step: &Step, make: &Make) -> Made {
        let parameters = &step.call.parameters;
        let mut made = Made {
            step: step.id.clone(),
            first: true,
            title: step.title.clone(),
            of: make.of,
            label: self.fresh(make.of, &step.id),
            name: make
                .id
                .0
                .first()
                .filter(|at| make.id.0.len() == 1 && !at.starts_with('@'))
                .map_or_else(String::new, |at| self.name_at(parameters, at)),
            output: make.id.0.iter().find_map(|at| at.strip_prefix('@')).unwrap_or_default(),
            args: Vec::new(),
            import: make.unimportable.is_none().then(|| self.import_id(step, make)),
            unimportable: make.unimportable,
            replaces: self.replaced(step, make.of),
            gone: false,
        };
        for (from, to) in make.args {
            let Some(value) = find(parameters, from) else { continue };
            match to.strip_suffix("[]") {
                Some(block) => made.set(block, Arg::List(self.blocks(&value))),
                None => made.set(to, self.shaped(to, &value)),
            }
        }
        let tags = tags(parameters);
        if !tags.is_empty() {
            made.set("tags", Arg::Map(tags));
        }
        made
    }

    /// A value in the shape that the argument has in Terraform.
    pub(super) fn shaped(&self, argument: &str, value: &Value) -> Arg {
        match (argument, value.as_str()) {
            // Terraform takes a profile's name, EC2 its ARN.
            ("iam_instance_profile", Some(arn)) => Arg::text(arn.rsplit('/').next().unwrap_or(arn)),
            ("vpc_zone_identifier", Some(list)) => Arg::List(list.split(',').map(|id| self.arg(&Value::from(id))).collect()),
            _ => self.arg(value),
        }
    }

    /// A list of objects as blocks: `AvailabilityZone` becomes `availability_zone`.
    fn blocks(&self, value: &Value) -> Vec<Arg> {
        let block = |object: &Value| {
            let pairs = object.as_object().into_iter().flatten();
            Arg::Map(pairs.map(|(key, value)| (snake(key), self.arg(value))).collect())
        };
        value.as_array().into_iter().flatten().map(block).collect()
    }

    fn import_id(&self, step: &Step, make: &Make) -> String {
        let (parts, separator) = make.id;
        let part = |at: &&str| match at.strip_prefix('@') {
            Some(output) => Some(self.literal(&Value::from(format!("${{{}.{output}}}", step.id))).0),
            None => find(&step.call.parameters, at).map(|value| self.literal(&value).0),
        };
        parts.iter().filter_map(part).collect::<Vec<_>>().join(separator)
    }

    /// What the step's move moves, if what is made is of its type: it takes its place.
    fn replaced(&self, step: &Step, of: &str) -> Option<String> {
        let kind = super::table::kind_of(of)?;
        let one = self.index.moves.get(step.of_move.as_str())?;
        let resource = self.input.inventory.get(&one.workload).filter(|resource| resource.kind == kind.kind)?;
        Some(crate::model::path::text(&resource.doc, kind.named).to_owned()).filter(|name| !name.is_empty())
    }

    /// A call changes what was made: it is exported as it is in the end.
    pub(super) fn set_made(&mut self, at: usize, field: &Field, parameters: &Object) {
        let value = if field.how == How::Unset { None } else { find(parameters, field.from) };
        let value = value.map(|value| self.shaped(field.to, &value));
        if field.to == "identifier"
            && let Some(Arg::Plain(Value::String(name))) = &value
        {
            self.rename(at, name);
        }
        let Some(made) = self.made.get_mut(at) else { return };
        match (field.how, value) {
            (How::Unset, _) => made.args.retain(|(name, _)| name != field.to),
            (_, None) => {}
            (How::Set, Some(value)) => made.set(field.to, value),
            (how, Some(value)) => {
                let known = made.args.iter().find(|(name, _)| name == field.to).map(|(_, known)| known.clone());
                made.set(field.to, Arg::List(merged(known, value, how)));
            }
        }
    }

    /// Rules of a group: a resource each.
    pub(super) fn rules(&mut self, step: &Step) -> &'static str {
        let group = step.call.parameters.get("GroupId").cloned().unwrap_or_default();
        let owner = self.arg(&group);
        let (id, _) = self.literal(&group);
        let permissions = step.call.parameters.get("IpPermissions").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut count = 0;
        for permission in &permissions {
            for (argument, peer, description) in peers(permission) {
                count += 1;
                let mut args = vec![("security_group_id".to_owned(), owner.clone()), (argument.to_owned(), self.arg(&peer))];
                args.extend(ports(permission));
                if !description.is_empty() {
                    args.push(("description".to_owned(), Arg::text(description)));
                }
                let known = self.input.rules.map(|rules| rules.find(&id, permission, argument, &self.literal(&peer).0));
                let preview = || format!("not-made-yet:{}.rule-{count}", step.id);
                let import = known.unwrap_or_else(|| (self.moment == super::Moment::Preview).then(preview));
                let label = self.fresh(RULE, &format!("{}-{count}", step.id));
                self.push(Made {
                    step: step.id.clone(),
                    first: false,
                    title: step.title.clone(),
                    of: RULE,
                    label,
                    name: String::new(),
                    output: "",
                    args,
                    unimportable: import.is_none().then_some(super::rules::UNKNOWN),
                    import,
                    replaces: None,
                    gone: false,
                });
            }
        }
        "made"
    }

    /// A label that nothing else of the type has.
    fn fresh(&mut self, of: &'static str, id: &str) -> String {
        let first = label(id);
        let more = (2..).map(|number| format!("{first}_{number}"));
        let labels = &mut self.index.labels;
        std::iter::once(first.clone()).chain(more).find(|label| labels.insert((of, label.clone()))).unwrap_or(first)
    }
}

/// A list with some more, or some less.
pub(super) fn merged(known: Option<Arg>, value: Arg, how: How) -> Vec<Arg> {
    let elements = |arg: Arg| match arg {
        Arg::List(list) => list,
        other => vec![other],
    };
    let (mut list, more) = (known.map_or_else(Vec::new, elements), elements(value));
    match how {
        How::Take => list.retain(|one| !more.contains(one)),
        _ => list.extend(more),
    }
    let mut seen: Vec<Arg> = Vec::new();
    list.retain(|one| {
        !seen.contains(one) && {
            seen.push(one.clone());
            true
        }
    });
    list
}

/// The peers of a permission: argument, value, description.
fn peers(permission: &Value) -> Vec<(&'static str, Value, &str)> {
    let lists = [
        ("IpRanges", "CidrIp", "cidr_ipv4"),
        ("Ipv6Ranges", "CidrIpv6", "cidr_ipv6"),
        ("UserIdGroupPairs", "GroupId", "referenced_security_group_id"),
        ("PrefixListIds", "PrefixListId", "prefix_list_id"),
    ];
    let one = |(list, key, argument): (&str, &str, &'static str)| {
        let entries = permission[list].as_array().into_iter().flatten();
        entries.map(|entry| (argument, entry[key].clone(), entry["Description"].as_str().unwrap_or_default())).collect::<Vec<_>>()
    };
    lists.into_iter().flat_map(one).collect()
}

/// `from_port`, `to_port` and `ip_protocol`; for all protocols the provider wants no ports.
fn ports(permission: &Value) -> Vec<(String, Arg)> {
    let protocol = permission["IpProtocol"].as_str().unwrap_or("-1");
    let mut args = Vec::new();
    if network::Protocol::parse(protocol) != network::Protocol::All {
        for (key, argument) in [("FromPort", "from_port"), ("ToPort", "to_port")] {
            args.push((argument.to_owned(), Arg::Plain(permission[key].clone())));
        }
    }
    args.push(("ip_protocol".to_owned(), Arg::text(protocol)));
    args
}

fn tags(parameters: &Object) -> Vec<(String, Arg)> {
    let specified = parameters.get("TagSpecifications").and_then(|list| list.get(0)).map(|first| first["Tags"].clone());
    let tags = specified.or_else(|| parameters.get("Tags").cloned()).or_else(|| parameters.get("tags").cloned()).unwrap_or_default();
    let pairs: Vec<(String, String)> = match &tags {
        Value::Array(list) => list
            .iter()
            .filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str().unwrap_or_default().to_owned())))
            .collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect(),
        _ => Vec::new(),
    };
    pairs.into_iter().map(|(key, value)| (key, Arg::text(value))).collect()
}

/// A step's id as a name in Terraform.
fn label(id: &str) -> String {
    let name: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("step_{name}") }
}

fn snake(key: &str) -> String {
    let mut out = String::new();
    for (at, c) in key.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
