//! What the drafts of many kinds share: a builder for steps, tags, probes by tag, checks and waits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::call::Object;
use crate::model::step::{
    AS_TEXT, Action, Answer, Check, Expect, Impact, LOOK, Look, Need, Once, Probe, Stage, Step, Undo, UndoCall, Wait,
};

/// The tag that names the migration.
pub const MIGRATION_TAG: &str = "hikkoshi:migration";
/// The tag that names the step.
pub const STEP_TAG: &str = "hikkoshi:step";

/// Parameters from a JSON object literal of ours.
pub fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        other => panic!("parameters are an object, not {other}"),
    }
}

/// `TagSpecifications` for one resource type: a name and who made it.
pub fn tag_specification(resource_type: &str, migration: &str, step: &str, name: &str) -> Value {
    json!({ "ResourceType": resource_type, "Tags": [
        { "Key": "Name", "Value": name },
        { "Key": MIGRATION_TAG, "Value": migration },
        { "Key": STEP_TAG, "Value": step },
    ]})
}

/// EC2 filters that find what a step made.
pub fn made_by(migration: &str, step: &str) -> Vec<Value> {
    vec![filter(&format!("tag:{MIGRATION_TAG}"), &[json!(migration)]), filter(&format!("tag:{STEP_TAG}"), &[json!(step)])]
}

/// One EC2 filter.
pub fn filter(name: &str, values: &[Value]) -> Value {
    json!({ "Name": name, "Values": values })
}

/// A reference to an output of a step.
pub fn output(step: &str, name: &str) -> Value {
    json!(format!("${{{step}.{name}}}"))
}

/// A read that stands for its answer in a parameter.
pub fn look(operation: &str, parameters: Value, path: &str) -> Value {
    json!({ LOOK: { "operation": operation, "parameters": parameters, "path": path } })
}

/// The same with some fields put over it; see [`Look::set`].
pub fn look_and_set(operation: &str, parameters: Value, path: &str, set: Value) -> Value {
    json!({ LOOK: { "operation": operation, "parameters": parameters, "path": path, "set": set } })
}

/// A look to capture state before a call.
pub fn capture(operation: &str, parameters: Value, path: &str) -> Look {
    Look { operation: parse(operation), parameters: object(parameters), path: path.to_owned(), set: BTreeMap::new() }
}

fn parse(operation: &str) -> crate::model::call::Operation {
    operation.parse().expect("operation names in the source are well-formed")
}

/// A check.
pub fn check(what: &str, operation: &str, parameters: Value, path: &str, expect: Expect) -> Check {
    Check { what: what.to_owned(), operation: parse(operation), parameters: object(parameters), path: path.to_owned(), expect }
}

/// A wait: what for, how long it usually takes and when to give up, both in seconds.
pub fn wait(until: Check, usual_s: u64, timeout_s: u64) -> Wait {
    Wait { until, never: Vec::new(), usual_s, timeout_s, least_s: 0, otherwise: String::new() }
}

/// A wait that takes its time in any case, in seconds, because what is waited for can't be seen; then it is looked.
pub fn wait_out(until: Check, least_s: u64) -> Wait {
    Wait { least_s, ..wait(until, least_s, 120) }
}

/// A wait that also knows values that mean failure.
pub fn wait_or_fail(until: Check, never: &[&str], usual_s: u64, timeout_s: u64) -> Wait {
    Wait { never: never.iter().map(|v| json!(v)).collect(), ..wait(until, usual_s, timeout_s) }
}

/// A call on the way back.
pub fn undo(operation: &str, parameters: Value, unless: Check) -> UndoCall {
    UndoCall {
        operation: parse(operation),
        parameters: object(parameters),
        each: None,
        unless,
        adopt_on: Vec::new(),
        once: None,
        wait: Vec::new(),
    }
}

/// A call on the way back that takes its time.
pub fn undo_and_wait(operation: &str, parameters: Value, unless: Check, wait: Vec<Wait>) -> UndoCall {
    UndoCall { wait, ..undo(operation, parameters, unless) }
}

/// The path of an output within the documents that a probe finds.
fn within(documents: &str, at: &str) -> String {
    match at.strip_prefix(AS_TEXT) {
        _ if at.is_empty() => documents.to_owned(),
        None => format!("{documents}.{at}"),
        Some(at) => format!("{AS_TEXT}{documents}.{at}"),
    }
}

/// The way back begins with waiting: what was under way when the run ended comes to rest before the next call. The call
/// itself is never made, because the thing is there.
pub fn rest_first(operation: &str, parameters: Value, there: Check, rest: Vec<Wait>) -> UndoCall {
    undo_and_wait(operation, parameters, there, rest)
}

/// The tags that may be given to another thing: a key that begins with `aws:` is AWS's own, and refused.
pub fn giveable(tags: &[Value]) -> Vec<Value> {
    tags.iter().filter(|tag| !tag["Key"].as_str().unwrap_or_default().starts_with("aws:")).cloned().collect()
}

/// A call on the way back that must not be made twice.
pub fn undo_once(operation: &str, parameters: Value, unless: Check, wait: Vec<Wait>) -> UndoCall {
    UndoCall { once: Some(Once { settle_s: SETTLE_S, signs: Vec::new() }), ..undo_and_wait(operation, parameters, unless, wait) }
}

/// A call on the way back, and what shows beside its end that it was carried out.
pub fn undo_with_sign(operation: &str, parameters: Value, unless: Check, sign: Check, wait: Vec<Wait>) -> UndoCall {
    UndoCall { once: Some(Once { settle_s: 0, signs: vec![sign] }), ..undo_and_wait(operation, parameters, unless, wait) }
}

/// How long a failover of unknown outcome is looked for: what shows it may lag behind by minutes.
const SETTLE_S: u64 = 900;

/// A step in the making.
pub struct Draft(Step);

/// Begins a step.
pub fn step(id: impl Into<String>, stage: Stage, of_move: &str, title: impl Into<String>) -> Draft {
    let none = Probe {
        operation: parse("ec2:DescribeVpcs"),
        parameters: Object::new(),
        path: String::new(),
        expect: Expect::Exists,
        outputs: BTreeMap::new(),
    };
    Draft(Step {
        id: id.into(),
        stage,
        of_move: of_move.to_owned(),
        title: title.into(),
        before: Vec::new(),
        ready: Vec::new(),
        call: Action {
            operation: parse("ec2:Unset"),
            parameters: Object::new(),
            outputs: BTreeMap::new(),
            capture: BTreeMap::new(),
            probe: none,
            answer: Vec::new(),
            once: None,
            adopt_on: Vec::new(),
        },
        wait: Vec::new(),
        verify: Vec::new(),
        undo: Undo::Calls(Vec::new()),
        needs: Vec::new(),
        impact: Impact::None,
        estimate_s: 2,
    })
}

impl Draft {
    /// What it calls.
    pub fn call(mut self, operation: &str, parameters: Value) -> Draft {
        self.0.call.operation = parse(operation);
        self.0.call.parameters = object(parameters);
        self
    }

    /// What it makes: output name and path in the answer.
    pub fn output(mut self, name: &str, path: &str) -> Draft {
        self.0.call.outputs.insert(name.to_owned(), path.to_owned());
        self
    }

    /// State to remember before the call.
    pub fn capture(mut self, name: &str, look: Look) -> Draft {
        self.0.call.capture.insert(name.to_owned(), look);
        self
    }

    /// How an unknown outcome of a creation is settled: the read, the documents that show what the step made, and for
    /// every output its path within a document.
    pub fn probe_made(mut self, operation: &str, parameters: Value, documents: &str, outputs: &[(&str, &str)]) -> Draft {
        self.0.call.probe = Probe {
            operation: parse(operation),
            parameters: object(parameters),
            path: documents.to_owned(),
            expect: Expect::Exists,
            outputs: outputs.iter().map(|(name, at)| ((*name).to_owned(), within(documents, at))).collect(),
        };
        self
    }

    /// What the probe of a creation must find, where that there is something says nothing yet.
    pub fn probe_expects(mut self, at: &str, expect: Expect) -> Draft {
        self.0.call.probe.path = at.to_owned();
        self.0.call.probe.expect = expect;
        self
    }

    /// How an unknown outcome of a change is settled: if this holds, it was carried out. Also verified afterwards.
    pub fn settled_by(mut self, check: Check) -> Draft {
        self.0.call.probe = Probe {
            operation: check.operation.clone(),
            parameters: check.parameters.clone(),
            path: check.path.clone(),
            expect: check.expect.clone(),
            outputs: BTreeMap::new(),
        };
        self.0.verify.push(check);
        self
    }

    /// What the answer must show.
    pub fn answers(mut self, what: &str, path: &str, expect: Expect) -> Draft {
        self.0.call.answer.push(Answer { what: what.to_owned(), path: path.to_owned(), expect });
        self
    }

    /// A call that changes nothing leaves nothing to find: where its outcome is unknown, it is made again. The read only
    /// shows that AWS answers.
    pub fn again_if_unknown(mut self, operation: &str, parameters: Value) -> Draft {
        let path = "ThatItWasMade".to_owned();
        self.0.call.probe =
            Probe { operation: parse(operation), parameters: object(parameters), path, expect: Expect::Exists, outputs: BTreeMap::new() };
        self
    }

    /// AWS codes that mean "it is already so".
    pub fn adopt_on(mut self, codes: &[&str]) -> Draft {
        self.0.call.adopt_on = codes.iter().map(|code| (*code).to_owned()).collect();
        self
    }

    /// It must not be made twice; what shows beside the probe that it was carried out.
    pub fn once(mut self, signs: Vec<Check>) -> Draft {
        self.0.call.once = Some(Once { settle_s: SETTLE_S, signs });
        self
    }

    /// What shows, beside the probe, that a call of unknown outcome was carried out.
    pub fn sign(mut self, check: Check) -> Draft {
        self.0.call.once.get_or_insert_with(|| Once { settle_s: 0, signs: Vec::new() }).signs.push(check);
        self
    }

    /// What must be so before.
    pub fn before(mut self, check: Check) -> Draft {
        self.0.before.push(check);
        self
    }

    /// What to wait for before the call.
    pub fn ready(mut self, wait: Wait) -> Draft {
        self.0.estimate_s += wait.usual_s;
        self.0.ready.push(wait);
        self
    }

    /// What to wait for; its usual duration counts into the estimate.
    pub fn wait(mut self, wait: Wait) -> Draft {
        self.0.estimate_s += wait.usual_s;
        self.0.wait.push(wait);
        self
    }

    /// What must be so afterwards.
    pub fn verify(mut self, check: Check) -> Draft {
        self.0.verify.push(check);
        self
    }

    /// The way back.
    pub fn undo(mut self, calls: Vec<UndoCall>) -> Draft {
        self.0.undo = Undo::Calls(calls);
        self
    }

    /// There is no way back; why.
    pub fn irreversible(mut self, why: &str) -> Draft {
        self.0.undo = Undo::Irreversible(why.to_owned());
        self
    }

    /// There is nothing to take back; what the call does instead of changing something.
    pub fn changes_nothing(mut self, does: &str) -> Draft {
        self.0.undo = Undo::Nothing(does.to_owned());
        self
    }

    /// What must be done before, and why.
    pub fn needs(mut self, step: &str, because: &str) -> Draft {
        self.0.needs.push(Need { step: step.to_owned(), because: because.to_owned() });
        self
    }

    /// What it does to the service.
    pub fn impact(mut self, impact: Impact) -> Draft {
        self.0.impact = impact;
        self
    }

    /// Done.
    pub fn done(self) -> Step {
        self.0
    }
}

/// How a kind changes the groups of a thing in place. The calls replace the whole list, so the whole list is given.
pub struct Regroup<'a> {
    /// The thing, for people.
    pub name: &'a str,
    /// For step ids.
    pub slug: &'a str,
    /// The call that replaces the list.
    pub operation: &'a str,
    /// Its parameters for a list of groups.
    pub parameters: &'a dyn Fn(&[Value]) -> Value,
    /// Where the list can be seen: read, parameters, path.
    pub seen: (&'a str, Value, &'a str),
    /// What to wait for after the change.
    pub wait: &'a [Wait],
    /// What it wears today.
    pub old: &'a [Value],
    /// What it wears at the end.
    pub new: &'a [Value],
}

impl Regroup<'_> {
    /// Two steps: the new groups beside the old in `guard`, the old ones off in `tighten`.
    pub fn steps(&self) -> Vec<Step> {
        let both: Vec<Value> = self.old.iter().chain(self.new.iter().filter(|group| !self.old.contains(group))).cloned().collect();
        let beside = self.step(
            format!("{}-groups-beside", self.slug),
            Stage::Guard,
            format!("Put the new groups on {} beside the old", self.name),
            self.old,
            &both,
        );
        let mut off = self.step(
            format!("{}-groups-off", self.slug),
            Stage::Tighten,
            format!("Take the old groups off {}", self.name),
            &both,
            self.new,
        );
        off.impact = Impact::Brief { seconds: 1, what: "cuts what only the old groups admitted".to_owned() };
        off.needs.push(Need { step: beside.id.clone(), because: "the new groups are on before the old come off".to_owned() });
        vec![beside, off]
    }

    /// A service that takes its time may still say that it is at rest when it has not begun; the list is changed at the end.
    fn waits(&self, worn: Check) -> Vec<Wait> {
        let changed = (!self.wait.is_empty()).then(|| wait(worn, 10, 1800));
        changed.into_iter().chain(self.wait.iter().cloned()).collect()
    }

    fn step(&self, id: String, stage: Stage, title: String, from: &[Value], to: &[Value]) -> Step {
        let worn =
            |what: &str, groups: &[Value]| check(what, self.seen.0, self.seen.1.clone(), self.seen.2, Expect::SameSet(groups.to_vec()));
        let mut draft = step(id, stage, self.slug, title)
            .before(worn("it wears what it wore at planning", from))
            .call(self.operation, (self.parameters)(to))
            .settled_by(worn("it wears exactly these groups", to))
            .undo(vec![undo_and_wait(
                self.operation,
                (self.parameters)(from),
                worn("it wears what it wore before", from),
                self.waits(worn("it wears what it wore before", from)),
            )]);
        for wait in self.waits(worn("it wears exactly these groups", to)) {
            draft = draft.wait(wait);
        }
        draft.done()
    }
}
