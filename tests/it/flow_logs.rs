//! How flow logs are read, joined and turned.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use hikkoshi::flows::{self, Fault, Layout, Record, Said, Tally};
use hikkoshi::model::flow::{End, Evidence, Flow};
use hikkoshi::model::inventory::Inventory;
use hikkoshi::model::seen::Seen;
use proptest::prelude::*;
use serde_json::json;

use crate::support::account::{Docs, spine};

/// 2026-11-01T00:00:00Z.
const DAY_ONE: i64 = 1_793_491_200;

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags pkt-srcaddr pkt-dstaddr flow-direction";

fn read(bytes: &[u8], format: Option<&Layout>) -> Result<Vec<Record>, Fault> {
    let mut out = Vec::new();
    flows::read(bytes, format, &mut |record| out.push(record))?;
    Ok(out)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::default());
    to.write_all(text.as_bytes()).expect("memory takes it");
    to.finish().expect("memory takes it")
}

/// A version 2 line.
fn v2(interface: &str, from: (&str, u16), to: (&str, u16), action: &str) -> String {
    format!("2 123456789012 {interface} {} {} {} {} 6 10 840 {DAY_ONE} {} {action} OK", from.0, to.0, from.1, to.1, DAY_ONE + 60)
}

/// A version 5 line with flags, the packet's own addresses and the direction.
fn v5(interface: &str, from: (&str, u16), to: (&str, u16), flags: u8, direction: &str) -> String {
    format!("{} {flags} {} {} {direction}", v2(interface, from, to, "ACCEPT").replacen('2', "5", 1), from.0, to.0)
}

fn ports(record: &Record) -> (u16, u16) {
    match &record.said {
        Said::Traffic(traffic) => (traffic.from_port, traffic.to_port),
        other => panic!("{other:?} is no traffic"),
    }
}

#[test]
fn what_a_file_is_shows_in_its_bytes() {
    let line = v2("eni-1", ("10.0.0.1", 40000), ("10.0.0.2", 5432), "ACCEPT");
    let event = |text: &str| json!({ "logStreamName": "eni-1-all", "timestamp": 1, "message": text, "eventId": "3" });
    let answer = json!({ "events": [event(&line), event(&line)], "searchedLogStreams": [] });
    let turned = "dstport srcport interface-id srcaddr dstaddr protocol start end action reject-reason";
    let cases: Vec<(&str, Vec<u8>, usize)> = vec![
        ("no header, version 2", format!("{line}\n{line}").into_bytes(), 2),
        ("nothing", Vec::new(), 0),
        ("gzip", gzip(&format!("{HEADER}\n{}\n", v5("eni-1", ("10.0.0.1", 40000), ("10.0.0.2", 5432), 2, "egress"))), 1),
        (
            "two headers",
            format!(
                "{turned}\n5432 40000 eni-1 10.0.0.1 10.0.0.2 6 1 2 ACCEPT -\n{HEADER}\n{}",
                v5("eni-1", ("10.0.0.1", 40000), ("10.0.0.2", 5432), 2, "egress")
            )
            .into_bytes(),
            2,
        ),
        ("CloudWatch Logs", answer.to_string().into_bytes(), 2),
        ("the pages of two answers, compressed", gzip(&format!("{answer}\n{answer}")), 4),
        (
            "get-log-events",
            json!({ "events": [{ "timestamp": 1, "message": line, "ingestionTime": 2 }], "nextForwardToken": "f" })
                .to_string()
                .into_bytes(),
            1,
        ),
    ];
    for (what, bytes, count) in cases {
        let records = read(&bytes, None).unwrap_or_else(|fault| panic!("{what}: {}{fault}", fault.place()));
        assert_eq!(records.len(), count, "{what}");
        assert!(records.iter().all(|record| ports(record) == (40000, 5432) && record.interface == "eni-1"), "{what}: {records:?}");
    }
}

#[test]
fn two_gzip_members_are_one_file() {
    let line = v2("eni-1", ("10.0.0.1", 40000), ("10.0.0.2", 5432), "ACCEPT") + "\n";
    assert_eq!(read(&[gzip(&line), gzip(&line)].concat(), None).map(|all| all.len()), Ok(2));
}

#[test]
fn a_format_that_is_given_holds_where_there_is_no_header() {
    let format = "${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${start} ${end} ${action}";
    let layout = Layout::parse(format).expect("a format");
    let records = read(b"eni-1 10.0.0.1 10.0.0.2 40000 5432 6 1 2 ACCEPT", Some(&layout)).expect("a record");
    assert_eq!(ports(&records[0]), (40000, 5432));
    assert_eq!(
        Layout::parse("version interface-id start end").expect_err("too little"),
        "srcaddr, dstaddr, srcport, dstport, protocol, action"
    );
}

#[test]
fn intervals_without_data_are_records_too() {
    let none = |status: &str| format!("2 123456789012 eni-1 - - - - - - - {DAY_ONE} {} - {status}", DAY_ONE + 60);
    let records = read(format!("{}\n{}", none("NODATA"), none("SKIPDATA")).as_bytes(), None).expect("records");
    assert_eq!(records.iter().map(|record| record.said.clone()).collect::<Vec<_>>(), [Said::NoData, Said::SkipData]);
}

#[test]
fn what_is_no_record_is_refused_with_its_place() {
    let good = v2("eni-1", ("10.0.0.1", 40000), ("10.0.0.2", 5432), "ACCEPT");
    let check = |text: &str, expected: &str| {
        let fault = read(text.as_bytes(), None).expect_err(text);
        assert_eq!(format!("{} {fault}", fault.place()), expected, "{text}");
    };
    check(&format!("{good}\n{}", good.replace("5432", "54321234")), ":2:46 `54321234` in dstport where a port, 0 to 65535 was expected");
    check(&good.replace("10.0.0.2", "10.0.0.256"), ":1:31 `10.0.0.256` in dstaddr where an IPv4 or IPv6 address was expected");
    check(&good.replace("ACCEPT", "ACCEPTED"), ":1:82 `ACCEPTED` in action where ACCEPT or REJECT was expected");
    check(&good.replace(" OK", " FINE"), ":1:89 `FINE` in log-status where OK, NODATA or SKIPDATA was expected");
    check("hello world", ":1:1 2 fields in `hello world` where 14 fields, as the format has them, was expected");
    check(
        "version start end",
        ":1:1 a header without interface-id, srcaddr, dstaddr, srcport, dstport, protocol, action where these fields was expected",
    );
    check(
        r#"{"events": [{"message": "2 1 eni-1"}]}"#,
        ": event 1, column 1 3 fields in `2 1 eni-1` where 14 fields, as the format has them, was expected",
    );
    check(r#"{"nextToken": "x"}"#, ":1:18 there is no key `events` where an answer of `aws logs filter-log-events` was expected");
    check(r#"{"events": ["#, ":1:12 EOF while parsing a list where an answer of `aws logs filter-log-events` was expected");
    let mut cut = gzip(&good);
    cut.truncate(cut.len() - 9);
    assert!(read(&cut, None).is_err(), "half a gzip file is no file");
    assert!(read(&[0x80, 0x81, 0x82, b'\n'], None).is_err(), "bytes are no text");
}

proptest! {
    #[test]
    fn no_bytes_make_it_fall(bytes in prop::collection::vec(any::<u8>(), 0..300), start in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08\x00", b"PAR1", b"{\"events\":[", b"version srcaddr\n"])) {
        let _ = read(&[start, &bytes].concat(), None);
    }

    /// However a connection is cut into records, and in whatever order they come, it is one flow, from who opened it.
    #[test]
    fn order_does_not_change_what_was_seen(order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle()) {
        let docs = spine();
        let inventory = docs.inventory();
        let (app, pg) = (address(&inventory, "eni-app-1"), address(&inventory, "eni-app-2"));
        let mut lines = Vec::new();
        for eni in ["eni-app-1", "eni-app-2"] {
            for flags in [2, 0] {
                let (there, back) = if eni == "eni-app-1" { ("egress", "ingress") } else { ("ingress", "egress") };
                lines.push(v5(eni, (&app, 40000), (&pg, 9000), flags, there));
                lines.push(v5(eni, (&pg, 9000), (&app, 40000), if flags == 2 { 18 } else { 0 }, back));
            }
        }
        let text: Vec<String> = order.into_iter().map(|at| lines[at].clone()).collect();
        let seen = tally(&inventory, &[], &format!("{HEADER}\n{}", text.join("\n")));
        prop_assert_eq!(told(&seen.flows), ["i-app-1 → i-app-2 tcp 9000 ×2"]);
    }
}

/// What lines of a log show over an inventory.
fn tally(inventory: &Inventory, others: &[&Inventory], text: &str) -> Seen {
    let mut tally = Tally::new(inventory, others.iter().copied());
    flows::read(text.as_bytes(), None, &mut |record| tally.add(&record)).unwrap_or_else(|fault| panic!("{}{fault}", fault.place()));
    tally.finish()
}

/// `a → b tcp 80 ×3`.
fn told(flows: &[Flow]) -> Vec<String> {
    let line = |flow: &Flow| match &flow.evidence[..] {
        [Evidence::Seen { records, .. }] => format!("{} → {} {} ×{records}", flow.from, flow.to, flow.ports),
        other => panic!("{other:?} is not what logs give"),
    };
    flows.iter().map(line).collect()
}

/// The address of an interface.
fn address(inventory: &Inventory, interface: &str) -> String {
    inventory.get(&interface.into()).expect("the interface exists").facets.private_addresses[0].clone()
}

#[test]
fn records_are_joined_by_interface_and_address() {
    let inventory = spine().inventory();
    let (app, bastion, balancer) = (address(&inventory, "eni-app-1"), address(&inventory, "eni-bastion"), address(&inventory, "eni-app-a"));
    let text = [
        v2("eni-app-a", (&balancer, 20000), (&app, 8080), "ACCEPT"),
        v2("eni-app-1", (&balancer, 20000), (&app, 8080), "ACCEPT"),
        v2("eni-app-1", (&app, 8080), (&balancer, 20000), "ACCEPT"),
        v2("eni-bastion", ("203.0.113.9", 50000), (&bastion, 22), "ACCEPT"),
        v2("eni-bastion", ("203.0.113.10", 50000), (&bastion, 23), "REJECT"),
        v2("eni-app-1", (&app, 40000), ("151.101.1.2", 443), "ACCEPT"),
        v2("eni-app-1", (&app, 40000), ("151.101.1.77", 443), "ACCEPT"),
        v2("eni-app-1", ("10.50.1.4", 40000), (&app, 8080), "ACCEPT"),
        v2("eni-app-1", ("10.0.1.250", 40000), (&app, 8080), "ACCEPT"),
        v2("eni-not-seen", ("203.0.113.9", 50000), (&bastion, 22), "ACCEPT"),
        v2("eni-other-vpc", ("172.31.0.1", 40000), ("172.31.0.2", 80), "ACCEPT"),
    ];
    let seen = tally(&inventory, &[], &text.join("\n"));
    assert_eq!(
        told(&seen.flows),
        [
            "i-app-1 → the internet tcp 443 ×2",
            "lb:app → i-app-1 tcp 8080 ×1",
            "the internet → i-bastion tcp 22 ×1",
            "10.0.1.250/32 → i-app-1 tcp 8080 ×1",
            "10.50.1.0/24 → i-app-1 tcp 8080 ×1",
        ]
    );
    assert_eq!(told(&seen.refused), ["the internet → i-bastion tcp 23 ×1"]);
    let destinations: Vec<(&str, &str, u64)> = seen.destinations.iter().map(|d| (d.from.as_str(), d.range.as_str(), d.records)).collect();
    assert_eq!(destinations, [("i-app-1", "151.101.1.0/24", 2)]);
    assert_eq!((seen.window.records, seen.window.unowned, seen.window.passed_over), (11, 1, 1));
    assert!(seen.notes.iter().any(|note| note.contains("eni-not-seen") && !note.contains("eni-other-vpc")), "{:?}", seen.notes);
    assert!(seen.notes.iter().any(|note| note.contains("10.0.1.250/32")), "{:?}", seen.notes);
}

#[test]
fn what_does_not_tell_whose_it_is_counts_for_each_that_it_may_be() {
    let inventory = spine().inventory();
    let (function, base) = (address(&inventory, &function_interface(&inventory)), database_interface(&inventory));
    let eni = function_interface(&inventory);
    let text = v5(&eni, (&function, 40000), (&address(&inventory, &base), 5432), 2, "egress");
    let seen = tally(&inventory, &[], &format!("{HEADER}\n{text}"));
    let flows = told(&seen.flows);
    for function in ["function:orders", "function:billing", "function:reports"] {
        assert!(flows.iter().any(|flow| flow.starts_with(function) && flow.contains("→ db:pg")), "{flows:?}");
    }
    assert!(seen.notes.iter().any(|note| note.contains("can't be told apart")), "{:?}", seen.notes);
}

fn function_interface(inventory: &Inventory) -> String {
    let of = |owner: &str| owner.starts_with("function:");
    interface_of(inventory, &of)
}

fn database_interface(inventory: &Inventory) -> String {
    interface_of(inventory, &|owner: &str| owner == "service:rds")
}

fn interface_of(inventory: &Inventory, of: &dyn Fn(&str) -> bool) -> String {
    let found =
        inventory.resources.values().find(|r| r.kind == "network_interface" && r.facets.owner.as_ref().is_some_and(|o| of(o.as_str())));
    found.expect("there is one").id.to_string()
}

/// An account in which only this instance has the address.
fn with(name: &str, taken_at: &str) -> Inventory {
    let mut docs: Docs = crate::support::account::network(&["a"]);
    docs.security();
    docs.instance(name, "a", &["sg-default-all"]);
    let mut inventory = docs.inventory();
    inventory.taken_at = taken_at.to_owned();
    inventory
}

#[test]
fn an_address_belongs_to_whom_had_it_then() {
    let old = with("old", "2026-10-01T00:00:00Z");
    let mut today = with("new", "2026-11-20T00:00:00Z");
    assert_eq!(address(&old, "eni-old"), address(&today, "eni-new"), "the address was given again");
    let at = |interface: &str, start: i64| {
        v2(interface, ("10.50.0.9", 40000), (&address(&old, "eni-old"), 80), "ACCEPT").replace(&DAY_ONE.to_string(), &start.to_string())
    };
    // The interface's id decides, whatever the time.
    let seen = tally(&today, &[&old], &[at("eni-old", DAY_ONE), at("eni-new", DAY_ONE)].join("\n"));
    assert_eq!(told(&seen.flows), ["10.50.0.0/24 → i-new tcp 80 ×1"]);
    assert!(seen.notes.iter().any(|note| note.contains("gone since") && note.contains("i-old")), "{:?}", seen.notes);
    assert_eq!(seen.inventories, ["2026-10-01T00:00:00Z", "2026-11-20T00:00:00Z"]);
    // By address alone, the time decides.
    let mut kept = old.resources.get(&"i-old".into()).expect("it was there").clone();
    std::sync::Arc::make_mut(&mut kept).facets.private_addresses.clear();
    today.resources.insert(kept.id.clone(), kept);
    let sender = |start: i64| {
        v2("eni-elsewhere", (&address(&old, "eni-old"), 40000), ("10.50.0.9", 80), "ACCEPT")
            .replace(&DAY_ONE.to_string(), &start.to_string())
    };
    assert_eq!(told(&tally(&today, &[&old], &sender(DAY_ONE)).flows), ["i-old → 10.50.0.0/24 tcp 80 ×1"]);
    assert_eq!(told(&tally(&today, &[&old], &sender(DAY_ONE + 86_400 * 25)).flows), ["i-new → 10.50.0.0/24 tcp 80 ×1"]);
}

#[test]
fn a_window_tells_its_holes() {
    let inventory = spine().inventory();
    let app = address(&inventory, "eni-app-1");
    let at = |hours: i64| {
        let start = DAY_ONE + hours * 3600;
        v2("eni-app-1", ("10.50.0.9", 40000), (&app, 80), "ACCEPT")
            .replace(&format!("{DAY_ONE} {}", DAY_ONE + 60), &format!("{start} {}", start + 60))
    };
    let skip = format!("2 123456789012 eni-bastion - - - - - - - {DAY_ONE} {} - SKIPDATA", DAY_ONE + 60);
    let every: Vec<String> = (0..=14 * 24).filter(|hour| *hour != 100 && *hour != 101).map(at).collect();
    let seen = tally(&inventory, &[], &format!("{}\n{skip}", every.join("\n")));
    assert_eq!((seen.window.first.as_str(), seen.window.last.as_str()), ("2026-11-01T00:00:00Z", "2026-11-15T00:01:00Z"));
    assert_eq!(seen.window.gaps, [("2026-11-05T03:10:00Z".to_owned(), "2026-11-05T06:00:00Z".to_owned())]);
    assert_eq!(seen.shortfalls(14).len(), 2, "{:?}", seen.shortfalls(14));
    assert!(seen.watched.contains_key(&"i-app-1".into()) && !seen.watched.contains_key(&"i-app-2".into()));
    assert_eq!(seen.watched[&"i-bastion".into()].skipdata, 1);
    assert!(!seen.flows.iter().any(|flow| flow.to == End::Internet));
}

#[test]
fn a_nat_gateway_is_a_station_and_no_end() {
    let mut docs = spine();
    let description = "Interface for NAT Gateway nat-0ab";
    let nat = docs.interface("eni-nat", "a", &[], description, json!({ "InterfaceType": "nat_gateway" }));
    let inventory = docs.inventory();
    let app = address(&inventory, "eni-app-1");
    let line = |near: (&str, &str), packet: (&str, &str), direction: &str| {
        let v2 = v2("eni-nat", (near.0, 40000), (near.1, 443), "ACCEPT");
        format!("{v2} 2 {} {} {direction}", packet.0, packet.1)
    };
    let text = [
        HEADER.to_owned(),
        line((&app, &nat), (&app, "151.101.1.2"), "ingress"),
        line((&nat, "151.101.1.2"), (&nat, "151.101.1.2"), "egress"),
    ];
    assert_eq!(told(&tally(&inventory, &[], &text.join("\n")).flows), ["i-app-1 → the internet tcp 443 ×1"]);
}
