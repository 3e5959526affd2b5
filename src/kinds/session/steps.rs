//! The steps by which Session Manager comes to reach an instance, and those that prove it.

use serde_json::{Value, json};

use super::agent::CORE;
use crate::kinds::build::{MIGRATION_TAG, STEP_TAG, check, filter, output, step, undo, undo_and_wait, wait, wait_or_fail};
use crate::model::inventory::Inventory;
use crate::model::step::{Check, Expect, Need, Stage, Step};

/// Seconds until an agent reports: it asks for new permissions every few minutes, and gives up asking for half an hour.
const ONLINE_S: u64 = 300;
const ONLINE_TIMEOUT_S: u64 = 2400;

/// What a person can do where an agent does not report.
const ADVICE: &str = "does the instance run the agent, has its role the policy, does it get out on 443? hikkoshi explain session-manager";

/// The role and the instance profile that a migration makes for instances that have none.
pub fn profile_name(migration: &str) -> String {
    format!("hikkoshi-{migration}-session")
}

/// The partition that a region belongs to.
fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn policy_arn(inventory: &Inventory) -> String {
    format!("arn:{}:iam::aws:policy/{}", partition(&inventory.region), CORE[0])
}

fn own_tags(migration: &str, id: &str) -> Value {
    json!([{ "Key": MIGRATION_TAG, "Value": migration }, { "Key": STEP_TAG, "Value": id }])
}

/// A role of the instances' gets the policy beside what it has.
pub(super) fn policy(key: &str, role: &str, people: &str, inventory: &Inventory) -> Step {
    let arn = policy_arn(inventory);
    let one = json!({ "RoleName": role });
    let see = |what: &str, expect| check(what, "iam:ListAttachedRolePolicies", one.clone(), "AttachedPolicies[].PolicyArn", expect);
    let both = json!({ "RoleName": role, "PolicyArn": arn });
    step(key, Stage::Access, "session-manager", format!("Let the role {role} of {people} register with Session Manager"))
        .before(see("the role lacks the policy", Expect::Excludes(vec![json!(arn)])))
        .call("iam:AttachRolePolicy", both.clone())
        .settled_by(see("the role has the policy", Expect::Includes(vec![json!(arn)])))
        .undo(vec![undo("iam:DetachRolePolicy", both, see("the role lacks the policy", Expect::Excludes(vec![json!(arn)])))])
        .done()
}

/// A role and a profile of the migration's own.
pub(super) fn own_role(migration: &str, inventory: &Inventory) -> Vec<Step> {
    let name = profile_name(migration);
    let mut policy = policy("session-role-policy", &name, "instances without a profile", inventory);
    policy.needs.push(Need { step: "session-role".into(), because: "the role exists".into() });
    vec![create_role(&name, migration, inventory), policy, create_profile(&name, migration), add_role(&name)]
}

fn create_role(name: &str, migration: &str, inventory: &Inventory) -> Step {
    let id = "session-role";
    let suffix = if partition(&inventory.region) == "aws-cn" { ".cn" } else { "" };
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": format!("ec2.amazonaws.com{suffix}") } }] });
    let one = json!({ "RoleName": name });
    let made = check(
        "the role is the migration's",
        "iam:GetRole",
        one.clone(),
        &format!("Role.Tags[Key={MIGRATION_TAG}].Value"),
        Expect::Equals(json!(migration)),
    );
    step(id, Stage::Access, "session-manager", format!("Create the role {name} for instances that have no profile"))
        .call(
            "iam:CreateRole",
            json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string(),
                "Description": format!("Session Manager, made by migration {migration}"), "Tags": own_tags(migration, id) }),
        )
        .adopt_on(&["EntityAlreadyExists"])
        .settled_by(made)
        .undo(vec![undo("iam:DeleteRole", one.clone(), check("the role is gone", "iam:GetRole", one, "Role.RoleName", Expect::Absent))])
        .done()
}

fn create_profile(name: &str, migration: &str) -> Step {
    let id = "session-profile";
    let one = json!({ "InstanceProfileName": name });
    let see = |what: &str, at: &str, expect| check(what, "iam:GetInstanceProfile", one.clone(), at, expect);
    let tag = format!("InstanceProfile.Tags[Key={MIGRATION_TAG}].Value");
    step(id, Stage::Access, "session-manager", format!("Create the instance profile {name}"))
        .call("iam:CreateInstanceProfile", json!({ "InstanceProfileName": name, "Tags": own_tags(migration, id) }))
        .adopt_on(&["EntityAlreadyExists"])
        .settled_by(see("the profile is the migration's", &tag, Expect::Equals(json!(migration))))
        .undo(vec![undo(
            "iam:DeleteInstanceProfile",
            one.clone(),
            see("the profile is gone", "InstanceProfile.InstanceProfileName", Expect::Absent),
        )])
        .done()
}

fn add_role(name: &str) -> Step {
    let both = json!({ "InstanceProfileName": name, "RoleName": name });
    let roles = |what: &str, expect| {
        check(what, "iam:GetInstanceProfile", json!({ "InstanceProfileName": name }), "InstanceProfile.Roles[].RoleName", expect)
    };
    step("session-profile-role", Stage::Access, "session-manager", format!("Put the role {name} into the profile"))
        .call("iam:AddRoleToInstanceProfile", both.clone())
        .settled_by(roles("the profile holds the role", Expect::Equals(json!(name))))
        .undo(vec![undo("iam:RemoveRoleFromInstanceProfile", both, roles("the profile holds no role", Expect::Absent))])
        .needs("session-role", "the role exists")
        .needs("session-role-policy", "an agent that finds a role without the right asks again much later")
        .needs("session-profile", "the profile exists")
        .done()
}

/// An instance without a profile gets the migration's.
pub fn associate(slug: &str, name: &str, instance: &Value, migration: &str) -> Step {
    let id = format!("{slug}-profile");
    let own = json!({ "Filters": [filter("instance-id", std::slice::from_ref(instance)), filter("state", &[json!("associating"), json!("associated")])] });
    let see = |what: &str, at: &str, expect| {
        check(what, "ec2:DescribeIamInstanceProfileAssociations", own.clone(), &format!("IamInstanceProfileAssociations[].{at}"), expect)
    };
    let gone = || see("it has no profile", "AssociationId", Expect::Absent);
    step(&id, Stage::Access, slug, format!("Give {name} the instance profile {}", profile_name(migration)))
        .before(gone())
        .call(
            "ec2:AssociateIamInstanceProfile",
            json!({ "InstanceId": instance, "IamInstanceProfile": { "Name": profile_name(migration) } }),
        )
        .output("AssociationId", "IamInstanceProfileAssociation.AssociationId")
        .probe_made(
            "ec2:DescribeIamInstanceProfileAssociations",
            own.clone(),
            "IamInstanceProfileAssociations[]",
            &[("AssociationId", "AssociationId")],
        )
        .wait(wait(see("the profile is associated", "State", Expect::Equals(json!("associated"))), 10, 300))
        .undo(vec![undo_and_wait(
            "ec2:DisassociateIamInstanceProfile",
            json!({ "AssociationId": output(&id, "AssociationId") }),
            gone(),
            vec![wait(gone(), 10, 300)],
        )])
        .needs("session-profile-role", "the profile holds its role")
        .done()
}

/// A proof that Session Manager reaches an instance.
pub struct Proof<'a> {
    /// The step's id.
    pub id: String,
    /// Its stage.
    pub stage: Stage,
    /// The move.
    pub slug: &'a str,
    /// The instance, for people.
    pub name: &'a str,
    /// Its id, as a value for a parameter.
    pub instance: &'a Value,
    /// Whether it runs Windows.
    pub windows: bool,
    /// The step after which a sign of life counts.
    pub since: Option<&'a str>,
    /// Whether people log in there from then on.
    pub lasting: bool,
}

/// A sign of life of its agent, then a command that answers.
pub fn proof(of: &Proof<'_>) -> Step {
    let one = json!({ "Filters": [{ "Key": "InstanceIds", "Values": [of.instance] }] });
    let see = |what: &str, at: &str, expect| check(what, "ssm:DescribeInstanceInformation", one.clone(), at, expect);
    let status = "InstanceInformationList[].PingStatus";
    let online = match of.since {
        Some(since) => see(
            "Session Manager's agent reports, later than the change",
            "InstanceInformationList[PingStatus=Online].LastPingDateTime",
            Expect::Later(json!(format!("${{{since}.At}}"))),
        ),
        None => see("Session Manager's agent reports", status, Expect::Equals(json!("Online"))),
    };
    let mut ready = wait(online, if of.since.is_some() { ONLINE_S } else { 1 }, ONLINE_TIMEOUT_S);
    ready.otherwise = ADVICE.to_owned();
    let (document, command) = if of.windows { ("AWS-RunPowerShellScript", "exit 0") } else { ("AWS-RunShellScript", "true") };
    let sent = json!({ "CommandId": output(&of.id, "CommandId"), "InstanceId": of.instance });
    let answered = check(
        "the command has answered",
        "ssm:ListCommandInvocations",
        sent,
        "CommandInvocations[].Status",
        Expect::Equals(json!("Success")),
    );
    let draft = step(&of.id, of.stage, of.slug, format!("Prove that Session Manager reaches {}", of.name))
        .ready(ready)
        .call(
            "ssm:SendCommand",
            json!({ "DocumentName": document, "InstanceIds": [of.instance], "Parameters": { "commands": [command] },
                "Comment": "${self.Token}", "TimeoutSeconds": 60 }),
        )
        .output("CommandId", "Command.CommandId")
        .probe_made(
            "ssm:ListCommands",
            json!({ "InstanceId": of.instance }),
            "Commands[Comment=${self.Token}]",
            &[("CommandId", "CommandId")],
        )
        .wait(wait_or_fail(answered, &["Failed", "TimedOut", "Cancelled"], 5, 300))
        .changes_nothing("it runs a command that does nothing, and waits for its answer");
    if of.lasting { draft.verify(reached(&one)).done() } else { draft.done() }
}

fn reached(one: &Value) -> Check {
    check(
        "Session Manager reaches it",
        "ssm:DescribeInstanceInformation",
        one.clone(),
        "InstanceInformationList[].PingStatus",
        Expect::Equals(json!("Online")),
    )
}
