//! A first intent, written from what was found: commented, and ready to plan as it is.

use std::fmt::Write;

use super::decide::{Decisions, decide};
use super::intent::{Problem, parse};
use crate::model::facet::Role;
use crate::model::inventory::Inventory;
use crate::model::network::is_world;
use crate::model::resource::Resource;

/// The intent's text.
///
/// # Errors
/// If the name can't name a migration.
pub fn write(name: &str, inventory: &Inventory) -> Result<String, Problem> {
    let head = head(name, inventory);
    let intent = parse(&head)?;
    let decisions = decide(&intent, inventory)?;
    let mut out = head;
    settings(&mut out, inventory);
    workloads(&mut out, &decisions, inventory);
    out.push_str(
        "\n# Connections that must keep working, beside those that load balancers, database ports and flow logs show.\n\
         flows:\n  # - {from: orders, to: app-1, port: 8080}\n\
         \n# Session Manager instead of SSH, for every instance that moves: roles get what it needs, and a command proves it before\n\
         # and after the move. off: for none; {skip: [app-1], reason: it has no agent}: for all but some. A bastion that\n\
         # nobody needs then: strategy retire.\n\
         session_manager: on\n\
         \n# A Client VPN by which developers reach databases that are not public any more; it is there before they stop being so.\n\
         # Certificates are made and put into ACM by you; client_cidr overlaps neither the VPC nor a route.\n\
         # client_vpn:\n\
         #   client_cidr: 10.200.0.0/22\n\
         #   server_certificate: arn:aws:acm:REGION:ACCOUNT:certificate/…\n\
         #   client_ca: arn:aws:acm:REGION:ACCOUNT:certificate/…   # or saml_provider: arn:aws:iam::ACCOUNT:saml-provider/…\n",
    );
    Ok(out)
}

fn head(name: &str, inventory: &Inventory) -> String {
    let vpc = inventory.network().map_or("", |vpc| vpc.name.as_str());
    format!(
        "# yaml-language-server: $schema=./intent.schema.json\n\
         # What migration {name} is to do. Written by `hikkoshi init` on {}; edit it, then `hikkoshi plan {name}`.\n\
         # Everything below the first four lines has a default: what you delete is decided by the planner.\n\
         migration: {name}\n\
         account: \"{}\"\n\
         region: {}\n\
         vpc: {}{}\n",
        inventory.taken_at,
        inventory.account,
        inventory.region,
        inventory.vpc,
        if vpc.is_empty() || vpc == inventory.vpc.as_str() { String::new() } else { format!("   # {}", one_line(vpc)) },
    )
}

/// A name in a comment or a flow mapping: nothing in it may end the line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A name as a YAML scalar: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let word = !text.is_empty() && text.chars().all(plain) && text.starts_with(|c: char| c.is_ascii_alphabetic());
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if word && !reserved { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn settings(out: &mut String, inventory: &Inventory) {
    let exists = |service: &str| {
        inventory.with_role(Role::Endpoint).any(|e| e.doc["ServiceName"].as_str().is_some_and(|n| n.ends_with(&format!(".{service}"))))
    };
    let note = |service: &str| if exists(service) { " (the VPC has one: the new route tables join it)" } else { "" };
    let _ = write!(
        out,
        "\n# How private subnets get out: zonal (a NAT gateway in each zone), single (one for all: cheaper, but one zone's\n\
         # failure cuts all), regional (one that spans zones).\n\
         nat: zonal\n\
         \n\
         # Sizes of the new subnets; smaller ones are taken where such a range isn't free. `avoid` keeps ranges clear, such as\n\
         # a Client VPN's or a planned peer's.\n\
         subnets:\n  private_prefix: 24\n  public_prefix: 27\n  avoid: []\n\
         \n\
         # Gateway endpoints cost nothing: s3{}, dynamodb{}. Interface endpoints cost per zone and hour;\n\
         # with NAT they are optional: ssm, ssmmessages, ec2messages, ecr.api, ecr.dkr, logs, secretsmanager, sts, …\n\
         endpoints:\n  gateway: [s3, dynamodb]\n  interface: []\n\
         \n\
         # What the old security groups allowed inside the VPC and nobody can vouch for: auto (kept between the groups concerned,\n\
         # until flow logs cover the days below and show nothing), keep, or drop. The plan lists it either way.\n\
         unvouched: auto\n\
         \n\
         # How many days flow logs must cover without a gap before what they don't show is dropped\n\
         # (`hikkoshi flows NAME --logs PATH`). What runs once a month shows in 31 only.\n\
         flow_logs: {{days: 14}}\n\
         \n\
         # How many percent of its healthy targets each target group keeps at every moment, and the longest interruption of\n\
         # a workload for which no strategy is named below.\n\
         limits:\n  healthy_percent: 50\n  # interruption_minutes: 5\n\
         \n\
         # One security group for several workloads; the others get one of their own each.\n\
         groups:\n  # - {{members: [app-1, app-2], name: web}}\n",
        note("s3"),
        note("dynamodb"),
    );
}

fn workloads(out: &mut String, decisions: &Decisions<'_>, inventory: &Inventory) {
    out.push_str(
        "\n# One line per workload that is public today, with the strategy that the planner would take. To decide otherwise,\n\
         # take the # off and change it: relocate, flip, stay, retire (a bastion), skip (with reason and until).\n\
         workloads:\n",
    );
    for (id, decision) in &decisions.by_workload {
        let Some(resource) = inventory.get(id).filter(|_| decision.moves) else { continue };
        let others: Vec<&str> = decision.rejected.iter().filter(|c| !c.impossible).map(|c| c.strategy.name()).collect();
        let other = if others.is_empty() { String::new() } else { format!("; or {}", others.join(", ")) };
        let _ = writeln!(
            out,
            "  # - {{name: {}, strategy: {}}}   # {}, {}{}{}",
            quoted(if decisions.names.count(&resource.name) == 1 { &resource.name } else { resource.id.as_str() }),
            decision.strategy.name(),
            resource.kind,
            one_line(&decision.taken.reason),
            other,
            hint(resource, inventory)
        );
    }
}

/// What looks like a bastion is said to look like one.
fn hint(resource: &Resource, inventory: &Inventory) -> &'static str {
    let named = ["bastion", "jump"].iter().any(|word| resource.name.to_lowercase().contains(word));
    let ssh = resource.groups().iter().filter_map(|g| inventory.get(g)?.facets.rules.as_ref()).flat_map(|r| &r.ingress).any(|rule| {
        let world = matches!(&rule.peer, crate::model::network::Peer::Cidr(net) if is_world(net));
        world && rule.ports.cover(&crate::model::network::Ports::tcp(22))
    });
    if named && ssh && resource.role == Role::Workload { " (looks like a bastion: `retire` stops it instead)" } else { "" }
}
