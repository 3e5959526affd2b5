//! One answer from many requests: pages, and lists too long for one request. Plain JSON in, plain JSON out.

use serde_json::Value;

use crate::model::call::{Object, Operation, Outcome, Refusal};

/// Under which names a service takes and gives the mark of the next page.
const MARKS: [(&str, &str); 4] = [("NextToken", "NextToken"), ("nextToken", "nextToken"), ("NextMarker", "Marker"), ("Marker", "Marker")];

/// The same where the mark has parts (Route 53's record sets).
const PARTS: [(&str, &str); 3] =
    [("NextRecordName", "StartRecordName"), ("NextRecordType", "StartRecordType"), ("NextRecordIdentifier", "StartRecordIdentifier")];
/// The largest page of record sets. Whoever asks for fewer wants these and no further page: where a list begins and how
/// much of it comes are the only ways to ask for one set.
const RECORD_SETS: i32 = 300;

/// The list that an operation takes, and how long it may be in one request.
fn list_limit(operation: &Operation) -> Option<(&'static str, usize)> {
    Some(match (operation.service(), operation.name()) {
        ("elasticloadbalancing", "DescribeTags") => ("ResourceArns", 20),
        ("elb", "DescribeTags") => ("LoadBalancerNames", 20),
        ("ecs", "DescribeServices") => ("services", 10),
        ("ecs", "DescribeServiceDeployments") => ("serviceDeploymentArns", 20),
        ("ecs", "DescribeTasks") => ("tasks", 100),
        ("ecs", "DescribeClusters") => ("clusters", 100),
        ("batch", "DescribeComputeEnvironments") => ("computeEnvironments", 100),
        ("batch", "DescribeJobQueues") => ("jobQueues", 100),
        ("autoscaling", "DescribeLaunchConfigurations") => ("LaunchConfigurationNames", 50),
        ("application-autoscaling", "DescribeScalableTargets") => ("ResourceIds", 50),
        _ => return None,
    })
}

/// Whether whoever asks gets each page as it comes, with the mark of the next in it: the events of a log group have no
/// bound, and a page has at most 10,000 events or 1 MB (CloudWatch Logs API reference, `FilterLogEvents`).
pub(super) fn one_by_one(operation: &Operation) -> bool {
    (operation.service(), operation.name()) == ("logs", "FilterLogEvents")
}

/// The parameters of the first request of each chain of pages: usually one.
pub(super) fn chains(operation: &Operation, parameters: &Object) -> Vec<Object> {
    let mut first = parameters.clone();
    if let Some((name, size)) = page_size(operation).filter(|_| !names_things(parameters)) {
        first.entry(name).or_insert(Value::from(size));
    }
    let Some((name, most)) = list_limit(operation) else { return vec![first] };
    match parameters.get(name) {
        Some(Value::Array(items)) if items.len() > most => items.chunks(most).map(|part| with(&first, name, Value::from(part))).collect(),
        _ => vec![first],
    }
}

/// The largest page that AWS offers, where an operation has pages.
fn page_size(operation: &Operation) -> Option<(&'static str, i32)> {
    let name = operation.name();
    Some(match operation.service() {
        "ec2" => ("MaxResults", ec2_page_size(name)?),
        "elasticache" if name.contains("Serverless") && operation.is_read() => ("MaxResults", 50),
        "rds" | "elasticache" if name.starts_with("Describe") => ("MaxRecords", if name == "DescribeSnapshots" { 50 } else { 100 }),
        "autoscaling" if matches!(name, "DescribeAutoScalingGroups" | "DescribeInstanceRefreshes" | "DescribeLaunchConfigurations") => {
            ("MaxRecords", 100)
        }
        "elasticloadbalancing" | "elb"
            if matches!(name, "DescribeLoadBalancers" | "DescribeListeners" | "DescribeRules" | "DescribeTargetGroups") =>
        {
            ("PageSize", 400)
        }
        "lambda" if matches!(name, "ListFunctions" | "ListVersionsByFunction" | "ListAliases" | "ListProvisionedConcurrencyConfigs") => {
            ("MaxItems", 50)
        }
        "events" if name.starts_with("List") => ("Limit", 100),
        "scheduler" if name.starts_with("List") => ("MaxResults", 100),
        "ssm" if matches!(name, "DescribeInstanceInformation" | "ListCommands" | "ListCommandInvocations") => ("MaxResults", 50),
        "application-autoscaling" if operation.is_read() => ("MaxResults", 50),
        "states" if name.starts_with("List") => ("maxResults", 1000),
        "ecs" | "batch" if name.starts_with("List") => ("maxResults", 100),
        "batch" if operation.is_read() => ("maxResults", 100),
        "iam" if name.starts_with("List") => ("MaxItems", 1000),
        "route53" if name == "ListResourceRecordSets" => ("MaxItems", RECORD_SETS),
        "route53" if name.starts_with("List") => ("MaxItems", 100),
        _ => return None,
    })
}

fn ec2_page_size(name: &str) -> Option<i32> {
    Some(match name {
        "DescribeVpcAttribute" | "DescribeAddresses" | "DescribeAvailabilityZones" | "DescribeInstanceAttribute" => return None,
        "DescribeRouteTables" | "DescribeManagedPrefixLists" | "GetManagedPrefixListEntries" => 100,
        "DescribeLaunchTemplates" | "DescribeLaunchTemplateVersions" => 200,
        "DescribeEgressOnlyInternetGateways" => 255,
        _ if name.starts_with("Describe") || name.starts_with("Get") => 1000,
        _ => return None,
    })
}

/// Whether things are asked for by name: several operations then refuse a page size.
fn names_things(parameters: &Object) -> bool {
    const ITEMS: [&str; 5] = ["computeEnvironments", "jobQueues", "Versions", "InstanceId", "CommandId"];
    parameters.keys().any(|name| ["Ids", "Arns", "Names"].iter().any(|plural| name.ends_with(plural)) || ITEMS.contains(&name.as_str()))
}

/// Takes the mark of the next page out of an answer: the parameters of the next request, if there is one.
pub(super) fn next(answer: &mut Value, sent: &Object) -> Result<Option<Object>, Outcome> {
    let Some(answer) = answer.as_object_mut() else { return Ok(None) };
    let parts: Object = PARTS.iter().filter_map(|(given, taken)| Some(((*taken).to_owned(), answer.remove(*given)?))).collect();
    if !parts.is_empty() {
        return next_by_parts(parts, sent);
    }
    for (given, taken) in MARKS {
        match answer.remove(given) {
            Some(Value::String(mark)) if !mark.is_empty() => {
                if sent.get(taken).and_then(Value::as_str) == Some(&mark) {
                    return Err(Outcome::Unknown(format!("AWS answered with the same page mark twice: {mark}")));
                }
                return Ok(Some(with(sent, taken, Value::String(mark))));
            }
            _ => continue,
        }
    }
    Ok(None)
}

fn next_by_parts(parts: Object, sent: &Object) -> Result<Option<Object>, Outcome> {
    if sent.get("MaxItems") != Some(&Value::from(RECORD_SETS)) {
        return Ok(None);
    }
    if PARTS.iter().all(|(_, taken)| parts.get(*taken) == sent.get(*taken)) {
        return Err(Outcome::Unknown(format!("AWS answered with the same page mark twice: {}", Value::Object(parts))));
    }
    let mut next = sent.clone();
    next.retain(|name, _| PARTS.iter().all(|(_, taken)| name != taken));
    next.extend(parts);
    Ok(Some(next))
}

/// Adds a further page to an answer: lists grow, anything else is as the last page says.
pub(super) fn merge(answer: &mut Value, page: Value) {
    let (Value::Object(answer), Value::Object(page)) = (answer, page) else { return };
    for (name, value) in page {
        match (answer.get_mut(&name), value) {
            (Some(Value::Array(items)), Value::Array(more)) => items.extend(more),
            (_, value) => {
                answer.insert(name, value);
            }
        }
    }
}

/// `DeleteVpcEndpoints` reports what it could not delete with status 200.
pub(super) fn settle(operation: &Operation, parameters: &Object, answer: Value) -> Outcome {
    let failed = match answer.get("Unsuccessful").and_then(Value::as_array) {
        Some(failed) if operation.name() == "DeleteVpcEndpoints" && !failed.is_empty() => failed,
        _ => return Outcome::Done(answer),
    };
    let text = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or("?").to_owned();
    let reasons: Vec<String> = failed
        .iter()
        .map(|item| {
            let id = text(item, "/ResourceId");
            format!("{id}: {}: {}", text(item, "/Error/Code"), text(item, "/Error/Message"))
        })
        .collect();
    let asked = parameters.get("VpcEndpointIds").and_then(Value::as_array).map_or(1, Vec::len);
    if failed.len() < asked {
        return Outcome::Unknown(format!("only a part was deleted; {}", reasons.join("; ")));
    }
    Outcome::Refused(Refusal::new(text(&failed[0], "/Error/Code"), reasons.join("; ")))
}

fn with(parameters: &Object, name: &str, value: Value) -> Object {
    let mut parameters = parameters.clone();
    parameters.insert(name.to_owned(), value);
    parameters
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn first(operation: &str, parameters: Value) -> Value {
        Value::Object(chains(&operation.parse().unwrap(), &object(parameters)).remove(0))
    }

    #[test]
    fn pages_are_as_large_as_aws_allows() {
        assert_eq!(first("ec2:DescribeSubnets", json!({})), json!({"MaxResults": 1000}));
        assert_eq!(first("ec2:DescribeSubnets", json!({"MaxResults": 5})), json!({"MaxResults": 5}));
        assert_eq!(first("ec2:DescribeRouteTables", json!({})), json!({"MaxResults": 100}));
        assert_eq!(first("ec2:DescribeAddresses", json!({})), json!({}));
        assert_eq!(first("ec2:DescribeInstances", json!({"InstanceIds": ["i-1"]})), json!({"InstanceIds": ["i-1"]}));
        assert_eq!(first("ec2:CreateSubnet", json!({})), json!({}));
        assert_eq!(first("rds:DescribeDBInstances", json!({})), json!({"MaxRecords": 100}));
        assert_eq!(first("elasticloadbalancing:DescribeTargetHealth", json!({})), json!({}));
        assert_eq!(first("elb:DescribeLoadBalancers", json!({})), json!({"PageSize": 400}));
        assert_eq!(first("ecs:ListServices", json!({"cluster": "c"})), json!({"cluster": "c", "maxResults": 100}));
        assert_eq!(first("batch:DescribeJobQueues", json!({"jobQueues": ["q"]})), json!({"jobQueues": ["q"]}));
        assert_eq!(first("elasticache:DescribeServerlessCaches", json!({})), json!({"MaxResults": 50}));
        assert_eq!(first("elasticache:DescribeSnapshots", json!({})), json!({"MaxRecords": 50}));
    }

    #[test]
    fn lists_that_are_too_long_for_one_request_are_cut() {
        let arns: Vec<String> = (0..45).map(|n| format!("arn:{n}")).collect();
        let operation = "elasticloadbalancing:DescribeTags".parse().unwrap();
        let chains = chains(&operation, &object(json!({"ResourceArns": arns})));
        let sizes: Vec<usize> = chains.iter().map(|part| part["ResourceArns"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [20, 20, 5]);
        let services: Vec<String> = (0..11).map(|n| format!("service-{n}")).collect();
        let chains = super::chains(&"ecs:DescribeServices".parse().unwrap(), &object(json!({"cluster": "c", "services": services})));
        assert!(chains.len() == 2 && chains.iter().all(|part| part["cluster"] == "c"));
    }

    #[test]
    fn pages_follow_each_other_until_there_is_no_mark() {
        let mut answer = json!({"Subnets": [1], "NextToken": "t"});
        let sent = next(&mut answer, &object(json!({"MaxResults": 5}))).unwrap().unwrap();
        assert_eq!(Value::Object(sent.clone()), json!({"MaxResults": 5, "NextToken": "t"}));
        let mut page = json!({"Subnets": [2]});
        assert_eq!(next(&mut page, &sent), Ok(None));
        merge(&mut answer, page);
        assert_eq!(answer, json!({"Subnets": [1, 2]}));
        assert!(next(&mut json!({"NextToken": "t"}), &sent).is_err(), "the same mark again would never end");
        let small = next(&mut json!({"nextToken": "t"}), &Object::new()).unwrap().unwrap();
        assert_eq!(Value::Object(small), json!({"nextToken": "t"}));
        let marked = next(&mut json!({"NextMarker": "m"}), &Object::new()).unwrap().unwrap();
        assert_eq!(Value::Object(marked), json!({"Marker": "m"}));
    }

    #[test]
    fn what_has_no_bound_is_not_merged() {
        let one_by_one = |operation: &str| one_by_one(&operation.parse().unwrap());
        assert!(one_by_one("logs:FilterLogEvents"));
        assert!(!one_by_one("ec2:DescribeFlowLogs") && !one_by_one("ec2:DescribeSubnets"));
    }

    #[test]
    fn record_sets_go_on_by_name_type_and_identifier() {
        let whole = chains(&"route53:ListResourceRecordSets".parse().unwrap(), &object(json!({"HostedZoneId": "Z1"}))).remove(0);
        assert_eq!(Value::Object(whole.clone()), json!({"HostedZoneId": "Z1", "MaxItems": 300}));
        let mut page = json!({"ResourceRecordSets": [1], "NextRecordName": "a.", "NextRecordType": "A", "NextRecordIdentifier": "blue"});
        let second = next(&mut page, &whole).unwrap().unwrap();
        let expected = json!({"HostedZoneId": "Z1", "MaxItems": 300, "StartRecordName": "a.", "StartRecordType": "A", "StartRecordIdentifier": "blue"});
        assert_eq!((page, Value::Object(second.clone())), (json!({"ResourceRecordSets": [1]}), expected));
        assert!(next(&mut json!({"NextRecordName": "a.", "NextRecordType": "A", "NextRecordIdentifier": "blue"}), &second).is_err());
        let third = next(&mut json!({"NextRecordName": "b.", "NextRecordType": "A"}), &second).unwrap().unwrap();
        assert_eq!(third.get("StartRecordIdentifier"), None, "the next set has none");
        let one = object(json!({"HostedZoneId": "Z1", "StartRecordName": "a.", "MaxItems": 1}));
        assert_eq!(next(&mut json!({"NextRecordName": "b.", "NextRecordType": "A"}), &one), Ok(None), "one was asked for");
    }

    #[test]
    fn an_endpoint_that_was_not_deleted_is_a_refusal() {
        let operation = "ec2:DeleteVpcEndpoints".parse().unwrap();
        let answer = json!({"Unsuccessful": [
            {"ResourceId": "vpce-1", "Error": {"Code": "InvalidVpcEndpointId.NotFound", "Message": "gone"}}]});
        let settle = |ids: Value| settle(&operation, &object(json!({"VpcEndpointIds": ids})), answer.clone());
        let Outcome::Refused(refusal) = settle(json!(["vpce-1"])) else { panic!("not refused") };
        assert_eq!(refusal.code, "InvalidVpcEndpointId.NotFound");
        assert!(matches!(settle(json!(["vpce-1", "vpce-2"])), Outcome::Unknown(_)));
    }
}
