//! What the account costs more, or less, in a month afterwards: from a dated table of list prices.
//!
//! Counted is what has an hourly price and changes: NAT gateways, elastic IPs, interface endpoints, Client VPN
//! associations, public addresses that go. Traffic is not known here: its price is told per gigabyte. What a workload
//! costs (instance hours, storage) is the same before and after, and not counted.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::model::inventory::Inventory;
use crate::model::resource::Resource;
use crate::model::step::Step;
use crate::model::strategy::{Candidate, Strategy};

/// One region's prices, in US dollars.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// A NAT gateway, per hour.
    pub nat_hour: f64,
    /// A gigabyte through a NAT gateway.
    pub nat_gb: f64,
    /// An interface endpoint in one zone, per hour.
    pub endpoint_hour: f64,
    /// A public IPv4 address, per hour.
    pub address_hour: f64,
    /// A Client VPN endpoint's association with one subnet, per hour.
    pub vpn_hour: f64,
}

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When it was written down.
    pub date: String,
    /// From where.
    pub source: String,
    /// Hours in a month.
    pub hours_month: f64,
    /// Prices by region.
    pub regions: BTreeMap<String, Region>,
    /// The region taken for one that isn't there.
    pub default: String,
}

static PRICES: LazyLock<Prices> =
    LazyLock::new(|| serde_yaml::from_str(include_str!("prices.yaml")).expect("the table in the source is well-formed"));

/// The table of this version.
pub fn prices() -> &'static Prices {
    &PRICES
}

impl Prices {
    /// A region's prices, and whether they are its own.
    pub fn of(&self, region: &str) -> (Region, bool) {
        match self.regions.get(region) {
            Some(own) => (*own, true),
            None => (self.regions[&self.default], false),
        }
    }

    fn cents_month(&self, per_hour: f64) -> i64 {
        (per_hour * self.hours_month * 100.0).round() as i64
    }
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What.
    pub what: String,
    /// How many more; fewer where it is negative.
    pub count: i64,
    /// Cents of a US dollar in a month, in all.
    pub cents_month: i64,
}

/// The whole difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The lines.
    pub lines: Vec<Line>,
    /// Their sum, in cents of a US dollar in a month.
    pub cents_month: i64,
    /// What a gigabyte through NAT costs, in thousandths of a dollar: traffic is not in the sum.
    pub nat_gb_mills: i64,
    /// The table: its date, and whether the region is in it.
    pub prices: String,
}

/// What a plan's steps make, less the public addresses that go.
pub fn cost(inventory: &Inventory, steps: &[Step], addresses_gone: usize) -> Cost {
    let prices = prices();
    let (region, own) = prices.of(&inventory.region);
    let calls = |name: &str| steps.iter().filter(|step| step.call.operation.name() == name).count() as i64;
    let endpoints = steps.iter().filter(|step| step.call.operation.name() == "CreateVpcEndpoint");
    let seats = endpoints.filter_map(|step| step.call.parameters.get("SubnetIds")?.as_array().map(Vec::len)).sum::<usize>() as i64;
    let mut lines = Vec::new();
    let mut add = |what: &str, count: i64, per_hour: f64| {
        if count != 0 {
            lines.push(Line { what: what.to_owned(), count, cents_month: count * prices.cents_month(per_hour) });
        }
    };
    add("NAT gateways", calls("CreateNatGateway"), region.nat_hour);
    add("elastic IPs of NAT gateways", calls("AllocateAddress"), region.address_hour);
    add("interface endpoints, per zone", seats, region.endpoint_hour);
    add("Client VPN associations", calls("AssociateClientVpnTargetNetwork"), region.vpn_hour);
    add("public addresses that workloads give up", -(addresses_gone as i64), region.address_hour);
    let cents_month = lines.iter().map(|line| line.cents_month).sum();
    let whose = if own { String::new() } else { format!("; {} is not in it, {}'s are taken", inventory.region, prices.default) };
    Cost {
        lines,
        cents_month,
        nat_gb_mills: (region.nat_gb * 1000.0).round() as i64,
        prices: format!("list prices of {}{whose}", prices.date),
    }
}

/// What each strategy changes on a workload's own bill: the public addresses that it loses.
pub fn weigh(candidates: &mut [Candidate], resource: &Resource, region: &str) {
    let prices = prices();
    let each = prices.cents_month(prices.of(region).0.address_hour);
    for candidate in candidates.iter_mut() {
        candidate.cost_cents_month -= addresses_lost(candidate.strategy, resource) as i64 * each;
    }
}

/// How many public addresses a workload has no more afterwards. What flips keeps an address of its own: without the
/// internet gateway's route it is of no use, and only a call that can't be undone takes it off.
pub fn addresses_lost(strategy: Strategy, resource: &Resource) -> usize {
    let managed = usize::from(resource.facets.publicly_accessible);
    match strategy {
        Strategy::Stay | Strategy::Skip => 0,
        Strategy::Flip => managed,
        _ => resource.facets.public_addresses.len().max(managed),
    }
}

/// Cents as dollars: `12.34`, `-3.65`.
pub fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}${}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_dated_sourced_and_whole() {
        let prices = prices();
        assert!(prices.date.parse::<jiff::civil::Date>().is_ok());
        assert!(prices.source.contains("aws.amazon.com"));
        assert!(prices.of("us-east-1").1 && !prices.of("mars-north-1").1);
        for (name, region) in &prices.regions {
            let all = [region.nat_hour, region.nat_gb, region.endpoint_hour, region.address_hour, region.vpn_hour];
            assert!(all.iter().all(|price| (0.001..1.0).contains(price)), "{name}");
        }
    }

    #[test]
    fn cents_read_as_dollars() {
        assert_eq!([dollars(0), dollars(5), dollars(-365), dollars(123_456)], ["$0.00", "$0.05", "-$3.65", "$1234.56"]);
    }
}
