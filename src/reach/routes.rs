//! Where a subnet's route table sends packets.

use ipnet::IpNet;

use super::fact::{Fact, Key, View};
use super::filters::prefixes;
use super::rest::same_family;
use crate::model::facet::{Hop, Route, Routing};
use crate::model::id::Id;

/// Where packets are to go.
#[derive(Clone, Copy)]
pub struct Goal<'q> {
    /// To these addresses, or for a service whose addresses are not known to one that stands for them.
    pub net: IpNet,
    /// To this service: a route to its gateway endpoint goes before all others, because its list is of the service's own
    /// addresses.
    pub service: Option<&'q str>,
}

/// What a table says.
pub enum Found<'v> {
    /// This table's route.
    Route(&'v Id, &'v Route),
    /// This table has a route to a prefix list whose ranges nobody knows; it may catch the packets.
    Unknown(&'v Id, &'v Route),
    /// No route in this table.
    None(&'v Id),
    /// No table is known.
    NoTable,
}

/// The table that serves a subnet: its own, else the main one.
pub fn table_of<'v>(view: &'v dyn View, subnet: &Id) -> Option<(&'v Id, &'v Routing)> {
    let Some(Fact::Is(id)) = view.fact(&Key::Table(subnet.clone())).or_else(|| view.fact(&Key::MainTable)) else { return None };
    match view.fact(&Key::Routing(id.clone())) {
        Some(Fact::Routing(routing)) => Some((id, routing)),
        _ => None,
    }
}

/// How a route matches: the length of its prefix, and its rank among routes of the same length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Match(u8, Rank);

/// VPC user guide, "How route priority works": after the longest prefix, static routes, prefix lists, propagated routes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Propagated,
    List,
    Static,
}

/// Looks up where packets from a subnet go. A propagated route never wins over the local one, however specific it is.
pub fn lookup<'v>(view: &'v dyn View, subnet: &Id, goal: Goal<'_>) -> Found<'v> {
    let Some((id, routing)) = table_of(view, subnet) else { return Found::NoTable };
    if let Some(route) = goal.service.and_then(|service| routing.routes.iter().find(|route| serves(view, route, service))) {
        return Found::Route(id, route);
    }
    let net = goal.net;
    let mut best: Option<(Match, &Route)> = None;
    let mut unknown = None;
    for route in &routing.routes {
        match matches(view, route, &net) {
            Matched::Yes(found) => {
                if best.is_none_or(|(held, other)| wins(found, route, held, other)) {
                    best = Some((found, route));
                }
            }
            Matched::Unknown => unknown = Some(route),
            Matched::No => {}
        }
    }
    match (best, unknown) {
        (Some((_, route)), _) if route.hop == Hop::Local => Found::Route(id, route),
        (_, Some(route)) => Found::Unknown(id, route),
        (Some((_, route)), None) => Found::Route(id, route),
        (None, None) => Found::None(id),
    }
}

/// Whether a route leads to a gateway endpoint for a service.
fn serves(view: &dyn View, route: &Route, service: &str) -> bool {
    let Hop::Endpoint(id) = &route.hop else { return false };
    matches!(view.fact(&Key::Endpoint(id.clone())), Some(Fact::Endpoint(endpoint)) if endpoint.gateway && endpoint.service == service)
}

/// The ranges of the prefix list by which a subnet's table leads to a service's gateway endpoint, if they are known.
pub fn ranges_to<'v>(view: &'v dyn View, subnet: &Id, service: &str) -> Option<&'v [IpNet]> {
    let (_, routing) = table_of(view, subnet)?;
    let route = routing.routes.iter().find(|route| serves(view, route, service))?;
    prefixes(view, &Id::from(&*route.destination))
}

fn wins(found: Match, route: &Route, held: Match, other: &Route) -> bool {
    match (route.propagated, other.propagated) {
        (true, false) if other.hop == Hop::Local => false,
        (false, true) if route.hop == Hop::Local => true,
        _ => found > held,
    }
}

enum Matched {
    Yes(Match),
    Unknown,
    No,
}

/// A list that leads to an endpoint is AWS's own, of a service's public addresses: where its ranges are not known, an
/// address that nobody names is taken not to be in it. A list of the customer's leads anywhere.
fn matches(view: &dyn View, route: &Route, net: &IpNet) -> Matched {
    let length = |range: &IpNet| (same_family(range, net) && range.contains(net)).then_some(range.prefix_len());
    if let Some(range) = route.destination.range() {
        let rank = if route.propagated { Rank::Propagated } else { Rank::Static };
        return length(&range).map_or(Matched::No, |length| Matched::Yes(Match(length, rank)));
    }
    match prefixes(view, &Id::from(&*route.destination)) {
        Some(ranges) => ranges.iter().filter_map(length).max().map_or(Matched::No, |length| Matched::Yes(Match(length, Rank::List))),
        None if matches!(route.hop, Hop::Endpoint(_)) => Matched::No,
        None => Matched::Unknown,
    }
}
