//! What a copy is launched with: everything of the old instance that its image does not carry.

use serde_json::{Value, json};

use super::relocate::Move;
use crate::kinds::build::{MIGRATION_TAG, STEP_TAG, look, output};
use crate::kinds::session::profile_name;
use crate::model::path;

/// `RunInstances` with everything that the image does not carry.
pub(super) fn parameters(of: &Move<'_>, id: &str) -> Value {
    let doc = &of.resource.doc;
    let attribute = |name: &str, at: &str| look("ec2:DescribeInstanceAttribute", json!({ "InstanceId": of.old(), "Attribute": name }), at);
    let mut parameters = json!({
        "ImageId": output(&of.id("image"), "ImageId"), "InstanceType": doc["InstanceType"], "MinCount": 1, "MaxCount": 1, "ClientToken": "${self.Token}",
        "NetworkInterfaces": [{ "DeviceIndex": 0, "SubnetId": of.subnet, "Groups": of.launch_groups(), "AssociatePublicIpAddress": false, "DeleteOnTermination": true }],
        "UserData": attribute("userData", "UserData.Value"),
        "InstanceInitiatedShutdownBehavior": attribute("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior.Value"),
        "TagSpecifications": [tags("instance", doc, of.scene.migration, id), tags("volume", path::first(doc, "Volumes[0]").unwrap_or(&Value::Null), of.scene.migration, id)],
    });
    if let Some(name) = doc["KeyName"].as_str().filter(|name| !name.is_empty()) {
        parameters["KeyName"] = json!(name);
    }
    if let Some(arn) = doc["IamInstanceProfile"]["Arn"].as_str() {
        parameters["IamInstanceProfile"] = json!({ "Arn": arn });
    } else if of.scene.entry.is_some_and(|entry| entry.profile) {
        parameters["IamInstanceProfile"] = json!({ "Name": profile_name(of.scene.migration) });
    }
    if doc["EbsOptimized"] == true {
        parameters["EbsOptimized"] = json!(true);
    }
    if doc["Monitoring"]["State"] == "enabled" {
        parameters["Monitoring"] = json!({ "Enabled": true });
    }
    let picked = |from: &Value, keys: &[&str]| -> Value {
        keys.iter()
            .filter_map(|key| Some(((*key).to_owned(), from.get(*key).filter(|v| !v.is_null())?.clone())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    for (key, keys) in [
        ("MetadataOptions", &["HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "InstanceMetadataTags"][..]),
        ("Placement", &["GroupName", "Tenancy", "HostId", "Affinity", "PartitionNumber"][..]),
        ("CpuOptions", &["CoreCount", "ThreadsPerCore"][..]),
    ] {
        let mut value = picked(&doc[key], keys);
        if value["Tenancy"] == "default" {
            value.as_object_mut().expect("picked makes an object").remove("Tenancy");
        }
        value.as_object_mut().expect("picked makes an object").retain(|_, v| v != "" && !v.is_null());
        if value.as_object().is_some_and(|map| !map.is_empty()) {
            parameters[key] = value;
        }
    }
    let mappings: Vec<Value> =
        doc["BlockDeviceMappings"].as_array().into_iter().flatten().filter_map(|mapping| device(mapping, doc)).collect();
    if !mappings.is_empty() {
        parameters["BlockDeviceMappings"] = json!(mappings);
    }
    parameters
}

/// A volume as it is, whatever the image says: its size, its performance, whether it dies with the instance.
fn device(mapping: &Value, doc: &Value) -> Option<Value> {
    let volume = path::first(doc, &format!("Volumes[VolumeId={}]", mapping["Ebs"]["VolumeId"].as_str()?)).cloned().unwrap_or_default();
    let mut ebs = json!({ "DeleteOnTermination": mapping["Ebs"]["DeleteOnTermination"].as_bool().unwrap_or(true) });
    if let Some(kind) = volume["VolumeType"].as_str() {
        ebs["VolumeType"] = json!(kind);
        ebs["VolumeSize"] = volume["Size"].clone();
        for key in ["Iops", "Throughput"] {
            if let Some(value) = volume[key].as_i64().filter(|value| *value > 0 && matches!(kind, "gp3" | "io1" | "io2")) {
                ebs[key] = json!(value);
            }
        }
    }
    Some(json!({ "DeviceName": mapping["DeviceName"], "Ebs": ebs }))
}

/// The tags of the old one (AWS's own apart) and ours.
fn tags(resource_type: &str, doc: &Value, migration: &str, id: &str) -> Value {
    let kept =
        doc["Tags"].as_array().into_iter().flatten().filter(|tag| !tag["Key"].as_str().unwrap_or_default().starts_with("aws:")).cloned();
    let ours = [json!({ "Key": MIGRATION_TAG, "Value": migration }), json!({ "Key": STEP_TAG, "Value": id })];
    let mut all: Vec<Value> = kept.filter(|tag| tag["Key"] != MIGRATION_TAG && tag["Key"] != STEP_TAG).collect();
    all.extend(ours);
    json!({ "ResourceType": resource_type, "Tags": all })
}
