//! A Terraform configuration: where each resource stands, and each of its arguments.

use std::collections::BTreeMap;

use hcl::edit::Span;
use hcl::edit::expr::Expression;
use hcl::edit::structure::{Block, Body};

/// The `.tf` files of a configuration and of its local modules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// By folder, relative to the root, which is "".
    modules: BTreeMap<String, Module>,
    /// Files that are no HCL: the file with its line, and why.
    pub unread: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Module {
    /// Local modules: name → folder.
    calls: BTreeMap<String, String>,
    resources: Vec<Resource>,
}

/// A resource block.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its type.
    pub of: String,
    /// Its name.
    pub name: String,
    /// The file, as it was given.
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Arguments, blocks by dots → their line, and the value if it is a text.
    arguments: BTreeMap<String, (usize, Option<String>)>,
}

impl Resource {
    /// `modules/db/main.tf:14`: where an argument stands; the block's first line if it isn't there.
    pub fn place(&self, argument: &str) -> String {
        let line = self.arguments.get(argument).map_or(self.line, |(line, _)| *line);
        format!("{}:{line}", self.file)
    }

    /// Whether it has an argument.
    pub fn has(&self, argument: &str) -> bool {
        self.arguments.contains_key(argument)
    }
}

impl Config {
    /// Reads files: their paths relative to the root, with `/`, and their texts.
    pub fn parse<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Config {
        let mut config = Config::default();
        for (path, text) in files {
            match hcl::edit::parser::parse_body(text) {
                Ok(body) => config.take(path, text, &body),
                Err(error) => {
                    let at = error.location();
                    config.unread.push(format!("{path}:{}:{}: {}", at.line(), at.column(), error.message()));
                }
            }
        }
        config
    }

    fn take(&mut self, path: &str, text: &str, body: &Body) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let module = self.modules.entry(folder.to_owned()).or_default();
        for block in body.blocks() {
            let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
            match (block.ident.as_str(), labels.as_slice()) {
                ("resource", [of, name]) => module.resources.push(resource(path, text, block, of, name)),
                ("module", [name]) => {
                    let source = block.body.get_attribute("source").and_then(|attribute| literal(&attribute.value));
                    if let Some(to) = source.and_then(|source| joined(folder, &source)) {
                        module.calls.insert((*name).to_owned(), to);
                    }
                }
                _ => {}
            }
        }
    }

    /// The resource block that an address of a state leads to.
    pub fn at(&self, modules: &[String], of: &str, name: &str) -> Option<&Resource> {
        let folder = modules.iter().try_fold("", |folder, module| Some(self.modules.get(folder)?.calls.get(module)?.as_str()))?;
        self.modules.get(folder)?.resources.iter().find(|resource| resource.of == of && resource.name == name)
    }

    /// The resource block whose argument says literally that it is this one, if there is exactly one.
    pub fn named(&self, of: &str, argument: &str, value: &str) -> Option<&Resource> {
        let says = |resource: &&Resource| {
            resource.of == of && resource.arguments.get(argument).is_some_and(|(_, text)| text.as_deref() == Some(value))
        };
        let mut found = self.modules.values().flat_map(|module| &module.resources).filter(says);
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }
}

fn resource(path: &str, text: &str, block: &Block, of: &str, name: &str) -> Resource {
    let mut arguments = BTreeMap::new();
    collect(text, &block.body, "", &mut arguments);
    Resource { of: of.to_owned(), name: name.to_owned(), file: path.to_owned(), line: line(text, block.span()), arguments }
}

fn collect(text: &str, body: &Body, prefix: &str, out: &mut BTreeMap<String, (usize, Option<String>)>) {
    for attribute in body.attributes() {
        out.insert(format!("{prefix}{}", attribute.key.as_str()), (line(text, attribute.span()), literal(&attribute.value)));
    }
    for block in body.blocks() {
        let name = format!("{prefix}{}", block.ident.as_str());
        collect(text, &block.body, &format!("{name}."), out);
        out.entry(name).or_insert((line(text, block.span()), None));
    }
}

fn literal(value: &Expression) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The line of a place, from 1.
fn line(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    before.matches('\n').count() + 1
}

/// A local module's folder; none for what comes from elsewhere.
fn joined(folder: &str, source: &str) -> Option<String> {
    if !source.starts_with("./") && !source.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_a_line() {
        let root = "module \"db\" {\n  source = \"./modules/db\"\n}\n\nmodule \"far\" {\n  source = \"terraform-aws-modules/vpc/aws\"\n}\n";
        let inner = "variable \"x\" {}\n\n# the orders\nresource \"aws_db_instance\" \"orders\" {\n  identifier = \"orders\"\n\n  publicly_accessible = true\n}\n\nresource \"aws_lambda_function\" \"f\" {\n  vpc_config {\n    subnet_ids = var.x\n  }\n}\n";
        let config = Config::parse([("main.tf", root), ("modules/db/main.tf", inner), ("bad.tf", "resource {{")]);
        let way = ["db".to_owned()];
        let orders = config.at(&way, "aws_db_instance", "orders").expect("it is found");
        assert_eq!(orders.place("publicly_accessible"), "modules/db/main.tf:7");
        assert_eq!(orders.place("multi_az"), "modules/db/main.tf:4");
        let function = config.at(&way, "aws_lambda_function", "f").expect("it is found");
        assert_eq!(function.place("vpc_config.subnet_ids"), "modules/db/main.tf:12");
        assert_eq!(config.named("aws_db_instance", "identifier", "orders"), Some(orders));
        assert_eq!(config.at(&["far".to_owned()], "aws_db_instance", "orders"), None);
        assert!(config.unread[0].starts_with("bad.tf:1:"), "{:?}", config.unread);
    }

    #[test]
    fn a_module_does_not_lead_out_of_the_configuration() {
        assert_eq!(joined("a/b", "../c").as_deref(), Some("a/c"));
        assert_eq!(joined("", "../c"), None);
        assert_eq!(joined("a", "git::https://example.com/x"), None);
    }
}
