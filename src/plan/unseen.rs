//! What discovery was not allowed to look at: whether the plan depends on it.

use std::collections::BTreeSet;

use super::decide::Decisions;
use super::names;
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::model::strategy::Blocker;

/// A look that was not possible stands in the way only where the plan depends on it.
pub fn told(inventory: &Inventory, decisions: &Decisions<'_>) -> (Vec<Blocker>, Vec<String>) {
    let (mut blockers, mut warnings) = (Vec::new(), Vec::new());
    let owners: BTreeSet<&str> = inventory.with_role(Role::Interface).filter_map(|i| i.facets.owner.as_ref()).map(Id::as_str).collect();
    let any = |prefix: &str| owners.iter().any(|owner| owner.starts_with(prefix));
    for missing in &inventory.missing {
        if missing.operation.starts_with("route53:") {
            warnings.extend(names::unseen(&missing.operation, &missing.why, inventory, decisions));
            continue;
        }
        let needed = match missing.operation.as_str() {
            "ec2:DescribeSubnets"
            | "ec2:DescribeRouteTables"
            | "ec2:DescribeNetworkInterfaces"
            | "ec2:DescribeSecurityGroups"
            | "ec2:DescribeInternetGateways"
            | "ec2:DescribeAddresses" => true,
            "ec2:DescribeInstances" | "ec2:DescribeVolumes" => any("i-"),
            "rds:DescribeDBInstances" | "rds:DescribeDBClusters" | "rds:DescribeDBSubnetGroups" => any("service:rds"),
            "elasticache:DescribeCacheClusters" | "elasticache:DescribeReplicationGroups" | "elasticache:DescribeCacheSubnetGroups" => {
                any("service:elasticache") || any("cachegroup:")
            }
            "ecs:ListClusters" | "ecs:ListServices" | "ecs:DescribeServices" => any("service:ecs"),
            "lambda:ListFunctions" => any("function:") || any("service:lambda"),
            "elasticloadbalancing:DescribeLoadBalancers"
            | "elasticloadbalancing:DescribeListeners"
            | "elasticloadbalancing:DescribeTargetGroups"
            | "elasticloadbalancing:DescribeTargetHealth" => any("lb:"),
            "elb:DescribeLoadBalancers" => any("clb:"),
            _ => false,
        };
        if needed {
            blockers.push(Blocker {
                code: "HK0303".into(),
                resource: inventory.vpc.clone(),
                why: format!("{} was not possible ({}), and the plan depends on it", missing.operation, missing.why),
                way_out: format!("allow {} to whoever plans, then run discover and plan again", missing.operation),
            });
        } else {
            warnings.push(format!("{} was not possible ({}); the plan does not depend on it", missing.operation, missing.why));
        }
    }
    (blockers, warnings)
}
