//! Values of arguments: literal, or a reference to something else that the plan made.

use hcl::expr::{Expression, ObjectKey, Traversal};
use hcl::{Identifier, Number};
use serde_json::Value;

/// A value of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// What JSON has, too.
    Plain(Value),
    /// A list.
    List(Vec<Arg>),
    /// A map, or a block's arguments.
    Map(Vec<(String, Arg)>),
    /// An attribute of another resource: its type, label and attribute.
    Reference(&'static str, String, String),
}

impl Arg {
    /// A text.
    pub fn text(text: impl Into<String>) -> Arg {
        Arg::Plain(Value::String(text.into()))
    }

    /// As HCL, on one line.
    pub fn words(&self) -> String {
        match self {
            Arg::List(list) => format!("[{}]", list.iter().map(Arg::words).collect::<Vec<_>>().join(", ")),
            Arg::Map(map) => {
                let pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key} = {}", value.words())).collect();
                format!("{{ {} }}", pairs.join(", "))
            }
            other => hcl::format::to_string(&other.expression()).unwrap_or_default(),
        }
    }

    /// As an expression.
    pub fn expression(&self) -> Expression {
        match self {
            Arg::Plain(value) => plain(value),
            Arg::List(list) => Expression::Array(list.iter().map(Arg::expression).collect()),
            Arg::Map(map) => {
                Expression::Object(map.iter().map(|(key, value)| (ObjectKey::Expression(text(key)), value.expression())).collect())
            }
            Arg::Reference(of, label, attribute) => {
                let step = Traversal::builder(hcl::expr::Variable::sanitized(of));
                step.attr(Identifier::sanitized(label)).attr(Identifier::sanitized(attribute)).build().into()
            }
        }
    }
}

fn plain(value: &Value) -> Expression {
    match value {
        Value::Null => Expression::Null,
        Value::Bool(value) => Expression::Bool(*value),
        Value::Number(number) => {
            let whole = number.as_i64().map(Number::from);
            whole.or_else(|| number.as_f64().and_then(Number::from_f64)).map_or(Expression::Null, Expression::Number)
        }
        Value::String(value) => text(value),
        Value::Array(list) => Expression::Array(list.iter().map(plain).collect()),
        Value::Object(map) => Expression::Object(map.iter().map(|(key, value)| (ObjectKey::Expression(text(key)), plain(value))).collect()),
    }
}

/// A text in which nothing is a template: names come from the account, and `${…}` would be evaluated.
fn text(value: &str) -> Expression {
    Expression::String(crate::report::harmless(value))
}
