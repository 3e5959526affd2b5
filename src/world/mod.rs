//! A simulated account that obeys the kinds: what a call does, what AWS refuses.
//!
//! Pure and synchronous: time is a number that the caller sets. What is common to all calls is here (DryRun, client
//! tokens, who am I); what a call does is with its kind. An operation that no kind knows is refused, never ignored.

pub mod play;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::kinds::{self, Effect, KINDS, Kind, Listing, Read};
use crate::model::account::Account;
use crate::model::call::{Call, Object, Outcome, Refusal};
use crate::model::facet::Facets;
use crate::model::inventory::Inventory;
use crate::model::resource::Resource;

/// The simulated account.
#[derive(Clone)]
pub struct World {
    account: Account,
}

impl World {
    /// An account like the one that was seen.
    pub fn new(inventory: &Inventory) -> World {
        World::resume(Account::from(inventory))
    }

    /// An account as it was left.
    pub fn resume(account: Account) -> World {
        let mut world = World { account };
        world.account.dirty = world.account.resources.keys().cloned().collect();
        world.read_again();
        world
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The account, to be tampered with by a test or a fault.
    pub fn account_mut(&mut self) -> &mut Account {
        &mut self.account
    }

    /// Moves the clock; what is due happens. It never goes back.
    pub fn at(&mut self, now_ms: u64) {
        self.account.now_ms = self.account.now_ms.max(now_ms);
        self.account.settle();
        self.read_again();
    }

    /// Makes a call, now.
    pub fn call(&mut self, call: &Call) -> Outcome {
        match self.answer(call) {
            Ok(answer) => Outcome::Done(answer),
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn answer(&mut self, call: &Call) -> Result<Value, Refusal> {
        let operation = call.operation.to_string();
        if operation == "sts:GetCallerIdentity" {
            let user = || format!("arn:aws:iam::{}:user/simulated", self.account.account);
            let arn = self.account.caller.clone().unwrap_or_else(user);
            return Ok(json!({ "Account": self.account.account, "Arn": arn, "UserId": "simulated" }));
        }
        if call.operation.is_read() {
            return read(&self.account, &operation, &call.parameters);
        }
        let effect = *DESK.effects.get(operation.as_str()).ok_or_else(|| unsupported(&operation))?;
        if call.parameters.get("DryRun") == Some(&json!(true)) {
            return Err(Refusal::new("DryRunOperation", "Request would have succeeded, but DryRun flag is set."));
        }
        let result = self.once(&operation, effect, &call.parameters);
        self.read_again();
        result
    }

    /// A client token gives the same answer twice, and refuses other parameters (EC2 guide, "Ensuring idempotency").
    fn once(&mut self, operation: &str, effect: Effect, parameters: &Object) -> Result<Value, Refusal> {
        let Some(token) = ["ClientToken", "clientToken"].iter().find_map(|key| parameters.get(*key)?.as_str()) else {
            return effect(&mut self.account, parameters);
        };
        let key = format!("{operation} {token}");
        let given = Value::Object(parameters.clone());
        if let Some((first, answer)) = self.account.tokens.get(&key) {
            let words = "The request uses the same client token as a previous, but non-identical request.";
            return if *first == given { Ok(answer.clone()) } else { Err(Refusal::new("IdempotentParameterMismatch", words)) };
        }
        let answer = effect(&mut self.account, parameters)?;
        self.account.tokens.insert(key, (given, answer.clone()));
        Ok(answer)
    }

    /// Lets the kinds read what has changed.
    fn read_again(&mut self) {
        let dirty = std::mem::take(&mut self.account.dirty);
        for id in dirty {
            let Some(resource) = self.account.resources.get(&id) else { continue };
            let Some(kind) = DESK.kinds.get(resource.kind.as_str()) else { continue };
            // What is remembered a while but is no more, such as a terminated instance, is nowhere and wears nothing.
            let gone = || Resource { facets: Facets::default(), ..resource.clone() };
            let mut read = kind.parse(&resource.doc, &self.account.vpc).unwrap_or_else(gone);
            if read == *resource {
                continue;
            }
            if read.doc == resource.doc {
                read.doc = resource.doc.clone();
            }
            self.account.resources.insert(id, read);
        }
    }
}

fn unsupported(operation: &str) -> Refusal {
    Refusal::new("UnsupportedOperation", format!("the simulated account does not know {operation}"))
}

/// Who answers which operation.
struct Desk {
    kinds: HashMap<&'static str, &'static dyn Kind>,
    effects: HashMap<&'static str, Effect>,
    reads: HashMap<&'static str, Answer>,
}

/// How a read is answered.
enum Answer {
    Read(Read),
    Listing(&'static str, &'static Listing),
}

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let mut desk = Desk { kinds: HashMap::new(), effects: HashMap::new(), reads: HashMap::new() };
    for kind in KINDS {
        desk.kinds.entry(kind.name()).or_insert(*kind);
        for (name, effect) in kind.effects() {
            desk.effects.entry(name).or_insert(*effect);
        }
        // A kind may answer its listing itself.
        for (name, read) in kind.reads() {
            desk.reads.entry(name).or_insert(Answer::Read(*read));
        }
        if let Some(listing) = kind.listing() {
            desk.reads.entry(listing.operation).or_insert(Answer::Listing(kind.name(), listing));
        }
    }
    desk
});

fn read(account: &Account, operation: &str, parameters: &Object) -> Result<Value, Refusal> {
    match DESK.reads.get(operation) {
        Some(Answer::Read(read)) => return read(account, parameters),
        Some(Answer::Listing(kind, listing)) => return kinds::listing_answer(kind, listing, account, parameters),
        None => {}
    }
    match operation {
        // What belongs to no kind of this version doesn't exist in a simulated account.
        "ec2:GetSubnetCidrReservations" => Ok(json!({ "SubnetIpv4CidrReservations": [] })),
        "ec2:DescribeVpcPeeringConnections" => Ok(json!({ "VpcPeeringConnections": [] })),
        "ec2:DescribeFlowLogs" => Ok(json!({ "FlowLogs": [] })),
        "cloudwatch:DescribeAlarms" => Ok(alarms(account, parameters)),
        "logs:FilterLogEvents" => Err(Refusal::new("ResourceNotFoundException", "The specified log group does not exist.")),
        _ => Err(unsupported(operation)),
    }
}

/// The alarms of those names: as planted, else OK, because a simulation has nothing that could be measured.
fn alarms(account: &Account, parameters: &Object) -> Value {
    let names = parameters.get("AlarmNames").and_then(Value::as_array).into_iter().flatten();
    let alarm = |name: &Value| {
        let planted = account.alarms.iter().find(|alarm| alarm["AlarmName"] == *name).cloned();
        planted.unwrap_or_else(|| json!({ "AlarmName": name, "StateValue": "OK", "StateReason": "This is a simulated account" }))
    };
    json!({ "MetricAlarms": names.map(alarm).collect::<Vec<_>>(), "CompositeAlarms": [] })
}

#[cfg(test)]
mod tests;
