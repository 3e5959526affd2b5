//! The `.tf` file.

use std::fmt::Write;

use hcl::expr::{Expression, Traversal, Variable};
use hcl::{Attribute, Block, Identifier};

use super::book::Book;
use super::made::Made;
use super::value::Arg;
use super::{Input, Moment};
use crate::report::harmless;

/// Instances are launched from an image that is deleted in cleanup; their user data is no part of a plan.
const IGNORED: &[&str] = &["ami", "user_data", "user_data_base64"];

/// The configuration.
pub fn configuration(input: &Input<'_>, book: &Book<'_>) -> String {
    let mut out = head(input, book);
    for made in &book.made {
        // A rule without an import block would be created a second time, which AWS refuses.
        if made.unimportable == Some(super::rules::UNKNOWN) {
            continue;
        }
        let _ = write!(out, "\n# {}: {}\n{}", harmless(&made.step), harmless(&made.title), text(resource(made)));
        match &made.import {
            Some(id) => {
                let _ = write!(out, "\n{}", text(import(made, id)));
            }
            None => {
                let _ = writeln!(out, "# No import block: {}.", made.unimportable.unwrap_or_default());
            }
        }
    }
    out
}

fn head(input: &Input<'_>, book: &Book<'_>) -> String {
    let name = &input.plan.migration;
    let mut out = format!("# What migration {name} made, for Terraform 1.5 or later with the provider hashicorp/aws 6.\n");
    out.push_str(
        "# Written by `hikkoshi export terraform`. What is to be edited in your own configuration stands in hikkoshi-terraform.md.\n",
    );
    out.push_str(match input.moment() {
        Moment::Preview => {
            "#\n# PREVIEW: nothing has been carried out. Every id that begins with `not-made-yet:` is a placeholder. Do not apply this file;\n# export again after `hikkoshi apply`.\n"
        }
        Moment::Under => "#\n# The run is under way: this is what it has made so far. Export again when it is done.\n",
        Moment::Before | Moment::After => "",
    });
    let unknown = book.made.iter().filter(|made| made.unimportable == Some(super::rules::UNKNOWN)).count();
    if unknown > 0 {
        let _ = writeln!(
            out,
            "#\n# {unknown} rules of security groups are not in this file: hikkoshi-terraform.md says which command gets their ids."
        );
    }
    out
}

fn text(block: Block) -> String {
    aligned(&hcl::format::to_string(&hcl::Body::from(vec![hcl::Structure::Block(block)])).unwrap_or_default())
}

/// Equals signs below each other, as `terraform fmt` has them: of neighbouring lines that hold a whole value each.
fn aligned(text: &str) -> String {
    let whole = |line: &str| line.split_once(" = ").filter(|(key, value)| !value.ends_with(['{', '[']) && is_key(key)).is_some();
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    for chunk in lines.chunk_by(|a, b| whole(a) && whole(b)) {
        let width = chunk.iter().filter_map(|line| Some(line.split_once(" = ")?.0.chars().count())).max().unwrap_or_default();
        for line in chunk {
            match line.split_once(" = ").filter(|_| whole(line)) {
                Some((key, value)) => {
                    let _ = writeln!(out, "{key:width$} = {value}");
                }
                None => {
                    let _ = writeln!(out, "{line}");
                }
            }
        }
    }
    out
}

/// A plain or quoted key: a quoted one has no quote within.
fn is_key(text: &str) -> bool {
    let key = text.trim_start();
    let inside = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    !inside.is_empty() && !inside.contains('"')
}

fn resource(made: &Made) -> Block {
    let mut tree = Tree::default();
    for (argument, value) in &made.args {
        tree.put(argument, value);
    }
    let mut builder = Block::builder("resource").add_label(made.of).add_label(made.label.as_str());
    builder = builder.add_structures(tree.structures());
    if made.of == "aws_instance" {
        let ignored = IGNORED.iter().map(|name| Expression::from(Variable::sanitized(name))).collect();
        let lifecycle = Block::builder("lifecycle").add_attribute(Attribute::new("ignore_changes", Expression::Array(ignored)));
        builder = builder.add_block(lifecycle.build());
    }
    builder.build()
}

fn import(made: &Made, id: &str) -> Block {
    let to = Traversal::builder(Variable::sanitized(made.of)).attr(Identifier::sanitized(&made.label)).build();
    let block = Block::builder("import").add_attribute(Attribute::new("to", Expression::from(to)));
    block.add_attribute(Attribute::new("id", Arg::text(id).expression())).build()
}

/// Arguments, those of blocks below their block.
#[derive(Default)]
struct Tree {
    attributes: Vec<(String, Expression)>,
    blocks: Vec<(String, Tree)>,
}

impl Tree {
    fn put(&mut self, argument: &str, value: &Arg) {
        if let Some((block, rest)) = argument.split_once('.') {
            let at = self.blocks.iter().position(|(name, _)| name == block).unwrap_or_else(|| {
                self.blocks.push((block.to_owned(), Tree::default()));
                self.blocks.len() - 1
            });
            return self.blocks[at].1.put(rest, value);
        }
        match value {
            Arg::List(list) if list.iter().any(|element| matches!(element, Arg::Map(_))) => {
                for element in list {
                    let mut tree = Tree::default();
                    if let Arg::Map(pairs) = element {
                        pairs.iter().for_each(|(key, value)| tree.put(key, value));
                    }
                    self.blocks.push((argument.to_owned(), tree));
                }
            }
            value => self.attributes.push((argument.to_owned(), value.expression())),
        }
    }

    fn structures(self) -> Vec<hcl::Structure> {
        let attributes = self.attributes.into_iter().map(|(name, value)| hcl::Structure::Attribute(Attribute::new(name, value)));
        let blocks = self
            .blocks
            .into_iter()
            .map(|(name, tree)| hcl::Structure::Block(Block::builder(name).add_structures(tree.structures()).build()));
        attributes.chain(blocks).collect()
    }
}
