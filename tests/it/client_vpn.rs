//! A Client VPN for developers: there before a database stops being public, gone again on the way back.

use hikkoshi::execute::machine::Goal;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::step::{Stage, Step};
use hikkoshi::plan::Plan;
use hikkoshi::world::World;
use serde_json::{Value, json};

use crate::planner::try_plan;
use crate::simulation::{crashes, faults_back, faults_there};
use crate::support::account::{Docs, VPC, network, spine};
use crate::support::account_access::VPN;
use crate::support::lab::{ALL, Lab, plan_of};
use crate::support::view::{made, same, twice, view_of};

#[track_caller]
fn step<'p>(plan: &'p Plan, id: &str) -> &'p Step {
    plan.step(id).unwrap_or_else(|| panic!("no step {id} among {:?}", plan.steps.iter().map(|s| &s.id).collect::<Vec<_>>()))
}

/// One zone with a public database and nothing else.
fn database_alone() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.subnet_group("one", &["a"]);
    docs.database("pg", "one", &["a"]);
    docs
}

#[test]
fn the_endpoint_is_what_the_intent_asks_for() {
    let plan = plan_of(&spine(), VPN);
    let made = &step(&plan, "client-vpn").call.parameters;
    assert_eq!(made["ClientCidrBlock"], "10.200.0.0/22");
    assert_eq!(made["SplitTunnel"], true, "AWS's default sends everything through the tunnel");
    assert_eq!(made["DnsServers"], json!(["10.0.0.2"]), "the VPC's resolver");
    assert_eq!(made["SecurityGroupIds"], json!(["${group-client-vpn.GroupId}"]), "without a group it would get the VPC's default");
    assert_eq!(made["AuthenticationOptions"][0]["Type"], "certificate-authentication");
    assert_eq!(made["ClientToken"], "${self.Token}");
    for zone in ["a", "b", "c"] {
        let into = step(&plan, &format!("client-vpn-{zone}"));
        assert_eq!(into.call.parameters["SubnetId"], format!("${{subnet-private-{zone}.SubnetId}}"));
        assert_eq!(into.stage, Stage::Access);
    }
    assert!(step(&plan, "client-vpn-b").needs.iter().any(|need| need.step == "client-vpn-a"), "one change of an endpoint at a time");
    assert_eq!(step(&plan, "client-vpn-authorize").call.parameters["TargetNetworkCidr"], "10.0.0.0/16");
    assert_eq!(step(&plan, "group-client-vpn").stage, Stage::Access, "the endpoint is made with it");
    for database in ["pg-single", "pg-multi"] {
        let rules = json!(step(&plan, &format!("rules-{database}")).call.parameters).to_string();
        assert!(rules.contains("${group-client-vpn.GroupId}"), "{database}: {rules}");
    }
    let app = json!(step(&plan, "rules-app-1").call.parameters).to_string();
    assert!(!app.contains("client-vpn"), "developers reach what stores data");
    let federated = VPN.replace(
        "client_ca: arn:aws:acm:us-east-1:123456789012:certificate/ca",
        "saml_provider: arn:aws:iam::123456789012:saml-provider/x",
    );
    let plan = plan_of(&spine(), &format!("{federated}  zones: [us-east-1b]\n  split_tunnel: false\n  dns: [10.9.9.9]\n"));
    let made = &step(&plan, "client-vpn").call.parameters;
    assert_eq!(made["AuthenticationOptions"][0]["Type"], "federated-authentication");
    assert_eq!((&made["SplitTunnel"], &made["DnsServers"]), (&json!(false), &json!(["10.9.9.9"])));
    assert!(plan.step("client-vpn-a").is_none() && plan.step("client-vpn-b").is_some());
}

#[test]
fn a_mistaken_wish_is_refused_where_it_stands() {
    let check = |from: &str, to: &str, line: u64, column: u64, words: &str| {
        let further = VPN.replace(from, to);
        assert_ne!(further, VPN, "{from}");
        let problem = try_plan(&spine().inventory(), &further).err().unwrap_or_else(|| panic!("{further} is planned"));
        assert_eq!((problem.line, problem.column), (line, column), "{further}: {problem:?}");
        assert!(problem.message.contains(words), "{further}: {problem:?}");
    };
    check("10.200.0.0/22", "10.200.0.0/24", 6, 16, "no range for clients");
    check("10.200.0.0/22", "10.200.1.0/20", 6, 16, "no range for clients");
    check("10.200.0.0/22", "10.0.8.0/22", 6, 16, "overlaps 10.0.0.0/16");
    check("server_certificate: arn:aws:acm", "server_certificate: arn:aws:iam", 7, 23, "not the ARN");
    check("client_ca: arn:aws:acm", "client_ca: acm", 8, 14, "not the ARN");
    check("  client_ca: arn:aws:acm:us-east-1:123456789012:certificate/ca\n", "", 6, 16, "one of them");
    check("client_ca", "client_caa", 8, 3, "`client_caa`");
    check("client_cidr: ", "zones: [us-east-1x]\n  client_cidr: ", 6, 11, "no private subnet in `us-east-1x`");
    let mut docs = spine();
    let peer = crate::support::account::route("10.200.0.0/16", "VpcPeeringConnectionId", "pcx-1");
    docs.doc("rtb-public")["Routes"].as_array_mut().expect("routes").push(peer);
    let problem = try_plan(&docs.inventory(), VPN).expect_err("a peer has this range");
    assert!(problem.message.contains("overlaps 10.200.0.0/16"), "{problem:?}");
}

#[test]
fn the_way_there_and_back_leaves_nothing() {
    let docs = spine();
    let plan = plan_of(&docs, VPN);
    let mut lab = Lab::new(&docs, &plan);
    let start = view_of(&lab.cloud);
    lab.reach(ALL, "forward");
    assert_eq!(twice(&lab.cloud), Vec::<String>::new());
    lab.reach(Goal::Back(None), "back");
    lab.skip(7200);
    same("back", &start, &view_of(&lab.cloud));
    assert!(made(&lab.cloud).is_empty(), "{:?}", made(&lab.cloud));
}

#[test]
fn a_disturbed_access_stage_comes_to_the_same_end() {
    let docs = database_alone();
    let plan = plan_of(&docs, VPN);
    assert!(faults_there(&docs, &plan, &[Stage::Access]) >= 16);
    faults_back(&docs, &plan, &[Stage::Access]);
    crashes(&docs, &plan, &[Stage::Access]);
}

#[test]
fn the_simulated_account_refuses_what_client_vpn_refuses() {
    let mut world = World::resume(spine().account());
    let mut call = |operation: &str, parameters: Value| match world.call(&Call::new(operation, parameters)) {
        Outcome::Done(answer) => answer,
        Outcome::Refused(refusal) => json!(refusal.code),
        Outcome::Unknown(why) => panic!("{operation}: {why}"),
    };
    let create = |cidr: &str| {
        json!({ "ClientCidrBlock": cidr, "ServerCertificateArn": "arn:aws:acm:x", "VpcId": VPC, "SecurityGroupIds": ["sg-alb"],
        "AuthenticationOptions": [{ "Type": "certificate-authentication" }] })
    };
    assert_eq!(call("ec2:CreateClientVpnEndpoint", create("10.200.0.0/24")), "InvalidParameterValue");
    assert_eq!(call("ec2:CreateClientVpnEndpoint", create("10.0.0.0/16")), "InvalidParameterValue");
    let id = call("ec2:CreateClientVpnEndpoint", create("10.200.0.0/22"))["ClientVpnEndpointId"].clone();
    let associate = |subnet: &str| json!({ "ClientVpnEndpointId": id, "SubnetId": subnet });
    assert!(call("ec2:AssociateClientVpnTargetNetwork", associate("subnet-a"))["AssociationId"].is_string());
    let twice = call("ec2:AssociateClientVpnTargetNetwork", associate("subnet-a"));
    assert_eq!(twice, "InvalidClientVpnDuplicateAssociationException");
    assert_eq!(call("ec2:AssociateClientVpnTargetNetwork", associate("subnet-none")), "InvalidSubnetID.NotFound");
    let deleted = call("ec2:DeleteClientVpnEndpoint", json!({ "ClientVpnEndpointId": id }));
    assert_eq!(deleted, "InvalidClientVpnEndpoint.AssociatedTargetNetworks");
    assert_eq!(call("ec2:DeleteSubnet", json!({ "SubnetId": "subnet-a" })), "DependencyViolation", "its interface is there");
    let authorize = json!({ "ClientVpnEndpointId": id, "TargetNetworkCidr": "10.0.0.0/16", "AuthorizeAllGroups": true });
    assert!(call("ec2:AuthorizeClientVpnIngress", authorize.clone())["Status"].is_object());
    assert_eq!(call("ec2:AuthorizeClientVpnIngress", authorize), "InvalidClientVpnDuplicateAuthorizationRule");
    let other = json!({ "ClientVpnEndpointId": id, "TargetNetworkCidr": "10.9.0.0/16" });
    assert_eq!(call("ec2:AuthorizeClientVpnIngress", other.clone()), "MissingParameter");
    assert_eq!(call("ec2:RevokeClientVpnIngress", other), "InvalidClientVpnEndpointAuthorizationRuleNotFound");
}
