//! Security groups by what is known of flows: on whose word each rule stands, and that no flow that must survive is shut out.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hikkoshi::model::flow::{End, Flow};
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::network::{Peer, Ports, Rule, is_world, rules_of};
use hikkoshi::model::seen::Seen;
use hikkoshi::plan::guard::{GroupPlan, Line};
use hikkoshi::plan::{self, Plan, decide, flows, intent};
use ipnet::IpNet;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::known_flows::{resource, seen};
use crate::support::account::{Docs, ZONES, from_cidr, from_group, network, spine, target_group};
use crate::support::lab::head;

/// The plan with what logs show.
fn plan_seen(docs: &Docs, further: &str, seen: &Seen) -> Plan {
    let intent = intent::parse(&format!("{}{further}", head())).unwrap_or_else(|problem| panic!("{problem}"));
    plan::plan_seen(&intent, &docs.inventory(), Some((seen, "hash")), "intent", "inventory").unwrap_or_else(|problem| panic!("{problem}"))
}

fn group<'p>(plan: &'p Plan, workload: &str) -> &'p GroupPlan {
    plan.groups.iter().find(|group| group.workload.as_str() == workload).unwrap_or_else(|| panic!("no group of {workload}"))
}

fn lines(of: &[Line]) -> Vec<String> {
    of.iter().map(|line| format!("{} from {}: {}", line.ports, line.from, line.because)).collect()
}

const OFTEN: &str = "seen 1,204 times 2026-11-01 to 2026-11-14";

#[test]
fn a_flow_that_was_seen_is_a_rule_that_cites_it() {
    let short = seen(
        3,
        &[
            (resource("function:orders"), resource("i-bastion"), Ports::tcp(2222)),
            (resource("lb:app"), resource("i-app-1"), Ports::tcp(8080)),
            (End::Range("10.50.1.0/24".into()), resource("i-bastion"), Ports::tcp(22)),
            (End::Internet, resource("i-bastion"), Ports::tcp(22)),
        ],
    );
    let plan = plan_seen(&spine(), "", &short);
    let bastion = group(&plan, "i-bastion");
    assert_eq!(
        lines(&bastion.rules),
        [format!("tcp 22 from 10.50.1.0/24: {OFTEN}; an address beyond the VPC"), format!("tcp 2222 from orders: {OFTEN}")]
    );
    // Three days are too short to drop what nobody vouches for.
    assert!(bastion.unvouched.iter().any(|line| line.ports == "all traffic" && line.from == "orders"), "{:?}", bastion.unvouched);
    assert!(plan.warnings.iter().any(|w| w == "flow logs: the logs span 3 days, and 14 days are asked for"), "{:?}", plan.warnings);
    assert!(lines(&bastion.dropped).contains(&format!("tcp 22 from the internet: {OFTEN}; the internet does not reach a private subnet")));
    assert_eq!(lines(&group(&plan, "i-app-1").rules)[0], format!("tcp 8080 from app: target of app; {OFTEN}"));
    assert_eq!(plan.flows_sha256.as_deref(), Some("hash"));
}

#[test]
fn logs_that_cover_the_window_end_what_they_do_not_show() {
    let long = seen(
        14,
        &[
            (resource("function:orders"), resource("i-bastion"), Ports::tcp(2222)),
            (resource("i-app-1"), resource("db:pg-single"), Ports::tcp(5432)),
        ],
    );
    let plan = plan_seen(&spine(), "", &long);
    let (bastion, base) = (group(&plan, "i-bastion"), group(&plan, "db:pg-single"));
    assert_eq!((lines(&bastion.rules), &bastion.unvouched), (vec![format!("tcp 2222 from orders: {OFTEN}")], &Vec::new()));
    assert_eq!(lines(&base.rules), [format!("tcp 5432 from app-1: {OFTEN}")]);
    let gone = lines(&bastion.dropped);
    let why = "inside the VPC; nobody vouches for it, and nobody was seen in 14 days of flow logs";
    assert!(gone.contains(&format!("all traffic from billing, reports, app-1, app-2: {why}")), "{gone:#?}");
    assert!(
        gone.contains(&"all traffic from 0.0.0.0/0: the internet does not reach a private subnet; nobody was seen to use it".to_owned())
    );
    let could = lines(&base.dropped);
    assert!(could.contains(&format!("tcp 5432 from billing, orders, reports, app-2, bastion: {why}")), "{could:#?}");
    // The intent decides otherwise: for all, or for one.
    let kept = plan_seen(&spine(), "unvouched: keep", &long);
    assert!(!group(&kept, "i-bastion").unvouched.is_empty());
    let kept = plan_seen(&spine(), "workloads: [{name: pg-single, unvouched: keep}]", &long);
    assert!(group(&kept, "i-bastion").unvouched.is_empty() && group(&kept, "db:pg-single").rules.len() == 6);
    // Who is not in the logs is not judged by them.
    let mut blind = long.clone();
    blind.watched.remove(&Id::from("i-bastion"));
    let plan = plan_seen(&spine(), "", &blind);
    assert!(!group(&plan, "i-bastion").unvouched.is_empty() && group(&plan, "db:pg-single").rules.len() == 1);
    // Nor is anybody by logs that are known not to show all.
    let mut partial = long;
    partial.blind.push("what got through is not logged in subnet-b".to_owned());
    let plan = plan_seen(&spine(), "", &partial);
    assert!(!group(&plan, "i-bastion").unvouched.is_empty() && group(&plan, "db:pg-single").rules.len() > 1);
    assert!(plan.warnings.contains(&"flow logs: what got through is not logged in subnet-b".to_owned()), "{:?}", plan.warnings);
}

#[test]
fn what_todays_rules_would_not_let_through_is_said_and_not_granted() {
    let mut docs = spine();
    docs.group("closed", vec![from_group(5432, "sg-default-all")]);
    docs.doc("pg-single")["VpcSecurityGroups"] = json!([{ "VpcSecurityGroupId": "sg-closed", "Status": "active" }]);
    let plan = plan_seen(&docs, "", &seen(3, &[(resource("i-app-1"), resource("db:pg-single"), Ports::tcp(6543))]));
    let base = group(&plan, "db:pg-single");
    let said = format!("tcp 6543 from app-1: {OFTEN}, and no rule of today lets it through: the logs are older than the rules");
    assert!(lines(&base.dropped).contains(&said), "{:#?}", base.dropped);
    assert!(!base.rules.iter().any(|line| line.ports.contains("6543")));
}

#[test]
fn a_refusal_inside_the_vpc_is_a_warning() {
    let mut logs = seen(14, &[]);
    logs.refused = seen(
        14,
        &[(resource("i-app-1"), resource("db:pg-single"), Ports::tcp(3306)), (End::Internet, resource("i-app-1"), Ports::tcp(23))],
    )
    .flows;
    let plan = plan_seen(&spine(), "", &logs);
    let refused: Vec<&String> = plan.warnings.iter().filter(|w| w.contains("was refused")).collect();
    assert_eq!(refused, [&format!("flow logs: app-1 was refused at pg-single, tcp 3306: {OFTEN}")]);
}

#[test]
fn a_person_puts_several_workloads_under_one_group() {
    let plan = plan_seen(&spine(), "groups: [{name: web servers, members: [app-1, i-app-2]}]", &seen(3, &[]));
    let web = group(&plan, "i-app-1");
    assert_eq!((web.group.as_deref(), web.with.as_slice()), (Some("web servers"), &[Id::from("i-app-2")][..]));
    assert!(!plan.groups.iter().any(|group| group.workload.as_str() == "i-app-2"), "it is in the other's");
    let step = |id: &str| plan.step(id).unwrap_or_else(|| panic!("no step {id}"));
    assert_eq!(step("group-web-servers").call.parameters["GroupName"], "web servers");
    assert!(plan.step("group-app-1").is_none() && plan.step("group-app-2").is_none());
    for workload in ["app-1", "app-2"] {
        let worn = plan
            .steps
            .iter()
            .any(|s| s.of_move == workload && json!(s.call.parameters).to_string().contains("${group-web-servers.GroupId}"));
        assert!(worn, "{workload} never wears it");
    }
    let base = group(&plan, "db:pg-single");
    let built = json!(step("rules-pg-single").call.parameters).to_string();
    assert_eq!(built.matches("${group-web-servers.GroupId}").count(), 1, "one rule for both: {:?}", base.rules);
}

#[test]
fn groups_that_can_not_be_are_refused_where_they_stand() {
    let check = |further: &str, says: &str| {
        let intent = intent::parse(&format!("{}{further}", head())).unwrap_or_else(|problem| panic!("{problem}"));
        let problem = plan::plan(&intent, &spine().inventory(), "", "").expect_err(further);
        assert_eq!(problem.message, says, "{further}");
        assert_eq!(problem.line, 5, "{further}");
    };
    check("groups: [{name: web, members: [nobody]}]", "there is no workload `nobody` in the inventory");
    check("groups: [{name: sg-web, members: [app-1]}]", "`sg-web` can't name a security group");
    check("groups: [{name: alb, members: [app-1]}]", "there is a security group `alb` already");
    check("groups: [{name: web, members: [app-1]}, {name: web, members: [app-2]}]", "there is a security group `web` already");
    check("groups: [{name: web, members: [app-1]}, {name: apps, members: [app-1]}]", "`app-1` is in the group web too");
}

/// A random account: groups with random rules, worn at random.
fn account(rules: &[(u8, u8, u8, u8)], worn: &[u8]) -> Docs {
    let mut docs = network(&ZONES);
    docs.security();
    let names = ["sg-g0", "sg-g1", "sg-g2", "sg-default-all"];
    for at in 0..3u8 {
        let own = rules.iter().filter(|rule| rule.0 % 3 == at).map(|(_, port, peer, which)| {
            let port = [22, 80, 5432, 8080][usize::from(port % 4)];
            let cidrs = ["0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "10.50.0.0/16", "10.0.1.10/32", "203.0.113.0/24"];
            match peer % 3 {
                0 => from_group(port, names[usize::from(which % 4)]),
                1 => from_cidr("tcp", port, cidrs[usize::from(which % 6)]),
                _ => from_cidr("-1", 0, cidrs[usize::from(which % 6)]),
            }
        });
        docs.group(&format!("g{at}"), own.collect());
    }
    let group = |at: usize| names[usize::from(worn[at] % 4)];
    docs.add("target_group", target_group("app", &[("i-one", 8080)], Some("app")));
    docs.instance("one", "a", &[group(0)]);
    docs.instance("two", "b", &[group(1), group(2)][..if group(1) == group(2) { 1 } else { 2 }]);
    docs.instance("three", "a", &[group(3)]);
    docs.balancer("app", "internet-facing", group(4), "app");
    docs.interface("eni-stray", "b", &[group(5)], "Amazon EKS shop", json!({}));
    docs.subnet_group("prod", &ZONES);
    docs.database("pg", "prod", &["a"]);
    docs.doc("pg")["VpcSecurityGroups"] = json!([{ "VpcSecurityGroupId": group(6), "Status": "active" }]);
    docs.doc("eni-pg-a")["Groups"] = json!([{ "GroupId": group(6), "GroupName": group(6).trim_start_matches("sg-") }]);
    docs
}

/// What is worn and let in at the end of a plan.
struct AtEnd<'a> {
    plan: &'a Plan,
    inventory: &'a Inventory,
}

impl AtEnd<'_> {
    fn worn(&self, id: &Id) -> BTreeSet<String> {
        let own = |group: &&GroupPlan| group.workload == *id || group.with.contains(id);
        if let Some(name) = self.plan.groups.iter().find(own).and_then(|group| group.group.as_ref()) {
            let made = self.plan.steps.iter().find(|step| step.call.parameters.get("GroupName") == Some(&json!(name)));
            return BTreeSet::from([format!("${{{}.GroupId}}", made.expect("the group is made").id)]);
        }
        self.inventory.get(id).map(|r| r.groups().iter().map(Id::to_string).collect()).unwrap_or_default()
    }

    fn ingress(&self, group: &str) -> Vec<Rule> {
        let old = self.inventory.get(&group.into()).and_then(|g| g.facets.rules.clone()).map(|rules| rules.ingress).unwrap_or_default();
        let steps = self.plan.steps.iter().filter(|step| step.call.operation.name() == "AuthorizeSecurityGroupIngress");
        let added = steps.filter(|step| step.call.parameters.get("GroupId").and_then(Value::as_str) == Some(group));
        old.into_iter().chain(added.flat_map(|step| rules_of(&step.call.parameters["IpPermissions"]))).collect()
    }

    /// Whether the groups of the acceptor let a flow in at the end.
    fn admits(&self, flow: &Flow) -> bool {
        let End::Resource(to) = &flow.to else { return true };
        let worn = self.worn(to);
        let peers = |rule: &Rule| match (&flow.from, &rule.peer) {
            (End::Resource(from), Peer::Group(group)) => self.worn(from).contains(group.as_str()),
            (End::Resource(from), Peer::Cidr(net)) => self.is_within(from, net),
            (End::Range(range), Peer::Cidr(net)) => range.parse::<IpNet>().is_ok_and(|range| net.contains(&range)),
            (End::Internet, Peer::Cidr(net)) => is_world(net),
            _ => false,
        };
        worn.is_empty() || worn.iter().flat_map(|group| self.ingress(group)).any(|rule| rule.ports.cover(&flow.ports) && peers(&rule))
    }

    /// Whether a thing's address is in a range at the end: anywhere in the VPC for what may be elsewhere then.
    fn is_within(&self, id: &Id, net: &IpNet) -> bool {
        if net.contains(&"10.0.0.0/16".parse::<IpNet>().expect("a range")) {
            return true;
        }
        let moves = self.plan.moves.iter().any(|one| one.workload == *id);
        let resource = self.inventory.get(id).expect("it exists");
        let mut addresses = resource.facets.private_addresses.iter().filter_map(|address| address.parse::<IpAddr>().ok());
        !moves && addresses.any(|address| net.contains(&address))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the old rules are, whatever was seen and whatever the intent wants: what `known` names, the designed groups admit.
    #[test]
    fn no_flow_that_must_survive_is_shut_out(
        rules in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 0..9),
        worn in prop::collection::vec(any::<u8>(), 7),
        talks in prop::collection::vec((0..7usize, 0..5usize, 0..4usize), 0..6),
        days in prop::sample::select(vec![None, Some(3), Some(14)]),
        word in prop::sample::select(vec!["", "unvouched: keep\n", "unvouched: drop\n"]),
        more in prop::sample::select(vec!["", "groups: [{name: shared, members: [one, pg]}]\n", "groups: [{name: shared, members: [one, two, three]}]\n", "flows: [{from: three, to: one, port: 9000}]\n"]),
        way in prop::sample::select(vec!["", "workloads: [{name: two, strategy: flip}, {name: one, strategy: flip}]\n", "workloads: [{name: three, strategy: retire}]\n"]),
    ) {
        let docs = account(&rules, &worn);
        let ends = [resource("i-one"), resource("i-two"), resource("i-three"), resource("db:pg"), resource("lb:app"), End::Internet, End::Range("10.50.1.0/24".into())];
        let ports = [22, 80, 5432, 8080];
        let talks: Vec<(End, End, Ports)> = talks.iter().map(|(from, to, port)| (ends[*from].clone(), ends[*to].clone(), Ports::tcp(ports[*port]))).collect();
        let mut logs = days.map(|days| seen(days, &talks));
        if let Some(logs) = &mut logs {
            let watch = logs.watched.values().next().cloned().expect("something is watched");
            logs.watched.extend(["i-one", "i-two", "i-three", "db:pg"].map(|id| (Id::from(id), watch.clone())));
        }
        let intent = intent::parse(&format!("{}{word}{more}{way}", head())).expect("a sound intent");
        let inventory = docs.inventory();
        let plan = plan::plan_seen(&intent, &inventory, logs.as_ref().map(|logs| (logs, "hash")), "", "").expect("it plans");
        let decisions = decide::decide(&intent, &inventory).expect("it decides");
        let known = flows::known(&intent, &inventory, logs.as_ref(), &decisions).expect("it knows");
        let end = AtEnd { plan: &plan, inventory: &inventory };
        let shut: Vec<&Flow> = known.iter().filter(|flow| !end.admits(flow)).collect();
        prop_assert!(shut.is_empty(), "{:#?}", shut);
        let sizes = plan.steps.iter().filter(|s| s.call.operation.name() == "AuthorizeSecurityGroupIngress").map(|s| rules_of(&s.call.parameters["IpPermissions"]).len());
        prop_assert!(sizes.max().unwrap_or(0) <= 60);
    }
}
