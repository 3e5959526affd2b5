//! How an intent and a plan are read: strictly, and with the place of what is wrong.

use hikkoshi::plan::{format, intent};
use serde_json::json;

use crate::planner::try_plan;
use crate::support::account::{VPC, spine};
use crate::support::lab::{head, plan_of};

#[test]
fn an_edited_plan_is_checked_when_it_is_read() {
    let text = format::write(&plan_of(&spine(), "")).expect("a plan is YAML");
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).map_or(0, |at| at as u64 + 1);
    let check = |from: &str, to: &str, code: &str, place: &str| {
        assert!(text.contains(from), "the plan has no `{from}`");
        let edited = text.replacen(from, to, 1);
        let error = format::read(&edited).err().unwrap_or_else(|| panic!("`{to}` is taken"));
        assert_eq!(error.code, code, "`{to}`: {:?}", error.problem);
        assert_eq!(error.problem.line, line_of(&edited, place), "`{to}`: {:?}", error.problem);
        assert!(error.problem.column > 0 && !error.problem.message.is_empty(), "`{to}`: {:?}", error.problem);
    };
    check("migration: shop", "migration: shop\ncolour: red", "HK0107", "colour: red");
    check("  stage: foundation", "  stage: cellar", "HK0107", "stage: cellar");
    check("- id: nat-a\n", "- id: nat-b\n", "HK0107", "- id: nat-b");
    check("${nat-a.NatGatewayId}", "${nat-x.NatGatewayId}", "HK0105", "${nat-x.NatGatewayId}");
    check("  - step: eip-nat-a\n", "  - step: eip-nat-x\n", "HK0105", "- step: eip-nat-x");
    let circle = "- id: eip-nat-a\n  needs:\n  - {step: nat-a, because: a circle}\n";
    check("- id: eip-nat-a\n", circle, "HK0104", "- {step: nat-a, because: a circle}");
}

#[test]
fn an_unknown_workload_is_told_with_its_place_and_what_was_meant() {
    let inventory = spine().inventory();
    let check = |further: &str, line: u64, column: u64, hint: &str| {
        let problem = try_plan(&inventory, further).err().unwrap_or_else(|| panic!("{further} is planned"));
        assert_eq!((problem.line, problem.column), (line, column), "{further}: {problem:?}");
        assert!(problem.expected.contains(hint), "{further}: {problem:?}");
    };
    check("workloads:\n  - {name: bastoin, strategy: retire}\n", 6, 12, "did you mean `bastion`?");
    check("workloads:\n  - name: zebra-crossing\n", 6, 11, "as `hikkoshi plan` lists them");
    check("flows:\n  - {from: orders, to: ap-1, port: 1}\n", 6, 24, "did you mean `app-1`?");
    let mut docs = spine();
    docs.instance("twin", "a", &["sg-alb"]);
    docs.doc("i-twin")["Tags"] = json!([{ "Key": "Name", "Value": "app-1" }]);
    let problem = try_plan(&docs.inventory(), "workloads: [{name: app-1, strategy: flip}]").expect_err("two have this name");
    assert!(problem.expected.contains("i-app-1") && problem.expected.contains("i-twin"), "{problem:?}");
}

#[test]
fn an_intent_is_read_strictly() {
    let check = |text: String, line: u64, words: &str| {
        let problem = intent::parse(&text).err().unwrap_or_else(|| panic!("it is read: {text}"));
        assert_eq!(problem.line, line, "{problem:?}");
        assert!(problem.message.contains(words), "{problem:?}");
    };
    check(format!("{}natt: zonal\n", head()), 5, "natt");
    check(format!("{}nat: double\n", head()), 5, "double");
    check(head().replace("shop", "Shop!"), 1, "can't name a migration");
    check(head().replace("123456789012", "12345"), 2, "not an account id");
    check(head().replace(VPC, "shop"), 4, "not a VPC id");
    check(format!("{}workloads:\n  - {{name: x, strategy: skip}}\n", head()), 6, "without a reason");
    check(format!("{}workloads:\n  - {{name: x, strategy: skip, reason: r, until: soon}}\n", head()), 6, "not a date");
    check(format!("{}flows:\n  - {{from: x, to: y, port: 70000}}\n", head()), 6, "65535");
}
