//! What each AWS resource means. One file per kind, one line of registration.
//!
//! A kind says how it is listed and read, which strategies it has and at what price, the draft of its steps, and what
//! each of its calls does to a simulated account, *including what AWS refuses*. All it says is in the vocabulary of
//! [`crate::model`]: the rest of the program does not change when a kind is added.

use serde_json::Value;

use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::id::Id;
use crate::model::resource::{Doc, Resource};
use crate::model::step::Step;
use crate::model::strategy::{Blocker, Candidate, Member, Provision, Renumbering, Scene, Site};

mod auto_scaling_group;
mod batch_compute_environment;
mod build;
mod cache_cluster;
mod cache_cluster_account;
mod cache_cluster_copy;
mod cache_subnet_group;
mod classic_balancer;
mod client_vpn;
mod db_cluster;
mod db_event;
mod db_instance;
mod db_subnet_group;
mod dns_record;
mod ec2_instance;
mod ecs_service;
mod effects;
mod elastic_ip;
mod image;
mod internet_gateway;
mod lambda_function;
mod listing;
mod load_balancer;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod place;
mod prefix_list;
mod replication_group;
mod route_table;
mod scheduled_task;
mod security_group;
mod serverless_cache;
mod session;
mod subnet;
mod target_group;
mod vpc;
mod vpc_endpoint;
mod zones;

pub use build::{MIGRATION_TAG, STEP_TAG};
pub use listing::{Each, Follow, Listing, Named, Scope, Source, Spot, answer as listing_answer};
pub use network_interface::{addresses, relate};

/// What a mutating call does to a simulated account: AWS's answer, or AWS's refusal.
pub type Effect = fn(&mut Account, &Object) -> Result<Value, Refusal>;

/// What a read of a simulated account answers.
pub type Read = fn(&Account, &Object) -> Result<Value, Refusal>;

/// A kind of AWS resource.
pub trait Kind: Sync {
    /// Its name, such as `ec2_instance`.
    fn name(&self) -> &'static str;

    /// How AWS lists it; none for what is found inside other answers.
    fn listing(&self) -> Option<&'static Listing>;

    /// Puts listed documents together that are about one thing, such as a function's versions into its own.
    fn gather(&self, documents: Vec<Value>) -> Vec<Value> {
        documents
    }

    /// One element of the list as a resource, which keeps the document unless there is something secret in it; none if it
    /// doesn't belong to the VPC or exists no more.
    fn parse(&self, doc: &Doc, vpc: &Id) -> Option<Resource>;

    /// Its mutating calls.
    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[]
    }

    /// Its reads beside the listing.
    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[]
    }

    /// The strategies that AWS allows for a resource, each with its price; the first is the one to prefer among equals.
    fn candidates(&self, _resource: &Resource, _site: &Site<'_>) -> Vec<Candidate> {
        Vec::new()
    }

    /// The steps that carry a resource across by the chosen strategy.
    ///
    /// # Errors
    /// What stands in the way, with a way out.
    fn draft(&self, _resource: &Resource, _scene: &Scene<'_>) -> Result<Vec<Step>, Blocker> {
        Ok(Vec::new())
    }

    /// The steps that carry across, together, all that this resource places: the members of its unit that rotate. What
    /// one of them needs for itself alone is in its own draft.
    ///
    /// # Errors
    /// What stands in the way, with a way out.
    fn draft_unit(&self, _unit: &Resource, _members: &[Member<'_>]) -> Result<Vec<Step>, Blocker> {
        Ok(Vec::new())
    }

    /// The addresses that others replace when a resource is carried across by the chosen strategy. Asked only where its
    /// draft has steps; an address that isn't named stays, or nobody knows what takes its place.
    fn renumbers(&self, _resource: &Resource, _scene: &Scene<'_>) -> Vec<Renumbering> {
        Vec::new()
    }

    /// The steps by which a name is led on from addresses that others replace: all changes of this name, in the order in
    /// which they are to be made, those of one move in that move.
    ///
    /// # Errors
    /// What stands in the way, with a way out.
    fn lead_on(&self, _name: &Resource, _changes: &[&Renumbering]) -> Result<Vec<Step>, Blocker> {
        Ok(Vec::new())
    }

    /// The steps that provide a piece of foundation, if that is this kind's trade.
    fn provide(&self, _provision: &Provision, _migration: &str, _inventory: &crate::model::inventory::Inventory) -> Option<Vec<Step>> {
        None
    }
}

/// Every kind, in the order in which a reader would meet them.
pub static KINDS: &[&dyn Kind] = &[
    &vpc::Vpc,
    &subnet::Subnet,
    &route_table::RouteTable,
    &internet_gateway::InternetGateway,
    &internet_gateway::EgressOnlyGateway,
    &nat_gateway::NatGateway,
    &elastic_ip::ElasticIp,
    &vpc_endpoint::VpcEndpoint,
    &security_group::SecurityGroup,
    &network_acl::NetworkAcl,
    &prefix_list::ManagedPrefixList,
    &network_interface::NetworkInterface,
    &ec2_instance::Ec2Instance,
    &image::Image,
    &session::IamRole,
    &session::InstanceProfile,
    &session::SsmCommand,
    &client_vpn::ClientVpnEndpoint,
    &lambda_function::LambdaFunction,
    &ecs_service::EcsService,
    &scheduled_task::ScheduledTask,
    &scheduled_task::Schedule,
    &scheduled_task::StateMachine,
    &auto_scaling_group::AutoScalingGroup,
    &batch_compute_environment::BatchComputeEnvironment,
    &db_subnet_group::DbSubnetGroup,
    &db_instance::DbInstance,
    &db_cluster::DbCluster,
    &load_balancer::LoadBalancer,
    &classic_balancer::ClassicBalancer,
    &target_group::TargetGroup,
    &cache_subnet_group::CacheSubnetGroup,
    &replication_group::ReplicationGroup,
    &cache_cluster::CacheCluster,
    &serverless_cache::ServerlessCache,
    &dns_record::DnsRecord,
];

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}

/// The steps that provide a piece of foundation, by whichever kind makes such things.
///
/// # Panics
/// If no kind provides it: a gap in the registration.
pub fn provide(provision: &Provision, migration: &str, inventory: &crate::model::inventory::Inventory) -> Vec<Step> {
    KINDS
        .iter()
        .find_map(|kind| kind.provide(provision, migration, inventory))
        .unwrap_or_else(|| panic!("no registered kind provides {provision:?}"))
}
