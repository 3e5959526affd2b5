//! Custom endpoints of a cluster that list members by name: a member that was deleted is off the list, and put on again
//! when another has its name.

use serde_json::{Value, json};

use crate::kinds::build::{check, step, undo};
use crate::kinds::effects::{list, text};
use crate::kinds::{Effect, Follow, Read};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::id::{Id, slug};
use crate::model::path;
use crate::model::step::{Expect, Stage, Step};

/// What a cluster's document gets to know of them, as `EndpointList`; asked only where there are some.
pub(super) const FOLLOW: Follow = Follow {
    operation: "rds:DescribeDBClusterEndpoints",
    result: "DBClusterEndpoints",
    parameters: |docs| {
        docs[0]["CustomEndpoints"][0].as_str()?;
        Some(json!({ "DBClusterIdentifier": docs[0]["DBClusterIdentifier"].as_str()? }))
    },
    batch: 1,
    merge: |doc, answer| {
        let name = path::text(doc, "DBClusterIdentifier").to_owned();
        let mine = path::select(answer, &format!("DBClusterEndpoints[DBClusterIdentifier={name}]"));
        doc["EndpointList"] = mine.into_iter().filter(|endpoint| endpoint["EndpointType"] == "CUSTOM").cloned().collect();
    },
};

/// Each list as it was, when all its members are there again.
pub(super) fn restore(of_move: &str, cluster: &str, doc: &Value) -> Vec<Step> {
    let mut steps = Vec::new();
    for endpoint in path::select(doc, "EndpointList[]") {
        let name = path::text(endpoint, "DBClusterEndpointIdentifier");
        for key in ["StaticMembers", "ExcludedMembers"] {
            let members: Vec<Value> = path::select(endpoint, &format!("{key}[]")).into_iter().cloned().collect();
            if members.is_empty() {
                continue;
            }
            let call = json!({ "DBClusterEndpointIdentifier": name, key: members });
            let own = json!({ "DBClusterIdentifier": cluster, "DBClusterEndpointIdentifier": name });
            let at = format!("DBClusterEndpoints[].{key}[]");
            let listed = check("it lists what it listed", "rds:DescribeDBClusterEndpoints", own, &at, Expect::SameSet(members));
            let id = format!("{of_move}-endpoint-{}", slug(name));
            steps.push(
                step(id, Stage::Data, of_move, format!("Put the members of {cluster} on its endpoint {name} again"))
                    .call("rds:ModifyDBClusterEndpoint", call.clone())
                    .settled_by(listed.clone())
                    // Members that go off the list on the way back are put on again by the same list.
                    .undo(vec![undo("rds:ModifyDBClusterEndpoint", call, listed)])
                    .done(),
            );
        }
    }
    steps
}

pub(super) const MODIFY: (&str, Effect) = ("rds:ModifyDBClusterEndpoint", modify);
pub(super) const DESCRIBE: (&str, Read) = ("rds:DescribeDBClusterEndpoints", describe);
/// AWS's code for an endpoint that isn't there.
const UNKNOWN: &str = "DBClusterEndpointNotFoundFault";

fn modify(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let name = text(parameters, "DBClusterEndpointIdentifier")?.to_owned();
    let clusters: Vec<Id> = account.resources.of_kind("db_cluster").map(|cluster| cluster.id.clone()).collect();
    for id in clusters {
        let doc = account.edit(id.as_str(), UNKNOWN)?;
        let Some(endpoints) = doc["EndpointList"].as_array_mut() else { continue };
        if let Some(endpoint) = endpoints.iter_mut().find(|endpoint| endpoint["DBClusterEndpointIdentifier"] == name.as_str()) {
            for key in ["StaticMembers", "ExcludedMembers"].into_iter().filter(|key| parameters.contains_key(*key)) {
                endpoint[key] = json!(list(parameters, key));
            }
            return Ok(endpoint.clone());
        }
    }
    Err(Refusal::new(UNKNOWN, format!("DB cluster endpoint {name} not found.")))
}

fn describe(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let named = |key: &str, doc: &Value| parameters.get(key).is_none_or(|wanted| doc[key] == *wanted);
    let clusters = account.resources.of_kind("db_cluster").filter(|cluster| named("DBClusterIdentifier", &cluster.doc));
    let found: Vec<&Value> = clusters
        .flat_map(|cluster| path::select(&cluster.doc, "EndpointList[]"))
        .filter(|endpoint| named("DBClusterEndpointIdentifier", endpoint))
        .collect();
    Ok(json!({ "DBClusterEndpoints": found }))
}
