//! What the user has: a state and a configuration, in which each change is told by address, file and line.

use hikkoshi::execute::Machine;
use hikkoshi::plan::Plan;
use hikkoshi::report::terraform::config::Config;
use hikkoshi::report::terraform::state::State;
use hikkoshi::report::terraform::{Input, export};
use serde_json::{Value, json};

use crate::support::account::{Docs, spine};
use crate::support::lab::{ALL, Lab, plan_of};

fn managed(module: &str, of: &str, name: &str, attributes: Value) -> Value {
    let mut one = json!({ "mode": "managed", "type": of, "name": name, "instances": [{ "attributes": attributes }] });
    if !module.is_empty() {
        one["module"] = json!(module);
    }
    one
}

/// A state of the spine: databases in a module, an instance by `count`, the rest in the root.
fn state() -> State {
    let mut app = managed("", "aws_instance", "app", json!({ "id": "i-app-1" }));
    app["instances"][0]["index_key"] = json!(0);
    let resources = json!([
        managed(
            "module.db",
            "aws_db_instance",
            "multi",
            json!({ "id": "db-ABC", "identifier": "pg-multi", "publicly_accessible": true, "password": "hunter2" })
        ),
        managed(
            "",
            "aws_route_table_association",
            "a",
            json!({ "id": "rtbassoc-1", "subnet_id": "subnet-a", "route_table_id": "rtb-public" })
        ),
        managed("", "aws_instance", "bastion", json!({ "id": "i-bastion" })),
        app,
    ]);
    State::parse(&json!({ "version": 4, "terraform_version": "1.9.0", "resources": resources }).to_string()).expect("a state")
}

const ROOT: &str = "module \"db\" {\n  source = \"./modules/db\"\n}\n\nresource \"aws_route_table_association\" \"a\" {\n  subnet_id      = aws_subnet.a.id\n  route_table_id = aws_route_table.public.id\n}\n";
const DB: &str = "resource \"aws_db_instance\" \"multi\" {\n  identifier             = \"pg-multi\"\n  vpc_security_group_ids = var.groups\n  publicly_accessible    = true\n}\n";

fn config() -> Config {
    Config::parse([("main.tf", ROOT), ("modules/db/main.tf", DB)])
}

fn notes(docs: &Docs, plan: &Plan, lab: Option<&Lab<'_>>, state: Option<&State>, config: Option<&Config>) -> String {
    let inventory = docs.inventory();
    let machine = lab.map_or_else(|| Machine::new(plan), |lab| Machine::replay(plan, &lab.records));
    export(&Input { plan, inventory: &inventory, run: &machine, state, config, rules: None }).notes
}

#[track_caller]
fn says(notes: &str, part: &str) {
    assert!(notes.contains(part), "the notes do not say: {part}\n{notes}");
}

#[test]
fn a_change_is_told_by_address_file_and_line() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    let notes = notes(&docs, &plan, Some(&lab), Some(&state()), Some(&config()));
    says(&notes, "- `module.db.aws_db_instance.multi`: `publicly_accessible` `true` → `false` (modules/db/main.tf:4)\n");
    // Inside a module the root's resources have no names.
    let group = notes.lines().find(|line| line.contains("multi`: `vpc_security_group_ids`")).expect("its groups");
    assert!(group.contains("→ `[\"sg-0") && group.ends_with("(modules/db/main.tf:3)"), "{group}");
    let turned = notes
        .lines()
        .find(|line| line.starts_with("- `aws_route_table_association.a`: `route_table_id` `\"rtb-public\"` → "))
        .expect("the subnet's table");
    assert!(turned.contains("aws_route_table.table_private_a.id") && turned.ends_with("(main.tf:7)"), "{turned}");
    says(&notes, "terraform state rm aws_route_table_association.a\nterraform import aws_route_table_association.a subnet-a/rtb-0");
    assert!(!notes.contains("hunter2"), "a secret of the state is in the notes");
}

#[test]
fn what_was_replaced_is_forgotten_and_its_successor_imported() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let mut lab = Lab::new(&docs, &plan);
    lab.reach(ALL, "forward");
    let notes = notes(&docs, &plan, Some(&lab), Some(&state()), None);
    says(&notes, "- `aws_instance.bastion` → `aws_instance.bastion_launch`");
    says(&notes, "    from = aws_instance.bastion\n");
    // `removed` takes no index.
    says(&notes, "`terraform state rm 'aws_instance.app[0]'`");
    assert!(!notes.contains("from = aws_instance.app[0]"), "{notes}");
    says(&notes, "terraform import 'aws_instance.app[0]' i-0");
}

/// Without a state, AWS's own names; what the configuration says literally is found nonetheless.
#[test]
fn without_a_state_changes_are_told_by_awss_names() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    says(&notes(&docs, &plan, None, None, None), "- aws_db_instance `pg-multi`: `publicly_accessible` `true` → `false`\n");
    says(
        &notes(&docs, &plan, None, None, Some(&config())),
        "- aws_db_instance `pg-multi`: `publicly_accessible` `true` → `false` (modules/db/main.tf:4)\n",
    );
    let broken = Config::parse([("main.tf", "resource {{{")]);
    says(&notes(&docs, &plan, None, None, Some(&broken)), "- main.tf:1:");
}

/// What a state does not have is nobody's edit here; and a state that has nothing of all this is told.
#[test]
fn what_is_not_in_the_state_is_told_apart() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let notes = |state: &State| notes(&docs, &plan, None, Some(state), Some(&config()));
    let some = notes(&state());
    says(&some, "Changed as well, and not in this state; whoever manages it must know:\n");
    says(&some, "- aws_db_instance `pg-single`: `vpc_security_group_ids`, `publicly_accessible`\n");
    assert!(!some.contains("ADDRESS   # the association"), "an association that the state does not have is not imported\n{some}");
    let other = json!({ "version": 4, "resources": [managed("", "aws_instance", "else", json!({ "id": "i-else" }))] });
    says(&notes(&State::parse(&other.to_string()).expect("a state")), "None of what was changed is in this state, which has 1 resources");
}

/// What the state has is what is compared: the inventory may be older.
#[test]
fn what_terraform_has_already_is_no_edit() {
    let docs = spine();
    let plan = plan_of(&docs, "");
    let done = json!({ "version": 4, "resources": [managed("", "aws_db_instance", "multi", json!({ "identifier": "pg-multi", "publicly_accessible": false }))] });
    let state = State::parse(&done.to_string()).expect("a state");
    let notes = notes(&docs, &plan, None, Some(&state), None);
    assert!(!notes.contains("aws_db_instance.multi`: `publicly_accessible`"), "{notes}");
}
