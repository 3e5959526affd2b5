//! A Terraform state, format 4: who is whom. It holds secrets; nothing is kept of it but where a resource stands and what
//! the export compares.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::table::kind_of;

/// What of a state is needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    by_name: BTreeMap<(String, String), Vec<Instance>>,
    /// How many resources it has.
    pub count: usize,
}

/// One resource in a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Its address, such as `module.db.aws_db_instance.orders["a"]`.
    pub address: String,
    /// The modules that lead to it, by name.
    pub modules: Vec<String>,
    /// Its name in the configuration, such as `orders`.
    pub name: String,
    attributes: Value,
}

#[derive(Deserialize)]
struct File {
    version: u64,
    #[serde(default)]
    resources: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    module: String,
    mode: String,
    r#type: String,
    name: String,
    #[serde(default)]
    instances: Vec<Attributes>,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(default)]
    index_key: Value,
    #[serde(default)]
    attributes: Value,
}

impl State {
    /// Reads a state.
    ///
    /// # Errors
    /// Why it is none, in a sentence's end.
    pub fn parse(text: &str) -> Result<State, String> {
        // The values of a state are secrets as likely as not: an error names a place, never a text.
        let file: File = serde_json::from_str(text).map_err(|error| format!("it is no Terraform state (line {})", error.line()))?;
        if file.version != 4 {
            return Err(format!("it is a state of format {}, and format 4 is what Terraform 0.12 and later write", file.version));
        }
        let mut state = State::default();
        for entry in file.resources.iter().filter(|entry| entry.mode == "managed") {
            for one in &entry.instances {
                state.count += 1;
                state.take(entry, one);
            }
        }
        Ok(state)
    }

    fn take(&mut self, entry: &Entry, one: &Attributes) {
        let Some(kind) = kind_of(&entry.r#type) else { return };
        let index = match &one.index_key {
            Value::Null => String::new(),
            key => format!("[{key}]"),
        };
        let module = if entry.module.is_empty() { String::new() } else { format!("{}.", entry.module) };
        let address = format!("{module}{}.{}{index}", entry.r#type, entry.name);
        let kept: serde_json::Map<String, Value> =
            COMPARED.iter().filter_map(|key| Some(((*key).to_owned(), one.attributes.get(*key)?.clone()))).collect();
        let instance = Instance { address, modules: modules(&entry.module), name: entry.name.clone(), attributes: kept.into() };
        for attribute in kind.attributes {
            if let Some(name) = one.attributes[*attribute].as_str().filter(|name| !name.is_empty()) {
                let function = one.attributes["function_name"].as_str().filter(|_| entry.r#type == "aws_lambda_alias");
                let name = function
                    .map_or_else(|| name.to_owned(), |function| format!("{}/{name}", function.rsplit(':').next().unwrap_or(function)));
                let known = self.by_name.entry((entry.r#type.clone(), name)).or_default();
                if !known.contains(&instance) {
                    known.push(instance.clone());
                }
            }
        }
    }

    /// The resources of a type with this name or id.
    pub fn find(&self, of: &str, name: &str) -> &[Instance] {
        self.by_name.get(&(of.to_owned(), name.to_owned())).map_or(&[], Vec::as_slice)
    }
}

impl Instance {
    /// The value of an argument, blocks by dots.
    pub fn value(&self, argument: &str) -> Option<&Value> {
        argument.split('.').try_fold(&self.attributes, |value, key| {
            let value = if value.is_array() { value.get(0)? } else { value };
            value.get(key)
        })
    }
}

/// Attributes that the export compares; none of them is a secret.
const COMPARED: &[&str] = &[
    "publicly_accessible",
    "vpc_security_group_ids",
    "security_group_ids",
    "security_groups",
    "subnet_ids",
    "subnets",
    "subnet_id",
    "route_table_id",
    "route_table_ids",
    "vpc_config",
    "network_configuration",
    "vpc_zone_identifier",
    "map_public_ip_on_launch",
    "multi_az",
    "deletion_protection",
    "disable_api_termination",
    "associate_public_ip_address",
    "identifier",
    "iam_instance_profile",
    "instance",
    "instances",
    "records",
    "ttl",
    "availability_zone",
    "private_dns_enabled",
    "function_version",
    "static_members",
    "excluded_members",
    "state",
    "role",
    "ami",
];

/// `module.a["x"].module.b` → a, b.
fn modules(address: &str) -> Vec<String> {
    address
        .split("module.")
        .skip(1)
        .filter_map(|part| part.split(['.', '[']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_terraforms() {
        let text = r#"{ "version": 4, "resources": [
            { "mode": "managed", "module": "module.db[\"a.b\"].module.inner", "type": "aws_db_instance", "name": "orders",
              "instances": [{ "index_key": "eu", "attributes": { "id": "db-X", "identifier": "orders", "password": "hunter2", "multi_az": true } }] },
            { "mode": "managed", "type": "aws_subnet", "name": "a", "instances": [{ "index_key": 0, "attributes": { "id": "subnet-1" } }] },
            { "mode": "data", "type": "aws_subnet", "name": "b", "instances": [{ "attributes": { "id": "subnet-2" } }] } ] }"#;
        let state = State::parse(text).expect("a state");
        let orders = &state.find("aws_db_instance", "orders")[0];
        assert_eq!(orders.address, "module.db[\"a.b\"].module.inner.aws_db_instance.orders[\"eu\"]");
        assert_eq!(orders.value("multi_az"), Some(&Value::Bool(true)));
        assert_eq!(state.find("aws_db_instance", "db-X"), state.find("aws_db_instance", "orders"));
        assert_eq!(state.find("aws_subnet", "subnet-1")[0].address, "aws_subnet.a[0]");
        assert!(state.find("aws_subnet", "subnet-2").is_empty());
        assert!(!format!("{state:?}").contains("hunter2"), "a secret was kept");
    }

    #[test]
    fn what_is_no_state_is_told_without_its_text() {
        assert!(State::parse("{\"version\": 3}").expect_err("old").contains("format 3"));
        let error = State::parse("{\"version\": 4, \"resources\": \"hunter2\"}").expect_err("wrong");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn the_way_to_a_module() {
        assert_eq!(modules("module.a[\"x\"].module.b"), ["a", "b"]);
        assert!(modules("").is_empty());
    }
}
