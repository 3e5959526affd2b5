//! What each AWS call of a plan is to Terraform: one line for every operation that a plan can contain.
//!
//! Types, arguments and import ids are those of the provider `hashicorp/aws` 5 and 6, from its documentation
//! (`website/docs/r/*.html.markdown`): where it says that a resource can't be imported, that stands here as well.

mod compute;
mod data;
mod kinds;
mod network;

pub use kinds::{KINDS, kind_of};

/// What a call is to Terraform.
#[derive(Clone, Copy, Debug)]
pub enum Treat {
    /// It makes a resource.
    Make(Make),
    /// It makes rules of a security group, each a resource of its own.
    Rules,
    /// It changes arguments of a resource.
    Change(Change),
    /// It replaces the route table of a subnet.
    Turn,
    /// It writes a DNS record anew.
    Record,
    /// It takes a resource away; for what never was one in Terraform, why not.
    Remove(Gone),
    /// It makes or changes something that no configuration holds; why.
    Passing(&'static str),
}

/// How a resource is made.
#[derive(Clone, Copy, Debug)]
pub struct Make {
    /// Its type.
    pub of: &'static str,
    /// Parameter's path → argument; dots in the argument lead into blocks, `[]` at its end takes the parameter as a list of
    /// blocks.
    pub args: &'static [(&'static str, &'static str)],
    /// Its import id: parameters' paths, `@` before an output's name; put together with the separator.
    pub id: (&'static [&'static str], &'static str),
    /// Why it can't be imported, if it can't; then what `terraform apply` does.
    pub unimportable: Option<&'static str>,
}

/// How a resource is changed.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Its type.
    pub of: &'static str,
    /// Where its own id or name stands in the parameters.
    pub who: &'static str,
    /// Which parameter is which argument.
    pub fields: &'static [Field],
}

/// One argument that a call changes.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The parameter's path; `**` before a key finds it at any depth, case aside.
    pub from: &'static str,
    /// The argument.
    pub to: &'static str,
    /// Where the resource's document has the value of before.
    pub before: &'static str,
    /// What the call does to it.
    pub how: How,
}

/// What a call does to an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It gets this value.
    Set,
    /// These come into the list.
    Add,
    /// These leave the list.
    Take,
    /// It is taken away.
    Unset,
}

/// What leaves.
#[derive(Clone, Copy, Debug)]
pub struct Gone {
    /// The type.
    pub of: &'static str,
    /// Where its id stands in the parameters.
    pub who: &'static str,
}

const fn make(
    of: &'static str,
    args: &'static [(&'static str, &'static str)],
    id: &'static [&'static str],
    separator: &'static str,
) -> Treat {
    Treat::Make(Make { of, args, id: (id, separator), unimportable: None })
}

const fn make_only(of: &'static str, args: &'static [(&'static str, &'static str)], why: &'static str) -> Treat {
    Treat::Make(Make { of, args, id: (&[], ""), unimportable: Some(why) })
}

const fn change(of: &'static str, who: &'static str, fields: &'static [Field]) -> Treat {
    Treat::Change(Change { of, who, fields })
}

const fn gone(of: &'static str, who: &'static str) -> Treat {
    Treat::Remove(Gone { of, who })
}

const fn set(from: &'static str, to: &'static str, before: &'static str) -> Field {
    Field { from, to, before, how: How::Set }
}

const fn add(from: &'static str, to: &'static str, before: &'static str) -> Field {
    Field { from, to, before, how: How::Add }
}

const fn take(from: &'static str, to: &'static str, before: &'static str) -> Field {
    Field { from, to, before, how: How::Take }
}

/// Every operation that changes something, with what it is to Terraform.
pub fn table() -> impl Iterator<Item = &'static (&'static str, Treat)> {
    network::TABLE.iter().chain(compute::TABLE).chain(data::TABLE)
}

/// What an operation is to Terraform; none if nobody has thought of it, which a test forbids.
pub fn treat(operation: &str) -> Option<&'static Treat> {
    table().find(|(name, _)| *name == operation).map(|(_, treat)| treat)
}
