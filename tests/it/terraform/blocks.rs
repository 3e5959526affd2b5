//! A `.tf` file as a real HCL parser reads it.

use std::collections::{BTreeMap, BTreeSet};

use hcl::expr::{Expression, TraversalOperator};
use hcl::{Block, Body};

/// The blocks of a file.
pub struct Blocks {
    pub resources: BTreeMap<(String, String), Body>,
    /// Address → import id.
    pub imports: BTreeMap<(String, String), String>,
}

/// What the provider requires of each type (its documentation, "Required").
const REQUIRED: &[(&str, &[&str])] = &[
    ("aws_subnet", &["vpc_id", "cidr_block"]),
    ("aws_eip", &["domain"]),
    ("aws_nat_gateway", &[]),
    ("aws_route_table", &["vpc_id"]),
    ("aws_route", &["route_table_id"]),
    ("aws_route_table_association", &["route_table_id", "subnet_id"]),
    ("aws_vpc_endpoint", &["vpc_id", "service_name"]),
    ("aws_security_group", &["name", "vpc_id", "description"]),
    ("aws_vpc_security_group_ingress_rule", &["security_group_id", "ip_protocol"]),
    ("aws_ec2_client_vpn_endpoint", &["client_cidr_block", "server_certificate_arn"]),
    ("aws_ec2_client_vpn_network_association", &["client_vpn_endpoint_id", "subnet_id"]),
    ("aws_ec2_client_vpn_authorization_rule", &["client_vpn_endpoint_id", "target_network_cidr"]),
    ("aws_iam_role", &["name", "assume_role_policy"]),
    ("aws_iam_role_policy_attachment", &["role", "policy_arn"]),
    ("aws_iam_instance_profile", &["name", "role"]),
    ("aws_instance", &["ami", "instance_type", "subnet_id", "vpc_security_group_ids"]),
    ("aws_lb_target_group_attachment", &["target_group_arn", "target_id"]),
    ("aws_vpn_gateway_route_propagation", &["vpn_gateway_id", "route_table_id"]),
    ("aws_rds_cluster_instance", &["identifier", "cluster_identifier", "instance_class", "engine"]),
    ("aws_db_instance", &["identifier", "instance_class", "db_subnet_group_name", "vpc_security_group_ids"]),
    ("aws_db_subnet_group", &["name", "subnet_ids"]),
    ("aws_elasticache_cluster", &["cluster_id", "engine", "node_type", "subnet_group_name"]),
    ("aws_elasticache_subnet_group", &["name", "subnet_ids"]),
    ("aws_batch_compute_environment", &["name", "type"]),
];

/// Blocks that a type must have.
const NESTED: &[(&str, &[&str])] = &[
    ("aws_ec2_client_vpn_endpoint", &["authentication_options", "connection_log_options"]),
    ("aws_batch_compute_environment", &["compute_resources"]),
    ("aws_instance", &["lifecycle"]),
];

fn labels(block: &Block) -> Vec<String> {
    block.labels.iter().map(|label| label.as_str().to_owned()).collect()
}

impl Blocks {
    pub fn of(text: &str) -> Blocks {
        let body = hcl::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut blocks = Blocks { resources: BTreeMap::new(), imports: BTreeMap::new() };
        for block in body.into_blocks() {
            match (block.identifier.as_str(), labels(&block).as_slice()) {
                ("resource", [of, name]) => {
                    let again = blocks.resources.insert((of.clone(), name.clone()), block.body);
                    assert!(again.is_none(), "{of}.{name} twice");
                }
                ("import", []) => {
                    let (to, id) = (attribute(&block.body, "to"), attribute(&block.body, "id"));
                    let path = address(to.expect("to")).expect("an address");
                    let Some(Expression::String(id)) = id else { panic!("the id of {path:?} is no text") };
                    assert!(blocks.imports.insert(path.clone(), id.clone()).is_none(), "{path:?} is imported twice");
                }
                (other, labels) => panic!("a block {other} {labels:?}"),
            }
        }
        blocks
    }

    /// What holds of every file: nothing refers to what isn't there, each resource has what the provider requires, an import
    /// leads to a resource, and what has none is of a type that has none.
    #[track_caller]
    pub fn hold(&self, context: &str) {
        for ((of, name), body) in &self.resources {
            let (_, required) = REQUIRED.iter().find(|(known, _)| known == of).unwrap_or_else(|| panic!("{context}: a {of}"));
            for argument in *required {
                assert!(attribute(body, argument).is_some(), "{context}: {of}.{name} has no {argument}\n{body:#?}");
            }
            for (_, blocks) in NESTED.iter().filter(|(known, _)| known == of) {
                for nested in *blocks {
                    assert!(body.blocks().any(|block| block.identifier.as_str() == *nested), "{context}: {of}.{name} has no {nested}");
                }
            }
            for target in references(body) {
                assert!(self.resources.contains_key(&target), "{context}: {of}.{name} refers to {target:?}, which is not there");
            }
            let alone = ["aws_lb_target_group_attachment", "aws_vpn_gateway_route_propagation"].contains(&of.as_str());
            assert_eq!(self.imports.contains_key(&(of.clone(), name.clone())), !alone, "{context}: the import of {of}.{name}");
        }
        for target in self.imports.keys() {
            assert!(self.resources.contains_key(target), "{context}: {target:?} is imported and not there");
        }
    }

    /// A value as the id that it stands for.
    pub fn resolved(&self, value: &Expression) -> String {
        match (value, address(value)) {
            (_, Some(target)) => self.imports[&target].clone(),
            (Expression::String(text), None) => text.clone(),
            (other, None) => other.to_string(),
        }
    }

    /// Every text in which something would be evaluated.
    pub fn templates(&self) -> Vec<String> {
        let mut found = Vec::new();
        for body in self.resources.values() {
            walk(body, &mut |expression| {
                if let Expression::TemplateExpr(template) = expression {
                    found.push(template.to_string());
                }
            });
        }
        found
    }
}

pub fn attribute<'b>(body: &'b Body, name: &str) -> Option<&'b Expression> {
    body.attributes().find(|attribute| attribute.key.as_str() == name).map(|attribute| &attribute.expr)
}

fn references(body: &Body) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    walk(body, &mut |expression| found.extend(address(expression)));
    found
}

fn address(expression: &Expression) -> Option<(String, String)> {
    let Expression::Traversal(traversal) = expression else { return None };
    let (Expression::Variable(of), Some(TraversalOperator::GetAttr(name))) = (&traversal.expr, traversal.operators.first()) else {
        return None;
    };
    Some((of.as_str().to_owned(), name.as_str().to_owned()))
}

fn walk(body: &Body, visit: &mut dyn FnMut(&Expression)) {
    for attribute in body.attributes() {
        each(&attribute.expr, visit);
    }
    for block in body.blocks() {
        walk(&block.body, visit);
    }
}

fn each(expression: &Expression, visit: &mut dyn FnMut(&Expression)) {
    visit(expression);
    match expression {
        Expression::Array(list) => list.iter().for_each(|one| each(one, visit)),
        Expression::Object(map) => map.values().for_each(|one| each(one, visit)),
        _ => {}
    }
}
