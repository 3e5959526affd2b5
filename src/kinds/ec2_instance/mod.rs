//! A stand-alone EC2 instance.
//!
//! Subnet, zone and primary interface are fixed for life; no API moves it (EC2 guide, `using-eni.md`). So it is either
//! relaunched elsewhere from an image of its own (`relocate`), or stays while its subnet turns private (`flip`: id,
//! address and disks stay), or goes (`retire`: a bastion). A public address that AWS assigned by itself never comes back
//! once it is taken off: by `flip` that is left to `cleanup`, so an instance that has one is relocated by preference.
//! Relocation loses what is not on a volume: instance store, memory, the private address; user data runs again.

mod account;
mod launch;
mod membership;
mod moves;
mod relocate;
mod session;

use serde_json::{Value, json};

use super::{Effect, Follow, Kind, Listing, Read, Scope};
use crate::model::facet::{Facets, Guard, Placement, PublicAddress, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Candidate, Renumbering, Risk, Scene, Site, Strategy, WayBack};

pub struct Ec2Instance;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeInstances",
    documents: "Reservations[].Instances[]",
    scope: Scope::Filter("vpc-id"),
    with: super::listing::nothing,
    ids: ("InstanceIds", "InstanceId", "InvalidInstanceID.NotFound"),
    follow: &[VOLUMES, super::session::FOLLOW[0], super::session::FOLLOW[1], super::session::FOLLOW[2]],
};

const VOLUMES: Follow = Follow {
    operation: "ec2:DescribeVolumes",
    result: "Volumes",
    parameters: |docs| {
        let living = docs.iter().filter(|doc| doc["State"]["Name"] != "terminated");
        let ids: Vec<&Value> = living.map(|doc| &doc["InstanceId"]).collect();
        (!ids.is_empty()).then(|| json!({ "Filters": [{ "Name": "attachment.instance-id", "Values": ids }] }))
    },
    batch: 200,
    merge: |doc, answer| {
        let id = path::text(doc, "InstanceId").to_owned();
        let mine = |volume: &&Value| path::texts(volume, "Attachments[].InstanceId").contains(&id);
        doc["Volumes"] = answer["Volumes"].as_array().into_iter().flatten().filter(mine).cloned().collect();
    },
};

/// Whether it belongs to an Auto Scaling group: then the group is the workload, not the instance.
fn scaled(doc: &Value) -> bool {
    tags_of(doc).contains_key("aws:autoscaling:groupName")
}

impl Kind for Ec2Instance {
    fn name(&self) -> &'static str {
        "ec2_instance"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource> {
        let state = path::text(doc, "State.Name");
        if doc["VpcId"] != vpc.as_str() || matches!(state, "terminated" | "shutting-down") {
            return None;
        }
        let id = Id::from(doc["InstanceId"].as_str()?);
        let tags = tags_of(doc);
        let allocation =
            path::first(doc, "NetworkInterfaces[0].Association.IpOwnerId").and_then(Value::as_str).is_some_and(|owner| owner != "amazon");
        let public = doc["PublicIpAddress"]
            .as_str()
            .map(|ip| PublicAddress { ip: ip.to_owned(), allocation: allocation.then(|| Id::new("elastic")) });
        Some(Resource {
            name: tags.get("Name").cloned().unwrap_or_else(|| id.to_string()),
            kind: self.name().to_owned(),
            role: if scaled(doc) { Role::Bystander } else { Role::Workload },
            tags: tags.clone(),
            facets: Facets {
                placement: Some(Placement {
                    subnets: doc["SubnetId"].as_str().into_iter().map(Id::from).collect(),
                    zones: path::texts(doc, "Placement.AvailabilityZone"),
                    through: None,
                }),
                private_addresses: doc["PrivateIpAddress"].as_str().into_iter().map(str::to_owned).collect(),
                public_addresses: public.into_iter().collect(),
                guard: Some(Guard { groups: path::texts(doc, "SecurityGroups[].GroupId").into_iter().map(Id::from).collect() }),
                initiates: true,
                owner: tags.get("aws:autoscaling:groupName").map(|group| Id::new(format!("asg:{group}"))),
                login: Some(super::session::login(doc)),
                state: state.to_owned(),
                ..Facets::default()
            },
            doc: doc.clone(),
            id,
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        account::EFFECTS
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        account::READS
    }

    fn candidates(&self, resource: &Resource, site: &Site<'_>) -> Vec<Candidate> {
        let peers = peers(resource, site);
        let flips = resource.subnets().iter().all(|subnet| site.flipping.contains(subnet));
        let assigned = resource.facets.public_addresses.iter().find(|address| elastic(site, address).is_none());
        let elastic = resource.facets.public_addresses.iter().find(|address| elastic(site, address).is_some());
        let flip = match (assigned, elastic) {
            (Some(address), _) => format!("it would keep {}, which AWS assigned and only an irreversible call takes off", address.ip),
            (None, Some(address)) => format!(
                "its elastic IP {} would have to come off, and AWS then assigns another address that cannot be given back",
                address.ip
            ),
            (None, None) => "id, private address and disks stay; connections inside the VPC are not cut".to_owned(),
        };
        let flip = Candidate::new(Strategy::Flip, flip)
            .takes(5)
            .risk(if flips { Risk::Low } else { Risk::Medium })
            .only_if_asked(assigned.is_some() || elastic.is_some());
        let store = path::text(&resource.doc, "RootDeviceType") == "instance-store";
        let relocate = Candidate::new(Strategy::Relocate, relocation(store, peers, assigned))
            .interrupts(if peers { 0 } else { moves::OUTAGE_S })
            .takes(moves::OUTAGE_S + moves::DRAIN_S)
            .risk(Risk::Medium)
            .way_back(WayBack::UntilFirstWrite)
            .impossible(store);
        let retire = Candidate::new(
            Strategy::Retire,
            "only a person can say that nobody needs it any more; a bastion is stopped when Session Manager reaches the rest",
        )
        .takes(60)
        .risk(Risk::Medium)
        .only_if_asked(true);
        vec![flip, relocate, retire]
    }

    fn draft(&self, resource: &Resource, scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        moves::draft(resource, scene)
    }

    fn renumbers(&self, resource: &Resource, scene: &Scene<'_>) -> Vec<Renumbering> {
        moves::renumbers(resource, scene)
    }
}

/// Why one would relaunch it, or why not; and what even the way back does not restore.
fn relocation(store: bool, peers: bool, assigned: Option<&PublicAddress>) -> String {
    let lost = assigned.map_or_else(String::new, |address| format!("; the way back gives it another address than {}", address.ip));
    match (store, peers) {
        (true, _) => "its root device is an instance store, which no image of AWS's making carries".to_owned(),
        (false, true) => {
            format!("its peers in the target group serve while it is relaunched from its own image; the old one is kept, stopped{lost}")
        }
        (false, false) => format!(
            "relaunched from its own image without a public address; the old one is kept, stopped; it does not answer meanwhile{lost}"
        ),
    }
}

/// Whether another running target serves beside it in every target group that it is in (and it is in at least one).
fn peers(resource: &Resource, site: &Site<'_>) -> bool {
    let groups: Vec<_> = site.index.target_groups(resource.id.as_str()).iter().filter_map(|group| group.facets.targets.as_ref()).collect();
    !groups.is_empty()
        && groups.iter().all(|targets| targets.members.iter().any(|t| t.target != resource.id.as_str() && t.health == "healthy"))
}

/// The elastic IP behind a public address; none if AWS assigned it.
fn elastic<'a>(site: &Site<'a>, address: &PublicAddress) -> Option<&'a Resource> {
    site.index.elastic(&address.ip)
}
