//! Flow logs as the account has them: which there are, which of them show a VPC, and what CloudWatch Logs holds of them.
//!
//! Which streams of a group are read: those whose names begin with `eni-`, and no further choice. Naming the VPC's
//! interfaces instead would take a search per hundred of them, be refused whole for one that was never logged, and miss those
//! that are gone since; a filter pattern depends on the format, and spares AWS the answer but not the search.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Error, must};
use crate::cloud::Cloud;
use crate::model::call::{Call, Outcome};
use crate::model::facet::Role;
use crate::model::inventory::Inventory;
use crate::model::path;
use crate::model::text::harmless;

/// What a flow log calls its streams: `eni-0123-all`, `-accept`, `-reject` (VPC guide, `flow-logs-cwl.md`).
const STREAMS: &str = "eni-";

/// One flow log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowLog {
    /// `fl-…`
    pub id: String,
    /// What is logged: a VPC, a subnet, an interface, a transit gateway.
    pub of: String,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    /// The log group, if it delivers to CloudWatch Logs.
    pub group: Option<String>,
    /// Where else it delivers to: an ARN.
    pub destination: String,
    /// The fields of a record: `${version} ${interface-id} …`; empty where AWS does not say.
    pub format: String,
    /// Since when there is it, RFC 3339.
    pub since: String,
    /// Why AWS can't deliver it: `Rate limited`, `Access error`, `Unknown error`.
    pub failure: Option<String>,
}

/// All flow logs of the region. They are asked for without a filter, in one request for a thousand: those of subnets and
/// interfaces count, too, and so do those of other VPCs that share a group.
///
/// # Errors
/// If AWS does not answer, or the caller may not ask.
pub async fn flow_logs(cloud: &dyn Cloud) -> Result<Vec<FlowLog>, Error> {
    let answer = must(cloud, "ec2:DescribeFlowLogs", json!({})).await?;
    Ok(answer["FlowLogs"].as_array().into_iter().flatten().map(FlowLog::of).collect())
}

impl FlowLog {
    fn of(doc: &Value) -> FlowLog {
        let text = |at: &str| harmless(path::text(doc, at));
        let destination = text("LogDestination");
        let named = Some(text("LogGroupName")).filter(|name| !name.is_empty());
        // arn:aws:logs:REGION:ACCOUNT:log-group:NAME, with `:*` after it or not.
        let by_arn = || Some(destination.split_once(":log-group:")?.1.trim_end_matches(":*").to_owned());
        // A group of another account can't be searched from here.
        let foreign = !path::text(doc, "DeliverCrossAccountRole").is_empty();
        let elsewhere = foreign || matches!(path::text(doc, "LogDestinationType"), "s3" | "kinesis-data-firehose");
        let failed = (path::text(doc, "DeliverLogsStatus") == "FAILED").then(|| text("DeliverLogsErrorMessage"));
        FlowLog {
            id: text("FlowLogId"),
            of: text("ResourceId"),
            traffic: text("TrafficType"),
            group: if elsewhere { None } else { named.or_else(by_arn) },
            format: text("LogFormat"),
            since: text("CreationTime"),
            failure: failed.map(|why| if why.is_empty() { "no reason is given".to_owned() } else { why }),
            destination,
        }
    }

    fn shows(&self, traffic: &str) -> bool {
        self.traffic == "ALL" || self.traffic == traffic
    }
}

/// The flow logs that show something of an inventory's VPC: of itself, its subnets, its interfaces.
pub fn of_vpc<'l>(all: &'l [FlowLog], inventory: &Inventory) -> Vec<&'l FlowLog> {
    let is_part = |log: &&FlowLog| {
        let part = inventory.get(&log.of.as_str().into());
        log.of == inventory.vpc.as_str() || part.is_some_and(|part| matches!(part.role, Role::Subnet | Role::Interface))
    };
    all.iter().filter(is_part).collect()
}

/// The log groups to read: that of the oldest flow log that shows the whole VPC and is delivered; else all that there are.
pub fn groups(logs: &[&FlowLog], inventory: &Inventory) -> Vec<String> {
    let whole = |log: &&&FlowLog| log.of == inventory.vpc.as_str() && log.traffic == "ALL" && log.failure.is_none();
    let delivered = || logs.iter().filter(|log| log.group.is_some());
    match delivered().filter(whole).min_by_key(|log| &log.since) {
        Some(best) => best.group.iter().cloned().collect(),
        None => delivered().filter_map(|log| log.group.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
    }
}

/// Why these flow logs do not show all that gets through in the VPC, however long they are.
pub fn blind(logs: &[&FlowLog], inventory: &Inventory) -> Vec<String> {
    let failed = logs.iter().filter_map(|log| Some(format!("AWS could not deliver all of flow log {}: {}", log.id, log.failure.as_ref()?)));
    failed.chain(unseen(logs, inventory, "ACCEPT").map(|why| format!("what got through {why}"))).collect()
}

/// What else a person should know of them: what was refused does not show in all.
pub fn partial(logs: &[&FlowLog], inventory: &Inventory) -> Option<String> {
    unseen(logs, inventory, "REJECT").map(|why| format!("what was refused {why}"))
}

/// Where traffic of a sort is not logged; none if it is everywhere, or nobody knows of any flow log.
fn unseen(logs: &[&FlowLog], inventory: &Inventory, traffic: &str) -> Option<String> {
    let logged: BTreeSet<&str> = logs.iter().filter(|log| log.shows(traffic)).map(|log| log.of.as_str()).collect();
    if logs.is_empty() || logged.contains(inventory.vpc.as_str()) {
        return None;
    }
    if logged.is_empty() {
        let ids: Vec<String> = logs.iter().map(|log| format!("{} of {}", log.id, log.traffic)).collect();
        return Some(format!("is not logged ({})", ids.join(", ")));
    }
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for interface in inventory.with_role(Role::Interface).filter(|interface| !logged.contains(interface.id.as_str())) {
        interface
            .subnets()
            .iter()
            .filter(|subnet| !logged.contains(subnet.as_str()))
            .for_each(|s| *open.entry(s.as_str()).or_default() += 1);
    }
    let names: Vec<String> = open.into_iter().map(|(subnet, count)| format!("{subnet} (interfaces: {count})")).collect();
    (!names.is_empty()).then(|| format!("is not logged in {}", names.join(", ")))
}

/// One event of a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its stream.
    pub stream: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// One record.
    pub message: String,
}

impl Event {
    fn of(doc: &Value) -> Event {
        let text = |at: &str| doc[at].as_str().unwrap_or_default().to_owned();
        Event { stream: text("logStreamName"), at_ms: doc["timestamp"].as_i64().unwrap_or(0), message: text("message") }
    }

    /// The interface that its stream is named after.
    pub fn interface(&self) -> &str {
        self.stream.rsplit_once('-').map_or(self.stream.as_str(), |(interface, _)| interface)
    }
}

/// The events of a log group within a time, page by page; what was handed out is not kept.
pub struct Events<'c> {
    cloud: &'c dyn Cloud,
    group: &'c str,
    next: Option<Call>,
}

impl<'c> Events<'c> {
    /// From a moment to another, both milliseconds since 1970. Nothing is asked yet.
    pub fn new(cloud: &'c dyn Cloud, group: &'c str, from_ms: u64, until_ms: u64) -> Events<'c> {
        let parameters = json!({ "logGroupName": group, "logStreamNamePrefix": STREAMS, "startTime": from_ms, "endTime": until_ms });
        Events { cloud, group, next: Some(Call::new("logs:FilterLogEvents", parameters)) }
    }

    /// The next page, at most 10,000 events and often fewer or none; nothing after the last.
    ///
    /// # Errors
    /// If the group isn't there, AWS does not answer, or the caller may not ask.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, Error> {
        let Some(mut call) = self.next.take() else { return Ok(None) };
        let operation = call.operation.to_string();
        let answer = match self.cloud.call(&call).await {
            Outcome::Done(answer) => answer,
            Outcome::Refused(refusal) if refusal.is_credentials() => return Err(Error::Credentials(refusal)),
            Outcome::Refused(refusal) if refusal.is_not_found() => return Err(Error::UnknownLogGroup(self.group.to_owned())),
            Outcome::Refused(refusal) => return Err(Error::Refused { operation, refusal }),
            Outcome::Unknown(why) => return Err(Error::Unreachable { operation, why }),
        };
        if let Some(mark) = answer.get("nextToken").filter(|mark| mark.is_string()) {
            if call.parameters.get("nextToken") == Some(mark) {
                let why = "it answered with the same page mark twice".to_owned();
                return Err(Error::Unreachable { operation, why });
            }
            call.parameters.insert("nextToken".to_owned(), mark.clone());
            self.next = Some(call);
        }
        Ok(Some(answer["events"].as_array().into_iter().flatten().map(Event::of).collect()))
    }
}
