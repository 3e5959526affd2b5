//! An inventory from a folder of AWS CLI answers is the one that the account itself gives.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hikkoshi::clock::VirtualClock;
use hikkoshi::cloud::Cloud;
use hikkoshi::cloud::simulated::Simulated;
use hikkoshi::discover::{discover, dump};
use hikkoshi::kinds::KINDS;
use hikkoshi::model::account::Account;
use hikkoshi::model::call::{Call, Outcome};
use hikkoshi::model::id::Id;
use hikkoshi::model::inventory::Inventory;
use hikkoshi::world::World;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::command::{Finished, Hikkoshi};
use crate::support::source::root;

/// What the follow-up reads put into the listed documents; AWS's own lists don't have it.
const MERGED: &[&str] = &[
    "EnableDnsSupport",
    "EnableDnsHostnames",
    "TargetHealthDescriptions",
    "DeregistrationDelay",
    "Versions",
    "Aliases",
    "Listeners",
    "Volumes",
    "SessionManager",
    "Profile",
    "SubnetGroup",
    "Members",
];

/// The story's account, and a folder for its answers.
struct Dump {
    cloud: Simulated,
    vpc: Id,
    scratch: TempDir,
    files: Vec<(PathBuf, Value)>,
}

fn story() -> Inventory {
    let text = std::fs::read_to_string(root().join("plans/story/inventory.json")).expect("the story is in the repository");
    serde_json::from_str(&text).expect("the story's inventory is one")
}

/// Polls a future of the simulated account, which never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

impl Dump {
    /// All answers, one file per call, scattered.
    fn of_the_story() -> Dump {
        let inventory = story();
        let cloud = Simulated::new(World::resume(Account::from(&inventory)), Arc::new(VirtualClock::at(0)));
        let mut dump = Dump { cloud, vpc: inventory.vpc, scratch: TempDir::new().expect("a scratch directory"), files: Vec::new() };
        dump.ask();
        dump
    }

    fn call(&self, operation: &str, parameters: Value) -> Option<Value> {
        match now(self.cloud.call(&Call::new(operation, parameters))) {
            Outcome::Done(answer) => Some(answer),
            Outcome::Refused(_) | Outcome::Unknown(_) => None,
        }
    }

    /// What a person does who types one `aws …` command after the other.
    fn ask(&mut self) {
        let mut files = Vec::new();
        for kind in KINDS {
            let Some(listing) = kind.listing() else { continue };
            let key = listing.result_key();
            let whole = self.call(listing.operation, (listing.with)()).unwrap_or_else(|| json!({ key: [] }));
            let documents = whole[key].as_array().cloned().unwrap_or_default();
            for further in listing.follow {
                let flat = documents.iter().flat_map(|doc| doc["Instances"].as_array().cloned().unwrap_or_else(|| vec![doc.clone()]));
                for doc in flat {
                    let Some(answer) = (further.parameters)(&[&doc]).and_then(|parameters| self.call(further.operation, parameters)) else {
                        continue;
                    };
                    let name = ["TargetGroupName", "FunctionName", "LoadBalancerName"].iter().find_map(|key| doc[*key].as_str());
                    let name = name.or_else(|| doc.pointer("/Profile/Roles/0/RoleName").and_then(Value::as_str));
                    let file = format!("{}-{}.json", name.unwrap_or("of-it"), files.len());
                    files.push((PathBuf::from(format!("more/{}/{}", name.unwrap_or("other"), file)), answer));
                }
            }
            // A list in two files, as somebody who asks by pages has it; the names say nothing.
            for (at, part) in documents.chunks(documents.len().div_ceil(2).max(1)).enumerate() {
                let part: Vec<Value> = part.iter().cloned().map(strip).collect();
                let token = if at == 0 && documents.len() > 1 { json!("eyJ") } else { Value::Null };
                files
                    .push((PathBuf::from(format!("d{}/x{}.json", files.len() % 3, files.len())), json!({ key: part, "NextToken": token })));
            }
            if documents.is_empty() {
                files.push((PathBuf::from(format!("d0/x{}.json", files.len())), json!({ key: [] })));
            }
        }
        self.files = files;
    }

    fn folder(&self) -> PathBuf {
        self.scratch.path().join("dump")
    }

    /// Writes the files that are wanted.
    fn write(&self, wanted: impl Fn(&Path, &Value) -> bool) {
        for (path, answer) in self.files.iter().filter(|(path, answer)| wanted(path, answer)) {
            self.add(path, &answer.to_string());
        }
    }

    fn add(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the scratch directory is writable");
        std::fs::write(path, text).expect("the scratch directory is writable");
    }

    fn read(&self) -> Inventory {
        dump::read(&self.folder(), None, None, "2026-11-24T00:00:00Z".to_owned()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What the account itself gives.
    fn looked(&self) -> Inventory {
        let at = "2026-11-24T00:00:00Z".to_owned();
        now(discover(&self.cloud, "123456789012", "us-east-1", &self.vpc, at)).unwrap_or_else(|error| panic!("{error}"))
    }

    fn hikkoshi(&self, args: &[&str]) -> Finished {
        Hikkoshi::offline(self.scratch.path()).run(args)
    }

    /// `discover --from` refuses the folder, and says so.
    #[track_caller]
    fn refused(&self, code: &str, says: &[&str]) {
        let out = self.scratch.path().join("out.json");
        let finished = self.hikkoshi(&["discover", "--from", "dump", "--out", "out.json"]).expect_code(2);
        for said in says.iter().chain([&format!("error[{code}]: ").as_str(), &"nothing was", &"\nnext: "]) {
            assert!(finished.stderr.contains(said), "no \"{said}\" in {}", finished.stderr);
        }
        assert!(!out.exists(), "nothing is written");
    }
}

fn strip(mut doc: Value) -> Value {
    let balancer = doc["LoadBalancerArn"].is_string();
    for inner in doc.get_mut("Instances").and_then(Value::as_array_mut).into_iter().flatten() {
        *inner = strip(inner.take());
    }
    if let Some(map) = doc.as_object_mut() {
        let merged = |key: &str| MERGED.contains(&key) || (balancer && key == "Tags");
        map.retain(|key, _| !merged(key));
    }
    doc
}

#[test]
fn scattered_answers_give_the_inventory_of_the_account() {
    let dump = Dump::of_the_story();
    dump.write(|_, _| true);
    dump.add("d1/notes.txt", "these are the answers of Tuesday {");
    dump.add("d1/package.json", r#"{"name": "junk", "Subnets": "not a list"}"#);
    dump.add("d1/list.json", r#"[{"VpcId": "vpc-1"}, 7, null]"#);
    dump.add("d2/number.json", "42");
    dump.add("d2/bom.json", "\u{feff}{\"DBClusters\": []}");
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", dump.folder().join("d2/round")).expect("links can be made");
    let (read, looked) = (dump.read(), dump.looked());
    for resource in looked.all() {
        assert_eq!(read.get(&resource.id), Some(resource), "{}", resource.id);
    }
    assert_eq!(read.resources.len(), looked.resources.len());
    assert_eq!(read.missing, [], "every read was answered");
    assert_eq!((read.account, read.region, read.vpc), (looked.account, looked.region, looked.vpc));
}

#[test]
fn the_command_writes_the_same_and_plans_from_it() {
    let dump = Dump::of_the_story();
    dump.write(|_, _| true);
    dump.hikkoshi(&["init", "--name", "offline", "--from", "dump"]).expect_code(0);
    let written = std::fs::read_to_string(dump.scratch.path().join("plans/offline/inventory.json")).expect("it is written");
    let mut written: Inventory = serde_json::from_str(&written).expect("it is an inventory");
    let read = dump.read();
    written.taken_at.clone_from(&read.taken_at);
    assert_eq!(written, read);
    dump.hikkoshi(&["discover", "offline", "--from", "dump"]).expect_code(0);
    dump.hikkoshi(&["plan", "offline"]).expect_code(0);
    dump.hikkoshi(&["dry-run", "offline", "--offline"]).expect_code(0);
    let printed = dump.hikkoshi(&["discover", "--from", "dump", "--vpc", dump.vpc.as_str()]).expect_code(0).json();
    assert_eq!(printed["vpc"], dump.vpc.as_str());
}

#[test]
fn what_no_file_answers_is_noted_as_missing() {
    let dump = Dump::of_the_story();
    dump.write(|path, answer| {
        let health_of_app = path.starts_with("more/app") && answer["TargetHealthDescriptions"].is_array();
        answer["DBInstances"].is_null() && !health_of_app
    });
    let read = dump.read();
    let missing: Vec<(&str, &str)> = read.missing.iter().map(|m| (m.operation.as_str(), m.why.as_str())).collect();
    assert_eq!(
        missing.iter().map(|(operation, _)| *operation).collect::<Vec<_>>(),
        ["elasticloadbalancing:DescribeTargetHealth", "rds:DescribeDBInstances"]
    );
    assert!(missing[0].1.starts_with("no file holds `TargetHealthDescriptions` of app"), "{missing:?}");
    assert_eq!(missing[1].1, "no file holds `DBInstances`");
    let said = dump.hikkoshi(&["discover", "--from", "dump", "--out", "out.json"]).expect_code(0).stdout;
    assert!(said.contains("not seen: rds:DescribeDBInstances: no file holds `DBInstances`"), "{said}");
}

#[test]
fn target_health_belongs_to_the_group_that_the_path_names() {
    let dump = Dump::of_the_story();
    dump.write(|_, answer| answer["TargetHealthDescriptions"].is_null());
    let health =
        |id: &str| json!({ "TargetHealthDescriptions": [{ "Target": { "Id": id, "Port": 80 }, "TargetHealth": { "State": "healthy" } }] });
    let groups: Vec<(Id, String)> =
        story().resources.values().filter(|r| r.kind == "target_group").map(|r| (r.id.clone(), r.name.clone())).collect();
    assert!(groups.len() > 1, "the story has several target groups");
    for (at, (_, name)) in groups.iter().enumerate() {
        let path = if at == 0 { format!("health/{name}/answer.json") } else { format!("describe-target-health-{name}.json") };
        dump.add(path, &health(&format!("i-{at}")).to_string());
    }
    let read = dump.read();
    for (at, (id, name)) in groups.iter().enumerate() {
        let found = &read.get(id).expect("the group is there").doc["TargetHealthDescriptions"];
        assert_eq!(*found, health(&format!("i-{at}"))["TargetHealthDescriptions"], "{name}");
    }
}

#[test]
fn contradictory_answers_name_both_files() {
    let dump = Dump::of_the_story();
    dump.write(|_, _| true);
    let (first, answer) = dump.files.iter().find(|(_, answer)| answer["Subnets"].is_array()).expect("there are subnets");
    dump.add("z/again.json", &answer.to_string());
    let same = dump.read();
    let mut other = answer.clone();
    other["Subnets"][0]["MapPublicIpOnLaunch"] = json!("changed");
    dump.add("z/again.json", &other.to_string());
    assert_eq!(same.resources, dump.looked().resources, "the same answer twice is no contradiction");
    let id = other["Subnets"][0]["SubnetId"].as_str().expect("a subnet has an id");
    let first = format!("dump/{}", first.display());
    dump.refused("HK0109", &[&first, "dump/z/again.json", &format!("describe {id} differently")]);
}

#[test]
fn broken_files_are_named_with_their_place() {
    let dump = Dump::of_the_story();
    dump.write(|_, _| true);
    dump.add("d1/broken.json", "{\n  \"Subnets\": [\n    {]\n}\n");
    dump.refused("HK0109", &["dump/d1/broken.json:3:6: not JSON: "]);
    dump.add("d1/broken.json", "");
    dump.refused("HK0109", &["dump/d1/broken.json is empty: a command that fails leaves such a file"]);
    std::fs::write(dump.folder().join("d1/broken.json"), b"\xff\xfe{\x00}\x00").expect("the scratch directory is writable");
    dump.refused("HK0109", &["dump/d1/broken.json can't be read"]);
}

/// Found by fuzzing: a text among the functions was taken for one, and the program fell over.
#[test]
fn what_is_no_thing_is_told() {
    for (file, text) in [("functions.json", r#"{"Functions": ["orders"]}"#), ("vpcs.json", r#"{"Vpcs": [7]}"#)] {
        let why =
            dump::of(&[(PathBuf::from(file), text.to_owned())], Path::new("."), None, None, String::new()).expect_err("it is refused");
        assert!(
            why.to_string().contains(&format!("{file} has ")) && why.to_string().contains("where AWS's answers have an object"),
            "{why}"
        );
    }
}

#[test]
fn a_missing_page_is_told() {
    let dump = Dump::of_the_story();
    dump.write(|_, answer| answer["NetworkInterfaces"].is_null() || answer["NextToken"].is_string());
    dump.refused("HK0109", &["is not the last page of `NetworkInterfaces`"]);
}

#[test]
fn a_folder_must_hold_one_vpc_or_one_is_chosen() {
    let dump = Dump::of_the_story();
    std::fs::create_dir(dump.folder()).expect("the scratch directory is writable");
    dump.refused("HK0109", &["dump holds no answer of describe-vpcs"]);
    dump.add("notes.txt", "nothing yet");
    dump.refused("HK0109", &["dump holds no answer of describe-vpcs"]);
    dump.write(|_, _| true);
    dump.add("other.json", r#"{"Vpcs": [{"VpcId": "vpc-0123", "CidrBlock": "10.9.0.0/16", "OwnerId": "123456789012"}]}"#);
    dump.refused("HK0111", &["dump holds 2 VPCs", "vpc-0123", dump.vpc.as_str(), "--vpc"]);
    let vpc = dump.vpc.as_str();
    dump.hikkoshi(&["discover", "--from", "dump", "--vpc", vpc, "--out", "out.json"]).expect_code(0);
    let chosen = std::fs::read_to_string(dump.scratch.path().join("out.json")).expect("it is written");
    let mut chosen: Inventory = serde_json::from_str(&chosen).expect("it is an inventory");
    let looked = dump.looked();
    chosen.taken_at.clone_from(&looked.taken_at);
    assert_eq!(chosen.resources, looked.resources);
    let none = dump.hikkoshi(&["discover", "--from", "dump", "--vpc", "vpc-404"]).expect_code(2).stderr;
    assert!(none.contains("with vpc-404; it is about vpc-0123, vpc-"), "{none}");
    let nowhere = dump.hikkoshi(&["discover", "--from", "nowhere"]).expect_code(2).stderr;
    assert!(nowhere.starts_with("error[HK0109]: nowhere can't be read: "), "{nowhere}");
}
