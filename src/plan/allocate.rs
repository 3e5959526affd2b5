//! Address ranges for new subnets.
//!
//! Free is what the VPC's ranges hold beside subnets, destinations of routes (a subnet inside one would hide it) and
//! what the intent avoids; never 172.17.0.0/16, which Docker and some AWS services use themselves. The first fit from
//! below is taken, so that the same account gives the same plan.

use ipnet::Ipv4Net;

use crate::model::facet::{Hop, Role};
use crate::model::inventory::Inventory;

/// The ranges that are taken, and those of the VPC.
pub struct Space {
    ranges: Vec<Ipv4Net>,
    taken: Vec<Ipv4Net>,
}

impl Space {
    /// The space of a VPC.
    pub fn of(inventory: &Inventory, avoid: &[String]) -> Space {
        let v4 = |text: &String| text.parse::<Ipv4Net>().ok();
        let ranges = inventory.network().map(|vpc| vpc.facets.ranges.iter().filter_map(v4).collect()).unwrap_or_default();
        let mut taken: Vec<Ipv4Net> = inventory.with_role(Role::Subnet).flat_map(|s| s.facets.ranges.iter().filter_map(v4)).collect();
        let routes = inventory.with_role(Role::RouteTable).filter_map(|t| t.facets.routing.as_ref()).flat_map(|r| &r.routes);
        // The local route is the VPC itself, and the default route is everything: neither takes a part away.
        let partial = routes
            .filter(|route| route.hop != Hop::Local)
            .filter_map(|route| route.destination.parse::<Ipv4Net>().ok())
            .filter(|net| net.prefix_len() > 0);
        taken.extend(partial);
        taken.extend(avoid.iter().filter_map(v4));
        taken.extend(["172.17.0.0/16".parse::<Ipv4Net>()].into_iter().flatten());
        Space { ranges, taken }
    }

    /// Takes a range of this size, or the next smaller one that is free, down to `smallest`.
    pub fn take(&mut self, prefix: u8, smallest: u8) -> Option<Ipv4Net> {
        let found = (prefix..=smallest.min(28)).find_map(|prefix| self.first_free(prefix))?;
        self.taken.push(found);
        Some(found)
    }

    fn first_free(&self, prefix: u8) -> Option<Ipv4Net> {
        self.ranges.iter().filter(|range| range.prefix_len() <= prefix).find_map(|range| {
            let size = 1u64 << (32 - prefix);
            let mut at = u64::from(u32::from(range.network()));
            let end = u64::from(u32::from(range.broadcast()));
            while at + size - 1 <= end {
                let candidate = Ipv4Net::new(u32::try_from(at).ok()?.into(), prefix).ok()?;
                match self.taken.iter().find(|net| net.contains(&candidate) || candidate.contains(*net)) {
                    None => return Some(candidate),
                    // Go on behind what is in the way, at the next boundary of this size.
                    Some(net) => at = (u64::from(u32::from(net.broadcast())) + 1).div_ceil(size) * size,
                }
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(ranges: &[&str], taken: &[&str]) -> Space {
        let parse = |list: &[&str]| list.iter().map(|text| text.parse().expect("a range")).collect();
        Space { ranges: parse(ranges), taken: parse(taken) }
    }

    #[test]
    fn the_first_free_range_is_taken_and_smaller_ones_where_need_be() {
        let check = |ranges: &[&str], taken: &[&str], prefix: u8, expected: Option<&str>| {
            let found = space(ranges, taken).take(prefix, 28).map(|net| net.to_string());
            assert_eq!(found.as_deref(), expected, "/{prefix} in {ranges:?} less {taken:?}");
        };
        check(&["10.0.0.0/16"], &[], 24, Some("10.0.0.0/24"));
        check(&["10.0.0.0/16"], &["10.0.0.0/24", "10.0.1.0/24"], 24, Some("10.0.2.0/24"));
        check(&["10.0.0.0/24"], &["10.0.0.0/25"], 24, Some("10.0.0.128/25"));
        check(&["10.0.0.0/24"], &["10.0.0.0/24"], 24, None);
        check(&["10.0.0.0/28", "100.64.0.0/16"], &["10.0.0.0/28"], 20, Some("100.64.0.0/20"));
        check(&["172.16.0.0/12"], &["172.16.0.0/16", "172.17.0.0/16"], 16, Some("172.18.0.0/16"));
        check(&["10.0.0.0/16"], &["10.0.0.0/17"], 16, Some("10.0.128.0/17"));
    }

    proptest::proptest! {
        #[test]
        fn ranges_taken_never_overlap_each_other_or_what_was_there(sizes in proptest::collection::vec(20u8..=28, 1..20), taken in proptest::collection::vec((0u32..65536, 20u8..=28), 0..10)) {
            let taken: Vec<Ipv4Net> = taken.into_iter().map(|(low, prefix)| Ipv4Net::new((0x0a00_0000 + low).into(), prefix).expect("a range").trunc()).collect();
            let mut space = Space { ranges: vec!["10.0.0.0/16".parse().expect("a range")], taken: taken.clone() };
            let mut all = taken;
            for size in sizes {
                if let Some(net) = space.take(size, 28) {
                    assert!(all.iter().all(|other| !other.contains(&net) && !net.contains(other)), "{net} overlaps one of {all:?}");
                    all.push(net);
                }
            }
        }
    }
}
