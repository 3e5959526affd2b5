//! What RDS and ElastiCache tell of what happened, in a simulated account.

use serde_json::{Value, json};

use super::Read;
use super::effects::text;
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::Role;
use crate::model::id::Id;

/// Notes what will have happened to a thing after `seconds`; it is told from then on.
pub(super) fn tell(account: &mut Account, service: &str, source: (&str, &str), seconds: u64, message: &str) {
    let at_ms = account.now_ms + seconds * 1000;
    account.serial += 1;
    let id = Id::new(format!("event:{}", account.serial));
    let date = i64::try_from(at_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).map(|at| at.to_string());
    let doc = json!({ "SourceType": source.0, "SourceIdentifier": source.1, "Message": message, "Date": date, "AtMs": at_ms });
    account.insert(&format!("{service}_event"), Role::Bystander, id, doc);
}

fn describe(account: &Account, kind: &str, parameters: &Object) -> Result<Value, Refusal> {
    let minutes = parameters.get("Duration").and_then(Value::as_u64).unwrap_or(60);
    let since = account.now_ms.saturating_sub(minutes * 60_000);
    let named = |key: &str| parameters.get(key).is_some().then(|| text(parameters, key)).transpose();
    let (source, of_type) = (named("SourceIdentifier")?, named("SourceType")?);
    let told = account.resources.of_kind(kind).map(|event| &*event.doc).filter(|doc| {
        let at = doc["AtMs"].as_u64().unwrap_or(0);
        at >= since
            && at <= account.now_ms
            && source.is_none_or(|source| doc["SourceIdentifier"] == source)
            && of_type.is_none_or(|of_type| doc["SourceType"] == of_type)
    });
    Ok(json!({ "Events": told.collect::<Vec<_>>() }))
}

/// `rds:DescribeEvents`.
pub(super) const RDS: (&str, Read) = ("rds:DescribeEvents", |account, parameters| describe(account, "rds_event", parameters));
/// `elasticache:DescribeEvents`.
pub(super) const CACHE: (&str, Read) =
    ("elasticache:DescribeEvents", |account, parameters| describe(account, "elasticache_event", parameters));
