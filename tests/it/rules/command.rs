//! `hikkoshi rules` and `hikkoshi audit --rules` as a pipeline types them, on the story's account.

use serde_json::{Value, json};

use crate::bad_input::{Desk, SIM};

const RULES: &str = "network-rules.yaml";

fn edit(desk: &Desk, change: impl Fn(&mut Value)) {
    let path = desk.path("account.json");
    let mut account: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("the account")).expect("JSON");
    change(&mut account);
    std::fs::write(&path, account.to_string()).expect("the scratch directory is writable");
}

/// SSH from everywhere on the database's group, in the account's file.
fn open_ssh(account: &mut Value) {
    let rule = json!({ "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] });
    let facet = json!({ "ports": { "protocol": "tcp", "from": 22, "to": 22 }, "peer": { "cidr": "0.0.0.0/0" } });
    let group = account["resources"]
        .as_object_mut()
        .expect("resources")
        .values_mut()
        .find(|r| r["doc"]["GroupName"] == "story-pg-multi")
        .expect("the group");
    group["doc"]["IpPermissions"].as_array_mut().expect("rules").push(rule);
    group["facets"]["rules"]["ingress"].as_array_mut().expect("rules").push(facet);
}

#[test]
fn the_story_is_kept_in_a_pipeline() {
    let desk = Desk::begun("tighten");
    desk.run(&["rules", "story", "--format", "yaml", "--out", RULES, SIM]).expect_code(0);
    let clean = desk.run(&["audit", "--rules", RULES, SIM]).expect_code(0);
    assert!(clean.stdout.contains("No findings."), "{}", clean.stdout);
    // The migration's inventory was taken before the move: what breaks the rules is asked of the account.
    desk.run(&["audit", "story", "--rules", RULES, SIM]).expect_code(0);
    edit(&desk, open_ssh);
    desk.run(&["audit", "story", "--rules", RULES, SIM]).expect_code(3);
    let found = desk.run(&["audit", "--rules", RULES, SIM]).expect_code(3);
    assert!(found.stdout.contains("rules-open-login") && found.stdout.contains("hikkoshi explain HK0408"), "{}", found.stdout);
    let json = desk.run(&["audit", "--rules", RULES, SIM, "--json"]).expect_code(3).json();
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(1), "{json}");
    let id = json["findings"][0]["id"].as_str().unwrap_or_default();
    assert!(id.starts_with("rules-open-login:sg-") && id.ends_with(":tcp 22:0.0.0.0/0"), "{id}");
    let sarif = desk.run(&["audit", "--rules", RULES, SIM, "--format", "sarif"]).expect_code(3).json();
    is_sarif(&sarif, 1);
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], RULES);
    let line = usize::try_from(place["region"]["startLine"].as_u64().expect("a line")).expect("small");
    let text = std::fs::read_to_string(desk.path(RULES)).expect("the rules");
    assert!(text.lines().nth(line - 1).is_some_and(|line| line.contains("story-pg-multi")), "line {line} is not the group's");
    assert_eq!(sarif["runs"][0]["results"][0]["partialFingerprints"]["hikkoshi/v1"], id);
    desk.run(&["audit", "--rules", RULES, SIM, "--fail-on", "never"]).expect_code(0);
}

#[test]
fn the_ordinary_audit_is_sarif_too() {
    let desk = Desk::new();
    let sarif = desk.run(&["audit", "story", "--format", "sarif"]).expect_code(3).json();
    let plain = desk.run(&["audit", "story", "--json"]).expect_code(3).json();
    is_sarif(&sarif, plain["findings"].as_array().map_or(0, Vec::len));
    let first = &sarif["runs"][0]["results"][0]["locations"][0];
    assert_eq!(first["physicalLocation"]["artifactLocation"]["uri"], "plans/story/inventory.json");
    let line = usize::try_from(first["physicalLocation"]["region"]["startLine"].as_u64().expect("a line")).expect("small");
    let inventory = std::fs::read_to_string(desk.path("plans/story/inventory.json")).expect("the inventory");
    let id = first["logicalLocations"][0]["fullyQualifiedName"].as_str().expect("a name");
    assert!(inventory.lines().nth(line - 1).is_some_and(|line| line.contains(id)), "line {line} does not name {id}");
    // A look at the account itself has no file; readers want a place nonetheless.
    let live = desk.run(&["audit", "--vpc", "vpc-9e74fb33c16f2e304", "--format", "sarif", SIM]).expect_code(3).json();
    is_sarif(&live, plain["findings"].as_array().map_or(0, Vec::len));
}

/// What the SARIF 2.1.0 schema requires, and what GitHub's code scanning does beyond it.
fn is_sarif(log: &Value, results: usize) {
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().is_some_and(|uri| uri.ends_with("sarif-schema-2.1.0.json")));
    let run = &log["runs"][0];
    assert_eq!(log["runs"].as_array().map(Vec::len), Some(1));
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "hikkoshi");
    let rules = driver["rules"].as_array().expect("rules");
    let mut ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().expect("an id")).collect();
    assert!(rules.iter().all(|rule| rule["shortDescription"]["text"].is_string() && rule["help"]["text"].is_string()));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rules.len(), "a rule is described twice");
    let found = run["results"].as_array().expect("results");
    assert_eq!(found.len(), results);
    let mut prints = std::collections::BTreeSet::new();
    for result in found {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap_or_default()), "{result}");
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a place");
        assert!(!uri.starts_with('/') && !uri.contains(' '), "{uri} is no relative URI");
        assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line > 0));
        assert!(prints.insert(result["partialFingerprints"]["hikkoshi/v1"].to_string()), "a fingerprint twice: {result}");
    }
}

#[test]
fn a_rules_file_that_does_not_fit_is_refused() {
    let desk = Desk::begun("tighten");
    desk.run(&["rules", "story", "--format", "yaml", "--out", RULES, SIM]).expect_code(0);
    let text = std::fs::read_to_string(desk.path(RULES)).expect("the rules");
    let with = |text: String| std::fs::write(desk.path(RULES), text).expect("the scratch directory is writable");
    with(text.replacen("use: private", "usage: private", 1));
    let refused = desk.run(&["audit", "--rules", RULES, SIM]).expect_code(2);
    for part in ["HK0115", "network-rules.yaml:11:", "there is no key `usage` here", "hikkoshi audit --rules network-rules.yaml"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    with(text.replace("vpc-9e74fb33c16f2e304", "vpc-other"));
    let refused = desk.run(&["audit", "story", "--rules", RULES]).expect_code(2);
    assert!(refused.stderr.contains("HK0103") && refused.stderr.contains("is for VPC vpc-other"), "{}", refused.stderr);
    let absent = desk.run(&["audit", "--rules", "nothing.yaml", SIM]).expect_code(2);
    assert!(absent.stderr.contains("--rules: there is no file `nothing.yaml`"), "{}", absent.stderr);
}

#[test]
fn the_plans_rules_are_those_of_the_end() {
    let desk = Desk::new();
    let before = desk.run(&["rules", "story", "--format", "yaml"]).expect_code(0).stdout;
    let told = desk.run(&["rules", "story", "--format", "yaml", "--json"]).expect_code(0).json();
    assert_eq!((told["planned"].as_bool(), told["text"].as_str()), (Some(true), Some(before.as_str())));
    let page = desk.run(&["rules", "story"]).expect_code(0).stdout;
    assert!(page.contains("nothing has been carried out yet"), "{page}");
    let desk = Desk::begun("tighten");
    assert_eq!(desk.run(&["rules", "story", "--format", "yaml", SIM]).expect_code(0).stdout, before, "what was planned came to be");
    let page = desk.run(&["rules", "story", "--lang", "ja", SIM]).expect_code(0).stdout;
    assert!(page.contains("時点のアカウントの姿です"), "{page}");
}

#[test]
fn an_export_is_two_files() {
    let desk = Desk::begun("tighten");
    let told = desk.run(&["export", "terraform", "story", "--out", "tf"]).expect_code(0).stdout;
    assert!(told.contains("wrote tf/hikkoshi.tf") && told.contains("wrote tf/hikkoshi-terraform.md"), "{told}");
    hcl::parse(&std::fs::read_to_string(desk.path("tf/hikkoshi.tf")).expect("it is there")).expect("it is HCL");
    let whole = desk.run(&["export", "terraform", "story"]).expect_code(0).stdout;
    hcl::parse(&whole).expect("notes are a comment beside it");
    std::fs::write(desk.path("old.tfstate"), "{\"version\": 3}").expect("the scratch directory is writable");
    for (args, part) in [
        (["--tfstate", "old.tfstate"], "format 3"),
        (["--tfstate", "nothing"], "--tfstate: there is no file"),
        (["--sg-rules", "old.tfstate"], "describe-security-group-rules"),
        (["--config", "migrations"], "there is no .tf file in it"),
    ] {
        let refused = desk.run(&[&["export", "terraform", "story"][..], &args].concat()).expect_code(2);
        assert!(refused.stderr.contains("HK0111") && refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
}
