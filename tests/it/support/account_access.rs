//! Accounts in which not everybody is reached by Session Manager.

use serde_json::{Value, json};

use super::account::{Docs, network, profile, profile_arn};

/// One zone, one instance that Session Manager reaches.
pub fn small() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("web", "a", &["sg-default-all"]);
    docs
}

/// One zone, one instance without a profile.
pub fn bare() -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    docs.instance("bare", "a", &["sg-default-all"]);
    let doc = docs.doc("i-bare");
    doc["IamInstanceProfile"] = Value::Null;
    doc["Profile"] = Value::Null;
    docs
}

/// One zone, two instances with one profile, whose role has these policies.
pub fn shared_role(policies: &[&str]) -> Docs {
    let mut docs = network(&["a"]);
    docs.security();
    for name in ["one", "two"] {
        docs.instance(name, "a", &["sg-default-all"]);
        let doc = docs.doc(&format!("i-{name}"));
        doc["IamInstanceProfile"] = json!({ "Arn": profile_arn("app") });
        doc["Profile"] = profile("app", policies);
    }
    docs
}
