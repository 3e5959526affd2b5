//! A simulated account: an inventory that can change.
//!
//! The effects of calls live with the kinds; here is what they all need: ids, time, things that take time, addresses
//! in subnets, who wears a group. AWS's own quotas are fields, so that a test can lower them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::Refusal;
use super::facet::{Facets, Role};
use super::id::Id;
use super::inventory::Inventory;
use super::resource::Resource;
use super::resources::Resources;

/// Something that will be so at a later moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// When, in milliseconds of the account's clock.
    pub at_ms: u64,
    /// To what.
    pub id: Id,
    /// What happens.
    pub change: Change,
}

/// A change of one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The field at a JSON pointer gets a value.
    Set(String, Value),
    /// The thing disappears.
    Remove,
}

/// AWS's default quotas, as far as a migration meets them (VPC quotas page; aws-semantics.md S5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quotas {
    /// Elastic IPs per region.
    pub addresses: usize,
    /// Security groups per interface.
    pub groups_per_interface: usize,
    /// Rules per group and direction.
    pub rules_per_group: usize,
    /// NAT gateways per zone.
    pub nats_per_zone: usize,
    /// Subnets per VPC.
    pub subnets: usize,
    /// Routes per table.
    pub routes_per_table: usize,
}

impl Default for Quotas {
    fn default() -> Quotas {
        Quotas { addresses: 5, groups_per_interface: 5, rules_per_group: 60, nats_per_zone: 5, subnets: 200, routes_per_table: 50 }
    }
}

/// The account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The VPC.
    pub vpc: Id,
    /// The account's clock, in milliseconds since the simulation began.
    pub now_ms: u64,
    /// What exists.
    pub resources: Resources,
    /// What will happen.
    pub transitions: Vec<Transition>,
    /// Answers already given, by operation and client token: (parameters, answer).
    pub tokens: BTreeMap<String, (Value, Value)>,
    /// Counts the ids given out.
    pub serial: u64,
    /// Quotas.
    pub quotas: Quotas,
    /// CloudWatch alarms that somebody planted, as CloudWatch answers them; any other is OK.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<Value>,
    /// Who calls, if it is somebody else than its only user; no part of what is kept.
    #[serde(skip)]
    pub caller: Option<String>,
    /// What an effect changed and the kind has not read again yet.
    #[serde(skip)]
    pub dirty: BTreeSet<Id>,
}

impl From<&Inventory> for Account {
    fn from(inventory: &Inventory) -> Account {
        Account {
            account: inventory.account.clone(),
            region: inventory.region.clone(),
            vpc: inventory.vpc.clone(),
            now_ms: 0,
            resources: inventory.resources.clone().into(),
            transitions: Vec::new(),
            tokens: BTreeMap::new(),
            serial: 0,
            quotas: Quotas::default(),
            alarms: Vec::new(),
            caller: None,
            dirty: BTreeSet::new(),
        }
    }
}

/// The kind of interfaces, and where their documents name the groups that they wear.
const INTERFACE: &str = "network_interface";
const WORN: &str = "Groups[].GroupId";

/// `NotFound` in the spelling that belongs to an id.
fn not_found(code: &str, id: &str) -> Refusal {
    Refusal::new(code, format!("The ID '{id}' does not exist"))
}

impl Account {
    /// An account like the one that was seen, at the time when it was seen; at 0 where the inventory names no time.
    pub fn seen(inventory: &Inventory) -> Account {
        let taken = inventory.taken_at.parse::<jiff::Timestamp>().ok();
        let now_ms = taken.and_then(|at| u64::try_from(at.as_millisecond()).ok()).unwrap_or(0);
        Account { now_ms, ..Account::from(inventory) }
    }

    /// A new id such as `subnet-…`: seventeen hexadecimal digits, as AWS makes them, counted up.
    pub fn new_id(&mut self, prefix: &str) -> Id {
        self.serial += 1;
        Id::new(format!("{prefix}-0{:016x}", 0xa000_0000_0000_0000 | self.serial))
    }

    /// A document by id, or the refusal with AWS's code.
    pub fn doc(&self, id: &str, code: &str) -> Result<&Value, Refusal> {
        self.resources.get(&Id::from(id)).map(|resource| &*resource.doc).ok_or_else(|| not_found(code, id))
    }

    /// A document to change, or the refusal with AWS's code.
    pub fn edit(&mut self, id: &str, code: &str) -> Result<&mut Value, Refusal> {
        let id = Id::from(id);
        let doc = self.resources.doc_mut(&id).ok_or_else(|| not_found(code, id.as_str()))?;
        self.dirty.insert(id);
        Ok(doc)
    }

    /// Adds a document; its kind reads it when the call is over.
    pub fn insert(&mut self, kind: &str, role: Role, id: Id, doc: Value) {
        let resource = Resource {
            id: id.clone(),
            kind: kind.to_owned(),
            role,
            name: id.to_string(),
            tags: BTreeMap::new(),
            facets: Facets::default(),
            doc: doc.into(),
        };
        self.dirty.insert(id.clone());
        self.resources.insert(id, resource);
    }

    /// Takes a thing away at once, with what was to happen to it.
    pub fn remove(&mut self, id: &Id) {
        self.resources.remove(id);
        self.dirty.remove(id);
        self.transitions.retain(|transition| transition.id != *id);
    }

    /// The field at `pointer` gets `value` after `seconds`.
    pub fn later(&mut self, id: &Id, seconds: u64, pointer: &str, value: Value) {
        self.schedule(id, seconds, Change::Set(pointer.to_owned(), value));
    }

    /// The thing disappears after `seconds`.
    pub fn remove_later(&mut self, id: &Id, seconds: u64) {
        self.schedule(id, seconds, Change::Remove);
    }

    /// The thing does not disappear after all: it is used again.
    pub fn keep(&mut self, id: &Id) {
        self.transitions.retain(|transition| transition.id != *id || transition.change != Change::Remove);
    }

    /// What was to become of the same field before is overtaken: a gateway deleted while it comes up stays deleted.
    fn schedule(&mut self, id: &Id, seconds: u64, change: Change) {
        let same = |other: &Change| match (other, &change) {
            (Change::Set(a, _), Change::Set(b, _)) => a == b,
            (Change::Remove, Change::Remove) => true,
            _ => false,
        };
        self.transitions.retain(|transition| transition.id != *id || !same(&transition.change));
        self.transitions.push(Transition { at_ms: self.now_ms + seconds * 1000, id: id.clone(), change });
        self.transitions.sort_by_key(|transition| transition.at_ms);
    }

    /// Lets everything happen that is due.
    pub fn settle(&mut self) {
        while self.transitions.first().is_some_and(|transition| transition.at_ms <= self.now_ms) {
            let due = self.transitions.remove(0);
            match due.change {
                Change::Remove => self.remove(&due.id),
                Change::Set(pointer, value) => {
                    if let Some(field) = self.resources.doc_mut(&due.id).and_then(|doc| doc.pointer_mut(&pointer)) {
                        *field = value;
                        self.dirty.insert(due.id);
                    }
                }
            }
        }
    }

    /// All resources with a role.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Resource> {
        self.resources.with_role(role)
    }

    /// The interfaces in a subnet.
    pub fn interfaces_in<'a>(&'a self, subnet: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.interfaces_in(subnet)
    }

    /// The interfaces that belong to a thing.
    pub fn interfaces_of<'a>(&'a self, owner: &'a Id) -> impl Iterator<Item = &'a Resource> {
        self.resources.interfaces_of(owner)
    }

    /// The interfaces that wear a group.
    pub fn wearers<'a>(&'a self, group: &str) -> impl Iterator<Item = &'a Resource> {
        self.resources.having(INTERFACE, WORN, group)
    }

    /// The interfaces that can wear exactly these groups: the wearers of the one that the fewest wear; all, where there is no group.
    pub fn wearing(&self, groups: &[String]) -> Vec<&Resource> {
        match groups.iter().min_by_key(|group| self.resources.count_having(INTERFACE, WORN, group)) {
            Some(rarest) => self.wearers(rarest).collect(),
            None => self.with_role(Role::Interface).collect(),
        }
    }

    /// Checks a list of group ids: they exist, and there are not too many for an interface.
    pub fn check_groups(&self, groups: &[String]) -> Result<(), Refusal> {
        for group in groups {
            self.doc(group, "InvalidGroup.NotFound")?;
        }
        if groups.len() > self.quotas.groups_per_interface {
            return Err(Refusal::new(
                "SecurityGroupsPerInterfaceLimitExceeded",
                "The maximum number of security groups per interface has been reached.",
            ));
        }
        Ok(())
    }

    /// Addresses that a subnet still has to give: its size less AWS's five and what interfaces hold.
    pub fn free_addresses(&self, subnet: &str) -> Result<u64, Refusal> {
        let range = subnet_range(self.doc(subnet, "InvalidSubnetID.NotFound")?)?;
        let used = self.resources.count_in(subnet) as u64;
        Ok((1u64 << (32 - range.prefix_len())).saturating_sub(5 + used))
    }

    /// A new interface in a subnet, with the next free address. `owner` names what it belongs to, so that the census
    /// finds it; `extra` adds fields of the describe shape.
    pub fn add_interface(&mut self, subnet: &str, groups: &[String], description: &str, extra: Value) -> Result<Id, Refusal> {
        self.check_groups(groups)?;
        let doc = self.doc(subnet, "InvalidSubnetID.NotFound")?;
        let (zone, range) = (doc["AvailabilityZone"].clone(), subnet_range(doc)?);
        let ip = self.next_address(subnet, range)?;
        let id = self.new_id("eni");
        let names: Vec<Value> =
            groups.iter().map(|g| json!({ "GroupId": g, "GroupName": self.resources[&Id::from(g.as_str())].name })).collect();
        let mut doc = json!({
            "NetworkInterfaceId": id.as_str(), "SubnetId": subnet, "VpcId": self.vpc.as_str(), "AvailabilityZone": zone,
            "Description": description, "Groups": names, "InterfaceType": "interface", "PrivateIpAddress": ip.to_string(),
            "PrivateIpAddresses": [{ "Primary": true, "PrivateIpAddress": ip.to_string() }], "RequesterManaged": true,
            "SourceDestCheck": true, "Status": "in-use", "TagSet": [],
        });
        if let (Value::Object(doc), Value::Object(extra)) = (&mut doc, extra) {
            doc.extend(extra);
        }
        self.insert("network_interface", Role::Interface, id.clone(), doc);
        Ok(id)
    }

    fn next_address(&self, subnet: &str, range: Ipv4Net) -> Result<Ipv4Addr, Refusal> {
        // The first four addresses and the last are AWS's (VPC guide, "Subnet sizing").
        self.resources.free_address(subnet, range.hosts().skip(3)).ok_or_else(|| {
            Refusal::new("InsufficientFreeAddressesInSubnet", format!("There are not enough free addresses in subnet '{subnet}'"))
        })
    }

    /// Whether a subnet's default route leads to an internet gateway.
    pub fn is_public(&self, subnet: &str) -> bool {
        self.default_route(subnet).is_some_and(|target| target.starts_with("igw-"))
    }

    /// Where the default route of a subnet leads: the id of its target.
    pub fn default_route(&self, subnet: &str) -> Option<String> {
        let table = self.table_of(subnet)?;
        let route = table.doc["Routes"].as_array()?.iter().find(|route| route["DestinationCidrBlock"] == "0.0.0.0/0")?;
        ["GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId"]
            .iter()
            .find_map(|key| route[*key].as_str().map(str::to_owned))
    }

    /// The route table that serves a subnet.
    pub fn table_of(&self, subnet: &str) -> Option<&Resource> {
        let linked = |table: &&Resource, key: &str, value: &Value| {
            table.doc["Associations"].as_array().into_iter().flatten().any(|a| a[key] == *value)
        };
        self.with_role(Role::RouteTable)
            .find(|table| linked(table, "SubnetId", &json!(subnet)))
            .or_else(|| self.with_role(Role::RouteTable).find(|table| linked(table, "Main", &json!(true))))
    }

    /// The account as an inventory, seen now.
    pub fn inventory(&self, taken_at: &str) -> Inventory {
        Inventory {
            version: 1,
            account: self.account.clone(),
            region: self.region.clone(),
            vpc: self.vpc.clone(),
            taken_at: taken_at.to_owned(),
            missing: Vec::new(),
            resources: self.resources.iter().map(|(id, resource)| (id.clone(), resource.clone())).collect(),
        }
    }
}

/// The IPv4 range of a subnet's document.
fn subnet_range(doc: &Value) -> Result<Ipv4Net, Refusal> {
    doc["CidrBlock"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Refusal::new("InvalidSubnet.Range", "the subnet has no IPv4 range"))
}
