//! One call of a plan, and what can be found out about what it touches.

use std::collections::BTreeSet;

use serde_json::Value;

use super::grant::Grant;
use crate::kinds::MIGRATION_TAG;
use crate::model::inventory::Inventory;
use crate::model::look::looks_in;
use crate::model::step::{Step, references};
use crate::plan::Plan;
use crate::plan::calls::Planned;

/// Keys below which names and texts stand, no ids.
const TEXTS: [&str; 8] = ["TagSpecifications", "Tags", "tags", "Description", "Comment", "UserData", "GroupName", "Name"];

/// A call, in its plan.
pub(super) struct Ask<'a> {
    pub(super) plan: &'a Plan,
    pub(super) inventory: &'a Inventory,
    pub(super) step: &'a Step,
    /// All calls of the step.
    pub(super) all: &'a [Planned],
    pub(super) call: &'a Planned,
}

/// What names a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    /// Its id.
    Id(String),
    /// An output of a step: the migration makes it.
    Output,
}

impl Ask<'_> {
    /// The ids that begin so, and whether outputs of that name stand among them; in these parameters, or anywhere.
    pub(super) fn find(&self, prefix: &str, output: &str, within: &[&str]) -> BTreeSet<Found> {
        let mut out = BTreeSet::new();
        let counts = |key: &str| if within.is_empty() { !TEXTS.contains(&key) } else { within.contains(&key) };
        for (_, value) in self.call.parameters.iter().filter(|(key, _)| counts(key)) {
            collect(value, prefix, output, &mut out);
        }
        out
    }

    /// The same in all calls of the step.
    pub(super) fn find_in_step(&self, prefix: &str, output: &str) -> BTreeSet<Found> {
        let mut out = BTreeSet::new();
        for call in self.all {
            collect(&call.parameters.clone().into(), prefix, output, &mut out);
        }
        out
    }

    /// The text of a parameter, also of a read from which the parameters are taken; nothing where it is known only then.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let parameters = Value::Object(self.call.parameters.clone());
        let looked = looks_in(&parameters).into_iter().filter_map(|(_, look)| look.parameters.get(name).cloned());
        let value = self.call.parameters.get(name).cloned().into_iter().chain(looked).next()?;
        value.as_str().filter(|_| references(&value).is_empty()).map(str::to_owned)
    }

    /// Whether a parameter is there at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.call.parameters.contains_key(name)
    }

    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub(super) fn partition(&self) -> &'static str {
        partition(&self.plan.region)
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:`.
    pub(super) fn base(&self, service: &str) -> String {
        format!("arn:{}:{service}:{}:{}:", self.partition(), self.plan.region, self.plan.account)
    }

    /// The right to hand on the roles of what moves to a service; any role, where nobody knows which.
    pub(super) fn pass_role(&self, service: &str) -> Vec<Grant> {
        let mut roles = self.roles();
        if roles.is_empty() {
            roles.insert(format!("arn:{}:iam::{}:role/*", self.partition(), self.plan.account));
        }
        let grant = |role: String| Grant::new("iam:PassRole", role).when("StringEquals", "iam:PassedToService", [service.to_owned()]);
        roles.into_iter().map(grant).collect()
    }

    /// The roles of the workload that the step moves, of its instance profile, and of one that the plan makes.
    fn roles(&self) -> BTreeSet<String> {
        let mut texts = Vec::new();
        strings(&self.call.parameters.clone().into(), &mut texts);
        let workload = self.plan.moves.iter().find(|one| one.id == self.step.of_move).and_then(|one| self.inventory.get(&one.workload));
        workload.iter().for_each(|workload| strings(&workload.doc, &mut texts));
        let mut out: BTreeSet<String> = texts.iter().filter(|text| is_role(text)).cloned().collect();
        for resource in self.inventory.resources.values().filter(|resource| resource.kind == "instance_profile") {
            let named = |text: &String| Some(text.as_str()) == resource.doc["Arn"].as_str();
            if texts.iter().any(named) {
                let mut of_profile = Vec::new();
                strings(&resource.doc["Roles"], &mut of_profile);
                out.extend(of_profile.into_iter().filter(|text| is_role(text)));
            }
        }
        let by_name = self.call.parameters.get("IamInstanceProfile").and_then(|profile| profile["Name"].as_str());
        for step in self.plan.steps.iter().filter(|step| step.call.operation.to_string() == "iam:AddRoleToInstanceProfile") {
            let text = |key: &str| step.call.parameters.get(key).and_then(Value::as_str);
            if let (Some(profile), Some(role)) = (text("InstanceProfileName"), text("RoleName"))
                && Some(profile) == by_name
            {
                out.insert(format!("arn:{}:iam::{}:role/{role}", self.partition(), self.plan.account));
            }
        }
        out
    }

    /// What a service needs of the keys with which the workload's data are encrypted.
    pub(super) fn keys(&self, service: &str) -> Vec<Grant> {
        let workload = self.plan.moves.iter().find(|one| one.id == self.step.of_move).and_then(|one| self.inventory.get(&one.workload));
        let mut texts = Vec::new();
        workload.iter().for_each(|workload| strings(&workload.doc, &mut texts));
        let keys: BTreeSet<String> = texts.into_iter().filter(|text| text.contains(":kms:") && text.contains(":key/")).collect();
        let via = format!("{service}.{}.amazonaws.com", self.plan.region);
        let actions = [
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ];
        let grant = |key: &String, action: &str| Grant::new(action, key.clone()).when("StringEquals", "kms:ViaService", [via.clone()]);
        keys.iter().flat_map(|key| actions.map(|action| grant(key, action))).collect()
    }

    /// The right to have a service make its own role, which it does once in an account.
    pub(super) fn service_linked(&self, service: &str, role: &str) -> Grant {
        let arn = format!("arn:{}:iam::{}:role/aws-service-role/{service}/{role}", self.partition(), self.plan.account);
        Grant::new("iam:CreateServiceLinkedRole", arn).when("StringEquals", "iam:AWSServiceName", [service.to_owned()])
    }

    /// A grant to tag what the call makes, with the migration's tag alone as a must.
    pub(super) fn tag(&self, action: &str, resource: String) -> Grant {
        Grant::new(action, resource).when("StringEquals", &format!("aws:RequestTag/{MIGRATION_TAG}"), [self.plan.migration.clone()])
    }
}

/// The partition of a region.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn is_role(text: &str) -> bool {
    text.starts_with("arn:") && text.contains(":iam:") && text.contains(":role/")
}

fn collect(value: &Value, prefix: &str, output: &str, out: &mut BTreeSet<Found>) {
    match value {
        Value::String(text) => {
            if text.starts_with(prefix) && !text.contains([' ', '$']) {
                out.insert(Found::Id(text.clone()));
            }
            out.extend(references(value).into_iter().filter(|(_, name)| name == output).map(|_| Found::Output));
        }
        Value::Array(list) => list.iter().for_each(|element| collect(element, prefix, output, out)),
        Value::Object(map) => {
            map.iter().filter(|(key, _)| !TEXTS.contains(&key.as_str())).for_each(|(_, element)| collect(element, prefix, output, out));
        }
        _ => {}
    }
}

fn strings(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|element| strings(element, out)),
        Value::Object(map) => map.values().for_each(|element| strings(element, out)),
        _ => {}
    }
}
