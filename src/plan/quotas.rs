//! AWS's quotas that a plan would meet on its way: told as blockers, not met at night.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::step::Step;
use crate::model::strategy::Blocker;

/// Rules of a group, in one direction and for one family of addresses (VPC quotas page). A rule by group id or prefix
/// list counts for both families, and one by prefix list as many times as the list may have entries.
const RULES_PER_GROUP: usize = 60;

/// Rules for IPv4 and for IPv6.
#[derive(Clone, Copy, Default)]
struct Count(usize, usize);

impl Count {
    fn add(&mut self, permissions: &Value, inventory: &Inventory) {
        let lists = |key: &str| path::select(permissions, &format!("[].{key}[]")).len();
        let weight =
            |id: &String| inventory.get(&Id::from(id.as_str())).and_then(|list| list.facets.prefix_list.as_ref()).map_or(1, |l| l.weight);
        let prefixes: usize = path::texts(permissions, "[].PrefixListIds[].PrefixListId").iter().map(weight).sum();
        let both = lists("UserIdGroupPairs") + prefixes;
        self.0 += lists("IpRanges") + both;
        self.1 += lists("Ipv6Ranges") + both;
    }
}

/// Groups that would have more rules than AWS allows. Rules are only ever added before cleanup, so the end is the peak.
pub fn rules_per_group(steps: &[Step], inventory: &Inventory) -> Vec<Blocker> {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for step in steps.iter().filter(|step| step.call.operation.name() == "AuthorizeSecurityGroupIngress") {
        let Some(group) = step.call.parameters.get("GroupId").and_then(Value::as_str) else { continue };
        let begin = || {
            let mut count = Count::default();
            inventory.get(&Id::from(group)).iter().for_each(|old| count.add(&old.doc["IpPermissions"], inventory));
            count
        };
        let count = counts.entry(group).or_insert_with(begin);
        step.call.parameters.get("IpPermissions").iter().for_each(|permissions| count.add(permissions, inventory));
    }
    let over = counts.into_iter().map(|(group, count)| (group, count.0.max(count.1))).filter(|(_, most)| *most > RULES_PER_GROUP);
    over.map(|(group, most)| Blocker {
        code: "HK0405".into(),
        resource: Id::from(group),
        why: format!("{} would have {most} rules, and AWS allows {RULES_PER_GROUP}", inventory.name(&Id::from(group))),
        way_out: "raise the quota \"Inbound or outbound rules per security group\", take rules off it that nobody needs, or drop the unvouched (`unvouched: drop`)"
            .into(),
    })
    .collect()
}
