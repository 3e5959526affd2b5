//! Flow logs of the whole story's account: read, joined with what discovery sees over the wire, and planned with.

use crate::support::night::Night;

#[test]
fn what_the_account_logs_has_owners_and_becomes_rules() {
    let mut night = Night::falls();
    night.begin(&["--extras"]);
    let hikkoshi = night.hikkoshi(&night.emulator.url());
    let logs = night.emulator.admin(&format!("flow-logs?vpc={}&minutes=10&seed=7", night.vpc));
    std::fs::write(night.file("logs.txt"), &logs).expect("the scratch directory is writable");
    let told = hikkoshi.run(&["flows", "move", "--logs", "logs.txt", "--json"]).expect_code(0).json();
    let window = &told["seen"]["window"];
    assert_eq!(window["records"].as_u64(), Some(logs.lines().count() as u64 - 1), "every line but the header is a record");
    assert_eq!((&window["unowned"], &window["passed_over"]), (&0.into(), &0.into()), "{window}");
    let flows = told["seen"]["flows"].as_array().expect("a list of flows");
    let foreign: Vec<_> = flows.iter().filter(|flow| flow["from"].get("range").or(flow["to"].get("range")).is_some()).collect();
    assert!(foreign.is_empty(), "nobody but the internet is without an owner: {foreign:#?}");
    let names =
        |key: &str, of: &str| flows.iter().filter(|flow| flow[key]["resource"].as_str().is_some_and(|id| id.starts_with(of))).count();
    for (key, of) in [("from", "lb:"), ("from", "function:"), ("from", "i-"), ("to", "db:"), ("to", "cache"), ("to", "i-")] {
        assert!(names(key, of) > 0, "no flow {key} {of} among {flows:#?}");
    }
    assert!(told["seen"]["refused"].as_array().is_some_and(|refused| !refused.is_empty()), "scanners were refused");
    let plan = hikkoshi.run(&["plan", "move", "--json"]).expect_code(0).json();
    let groups = plan["groups"].as_array().expect("groups").iter();
    let cited = groups
        .flat_map(|group| group["rules"].as_array().into_iter().flatten())
        .filter(|rule| rule["because"].to_string().contains("seen "));
    assert!(cited.count() > 10, "rules cite what was seen");
    assert!(plan["warnings"].to_string().contains("flow logs: the logs span "), "{}", plan["warnings"]);
    hikkoshi.run(&["dry-run", "move"]).expect_code(0);
}
