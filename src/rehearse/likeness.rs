//! An account as text, so that two can be compared: without what differs from run to run.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kinds::STEP_TAG;
use crate::model::facet::Role;
use crate::model::inventory::Inventory;
use crate::model::resource::{Resource, tags_of};

/// Fields that are another one each time: ids that AWS makes up, addresses out of a pool, moments.
const VOLATILE: [&str; 12] = [
    "AssociatePublicIpAddress",
    "RouteTableAssociationId",
    "AssociationId",
    "RevisionId",
    "SinceMs",
    "UntilMs",
    "PrivateIpAddress",
    "PrivateIpAddresses",
    "TargetHealth",
    "Tasks",
    "Instances",
    "deployments",
];

/// Ids that a simulated account made up hold this; see `Account::new_id`.
const MADE_UP: &str = "-0a0000000";

/// Takes out what is volatile, names what was made, and brings every list into one order: AWS's lists are sets.
fn scrub(value: &mut Value, names: &[(String, String)]) {
    match value {
        Value::Object(map) => {
            // AWS takes what it assigned back at the stop, and assigns another at the start.
            if map.get("IpOwnerId").is_some_and(|owner| owner == "amazon") {
                map.remove("PublicIp");
            }
            map.retain(|key, value| !VOLATILE.contains(&key.as_str()) && !value.is_null());
            map.sort_keys();
            map.values_mut().for_each(|value| scrub(value, names));
        }
        Value::Array(list) => {
            list.iter_mut().for_each(|value| scrub(value, names));
            if list.len() > 1 {
                list.sort_by_cached_key(Value::to_string);
            }
        }
        Value::String(text) => *text = named(text, names),
        _ => {}
    }
}

/// A node of a replication group has another name when it comes up again: what counts is where it is.
fn node(resource: &Resource) -> Option<(String, String)> {
    let group = resource.doc["ReplicationGroupId"].as_str().filter(|_| resource.kind == "cache_cluster")?;
    let shard = resource.name.strip_prefix(group)?.rsplit_once('-')?.0;
    Some((resource.name.clone(), format!("<node of {group}{shard} in {}>", resource.doc["PreferredAvailabilityZone"])))
}

fn named(text: &str, names: &[(String, String)]) -> String {
    let node = |(name, _): &&(String, String)| !name.contains(MADE_UP) && text.contains(name.as_str());
    if !text.contains(MADE_UP) && !names.iter().any(|pair| node(&pair)) {
        return text.to_owned();
    }
    names.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id.as_str(), name))
}

/// One line per thing, sorted. What the migration made is named by its step, what was there by its id.
pub fn view(inventory: &Inventory) -> BTreeSet<String> {
    let step = |r: &Resource| tags_of(&r.doc).get(STEP_TAG).map(|step| format!("<{} of {step}>", r.kind));
    let owner = |r: &Resource| inventory.get(r.facets.owner.as_ref()?).filter(|_| r.role == Role::Interface);
    let made = |r: &Resource| step(r).or_else(|| Some(format!("<interface of {}>", step(owner(r)?)?)));
    let mut names: Vec<(String, String)> = inventory.all().filter_map(|r| Some((r.id.to_string(), made(r)?))).collect();
    names.extend(inventory.all().filter_map(node));
    let instances = inventory.with_role(Role::Bystander).filter(|r| r.kind == "ec2_instance" && r.facets.owner.is_some());
    let scaled: BTreeSet<&str> = instances.map(|r| r.id.as_str()).collect();
    let line = |resource: &Resource| {
        // What comes and goes with a group: whose it is, where, and what it wears.
        let part = scaled.contains(resource.id.as_str())
            || resource.doc["Attachment"]["InstanceId"].as_str().is_some_and(|id| scaled.contains(id));
        let whole = |id: &str| inventory.all().find(|r| r.id.as_str() == id)?.facets.owner.as_ref();
        let mut doc = if part { interface(resource) } else { document(resource) };
        for target in doc["TargetHealthDescriptions"].as_array_mut().into_iter().flatten() {
            let owner = target["Target"]["Id"].as_str().filter(|id| scaled.contains(id)).and_then(whole);
            if let Some(owner) = owner {
                target["Target"]["Id"] = json!(format!("an instance of {owner}"));
            }
        }
        scrub(&mut doc, &names);
        let managed = resource.role == Role::Interface && resource.doc["RequesterManaged"] == true;
        let head =
            if managed || part { "interface".to_owned() } else { format!("{} {}", resource.kind, named(resource.id.as_str(), &names)) };
        format!("{head} {doc}")
    };
    inventory.all().map(line).collect()
}

/// What counts of a thing.
fn document(resource: &Resource) -> Value {
    if resource.role == Role::Interface && resource.doc["RequesterManaged"] == true {
        return interface(resource);
    }
    let mut doc = Value::clone(&resource.doc);
    if doc["NetworkInterfaces"][0]["Association"]["IpOwnerId"] == "amazon" {
        doc["PublicIpAddress"] = json!("assigned");
    }
    // Tasks come with other addresses each time.
    for target in doc["TargetHealthDescriptions"].as_array_mut().into_iter().flatten() {
        if target["Target"]["Id"].as_str().is_some_and(|id| id.parse::<std::net::IpAddr>().is_ok()) {
            target["Target"]["Id"] = json!("address");
        }
    }
    // Of what the migration made, the rest is ids of parts and addresses out of pools.
    if resource.tags.contains_key(STEP_TAG) {
        for key in ["PublicIp", "NatGatewayAddresses", "BlockDeviceMappings", "NetworkInterfaceId", "Volumes"] {
            if let Some(doc) = doc.as_object_mut() {
                doc.remove(key);
            }
        }
    }
    doc
}

/// Interfaces that a service manages come and go with it: what counts is whose they are, where, and what they wear.
fn interface(resource: &Resource) -> Value {
    let owner = resource.facets.owner.as_ref().map_or("nobody", |id| id.as_str());
    // Functions share their interfaces; the one that came first gives the name.
    let owner = if owner.starts_with("function:") { "lambda" } else { owner };
    json!({ "of": owner, "in": resource.doc["SubnetId"], "wears": resource.groups(), "public": resource.has_public_address() })
}

/// Where two accounts differ, for people; none if they are alike. Lines that name `except` are left out, and the
/// interfaces with it, which follow what they belong to.
pub fn difference(wanted: &BTreeSet<String>, found: &BTreeSet<String>, except: Option<&str>) -> Option<String> {
    let counts = |line: &&String| except.is_none_or(|id| !line.contains(id) && !line.starts_with("interface {"));
    let missing: Vec<&String> = wanted.difference(found).filter(counts).collect();
    let mut extra: Vec<&String> = found.difference(wanted).filter(counts).collect();
    let mut lines = Vec::new();
    for line in missing {
        let twin = extra.iter().position(|other| head(other) == head(line));
        let (as_wanted, as_found) = match twin.map(|at| extra.remove(at)) {
            Some(twin) => apart(line, twin),
            None => (short(line), "nothing".to_owned()),
        };
        lines.push(format!("  {}: expected {as_wanted}, found {as_found}", head(line)));
    }
    lines.extend(extra.iter().map(|line| format!("  {}: not expected, found {}", head(line), short(line))));
    lines.truncate(5);
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What is to be found again: each thing as it was, or, where it is found so, as a run without faults leaves it, which
/// says some fields that nobody had said before.
pub fn either(before: &BTreeSet<String>, left: &BTreeSet<String>, found: &BTreeSet<String>) -> BTreeSet<String> {
    let again = |line: &String| left.iter().find(|other| head(other) == head(line) && found.contains(*other)).cloned();
    let things = before.iter().map(|line| if found.contains(line) { line.clone() } else { again(line).unwrap_or_else(|| line.clone()) });
    // Interfaces that the inventory did not hold come to be known when their owner is changed.
    things.chain(left.intersection(found).filter(|line| line.starts_with("interface {")).cloned()).collect()
}

/// The same without whether Session Manager's agents are in contact: what a change of the network takes along.
pub fn without_contact(lines: &BTreeSet<String>) -> BTreeSet<String> {
    let without = |line: &String| match line.split_once("\"SessionManager\":{") {
        Some((before, rest)) => format!("{before}{}", rest.split_once("},").map_or(rest, |(_, after)| after)),
        None => line.clone(),
    };
    lines.iter().map(without).collect()
}

/// Kind and name.
fn head(line: &str) -> &str {
    line.split_once(" {").map_or(line, |(head, _)| head)
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Two lines from where they begin to differ.
fn apart(a: &str, b: &str) -> (String, String) {
    let alike = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let from = |text: &str| text.chars().skip(alike.saturating_sub(60)).take(200).collect();
    (from(a), from(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(lines: &[&str]) -> BTreeSet<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_difference_is_told_with_what_was_expected() {
        let (wanted, found) = (set(&["vpc a {\"x\":1}", "vpc b {}"]), set(&["vpc a {\"x\":2}", "vpc c {}"]));
        let told = difference(&wanted, &found, None).expect("they differ");
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "  vpc a: expected vpc a {\"x\":1}, found vpc a {\"x\":2}");
        assert_eq!(lines[1..], ["  vpc b: expected vpc b {}, found nothing", "  vpc c: not expected, found vpc c {}"]);
        assert_eq!(difference(&wanted, &wanted, None), None);
        assert_eq!(difference(&set(&["vpc a {1}"]), &set(&["vpc a {2}"]), Some("vpc a")), None);
    }

    #[test]
    fn an_agent_that_is_out_of_contact_is_looked_over_and_nothing_else_is() {
        let (wanted, found) = (set(&[r#"vpc a {"S":1,"SessionManager":{"PingStatus":"Online"},"X":1}"#]), set(&[r#"vpc a {"S":1,"X":1}"#]));
        assert!(difference(&wanted, &found, None).is_some());
        assert_eq!(without_contact(&wanted), found);
        assert_ne!(without_contact(&wanted), without_contact(&set(&[r#"vpc a {"S":1,"X":2}"#])));
    }

    #[test]
    fn a_thing_may_be_as_it_was_or_as_a_run_without_faults_leaves_it_and_not_otherwise() {
        let (before, left) = (set(&["vpc a {}", "vpc b {}"]), set(&["vpc a {\"said\":0}", "vpc b {}"]));
        for (found, alike) in
            [(&before, true), (&left, true), (&set(&["vpc a {\"said\":1}", "vpc b {}"]), false), (&set(&["vpc b {}"]), false)]
        {
            assert_eq!(difference(&either(&before, &left, found), found, None).is_none(), alike, "{found:?}");
        }
    }
}
