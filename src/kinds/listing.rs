//! How AWS lists a kind, and the same list from a simulated account.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::id::Id;
use crate::model::path;

/// What a list is narrowed by.
#[derive(Clone, Copy)]
pub enum Scope {
    /// An EC2 filter that takes the VPC's id.
    Filter(&'static str),
    /// The same where the API's parameter is spelled `Filter` (`DescribeNatGateways`).
    OneFilter(&'static str),
    /// A list parameter that takes the VPC's id.
    Ids(&'static str),
    /// Nothing: the whole region; the kind's `parse` sorts out what belongs to the VPC.
    Region,
    /// The same where AWS doesn't tell the VPC: the documents name subnets or addresses.
    Placed(Named),
    /// It is made for what other reads list.
    Each(&'static Each),
}

/// The subnets, or the addresses, that a document names, or the prefix list that it is; none where nobody can tell where it is, so that it is shown for every VPC.
pub type Named = fn(&Value) -> Option<Vec<String>>;

/// A listing within listings: of a cluster the services, of a rule the targets.
pub struct Each {
    /// The ways that lead to it, each by reads, the outermost first.
    pub from: &'static [&'static [Source]],
    /// The listing's parameters for trails that differ in their last document only, up to `batch` of them.
    pub parameters: fn(&[&[Value]]) -> Value,
    /// How many documents one read can serve.
    pub batch: usize,
    /// Puts what a listed document doesn't say of its trail into it.
    pub merge: Option<fn(&mut Value, &[Value])>,
    /// Where it is.
    pub named: Named,
}

/// A read that leads to a listing.
pub struct Source {
    /// The read.
    pub operation: &'static str,
    /// Its parameters: where is looked, and the documents of the sources before it.
    pub parameters: fn(&Spot<'_>, &[Value]) -> Value,
    /// Path to its documents in the answer.
    pub documents: &'static str,
}

/// Where is looked.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    /// The VPC.
    pub vpc: &'a Id,
    /// Its region.
    pub region: &'a str,
}

/// A further read whose answer belongs into the listed document.
#[derive(Clone, Copy)]
pub struct Follow {
    /// The read.
    pub operation: &'static str,
    /// The top-level key of its answer: by it a dump file is recognised.
    pub result: &'static str,
    /// Its parameters for these documents; none where it isn't needed. Called with one document, or with up to
    /// `batch` of them.
    pub parameters: fn(&[&Value]) -> Option<Value>,
    /// How many documents one read can serve.
    pub batch: usize,
    /// Puts the answer's part into a document.
    pub merge: fn(&mut Value, &Value),
}

/// How AWS lists a kind.
pub struct Listing {
    /// The read.
    pub operation: &'static str,
    /// Path to the documents in the answer, such as `Reservations[].Instances[]`.
    pub documents: &'static str,
    /// What narrows it to the VPC.
    pub scope: Scope,
    /// Further parameters.
    pub with: fn() -> Value,
    /// Parameter that takes ids, the key of the id in a document, and the code for an unknown one; no code where AWS
    /// leaves unknown ones out of the answer.
    pub ids: (&'static str, &'static str, &'static str),
    /// Further reads.
    pub follow: &'static [Follow],
}

impl Listing {
    /// The parameters that list what may belong to a VPC.
    pub fn parameters(&self, vpc: &Id) -> Value {
        let mut parameters = (self.with)();
        match self.scope {
            Scope::Filter(name) => parameters["Filters"] = json!([{ "Name": name, "Values": [vpc.as_str()] }]),
            Scope::OneFilter(name) => parameters["Filter"] = json!([{ "Name": name, "Values": [vpc.as_str()] }]),
            Scope::Ids(name) => parameters[name] = json!([vpc.as_str()]),
            Scope::Region | Scope::Placed(_) | Scope::Each(_) => {}
        }
        parameters
    }

    /// How a document names its subnets or addresses, where it doesn't name its VPC.
    pub fn named(&self) -> Option<Named> {
        match self.scope {
            Scope::Placed(named) => Some(named),
            Scope::Each(each) => Some(each.named),
            _ => None,
        }
    }

    /// The top-level key of the answer: by it a dump file is recognised.
    pub fn result_key(&self) -> &'static str {
        self.documents.split(['[', '.']).next().unwrap_or(self.documents)
    }
}

/// No parameters beside the scope.
pub fn nothing() -> Value {
    json!({})
}

/// Answers a listing from a simulated account, with AWS's refusals for unknown ids and unknown filters.
pub fn answer(kind: &str, listing: &Listing, account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let named = match wanted_ids(parameters, listing.ids.0) {
        Some(wanted) => Some(by_ids(kind, listing, account, &wanted)?),
        None => None,
    };
    let spelled = if matches!(listing.scope, Scope::OneFilter(_)) { "Filter" } else { "Filters" };
    let filters = parameters.get(spelled).and_then(Value::as_array).into_iter().flatten();
    let filters = filters.map(Filter::of).collect::<Result<Vec<Filter>, Refusal>>()?;
    let mut found = named.unwrap_or_else(|| fewest(kind, account, &filters));
    found.retain(|doc| filters.iter().all(|filter| filter.holds(doc)));
    Ok(wrap(listing.documents, found.into_iter().cloned().collect()))
}

/// The documents with these ids, in the account's order.
fn by_ids<'a>(kind: &str, listing: &Listing, account: &'a Account, wanted: &[String]) -> Result<Vec<&'a Value>, Refusal> {
    let (_, id_key, unknown) = listing.ids;
    let mut found: BTreeMap<&Id, &Value> = BTreeMap::new();
    for id in wanted {
        // Most are known here by the id that AWS knows them by.
        let direct = account.resources.get(&Id::from(id.as_str())).filter(|r| r.kind == kind && is_called(&r.doc, id_key, id));
        let one = direct.or_else(|| account.resources.having(kind, id_key, id).find(|r| is_called(&r.doc, id_key, id)));
        match one {
            Some(one) => drop(found.insert(&one.id, &one.doc)),
            None if unknown.is_empty() => {}
            None => return Err(Refusal::new(unknown, format!("The ID '{id}' does not exist"))),
        }
    }
    Ok(found.into_values().collect())
}

/// The documents among which those are that filters let through: what the one finds that finds the fewest.
fn fewest<'a>(kind: &str, account: &'a Account, filters: &[Filter]) -> Vec<&'a Value> {
    let all = &account.resources;
    let count = |filter: &&Filter| filter.values.iter().map(|value| all.count_having(kind, &filter.at, value)).sum::<usize>();
    match filters.iter().filter(|filter| filter.is_telling()).min_by_key(count) {
        None => all.of_kind(kind).map(|resource| &*resource.doc).collect(),
        Some(filter) => {
            let found = filter.values.iter().flat_map(|value| all.having(kind, &filter.at, value));
            found.map(|resource| (&resource.id, &*resource.doc)).collect::<BTreeMap<&Id, &Value>>().into_values().collect()
        }
    }
}

/// One filter of a request.
struct Filter {
    at: String,
    values: Vec<String>,
}

impl Filter {
    fn of(filter: &Value) -> Result<Filter, Refusal> {
        let name = filter["Name"].as_str().unwrap_or_default();
        let at = filter_path(name).ok_or_else(|| Refusal::new("InvalidParameterValue", format!("The filter '{name}' is invalid")))?;
        Ok(Filter { at, values: path::texts(filter, "Values[]") })
    }

    fn is_simple(&self) -> bool {
        !self.at.contains(['.', '['])
    }

    /// Whether an index knows what it lets through: not what it says of fields that aren't there.
    fn is_telling(&self) -> bool {
        !self.values.iter().any(|value| value == "null")
    }

    fn holds(&self, doc: &Value) -> bool {
        let wanted = |value: &Value| match value {
            Value::String(text) => self.values.contains(text),
            other => self.values.contains(&other.to_string()),
        };
        if self.is_simple() { wanted(&doc[&self.at]) } else { path::select(doc, &self.at).into_iter().any(wanted) }
    }
}

fn wanted_ids(parameters: &Object, name: &str) -> Option<Vec<String>> {
    match parameters.get(name)? {
        Value::String(id) => Some(vec![id.clone()]),
        Value::Array(list) if !list.is_empty() => Some(list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()),
        _ => None,
    }
}

/// By id, or, where the id is an ARN, by its last part (Lambda and RDS take either).
fn is_called(doc: &Value, key: &str, id: &str) -> bool {
    doc[key].as_str() == Some(id)
}

/// EC2's filter names as paths into the documents of ours.
fn filter_path(name: &str) -> Option<String> {
    if let Some(key) = name.strip_prefix("tag:") {
        return Some(if key.is_empty() { return None } else { format!("Tags[Key={key}].Value") });
    }
    let at = match name {
        "vpc-id" => "VpcId",
        "tag-key" => "Tags[].Key",
        "association.subnet-id" => "Associations[].SubnetId",
        "subnet-id" => "SubnetId",
        "cidr-block" | "cidrBlock" => "CidrBlock",
        "group-id" => "Groups[].GroupId",
        "group-name" => "GroupName",
        "attachment.vpc-id" => "Attachments[].VpcId",
        "attachment.instance-id" => "Attachment.InstanceId",
        "description" => "Description",
        "service-name" => "ServiceName",
        "vpc-endpoint-type" => "VpcEndpointType",
        "state" | "vpc-endpoint-state" => "State",
        "instance-state-name" => "State.Name",
        "route-table-id" => "RouteTableId",
        "association.route-table-association-id" => "Associations[].RouteTableAssociationId",
        "association.main" => "Associations[].Main",
        "name" => "Name",
        "allocation-id" => "AllocationId",
        "instance-id" => "InstanceId",
        "availability-zone" => "AvailabilityZone",
        "network-interface-id" => "NetworkInterfaceId",
        "db-cluster-id" => "DBClusterIdentifier",
        _ => return None,
    };
    Some(at.to_owned())
}

/// Puts documents back where a path found them: `Reservations[].Instances[]` gives one reservation per document.
fn wrap(documents: &str, found: Vec<Value>) -> Value {
    let keys: Vec<&str> = documents.split('.').map(|part| part.trim_end_matches("[]")).collect();
    // By hand: `json!` would copy every document once more.
    let one = |key: &str, value: Value| Value::Object(Object::from_iter([(key.to_owned(), value)]));
    match keys.as_slice() {
        [outer, inner] => one(outer, Value::Array(found.into_iter().map(|doc| one(inner, Value::Array(vec![doc]))).collect())),
        [only] => one(only, Value::Array(found)),
        _ => Value::Null,
    }
}
