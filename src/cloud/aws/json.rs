//! Between JSON in the AWS CLI's shape and the SDK's types.
//!
//! A service's file is a set of tables: which parameters an operation takes, which members an answer has. The macros
//! here turn a table into code. The CLI's spelling is derived from the SDK's (`vpc_id` → `VpcId`); where AWS deviates,
//! the table says so (`kms_key_arn = "KMSKeyArn"`); a service whose names begin with a small letter is marked `camel`
//! (`vpcId`). Parameters are read strictly: what a table doesn't name, or has
//! another type, is refused and never dropped.

use std::collections::HashMap;

use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::operation::BuildError;
use aws_smithy_types::{Blob, DateTime};
use serde_json::Value;

use crate::model::call::{Object, Refusal};

/// What the CLI shows of an SDK value; `None` for what is absent.
pub(super) trait Answer {
    fn json(&self) -> Option<Value>;
}

/// An SDK value read from JSON. `at` is the path to it, for the refusal.
pub(super) trait Parameter: Sized {
    fn read(value: Value, at: &str) -> Result<Self, Refusal>;
}

/// The members of a JSON object that nobody has taken yet.
pub(super) struct Fields {
    left: Object,
    at: String,
}

impl Fields {
    /// The members of `object`, which stands at the path `at` (empty: the parameters themselves).
    pub(super) fn new(object: Object, at: &str) -> Fields {
        Fields { left: object, at: at.to_owned() }
    }

    /// Takes one member, if it is there.
    pub(super) fn take<T: Parameter>(&mut self, name: &str) -> Result<Option<T>, Refusal> {
        match self.left.remove(name) {
            Some(value) => T::read(value, &self.path(name)).map(Some),
            None => Ok(None),
        }
    }

    /// Refuses what was not taken.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        match self.left.keys().next() {
            Some(name) => Err(invalid(&self.path(name), "no such parameter in hikkoshi's table of the operation")),
            None => Ok(()),
        }
    }

    fn path(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }
}

fn invalid(at: &str, why: &str) -> Refusal {
    Refusal::new("InvalidParameter", format!("`{at}`: {why}"))
}

fn wrong(at: &str, expected: &str, found: &Value) -> Refusal {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    invalid(at, &format!("expected {expected}, found {found}"))
}

/// The CLI's spelling of an SDK name: `vpc_id` → `VpcId`, `set_multi_az` → `MultiAZ`, `r#type` → `Type`.
pub(super) fn spelled(name: &str) -> String {
    let name = name.strip_prefix("set_").or(name.strip_prefix("r#")).unwrap_or(name);
    let mut spelling = String::with_capacity(name.len());
    for word in name.split('_') {
        match word {
            "db" => spelling.push_str("DB"),
            "az" => spelling.push_str("AZ"),
            _ => {
                let mut letters = word.chars();
                spelling.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                spelling.push_str(letters.as_str());
            }
        }
    }
    spelling
}

/// The CLI's spelling in services such as ECS: `service_arn` → `serviceArn`.
pub(super) fn camel(name: &str) -> String {
    let mut spelling = spelled(name);
    if let Some(first) = spelling.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    spelling
}

/// Adds a member to an answer unless it is absent.
pub(super) fn put(object: &mut Object, name: String, value: &impl Answer) {
    if let Some(value) = value.json() {
        object.insert(name, value);
    }
}

/// Reads a list's items, or an object's members, at their own paths.
pub(super) fn fields_of(value: Value, at: &str) -> Result<Fields, Refusal> {
    match value {
        Value::Object(object) => Ok(Fields::new(object, at)),
        other => Err(wrong(at, "an object", &other)),
    }
}

/// Reads a string.
pub(super) fn text_of(value: Value, at: &str) -> Result<String, Refusal> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong(at, "a string", &other)),
    }
}

/// What an SDK builder built: the shape, or why there is none (a required member is missing).
pub(super) trait Built<T> {
    fn built(self, at: &str) -> Result<T, Refusal>;
}

impl<T> Built<T> for Result<T, BuildError> {
    fn built(self, at: &str) -> Result<T, Refusal> {
        self.map_err(|error| invalid(at, &error.to_string()))
    }
}

/// Spells a name of a table: its own spelling where the table gives one, else the derived one.
macro_rules! spell {
    ($style:ident $name:ident) => {
        $crate::cloud::aws::json::$style(stringify!($name))
    };
    ($style:ident $name:ident $spelling:literal) => {
        $spelling.to_owned()
    };
}
pub(super) use spell;

/// The operations of one SDK client: AWS's name, the client's setters, the answer and its members.
macro_rules! operations {
    ($sdk:ident; $($table:tt)*) => {
        $crate::cloud::aws::json::operations! { @ $sdk spelled; $($table)* }
    };
    ($sdk:ident camel; $($table:tt)*) => {
        $crate::cloud::aws::json::operations! { @ $sdk camel; $($table)* }
    };
    (@ $sdk:ident $style:ident; $(
        $operation:literal => $call:ident($($set:ident $(= $set_name:literal)?),* $(,)?)
            -> $output:ident { $($field:ident $(= $field_name:literal)?),* $(,)? }
    )*) => {
        /// One request, if the operation is one of this file's; refused if the tables don't know a parameter.
        pub(super) fn find<'a>(
            client: &$sdk::Client,
            request: &$crate::cloud::aws::Request<'a>,
        ) -> Result<Option<$crate::cloud::aws::Pending<'a>>, $crate::model::call::Refusal> {
            use $crate::cloud::aws::{Failure, json::Answer};
            Ok(Some(match request.operation.name() {
                $($operation => {
                    #[allow(unused_mut, reason = "some operations have no parameters")]
                    let mut fields = request.fields();
                    let ready = client.$call()$(
                        .$set(fields.take(&$crate::cloud::aws::json::spell!($style $set $($set_name)?))?)
                    )*;
                    fields.finish()?;
                    let ready = ready.customize().interceptor(request.agent()).interceptor(request.dates());
                    Box::pin(async move {
                        let sent = ready.send().await;
                        sent.map(|answer| answer.json().unwrap_or_default()).map_err(Failure::from_sdk)
                    })
                })*
                _ => return Ok(None),
            }))
        }

        $($crate::cloud::aws::json::answer! {
            $style $sdk::operation::$call::$output { $($field $(= $field_name)?),* }
        })*
    };
}
pub(super) use operations;

/// What the CLI shows of one structure: its members in AWS's order.
macro_rules! answer {
    ($style:ident $shape:ty { $($field:ident $(= $name:literal)?),* }) => {
        #[allow(deprecated, reason = "what AWS still answers is shown")]
        impl $crate::cloud::aws::json::Answer for $shape {
            fn json(&self) -> Option<serde_json::Value> {
                #[allow(unused_mut, reason = "some answers are empty")]
                let mut object = $crate::model::call::Object::new();
                $($crate::cloud::aws::json::put(
                    &mut object,
                    $crate::cloud::aws::json::spell!($style $field $($name)?),
                    &self.$field,
                );)*
                Some(serde_json::Value::Object(object))
            }
        }
    };
}
pub(super) use answer;

/// Structures of answers: see [`answer`].
macro_rules! answers {
    ($sdk:ident; $($table:tt)*) => { $crate::cloud::aws::json::answers! { @ $sdk spelled; $($table)* } };
    ($sdk:ident camel; $($table:tt)*) => { $crate::cloud::aws::json::answers! { @ $sdk camel; $($table)* } };
    (@ $sdk:ident $style:ident; $($shape:ident { $($field:ident $(= $name:literal)?),* $(,)? })*) => {
        $($crate::cloud::aws::json::answer! { $style $sdk::types::$shape { $($field $(= $name)?),* } })*
    };
}
pub(super) use answers;

/// Structures of parameters: the members that may be given.
macro_rules! parameters {
    ($sdk:ident; $($table:tt)*) => { $crate::cloud::aws::json::parameters! { @ $sdk spelled; $($table)* } };
    ($sdk:ident camel; $($table:tt)*) => { $crate::cloud::aws::json::parameters! { @ $sdk camel; $($table)* } };
    (@ $sdk:ident $style:ident; $($shape:ident { $($field:ident $(= $name:literal)?),* $(,)? })*) => {
        $(#[allow(deprecated, reason = "what AWS still answers can be sent back")]
        impl $crate::cloud::aws::json::Parameter for $sdk::types::$shape {
            fn read(value: serde_json::Value, at: &str) -> Result<Self, $crate::model::call::Refusal> {
                let mut fields = $crate::cloud::aws::json::fields_of(value, at)?;
                let mut shape = $sdk::types::$shape::builder().build();
                $(shape.$field = fields.take(&$crate::cloud::aws::json::spell!($style $field $($name)?))?;)*
                fields.finish()?;
                Ok(shape)
            }
        })*
    };
}
pub(super) use parameters;

/// Structures of parameters with members that can't be absent: by the builder's setters, which know a default or refuse.
macro_rules! built {
    ($sdk:ident; $($table:tt)*) => { $crate::cloud::aws::json::built! { @ $sdk spelled; $($table)* } };
    ($sdk:ident camel; $($table:tt)*) => { $crate::cloud::aws::json::built! { @ $sdk camel; $($table)* } };
    (@ $sdk:ident $style:ident; $($shape:ident { $($set:ident $(= $name:literal)?),* $(,)? })*) => {
        $(impl $crate::cloud::aws::json::Built<$sdk::types::$shape> for $sdk::types::$shape {
            fn built(self, _at: &str) -> Result<Self, $crate::model::call::Refusal> {
                Ok(self)
            }
        }
        impl $crate::cloud::aws::json::Parameter for $sdk::types::$shape {
            fn read(value: serde_json::Value, at: &str) -> Result<Self, $crate::model::call::Refusal> {
                let mut fields = $crate::cloud::aws::json::fields_of(value, at)?;
                let shape = $sdk::types::$shape::builder()
                    $(.$set(fields.take(&$crate::cloud::aws::json::spell!($style $set $($name)?))?))*
                    .build();
                fields.finish()?;
                $crate::cloud::aws::json::Built::built(shape, at)
            }
        })*
    };
}
pub(super) use built;

/// Enumerations: a word both ways. A word that the SDK doesn't know is passed on; AWS judges it.
macro_rules! words {
    ($sdk:ident; $($word:ident),* $(,)?) => {
        $(impl $crate::cloud::aws::json::Answer for $sdk::types::$word {
            fn json(&self) -> Option<serde_json::Value> {
                Some(serde_json::Value::String(self.as_str().to_owned()))
            }
        }
        impl $crate::cloud::aws::json::Parameter for $sdk::types::$word {
            fn read(value: serde_json::Value, at: &str) -> Result<Self, $crate::model::call::Refusal> {
                Ok($sdk::types::$word::from($crate::cloud::aws::json::text_of(value, at)?.as_str()))
            }
        })*
    };
}
pub(super) use words;

impl<T: Answer> Answer for Option<T> {
    fn json(&self) -> Option<Value> {
        self.as_ref().and_then(Answer::json)
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn json(&self) -> Option<Value> {
        Some(self.iter().filter_map(Answer::json).collect())
    }
}

impl<T: Answer> Answer for HashMap<String, T> {
    fn json(&self) -> Option<Value> {
        let members: std::collections::BTreeMap<_, _> = self.iter().collect();
        Some(Value::Object(members.into_iter().filter_map(|(key, value)| Some((key.clone(), value.json()?))).collect()))
    }
}

/// As the CLI writes a time: `2026-11-24T06:00:00+00:00`, with microseconds where there are any.
impl Answer for DateTime {
    fn json(&self) -> Option<Value> {
        let seconds = DateTime::from_secs(self.secs()).fmt(Format::DateTime).ok()?;
        let seconds = seconds.trim_end_matches('Z');
        Some(Value::String(match self.subsec_nanos() / 1000 {
            0 => format!("{seconds}+00:00"),
            micros => format!("{seconds}.{micros:06}+00:00"),
        }))
    }
}

impl Parameter for DateTime {
    fn read(value: Value, at: &str) -> Result<Self, Refusal> {
        let text = text_of(value, at)?;
        DateTime::from_str(&text, Format::DateTimeWithOffset).map_err(|_| invalid(at, "expected an RFC 3339 time"))
    }
}

impl Answer for String {
    fn json(&self) -> Option<Value> {
        Some(Value::String(self.clone()))
    }
}

impl Parameter for String {
    fn read(value: Value, at: &str) -> Result<Self, Refusal> {
        text_of(value, at)
    }
}

impl Parameter for bool {
    fn read(value: Value, at: &str) -> Result<Self, Refusal> {
        value.as_bool().ok_or_else(|| wrong(at, "a boolean", &value))
    }
}

macro_rules! integers {
    ($($integer:ty: $what:literal),*) => {
        $(impl Parameter for $integer {
            fn read(value: Value, at: &str) -> Result<Self, Refusal> {
                let number = value.as_i64().and_then(|number| <$integer>::try_from(number).ok());
                number.ok_or_else(|| wrong(at, $what, &value))
            }
        })*
    };
}
integers!(i32: "a 32-bit integer", i64: "a 64-bit integer");

impl Parameter for f64 {
    fn read(value: Value, at: &str) -> Result<Self, Refusal> {
        value.as_f64().ok_or_else(|| wrong(at, "a number", &value))
    }
}

/// Bytes are base64, as in the CLI.
impl Parameter for Blob {
    fn read(value: Value, at: &str) -> Result<Self, Refusal> {
        let bytes = aws_smithy_types::base64::decode(text_of(value, at)?);
        bytes.map(Blob::new).map_err(|_| invalid(at, "expected base64"))
    }
}

impl<T: Parameter> Parameter for HashMap<String, T> {
    fn read(value: Value, at: &str) -> Result<Self, Refusal> {
        let Value::Object(members) = value else { return Err(wrong(at, "an object", &value)) };
        members.into_iter().map(|(key, value)| Ok((key.clone(), T::read(value, &format!("{at}.{key}"))?))).collect()
    }
}

impl<T: Parameter> Parameter for Vec<T> {
    fn read(value: Value, at: &str) -> Result<Self, Refusal> {
        match value {
            Value::Array(items) => items.into_iter().enumerate().map(|(index, item)| T::read(item, &format!("{at}[{index}]"))).collect(),
            other => Err(wrong(at, "a list", &other)),
        }
    }
}

macro_rules! plain_answers {
    ($($plain:ty),*) => {
        $(impl Answer for $plain {
            fn json(&self) -> Option<Value> {
                Some(Value::from(*self))
            }
        })*
    };
}
plain_answers!(bool, i32, i64, f32, f64);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        fields_of(value, "").unwrap()
    }

    #[test]
    fn names_are_spelled_as_aws_spells_them() {
        for (ours, theirs) in [
            ("vpc_id", "VpcId"),
            ("set_multi_az", "MultiAZ"),
            ("set_db_subnet_group_name", "DBSubnetGroupName"),
            ("ipv6_cidr_block", "Ipv6CidrBlock"),
            ("r#type", "Type"),
            ("enable_dns64", "EnableDns64"),
        ] {
            assert_eq!(spelled(ours), theirs);
        }
    }

    #[test]
    fn some_services_begin_with_a_small_letter() {
        for (ours, theirs) in [("service_arn", "serviceArn"), ("set_vpc_id", "vpcId"), ("r#type", "type")] {
            assert_eq!(camel(ours), theirs);
        }
    }

    #[test]
    fn a_missing_member_that_aws_requires_is_refused_with_its_path() {
        let mut given = fields(json!({"Targets": [{"Id": "nightly"}]}));
        let refusal = given.take::<Vec<aws_sdk_eventbridge::types::Target>>("Targets").unwrap_err();
        assert!(refusal.message.starts_with("`Targets[0]`: ") && refusal.message.contains("arn"), "{refusal}");
    }

    #[test]
    fn a_target_is_shown_and_read_back_whole() {
        let given = json!({"Id": "nightly", "Arn": "arn:cluster", "RoleArn": "arn:role", "Input": "{}",
            "EcsParameters": {"TaskDefinitionArn": "arn:task", "TaskCount": 2, "LaunchType": "FARGATE",
                "EnableECSManagedTags": false, "EnableExecuteCommand": false,
                "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "DISABLED"}}}});
        let target = aws_sdk_eventbridge::types::Target::read(given.clone(), "").unwrap();
        assert_eq!(target.json(), Some(given));
    }

    #[test]
    fn an_unknown_parameter_is_refused_by_name() {
        let mut fields = fields(json!({"SubnetId": "subnet-1", "SubnetIdd": "subnet-2"}));
        assert_eq!(fields.take::<String>("SubnetId").unwrap().as_deref(), Some("subnet-1"));
        let refusal = fields.finish().unwrap_err();
        assert_eq!(refusal.code, "InvalidParameter");
        assert!(refusal.message.starts_with("`SubnetIdd`"), "{refusal}");
    }

    #[test]
    fn a_wrong_type_is_refused_with_its_path() {
        let given = json!({"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}, {"Name": "state", "Values": "available"}]});
        let refusal = fields(given).take::<Vec<aws_sdk_ec2::types::Filter>>("Filters").unwrap_err();
        assert_eq!(refusal.message, "`Filters[1].Values`: expected a list, found a string");
        let refusal = fields(json!({"MinCount": 3_000_000_000_u32})).take::<i32>("MinCount").unwrap_err();
        assert_eq!(refusal.message, "`MinCount`: expected a 32-bit integer, found a number");
        assert!(fields(json!({"DryRun": "true"})).take::<bool>("DryRun").is_err());
        assert!(fields(json!({"DryRun": null})).take::<bool>("DryRun").is_err());
    }

    #[test]
    fn an_unknown_member_deep_inside_is_refused_too() {
        let given = json!({"IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIP": "10.0.0.0/8"}]}]});
        let refusal = fields(given).take::<Vec<aws_sdk_ec2::types::IpPermission>>("IpPermissions").unwrap_err();
        assert!(refusal.message.starts_with("`IpPermissions[0].IpRanges[0].CidrIP`"), "{refusal}");
    }

    #[test]
    fn what_is_read_is_shown_again() {
        let given = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [],
            "IpRanges": [{"Description": "office", "CidrIp": "192.0.2.0/24"}]});
        let permission = aws_sdk_ec2::types::IpPermission::read(given.clone(), "").unwrap();
        assert_eq!(permission.json(), Some(given));
    }

    #[test]
    fn times_are_written_as_the_cli_writes_them() {
        assert_eq!(DateTime::from_secs(0).json(), Some(json!("1970-01-01T00:00:00+00:00")));
        assert_eq!(DateTime::from_millis(1_500).json(), Some(json!("1970-01-01T00:00:01.500000+00:00")));
    }
}
