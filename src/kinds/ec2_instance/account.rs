//! Instances of a simulated account: what their calls do and what EC2 refuses.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kinds::effects::{list, some, tags, text};
use crate::kinds::{Effect, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::Resource;

pub(super) const EFFECTS: &[(&str, Effect)] = &[
    ("ec2:StopInstances", stop),
    ("ec2:StartInstances", start),
    ("ec2:RunInstances", run),
    ("ec2:TerminateInstances", terminate),
    ("ec2:ModifyInstanceAttribute", modify),
];

pub(super) const READS: &[(&str, Read)] =
    &[("ec2:DescribeInstanceStatus", status), ("ec2:DescribeInstanceAttribute", attribute), ("ec2:DescribeVolumes", volumes)];

const UNKNOWN: &str = "InvalidInstanceID.NotFound";

fn wrong_state(id: &str, verb: &str) -> Refusal {
    Refusal::new("IncorrectInstanceState", format!("The instance '{id}' is not in a state from which it can be {verb}."))
}

/// Sets a passing state, and the final one after some seconds.
fn pass(account: &mut Account, id: &str, through: &str, to: &str, seconds: u64) -> Result<(), Refusal> {
    account.edit(id, UNKNOWN)?["State"]["Name"] = json!(through);
    account.later(&Id::from(id), seconds, "/State/Name", json!(to));
    Ok(())
}

const STOP_S: u64 = 60;
const NO_INTERFACE: &str = "InvalidNetworkInterfaceID.NotFound";

fn own_interfaces(account: &Account, id: &str) -> Vec<Id> {
    account.interfaces_of(&Id::from(id)).map(|interface| interface.id.clone()).collect()
}

/// An address that AWS assigned is given back when its instance stops; the interface remembers that it is to have one.
fn lose_assigned_address(account: &mut Account, id: &str) -> Result<(), Refusal> {
    for interface in own_interfaces(account, id) {
        let doc = account.edit(interface.as_str(), NO_INTERFACE)?;
        if doc["Association"]["IpOwnerId"] == "amazon" {
            doc["AssociatePublicIpAddress"] = json!(true);
            account.later(&interface, STOP_S, "/Association", Value::Null);
            account.later(&Id::from(id), STOP_S, "/PublicIpAddress", Value::Null);
            account.later(&Id::from(id), STOP_S, "/NetworkInterfaces/0/Association", Value::Null);
        }
    }
    Ok(())
}

/// An instance that starts gets another address where it was launched to have one.
fn assign_address(account: &mut Account, id: &str) -> Result<(), Refusal> {
    for interface in own_interfaces(account, id) {
        let doc = account.doc(interface.as_str(), NO_INTERFACE)?;
        if doc["AssociatePublicIpAddress"] == true && doc["Association"].is_null() {
            give_address(account, id, interface.as_str())?;
        }
    }
    Ok(())
}

fn give_address(account: &mut Account, id: &str, interface: &str) -> Result<(), Refusal> {
    account.serial += 1;
    let ip = format!("203.0.113.{}", account.serial % 250 + 1);
    let association = json!({ "PublicIp": ip, "IpOwnerId": "amazon" });
    let doc = account.edit(interface, NO_INTERFACE)?;
    doc["Association"] = association.clone();
    doc["AssociatePublicIpAddress"] = json!(true);
    let instance = account.edit(id, UNKNOWN)?;
    instance["PublicIpAddress"] = json!(ip);
    instance["NetworkInterfaces"][0]["Association"] = association;
    Ok(())
}

fn stop(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    for id in some(parameters, "InstanceIds")? {
        match path::text(account.doc(&id, UNKNOWN)?, "State.Name") {
            "running" => {
                pass(account, &id, "stopping", "stopped", STOP_S)?;
                lose_assigned_address(account, &id)?;
            }
            "stopped" | "stopping" => {}
            _ => return Err(wrong_state(&id, "stopped")),
        }
    }
    Ok(json!({ "StoppingInstances": [] }))
}

fn start(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    for id in some(parameters, "InstanceIds")? {
        match path::text(account.doc(&id, UNKNOWN)?, "State.Name") {
            "stopped" => {
                pass(account, &id, "pending", "running", 30)?;
                assign_address(account, &id)?;
            }
            "running" | "pending" => {}
            _ => return Err(wrong_state(&id, "started")),
        }
    }
    Ok(json!({ "StartingInstances": [] }))
}

fn run(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let image = text(parameters, "ImageId")?.to_owned();
    match account.doc(&image, "InvalidAMIID.NotFound")?["State"].as_str() {
        Some("available") => {}
        _ => return Err(Refusal::new("InvalidAMIID.Unavailable", format!("The image ID '{image}' is not available"))),
    }
    let interfaces = parameters.get("NetworkInterfaces").cloned().unwrap_or_default();
    let spec = path::first(&interfaces, "[DeviceIndex=0]").cloned().unwrap_or_default();
    let subnet = path::text(&spec, "SubnetId").to_owned();
    let groups = path::texts(&spec, "Groups[]");
    let zone = account.doc(&subnet, "InvalidSubnetID.NotFound")?["AvailabilityZone"].clone();
    let id = account.new_id("i");
    let attachment = json!({ "InstanceId": id.as_str(), "DeviceIndex": 0, "Status": "attached" });
    let interface = account.add_interface(&subnet, &groups, "", json!({ "RequesterManaged": false, "Attachment": attachment }))?;
    let wants_public = spec["AssociatePublicIpAddress"].as_bool().unwrap_or(account.doc(&subnet, UNKNOWN)?["MapPublicIpOnLaunch"] == true);
    let private = account.doc(interface.as_str(), UNKNOWN)?["PrivateIpAddress"].clone();
    let mut doc = json!({ "InstanceId": id.as_str(), "ImageId": image, "InstanceType": parameters.get("InstanceType"), "VpcId": account.vpc.as_str(),
        "SubnetId": subnet, "Placement": { "AvailabilityZone": zone }, "State": { "Name": "pending" }, "SecurityGroups": crate::kinds::network_interface::named(account, &groups),
        "PrivateIpAddress": private, "PublicIpAddress": null, "NetworkInterfaces": [{ "NetworkInterfaceId": interface.as_str() }],
        "SourceDestCheck": true, "DisableApiTermination": parameters.get("DisableApiTermination").and_then(Value::as_bool).unwrap_or(false),
        "Volumes": [], "Tags": tags(parameters, "instance") });
    for key in ["KeyName", "IamInstanceProfile", "EbsOptimized", "MetadataOptions", "BlockDeviceMappings"] {
        if let Some(value) = parameters.get(key) {
            doc[key] = value.clone();
        }
    }
    crate::kinds::session::inherit(account, &mut doc);
    account.insert("ec2_instance", Role::Workload, id.clone(), doc.clone());
    if wants_public {
        give_address(account, id.as_str(), interface.as_str())?;
    }
    account.later(&id, 30, "/State/Name", json!("running"));
    Ok(json!({ "Instances": [doc], "ReservationId": "r-0" }))
}

fn terminate(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    for id in some(parameters, "InstanceIds")? {
        let doc = account.doc(&id, UNKNOWN)?;
        if doc["DisableApiTermination"] == true {
            let words =
                format!("The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.");
            return Err(Refusal::new("OperationNotPermitted", words));
        }
        pass(account, &id, "shutting-down", "terminated", 30)?;
        let interfaces: Vec<Id> = account.interfaces_of(&Id::from(id.as_str())).map(|interface| interface.id.clone()).collect();
        for interface in interfaces {
            account.remove_later(&interface, 30);
        }
        // An elastic IP comes off an instance that is terminated.
        let addresses: Vec<Id> = account.resources.having("elastic_ip", "InstanceId", &id).map(|a| a.id.clone()).collect();
        for address in addresses {
            for field in ["/AssociationId", "/InstanceId", "/NetworkInterfaceId"] {
                account.later(&address, 30, field, Value::Null);
            }
        }
        account.remove_later(&Id::from(id), 3600);
    }
    Ok(json!({ "TerminatingInstances": [] }))
}

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "InstanceId")?.to_owned();
    account.doc(&id, UNKNOWN)?;
    if parameters.contains_key("Groups") {
        let groups = list(parameters, "Groups");
        account.check_groups(&groups)?;
        let interfaces: Vec<String> = account.interfaces_of(&Id::from(id.as_str())).map(|interface| interface.id.to_string()).collect();
        for interface in interfaces {
            crate::kinds::network_interface::wear(account, &interface, &groups)?;
        }
        let names = crate::kinds::network_interface::named(account, &groups);
        account.edit(&id, UNKNOWN)?["SecurityGroups"] = names;
    }
    for key in ["DisableApiTermination", "SourceDestCheck"] {
        if let Some(value) = parameters.get(key) {
            account.edit(&id, UNKNOWN)?[key] = value["Value"].clone();
        }
    }
    Ok(json!({}))
}

/// Both checks are `ok` 150 seconds after the launch; until then `initializing`. Only running instances are listed.
fn status(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let mut out = Vec::new();
    for id in list(parameters, "InstanceIds") {
        let doc = account.doc(&id, UNKNOWN)?;
        if path::text(doc, "State.Name") == "running" {
            out.push(json!({ "InstanceId": id, "InstanceState": { "Name": "running" }, "InstanceStatus": { "Status": "ok" }, "SystemStatus": { "Status": "ok" } }));
        }
    }
    Ok(json!({ "InstanceStatuses": out }))
}

fn attribute(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "InstanceId")?;
    let doc = account.doc(id, UNKNOWN)?;
    Ok(match text(parameters, "Attribute")? {
        "userData" => json!({ "InstanceId": id, "UserData": {} }),
        "disableApiTermination" => json!({ "InstanceId": id, "DisableApiTermination": { "Value": doc["DisableApiTermination"] == true } }),
        "instanceInitiatedShutdownBehavior" => json!({ "InstanceId": id, "InstanceInitiatedShutdownBehavior": { "Value": "stop" } }),
        other => return Err(Refusal::new("InvalidParameterValue", format!("Value ({other}) for parameter attribute is invalid"))),
    })
}

fn volumes(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let filters = parameters.get("Filters").cloned().unwrap_or_else(|| json!([]));
    let wanted = path::texts(&filters, "[Name=attachment.instance-id].Values[]");
    let all: Vec<&Resource> = match wanted.is_empty() {
        true => account.with_role(Role::Workload).collect(),
        false => wanted.into_iter().map(Id::from).collect::<BTreeSet<Id>>().iter().filter_map(|id| account.resources.get(id)).collect(),
    };
    let found: Vec<Value> = all
        .into_iter()
        .filter(|r| r.role == Role::Workload)
        .flat_map(|r| r.doc["Volumes"].as_array().cloned().unwrap_or_default())
        .collect();
    Ok(json!({ "Volumes": found }))
}
