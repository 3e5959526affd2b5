//! How many requests a discovery sends over the wire, against how many pages there are.
//!
//! `tests/emulator/start.sh 5301`, then in another shell
//! `$(tests/emulator/start.sh --python) benches/support/groups.py 1000 http://127.0.0.1:5301`, which prints the VPC, and
//! `AWS_ENDPOINT_URL=http://127.0.0.1:5301 BENCH_VPC=vpc-… cargo bench --bench discovery`.
//! That emulator does not page groups; AWS would give them in pages of 1,000, which the adapter asks for.
//! Wanted: at most 1.5 times the pages that are needed, and nothing per security group.

#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock by trade")]

mod support;

use std::collections::BTreeMap;

use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::aws::AwsCloud;
use hikkoshi::discover::{caller, discover};
use hikkoshi::kinds::KINDS;
use hikkoshi::model::inventory::Inventory;

/// The largest page that AWS offers for a listing (API references).
fn page(operation: &str) -> usize {
    match operation.split_once(':').unwrap_or_default() {
        ("ec2", "DescribeRouteTables") => 100,
        ("ec2", "DescribeEgressOnlyInternetGateways") => 255,
        ("ec2", _) => 1000,
        ("elasticloadbalancing", _) => 400,
        ("lambda", _) => 50,
        _ => 100,
    }
}

fn main() {
    support::heading("discovery");
    let (Ok(endpoint), Ok(vpc)) = (std::env::var("AWS_ENDPOINT_URL"), std::env::var("BENCH_VPC")) else {
        return println!("skipped: AWS_ENDPOINT_URL and BENCH_VPC are not set; see the head of benches/discovery.rs");
    };
    assert!(endpoint.contains("127.0.0.1") || endpoint.contains("localhost"), "{endpoint} is no emulator on this machine");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measured(vpc));
}

async fn measured(vpc: String) {
    let cloud = AwsCloud::connect(None, Some("us-east-1")).await.expect("the emulator");
    let (account, _) = caller(&cloud).await.expect("the emulator answers");
    let before = cloud.requests();
    let begin = std::time::Instant::now();
    let seen = discover(&cloud, &account, cloud.region(), &vpc.into(), String::new()).await.expect("an inventory");
    let seconds = begin.elapsed().as_secs_f64();
    let sent: BTreeMap<String, u64> = cloud
        .requests()
        .into_iter()
        .map(|(name, count)| (name.clone(), count - before.get(&name).unwrap_or(&0)))
        .filter(|(_, n)| *n > 0)
        .collect();
    report(&seen, &sent, seconds);
}

fn report(seen: &Inventory, sent: &BTreeMap<String, u64>, seconds: f64) {
    let groups = seen.resources.values().filter(|r| r.facets.rules.is_some());
    let rules: usize =
        groups.clone().filter_map(|group| group.facets.rules.as_ref()).map(|rules| rules.ingress.len() + rules.egress.len()).sum();
    println!("{} resources, {} groups with {rules} rules, {seconds:.2} s against an emulator\n", seen.resources.len(), groups.count());
    let mut needed = 0;
    for listing in KINDS.iter().filter_map(|kind| Some((kind.name(), kind.listing()?))) {
        let (kind, listing) = listing;
        let things = seen.resources.values().filter(|r| r.kind == kind).count();
        needed += things.div_ceil(page(listing.operation)).max(1);
        needed += listing.follow.iter().map(|follow| things.div_ceil(follow.batch)).sum::<usize>();
    }
    sent.iter().for_each(|(operation, count)| println!("{count:>6}  {operation}"));
    let all: u64 = sent.values().sum();
    println!("{all:>6}  requests, {needed} needed: {:.2} times", all as f64 / needed as f64);
}
