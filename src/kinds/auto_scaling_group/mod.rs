//! An Auto Scaling group: its instances come from a launch template and go as it pleases.
//!
//! It moves by an instance refresh (Auto Scaling guide, "Use an instance refresh"): a template version with the new
//! groups and without a public address, the private subnets instead of the public ones (never both: within a zone Auto
//! Scaling picks at random), and then one instance after the other, a new one in service before an old one goes.
//! `$Latest` is pinned first: a version made beside it would be launched at once. SkipMatching compares templates, not
//! subnets, and is never used. Its instances are parts of it, never moved alone.

mod account;
mod moves;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::place::{blocker, legs};
use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::facet::{Facets, Guard, Placement, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Candidate, Risk, Scene, Site, Strategy, WayBack};

pub struct AutoScalingGroup;

static LISTING: Listing = Listing {
    operation: "autoscaling:DescribeAutoScalingGroups",
    documents: "AutoScalingGroups[]",
    scope: Scope::Placed(|doc| Some(subnets(doc))),
    with: super::listing::nothing,
    ids: ("AutoScalingGroupNames", "AutoScalingGroupName", ""),
    follow: &[Follow {
        operation: "ec2:DescribeLaunchTemplateVersions",
        result: "LaunchTemplateVersions",
        parameters: |docs| {
            docs[0]["VpcId"].as_str()?;
            let spec = template(docs[0])?;
            Some(json!({ "LaunchTemplateId": spec["LaunchTemplateId"], "Versions": [version(spec)] }))
        },
        batch: 1,
        merge: |doc, answer| doc["Template"] = in_use(doc, answer),
    }],
};

/// The subnets: a text with commas between.
fn subnets(doc: &Value) -> Vec<String> {
    path::text(doc, "VPCZoneIdentifier").split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// The launch template that it uses, alone or in a mixed instances policy.
fn template(doc: &Value) -> Option<&Value> {
    let mixed = path::first(doc, "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification");
    path::first(doc, "LaunchTemplate").or(mixed)
}

/// The version that it asks for; AWS takes the default one where none is named.
fn version(spec: &Value) -> &str {
    spec["Version"].as_str().unwrap_or("$Default")
}

/// Of a template's version in use what matters here: groups and interfaces, and nothing secret (user data).
fn in_use(doc: &Value, answer: &Value) -> Value {
    let all: Vec<&Value> = answer["LaunchTemplateVersions"].as_array().into_iter().flatten().collect();
    let found = match template(doc).map(version) {
        Some("$Latest") => all.iter().max_by_key(|v| v["VersionNumber"].as_u64()),
        Some("$Default") => all.iter().find(|v| v["DefaultVersion"] == true).or(all.first()),
        Some(number) => all.iter().find(|v| v["VersionNumber"].as_u64() == number.parse().ok()),
        None => None,
    };
    found.map_or(Value::Null, |version| pruned(version))
}

/// A template's version without what is secret.
fn pruned(version: &Value) -> Value {
    let mut out = data_of(&version["LaunchTemplateData"]);
    out["VersionNumber"] = version["VersionNumber"].clone();
    out
}

/// What is said again in a new version although it would inherit it: an endpoint that ignores `SourceVersion` makes the
/// same of it.
const BASICS: [&str; 4] = ["ImageId", "InstanceType", "KeyName", "IamInstanceProfile"];

/// The part of a version's data that is looked at.
fn data_of(data: &Value) -> Value {
    let mut out = json!({ "SecurityGroupIds": data["SecurityGroupIds"], "NetworkInterfaces": data["NetworkInterfaces"] });
    for key in BASICS.iter().filter(|key| !data[**key].is_null()) {
        out[*key] = data[*key].clone();
    }
    out
}

/// The groups that a version gives.
fn groups(version: &Value) -> Vec<String> {
    let own = path::texts(version, "NetworkInterfaces[].Groups[]");
    let mut all = if own.is_empty() { path::texts(version, "SecurityGroupIds[]") } else { own };
    all.sort();
    all.dedup();
    all
}

/// Who made it, where that is a service which alone may change it.
fn manager(tags: &BTreeMap<String, String>) -> Option<&'static str> {
    let managers = [
        ("eks:", "an EKS node group"),
        ("elasticbeanstalk:", "an Elastic Beanstalk environment"),
        ("aws:elasticmapreduce:", "an EMR cluster"),
        ("AWSBatchServiceTag", "a Batch compute environment"),
    ];
    managers.iter().find(|(prefix, _)| tags.keys().any(|key| key.starts_with(prefix))).map(|(_, who)| *who)
}

impl Kind for AutoScalingGroup {
    fn name(&self) -> &'static str {
        "auto_scaling_group"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let name = doc["AutoScalingGroupName"].as_str()?;
        if doc["VpcId"] != vpc.as_str() {
            return None;
        }
        let tags = tags_of(doc);
        let manager = manager(&tags);
        let ids = |texts: Vec<String>| texts.into_iter().map(Id::from).collect::<Vec<_>>();
        let targets = path::texts(doc, "TargetGroupARNs[]").into_iter();
        Some(Resource {
            id: Id::new(format!("asg:{name}")),
            kind: self.name().to_owned(),
            role: if manager.is_some() { Role::Bystander } else { Role::Workload },
            name: name.to_owned(),
            tags,
            facets: Facets {
                placement: Some(Placement { subnets: ids(subnets(doc)), zones: path::texts(doc, "AvailabilityZones[]"), through: None }),
                guard: Some(Guard { groups: ids(groups(&doc["Template"])) }),
                initiates: true,
                uses: targets.map(|arn| (super::target_group::id_of_arn(&arn), "its instances register there".to_owned())).collect(),
                note: manager
                    .map(|who| format!("the Auto Scaling group {name} belongs to {who}, which alone may change it"))
                    .unwrap_or_default(),
                state: path::text(doc, "Status").to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::READS
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        let count = resource.doc["DesiredCapacity"].as_u64().unwrap_or(1);
        let seconds = count * moves::INSTANCE_S;
        let flips = site.turns_private(resource);
        let pool = resource.doc["WarmPoolConfiguration"].is_object();
        let pool = if pool { "; its warm pool is refreshed along with it" } else { "" };
        let relocate = format!(
            "an instance refresh replaces one instance after the other, a new one in service before an old one goes; lifecycle hooks run as at any launch{pool}"
        );
        let flip = "its instances stay while their subnets turn private; a refresh afterwards takes the public addresses off";
        vec![
            Candidate::new(Strategy::Relocate, relocate).takes(seconds).way_back(WayBack::Slow),
            Candidate::new(Strategy::Flip, flip).takes(seconds).risk(if flips { Risk::Low } else { Risk::Medium }).way_back(WayBack::Slow),
        ]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        possible(resource)?;
        let legs = legs(resource, scene, true)?;
        Ok(moves::draft(resource, scene, &legs))
    }
}

/// What a refresh can't carry, or would wait for without end.
fn possible(resource: &Resource) -> Result<(), Blocker> {
    let doc = &resource.doc;
    let name = &resource.name;
    if doc["LaunchConfigurationName"].is_string() {
        let way = "make a launch template of it (console: Launch configurations, Copy to launch template), set it on the group, then discover and plan again";
        return Err(blocker(resource, format!("{name} uses a launch configuration, which can't be changed and which AWS retires"), way));
    }
    if doc["MixedInstancesPolicy"].is_object() {
        let way = "put the private subnets and a template version with the new groups into its policy and refresh it by hand, or set its strategy to `skip`";
        return Err(blocker(resource, format!("{name} has a mixed instances policy, which would have to be replaced whole"), way));
    }
    if doc["Template"].is_null() {
        let way = "allow ec2:DescribeLaunchTemplateVersions to whoever plans, then discover and plan again";
        return Err(blocker(resource, format!("the launch template of {name} could not be read"), way));
    }
    let stuck = |at: &str| path::text(doc, at).to_owned();
    let protected = stuck("Instances[ProtectedFromScaleIn=true].InstanceId");
    if !protected.is_empty() {
        let way = "take the protection off (SetInstanceProtection), then discover and plan again";
        return Err(blocker(
            resource,
            format!("instance {protected} of {name} is protected from scale-in: a refresh would wait for it"),
            way,
        ));
    }
    let standby = stuck("Instances[LifecycleState=Standby].InstanceId");
    if !standby.is_empty() {
        let way = "put it back into service or take it out of the group, then discover and plan again";
        return Err(blocker(resource, format!("instance {standby} of {name} is in standby: a refresh would wait for it"), way));
    }
    let suspended = path::texts(doc, "SuspendedProcesses[].ProcessName");
    match suspended.iter().find(|process| ["Launch", "Terminate"].contains(&process.as_str())) {
        None => Ok(()),
        Some(process) => {
            let way = format!("resume it (aws autoscaling resume-processes --scaling-processes {process}), then discover and plan again");
            Err(blocker(resource, format!("the process {process} of {name} is suspended: nothing can be replaced"), way))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_template_nothing_secret_is_kept() {
        let doc = json!({ "LaunchTemplate": { "LaunchTemplateId": "lt-1", "Version": "$Latest" } });
        let version = |number: u64| {
            json!({ "VersionNumber": number, "DefaultVersion": number == 1,
            "LaunchTemplateData": { "UserData": "c2VjcmV0", "SecurityGroupIds": [format!("sg-{number}")], "KeyName": "ops" } })
        };
        let answer = json!({ "LaunchTemplateVersions": [version(1), version(2)] });
        let kept = in_use(&doc, &answer);
        assert_eq!(kept, json!({ "VersionNumber": 2, "SecurityGroupIds": ["sg-2"], "NetworkInterfaces": null, "KeyName": "ops" }));
        assert_eq!(groups(&kept), ["sg-2"]);
        let pinned = json!({ "LaunchTemplate": { "LaunchTemplateId": "lt-1", "Version": "1" } });
        assert_eq!(in_use(&pinned, &answer)["VersionNumber"], 1);
        let none = json!({ "LaunchTemplate": { "LaunchTemplateId": "lt-1" } });
        assert_eq!(in_use(&none, &answer)["VersionNumber"], 1, "the default one");
    }
}
