//! A dry run by people with more and with fewer rights, over the wire: IAM's simulator is asked, and what it says is told.

use serde_json::{Value, json};

use crate::book::json::faults;
use crate::support::command::{Finished, Hikkoshi};
use crate::support::emulator::aws_all;
use crate::support::night::Night;

/// The account, and somebody with policies in it.
struct Desk<'n> {
    night: &'n Night,
    policies: Value,
}

/// A call to IAM by somebody who may all.
type Asked = (&'static str, &'static str, Value);

impl Desk<'_> {
    fn all(&self, calls: &[Asked]) -> Vec<Value> {
        aws_all(&self.night.emulator.url(), calls).expect("IAM takes it")
    }

    /// The policy of the plan, part by part, each statement changed as told; none where nothing is left.
    fn parts(&self, who: &str, change: &dyn Fn(&str, &mut Value)) -> Vec<Asked> {
        let mut out = Vec::new();
        for (part, documents) in self.policies.as_object().expect("parts") {
            for (at, document) in documents.as_array().expect("documents").iter().enumerate() {
                let mut document = document.clone();
                document["Statement"].as_array_mut().expect("statements").iter_mut().for_each(|statement| change(part, statement));
                document["Statement"].as_array_mut().expect("statements").retain(|one| one["Action"] != json!([]));
                if document["Statement"] != json!([]) {
                    out.push(policy(&format!("{who}-{part}-{at}"), &document));
                }
            }
        }
        out
    }

    /// A user with these policies, at the program.
    fn user(&self, name: &str, policies: Vec<Asked>) -> Hikkoshi {
        let attached = attached("attach_user_policy", ("UserName", name), &policies);
        let mut calls = vec![("iam", "create_user", json!({ "UserName": name, "Path": "/ops/" }))];
        calls.extend(policies.into_iter().chain(attached));
        calls.push(("iam", "create_access_key", json!({ "UserName": name })));
        self.with_key(&self.all(&calls).last().expect("an answer")["AccessKey"])
    }

    /// Somebody in a session of a role with these policies.
    fn session(&self, role: &str, policies: Vec<Asked>) -> Hikkoshi {
        let trust = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
        let attached = attached("attach_role_policy", ("RoleName", role), &policies);
        let mut calls = vec![("iam", "create_role", json!({ "RoleName": role, "Path": "/ops/", "AssumeRolePolicyDocument": trust }))];
        calls.extend(policies.into_iter().chain(attached));
        let arn = format!("arn:aws:iam::123456789012:role/ops/{role}");
        calls.push(("sts", "assume_role", json!({ "RoleArn": arn, "RoleSessionName": "night" })));
        let key = self.all(&calls).last().expect("an answer")["Credentials"].clone();
        self.with_key(&key).env("AWS_SESSION_TOKEN", key["SessionToken"].as_str().expect("a token"))
    }

    fn with_key(&self, key: &Value) -> Hikkoshi {
        let text = |name: &str| key[name].as_str().expect("a key");
        let hikkoshi = self.night.hikkoshi(&self.night.emulator.url()).env("AWS_ACCESS_KEY_ID", text("AccessKeyId"));
        hikkoshi.env("AWS_SECRET_ACCESS_KEY", text("SecretAccessKey"))
    }
}

fn policy(name: &str, document: &Value) -> Asked {
    ("iam", "create_policy", json!({ "PolicyName": name, "PolicyDocument": document.to_string() }))
}

fn attached(operation: &'static str, (key, to): (&str, &str), policies: &[Asked]) -> Vec<Asked> {
    let arn = |policy: &Asked| format!("arn:aws:iam::123456789012:policy/{}", policy.2["PolicyName"].as_str().expect("a name"));
    policies.iter().map(|policy| ("iam", operation, json!({ key: to, "PolicyArn": arn(policy) }))).collect()
}

/// The words of a text, wherever its lines end.
fn flat(finished: &Finished) -> String {
    finished.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without(action: &'static str) -> impl Fn(&str, &mut Value) {
    move |_, statement| statement["Action"].as_array_mut().expect("actions").retain(|one| one != action)
}

/// Nothing is missing; how much `read` and `apply` are.
fn whoever_has_it_all(desk: &Desk<'_>) -> [u64; 2] {
    let all = desk.user("mika", desk.parts("mika", &|_, _| ()));
    // AWS takes some actions by themselves only.
    desk.night.emulator.set("iam_alone", "ec2:CreateRoute");
    let told = all.run(&["dry-run", "move", "--json"]).expect_code(0).json();
    assert_eq!(faults("dry-run", &told), Vec::<String>::new());
    let iam = &told["aws"]["iam"];
    assert_eq!((&iam["who"], &iam["denied"], &iam["unsure"]), (&json!("arn:aws:iam::123456789012:user/ops/mika"), &json!([]), &json!([])));
    let counts: Vec<u64> = ["read", "apply", "cleanup"].iter().map(|part| iam["allowed"][part].as_u64().expect("a number")).collect();
    assert!(counts.iter().all(|count| *count > 5), "{counts:?}");
    let [read, apply, cleanup] = counts[..] else { panic!("three parts") };
    assert_eq!((&iam["untold"], cleanup), (&json!([]), 7));
    desk.night.emulator.set("iam_unknown", "ec2:CreateRoute");
    let said = flat(&all.run(&["dry-run", "move"]).expect_code(0));
    assert!(said.contains("? apply needs ec2:CreateRoute on ") && said.contains("IAM's simulator does not take the question"), "{said}");
    desk.night.emulator.set("iam_unknown", "");
    [read, apply]
}

#[test]
fn a_dry_run_tells_what_the_caller_may_not() {
    let mut night = Night::falls();
    night.begin(&[]);
    let plain = night.hikkoshi(&night.emulator.url());
    let policies = plain.run(&["policy", "move", "--json"]).expect_code(0).json();
    let desk = Desk { night: &night, policies };

    let [read, apply] = whoever_has_it_all(&desk);

    // One action less: that one is missing, and no other.
    let less = desk.user("ren", desk.parts("ren", &without("ec2:CreateNatGateway")));
    let said = flat(&less.run(&["dry-run", "move"]).expect_code(3));
    assert!(said.contains("✗ apply lacks ec2:CreateNatGateway on arn:aws:ec2:us-east-1:123456789012:"), "{said}");
    assert!(said.contains("no policy allows it"), "{said}");
    assert!(said.contains("next: hikkoshi policy move --part apply"), "{said}");
    assert!(said.matches("✗").count() == 1 && !said.contains("! cleanup") && !said.contains("next: hikkoshi apply"), "{said}");

    // What a policy forbids is forbidden, whatever another allows; and who is asked for a second factor can't be judged.
    let mut forbidden = desk.parts("aoi", &|_, statement| {
        if statement["Action"].as_array().expect("actions").contains(&json!("rds:ModifyDBInstance")) {
            statement["Condition"]["Bool"] = json!({ "aws:MultiFactorAuthPresent": "true" });
        }
    });
    let guard = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "lambda:Update*", "Resource": "*" }] });
    forbidden.push(policy("guard", &guard));
    let said = flat(&desk.user("aoi", forbidden).run(&["dry-run", "move"]).expect_code(3));
    assert!(said.contains("✗ apply lacks lambda:Update") && said.contains("policy guard denies it"), "{said}");
    assert!(
        said.contains("? apply needs rds:ModifyDBInstance") && said.contains("it depends on aws:MultiFactorAuthPresent, which"),
        "{said}"
    );
    assert!(said.contains("its policies also look at aws:MultiFactorAuthPresent, which is not known beforehand"), "{said}");

    // A session is judged by its role. Whoever may not clean up may still move.
    let drop_cleanup = |part: &str, statement: &mut Value| {
        if part == "cleanup" {
            statement["Action"] = json!([]);
        }
    };
    let mover = desk.session("mover", desk.parts("mover", &drop_cleanup));
    let said = flat(&mover.run(&["dry-run", "move"]).expect_code(0));
    assert!(
        said.contains(&format!("role/ops/mover is allowed: read {read} of {read}, apply {apply} of {apply}, cleanup 3 of 7")),
        "{said}"
    );
    assert!(
        said.contains("! cleanup lacks ec2:ReleaseAddress, ec2:TerminateInstances: no policy allows it")
            && said.contains("next: hikkoshi apply move"),
        "{said}"
    );

    // Whom IAM does not know, it can't judge.
    let said = flat(&plain.run(&["dry-run", "move"]).expect_code(0));
    assert!(
        said.contains("IAM not asked: IAM's simulator judges users and roles; arn:aws:sts::123456789012:user/moto is neither"),
        "{said}"
    );
}
