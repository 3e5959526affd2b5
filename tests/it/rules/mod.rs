//! The network rules: written down from an account, and kept: the end of the migration holds, each breach is found, and
//! only it.

mod command;
mod page;

use hikkoshi::audit::rules::{Fault, Rules, check, of, parse, yaml};
use hikkoshi::cloud::Cloud;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::plan::Plan;
use serde_json::{Value, json};

use crate::support::account::{Docs, block_on, from_cidr, from_group, look, spine};
use crate::support::lab::{ALL, Lab, plan_of};

/// The spine, moved.
struct Moved<'p> {
    lab: Lab<'p>,
    rules: Rules,
}

fn docs() -> (Docs, Plan) {
    let docs = spine();
    let plan = plan_of(&docs, "");
    (docs, plan)
}

fn moved<'p>(docs: &Docs, plan: &'p Plan) -> Moved<'p> {
    let mut lab = Lab::new(docs, plan);
    lab.reach(ALL, "forward");
    let text = yaml(&of(&look(&lab.cloud)));
    let rules = parse(&text).unwrap_or_else(|fault| panic!("{fault:?}\n{text}"));
    assert_eq!(yaml(&rules), text, "what is written is read as it was");
    Moved { lab, rules }
}

impl Moved<'_> {
    fn inventory(&self) -> Inventory {
        look(&self.lab.cloud)
    }

    /// The id of a group by its name.
    fn group(&self, name: &str) -> String {
        let inventory = self.inventory();
        let mut groups = inventory.resources.values().filter(|r| r.kind == "security_group" && r.doc["GroupName"] == name);
        groups.next().unwrap_or_else(|| panic!("no group {name}")).id.to_string()
    }

    /// The running instance of a name.
    fn instance(&self, name: &str) -> String {
        let inventory = self.inventory();
        let mut running =
            inventory.resources.values().filter(|r| r.kind == "ec2_instance" && r.name == name && r.facets.state == "running");
        running.next().unwrap_or_else(|| panic!("no instance {name}")).id.to_string()
    }

    /// What breaks the rules after somebody's calls: `rule resource`.
    #[track_caller]
    fn after(&self, calls: &[(&str, Value)]) -> Vec<String> {
        let fork = self.lab.fork();
        for (operation, parameters) in calls {
            let outcome = block_on(fork.cloud.call(&Call::new(operation, parameters.clone())));
            assert!(matches!(outcome, Outcome::Done(_)), "{operation} {parameters}: {outcome:?}");
            fork.skip(3600);
        }
        let inventory = look(&fork.cloud);
        let found = check(&self.rules, &inventory);
        let ids: std::collections::BTreeSet<&str> = found.iter().map(|breach| breach.finding.id.as_str()).collect();
        assert_eq!(ids.len(), found.len(), "ids are unique");
        found.iter().map(|breach| format!("{} {}", breach.finding.rule, inventory.name(&breach.finding.resource))).collect()
    }

    /// A rule somebody adds to a group.
    fn opened(&self, group: &str, permission: Value) -> Vec<String> {
        self.after(&[("ec2:AuthorizeSecurityGroupIngress", json!({ "GroupId": self.group(group), "IpPermissions": [permission] }))])
    }
}

#[test]
fn the_end_of_the_migration_holds() {
    let (docs, plan) = docs();
    assert_eq!(moved(&docs, &plan).after(&[]), Vec::<String>::new());
}

#[test]
fn the_account_of_before_does_not_hold() {
    let (docs, plan) = docs();
    let moved = moved(&docs, &plan);
    let found = check(&moved.rules, &docs.inventory());
    for rule in ["rules-private-route", "rules-public-database", "rules-public-address", "rules-retired-group"] {
        assert!(found.iter().any(|breach| breach.finding.rule == rule), "{rule} is not found before the migration");
    }
}

#[test]
fn each_opened_port_is_found_and_only_it() {
    let (docs, plan) = docs();
    let moved = moved(&docs, &plan);
    let named = |group: &str| moved.group(group);
    let cases = [
        ("shop-app-1", from_cidr("tcp", 22, "0.0.0.0/0"), "rules-open-login shop-app-1"),
        ("shop-app-1", from_cidr("tcp", 3389, "::/0"), "rules-open-login shop-app-1"),
        ("shop-app-1", from_cidr("tcp", 9000, "0.0.0.0/0"), "rules-open-internet shop-app-1"),
        ("shop-pg-multi", from_cidr("tcp", 5432, "10.0.0.0/16"), "rules-wider shop-pg-multi"),
        ("shop-pg-multi", from_group(5432, &named("alb")), "rules-new-permission shop-pg-multi"),
        ("shop-pg-multi", from_group(6000, &named("shop-app-1")), "rules-wider shop-pg-multi"),
    ];
    for (group, permission, expected) in cases {
        assert_eq!(moved.opened(group, permission.clone()), [expected], "{permission}");
    }
    let halves = json!({ "IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "IpRanges": [{ "CidrIp": "0.0.0.0/1" }, { "CidrIp": "128.0.0.0/1" }] });
    assert_eq!(moved.opened("shop-app-2", halves), ["rules-open-internet shop-app-2"; 2]);
}

#[test]
fn what_becomes_public_is_found_and_only_it() {
    let (docs, plan) = docs();
    let moved = moved(&docs, &plan);
    let inventory = moved.inventory();
    let public = inventory.public_subnets().into_iter().next().expect("a public subnet").to_string();
    let table = inventory
        .tables()
        .into_iter()
        .find(|(subnet, _)| subnet.as_str() == public)
        .map(|(_, table)| table.id.to_string())
        .expect("its table");
    let private = inventory
        .tables()
        .into_iter()
        .find(|(subnet, _)| inventory.name(subnet) == "shop-private-a")
        .map(|(_, table)| table)
        .expect("a table");
    let association =
        private.facets.routing.as_ref().expect("routes").associations.iter().find(|(id, _)| inventory.name(id) == "shop-private-a");
    let association = association.expect("an association").1.clone();
    let database =
        [("rds:ModifyDBInstance", json!({ "DBInstanceIdentifier": "pg-multi", "PubliclyAccessible": true, "ApplyImmediately": true }))];
    assert_eq!(moved.after(&database), ["rules-public-database pg-multi"]);
    let turned = [("ec2:ReplaceRouteTableAssociation", json!({ "AssociationId": association, "RouteTableId": table }))];
    assert_eq!(moved.after(&turned), ["rules-private-route shop-private-a"]);
    let balancer = inventory.resources.values().find(|r| r.name == "internal" && r.kind == "load_balancer");
    if let Some(balancer) = balancer {
        let seats: Vec<&str> = inventory.public_subnets().into_iter().map(Id::as_str).collect();
        let call = json!({ "LoadBalancerArn": balancer.doc["LoadBalancerArn"], "Subnets": seats });
        assert_eq!(moved.after(&[("elasticloadbalancing:SetSubnets", call)]), ["rules-public-workload internal"]);
    }
    let image = moved.lab.cloud.account().resources.of_kind("image").next().expect("an image of the move").id.to_string();
    let launched = json!({ "ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "NetworkInterfaces": [{ "DeviceIndex": 0,
        "SubnetId": public, "Groups": [moved.group("shop-app-1")], "AssociatePublicIpAddress": false }], "ClientToken": "x",
        "TagSpecifications": [{ "ResourceType": "instance", "Tags": [{ "Key": "Name", "Value": "app-1" }] }] });
    let found = moved.after(&[("ec2:RunInstances", launched)]);
    assert!(found.len() == 1 && found[0] == "rules-public-workload app-1", "{found:?}");
}

#[test]
fn an_address_a_retired_group_and_a_new_public_subnet_are_found() {
    let (docs, plan) = docs();
    let moved = moved(&docs, &plan);
    let inventory = moved.inventory();
    let instance = moved.instance("app-1");
    let groups = json!([moved.group("shop-app-1"), "sg-default-all"]);
    let worn = [("ec2:ModifyInstanceAttribute", json!({ "InstanceId": instance, "Groups": groups }))];
    assert_eq!(moved.after(&worn), ["rules-retired-group default-all"]);
    let fork = moved.lab.fork();
    let made = block_on(fork.cloud.call(&Call::new("ec2:AllocateAddress", json!({ "Domain": "vpc" }))));
    let Outcome::Done(address) = made else { panic!("{made:?}") };
    let own = Moved { lab: fork, rules: moved.rules.clone() };
    let on = [("ec2:AssociateAddress", json!({ "AllocationId": address["AllocationId"], "InstanceId": instance }))];
    assert_eq!(own.after(&on), ["rules-public-address app-1"]);
    let table =
        inventory.resources.values().find(|r| r.name == "prod-public" && r.kind == "route_table").expect("the public table").id.to_string();
    let fork = moved.lab.fork();
    let made = block_on(fork.cloud.call(&Call::new(
        "ec2:CreateSubnet",
        json!({ "VpcId": inventory.vpc.as_str(), "CidrBlock": "10.0.200.0/24", "AvailabilityZone": "us-east-1a" }),
    )));
    let Outcome::Done(subnet) = made else { panic!("{made:?}") };
    let own = Moved { lab: fork, rules: moved.rules.clone() };
    assert_eq!(own.after(&[]), Vec::<String>::new(), "a private subnet more breaks nothing");
    let found = own.after(&[("ec2:AssociateRouteTable", json!({ "RouteTableId": table, "SubnetId": subnet["Subnet"]["SubnetId"] }))]);
    assert!(found.len() == 1 && found[0].starts_with("rules-public-subnet "), "{found:?}");
}

/// Who puts on the group of another may do what the other may.
#[test]
fn a_borrowed_group_is_found() {
    let (docs, plan) = docs();
    let moved = moved(&docs, &plan);
    let groups = json!([moved.group("shop-app-1"), moved.group("shop-app-2")]);
    let worn = [("ec2:ModifyInstanceAttribute", json!({ "InstanceId": moved.instance("app-1"), "Groups": groups }))];
    assert_eq!(moved.after(&worn), ["rules-new-wearer shop-app-2"]);
    // A file may leave it open who wears a group.
    let text = yaml(&moved.rules);
    let open: String = text.lines().filter(|line| !line.contains("worn_by: [")).map(|line| format!("{line}\n")).collect();
    let moved = Moved { rules: parse(&open).expect("it reads"), ..moved };
    assert_eq!(moved.after(&worn), Vec::<String>::new());
}

/// A group that nobody wears any more, a line that nobody needs: less than the file allows is no breach.
#[test]
fn less_than_the_file_allows_is_no_breach() {
    let (docs, plan) = docs();
    let moved = moved(&docs, &plan);
    let inventory = moved.inventory();
    let group = &inventory.resources[&Id::from(moved.group("shop-pg-multi"))];
    let first = group.doc["IpPermissions"][0].clone();
    let less = [("ec2:RevokeSecurityGroupIngress", json!({ "GroupId": group.id.as_str(), "IpPermissions": [first] }))];
    assert_eq!(moved.after(&less), Vec::<String>::new());
}

const HEAD: &str = "version: 1\naccount: \"123456789012\"\nregion: us-east-1\nvpc: vpc-1\n";

#[test]
fn a_mistake_in_the_file_is_told_by_line_and_column() {
    let meaning = |text: &str| match parse(&format!("{HEAD}{text}")) {
        Err(Fault::Meaning { line, message, .. }) => format!("{line}: {message}"),
        other => panic!("{other:?}"),
    };
    let line = "groups:\n  - name: a\n    admits:\n      - {ports: tcp 5432, from: b}\n";
    assert!(parse(&format!("{HEAD}{line}")).is_ok());
    assert_eq!(meaning(&line.replace("tcp 5432", "postgres")), "8: `postgres` are no ports");
    assert_eq!(meaning(&line.replace("from: b", "from: 10.0.0.0/99")), "8: `from: 10.0.0.0/99` is no range");
    assert_eq!(meaning(&format!("{line}  - name: a\n")), "9: the group `a` stands here for the second time");
    assert!(matches!(parse(&format!("{HEAD}{}", line.replace("admits", "admit"))), Err(Fault::Form(_))), "an unknown key is a mistake");
    assert!(matches!(parse(&HEAD.replace("version: 1", "version: 2")), Err(Fault::Meaning { line: 1, .. })));
}

/// Names are strangers' text: what they say is said in quotes, and read back.
#[test]
fn hostile_names_are_only_text() {
    let mut docs = spine();
    let evil = "x\"\n- {name: y}, 0.0.0.0/0 # {{";
    docs.doc("sg-alb")["GroupName"] = json!(evil);
    let text = yaml(&of(&docs.inventory()));
    let rules = parse(&text).unwrap_or_else(|fault| panic!("{fault:?}\n{text}"));
    assert!(rules.groups.iter().any(|group| group.value.name == evil), "{text}");
    assert_eq!(check(&rules, &docs.inventory()), []);
    // A group that is called like a range is no range.
    docs.doc("sg-alb")["GroupName"] = json!("0.0.0.0/0");
    docs.doc("sg-default-all")["IpPermissions"].as_array_mut().expect("rules").push(from_group(80, "sg-alb"));
    let rules = parse(&yaml(&of(&docs.inventory()))).expect("it reads");
    let lines = rules.groups.iter().flat_map(|group| &group.value.admits);
    assert!(lines.clone().any(|line| line.value.from == "sg-alb"), "its id is written instead");
}
