//! One step of a runbook: do, wait, check, if it fails, way back.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fill::{Find, fill_expect, fill_object, fill_text, known};
use super::words::{block, code, if_it, impact, md, must_be, printed, variables};
use crate::execute::machine::StepState;
use crate::execute::{Machine, Phase};
use crate::model::call::{Object, Operation};
use crate::model::step::{AS_TEXT, Action, Check, Once, Step, Undo, UndoCall, Wait, references};
use crate::plan::Plan;
use crate::report::aws_cli::{line, read, variable};
use crate::report::{duration, harmless};

/// The steps of which others ask when they were done: `${step.At}`.
pub(super) fn dated(plan: &Plan) -> BTreeSet<&str> {
    let mut out = BTreeSet::new();
    for step in &plan.steps {
        step.each_reference(&mut |from, output| {
            if output == "At" {
                out.insert(from);
            }
        });
    }
    out
}

/// The step's section; `dated`: see [`dated`].
pub(super) fn section(machine: &Machine<'_>, step: &Step, dated: &BTreeSet<&str>) -> String {
    let state = machine.state(&step.id).cloned().unwrap_or_default();
    let known = known(machine, step);
    let page = Page { step, dated: dated.contains(step.id.as_str()), state: &state, find: &known };
    let mut out = format!("### {} {}: {}\n\n", mark(&state), code(&step.id), md(&step.title));
    out.push_str(&page.facts());
    if state.skipped.is_none() {
        if state.phase == Phase::Verified {
            out.push_str(&page.results());
        } else {
            out.push_str(&page.way_there());
        }
        out.push_str(&page.way_back());
    }
    out
}

/// `[x]` for what is done, `[>]` for what is under way, `[!]` for what failed, `[-]` for what is left out.
pub(super) fn mark(state: &StepState) -> &'static str {
    match state.phase {
        _ if state.skipped.is_some() => "[-]",
        _ if state.failure.is_some() => "[!]",
        Phase::Verified => "[x]",
        Phase::Pending => "[ ]",
        Phase::Intended | Phase::Called | Phase::Undoing(..) => "[>]",
    }
}

/// So many letters of a step's id go into a token made by hand; EC2 takes 64 in all.
const TOKEN_OF_ID: usize = 48;

/// Prints the time as AWS writes it.
const NOW: &str = "date -u +%Y-%m-%dT%H:%M:%SZ";

struct Page<'p> {
    step: &'p Step,
    dated: bool,
    state: &'p StepState,
    find: Find<'p>,
}

impl Page<'_> {
    /// How it stands, what it costs, and after what it comes.
    fn facts(&self) -> String {
        let mut out = String::new();
        if let Some(how) = self.standing() {
            out.push_str(&format!("**{how}**\n\n"));
        }
        out.push_str(&format!("About {}; {}.", duration(self.step.estimate_s), impact(&self.step.impact)));
        if !self.step.needs.is_empty() {
            let needs: Vec<String> = self.step.needs.iter().map(|need| format!("{} ({})", code(&need.step), md(&need.because))).collect();
            out.push_str(&format!(" After {}.", needs.join("; ")));
        }
        out + "\n\n"
    }

    fn standing(&self) -> Option<String> {
        let failed = self.state.failure.as_ref().map(|(code, why)| format!("Failed: {} ({code}). ", md(why)));
        let how = match &self.state.phase {
            _ if self.state.skipped.is_some() => {
                format!("Left out: {}.", md(self.state.skipped.as_deref().unwrap_or_default()))
            }
            Phase::Pending | Phase::Verified => String::new(),
            Phase::Intended => {
                "Its call was announced and nobody knows whether it was made: look first, with \"Was it done?\" below.".to_owned()
            }
            Phase::Called => "Its call is made: go on with what comes after \"Do\".".to_owned(),
            Phase::Undoing(done, in_the_air) => {
                let air = if *in_the_air { "; of the next one nobody knows whether it was made" } else { "" };
                format!("On its way back: so many calls of \"Way back\" are made: {done}{air}.")
            }
        };
        Some(failed.unwrap_or_default() + &how).filter(|text| !text.is_empty())
    }

    /// What a step that is done has given.
    fn results(&self) -> String {
        if self.state.outputs.is_empty() {
            return "Done and checked.\n\n".to_owned();
        }
        let values: Vec<String> = self.state.outputs.iter().map(|(name, value)| format!("{name} {}", code(&printed(value)))).collect();
        format!("Done and checked: {}.\n\n", values.join(", "))
    }

    fn way_there(&self) -> String {
        let call = &self.step.call;
        let mut out = String::new();
        if matches!(self.state.phase, Phase::Pending | Phase::Intended) {
            let mut first: Vec<String> = self.step.before.iter().flat_map(|check| self.check(check)).collect();
            first.extend(self.step.ready.iter().flat_map(|wait| self.wait(wait)));
            out.push_str(&titled("First look, and go on only if it is so:", &first));
            out.push_str(&titled("Do:", &self.call(call)));
        }
        let waits: Vec<String> = self.step.wait.iter().flat_map(|wait| self.wait(wait)).collect();
        out.push_str(&titled("Wait:", &waits));
        let checks: Vec<String> = self.step.verify.iter().flat_map(|check| self.check(check)).collect();
        out.push_str(&titled("Check:", &checks));
        out + &self.if_it_fails(call)
    }

    /// The call, with the variables that it needs before and gives afterwards.
    fn call(&self, call: &Action) -> Vec<String> {
        let parameters = fill_object(&call.parameters, self.find);
        let mut lines = self.own_variables(&parameters);
        if self.dated && self.state.announced.is_none() {
            lines.push(format!("{}=$({NOW})", variable(&self.step.id, "At")));
        }
        for (name, look) in &call.capture {
            let read = self.read(&look.operation, &look.parameters, &look.path, true);
            lines.push(format!("{}=$({read})   # as it was before: the way back puts it back", variable(&self.step.id, name)));
        }
        let made = line(&call.operation, &parameters);
        let simple = !made.starts_with('(');
        match call.outputs.iter().next().filter(|_| call.outputs.len() == 1 && simple) {
            Some((name, at)) => {
                let query = crate::report::aws_cli::query(at.trim_start_matches(AS_TEXT), true);
                lines.push(format!("{}=$({made} --query {query} --output text)", variable(&self.step.id, name)));
            }
            None => {
                lines.push(made);
                lines.extend(self.outputs());
            }
        }
        for answer in &call.answer {
            lines.push(format!("# in its answer, {}: {} {}", harmless(&answer.what), answer.path, must_be(&answer.expect)));
        }
        lines
    }

    /// `$self_Token` and `$self_At`, where a call needs them and the journal has none.
    fn own_variables(&self, parameters: &Object) -> Vec<String> {
        let used: BTreeSet<(String, String)> = references(&Value::Object(parameters.clone())).into_iter().collect();
        let uses = |output: &str| used.contains(&("self".to_owned(), output.to_owned()));
        let mut lines = Vec::new();
        if uses("Token") {
            let id: String = self.step.id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(TOKEN_OF_ID).collect();
            lines.push(format!(
                "self_Token={id}-$(date +%s)   # once; if you try this step again, keep the value: then AWS makes it once only"
            ));
        }
        let later = |check: &Check| serde_json::to_string(check).unwrap_or_default().contains("${self.At}");
        let checked = self.step.wait.iter().map(|wait| &wait.until).chain(&self.step.verify).any(later);
        if (uses("At") || checked) && self.state.announced.is_none() {
            lines.push(format!("self_At=$({NOW})"));
        }
        lines
    }

    /// What the call has given, as variables, by looking for it.
    fn outputs(&self) -> Vec<String> {
        let probe = &self.step.call.probe;
        let one = |(name, at): (&String, &String)| {
            let read = self.read(&probe.operation, &probe.parameters, at.trim_start_matches(AS_TEXT), true);
            format!("{}=$({read})", variable(&self.step.id, name))
        };
        probe.outputs.iter().map(one).collect()
    }

    fn if_it_fails(&self, call: &Action) -> String {
        let probe = &call.probe;
        let gave = if probe.outputs.is_empty() { "" } else { "; and this is what it gave:" };
        let mut lines = vec![
            self.read(&probe.operation, &probe.parameters, &probe.path, false),
            format!("# it was done if it prints {}{}", if_it(&fill_expect(&probe.expect, self.find)), gave),
        ];
        lines.extend(self.outputs());
        let mut out = titled("If it fails, or you do not know. Was it done?", &lines);
        if !call.adopt_on.is_empty() {
            let codes: Vec<String> = call.adopt_on.iter().map(|refused| code(refused)).collect();
            out.push_str(&format!("AWS refuses with {}: it is so already.\n\n", codes.join(" or ")));
        }
        if call.once.is_some() {
            out.push_str("Never make this call twice without that look.\n\n");
            out.push_str(&titled("These show it, too:", &self.signs(&call.once)));
        }
        out
    }

    fn way_back(&self) -> String {
        match &self.step.undo {
            Undo::Irreversible(why) => format!("**Way back: there is none.** {}\n\n", md(why)),
            Undo::Nothing(why) => format!("Way back: nothing is to be undone, {}.\n\n", md(why)),
            Undo::Calls(calls) => {
                let lines: Vec<String> = calls.iter().enumerate().flat_map(|(at, call)| self.undo(at, call)).collect();
                titled("Way back:", &lines)
            }
        }
    }

    fn undo(&self, at: usize, call: &UndoCall) -> Vec<String> {
        if let Phase::Undoing(done, _) = self.state.phase
            && at < done
        {
            return vec![format!("# {} is made", call.operation)];
        }
        let mut lines = vec![self.read(&call.unless.operation, &call.unless.parameters, &call.unless.path, false)];
        let so = if_it(&fill_expect(&call.unless.expect, self.find));
        lines.push(format!("# leave the next call out if it prints {so}: {}", harmless(&call.unless.what)));
        let made = line(&call.operation, &fill_object(&call.parameters, self.find));
        lines.extend(self.own_variables(&fill_object(&call.parameters, self.find)));
        match &call.each {
            Some(each) => {
                let values = self.read(&each.operation, &each.parameters, &each.path, false);
                lines.push(format!("for each_Value in $({values}); do {made}; done"));
            }
            None => lines.push(made),
        }
        if !call.adopt_on.is_empty() {
            lines.push(format!("# refused with {}: it is under way already", call.adopt_on.join(" or ")));
        }
        if call.once.is_some() {
            lines.push("# never twice without a look:".to_owned());
            lines.extend(self.signs(&call.once));
        }
        lines.extend(call.wait.iter().flat_map(|wait| self.wait(wait)));
        lines
    }

    fn signs(&self, once: &Option<Once>) -> Vec<String> {
        once.iter().flat_map(|once| &once.signs).flat_map(|sign| self.check(sign)).collect()
    }

    fn check(&self, check: &Check) -> Vec<String> {
        let expect = fill_expect(&check.expect, self.find);
        vec![
            format!("# {}", variables(&fill_text(&check.what, self.find))),
            self.read(&check.operation, &check.parameters, &check.path, false),
            format!("# {}", must_be(&expect)),
        ]
    }

    fn wait(&self, wait: &Wait) -> Vec<String> {
        let mut lines = self.check(&wait.until);
        if wait.least_s > 0 {
            lines.insert(0, format!("sleep {}   # in any case: what is waited for can't be seen", wait.least_s));
        }
        lines.push(format!("# again until it is so; usually after {}, give up after {}", duration(wait.usual_s), duration(wait.timeout_s)));
        if !wait.never.is_empty() {
            lines.push(format!("# it will never be so, if it is: {}", wait.never.iter().map(printed).collect::<Vec<_>>().join(" ")));
        }
        if !wait.otherwise.is_empty() {
            lines.push(format!("# if it never is: {}", harmless(&wait.otherwise)));
        }
        lines
    }

    fn read(&self, operation: &Operation, parameters: &Object, path: &str, first: bool) -> String {
        read(operation, &fill_object(parameters, self.find), &fill_text(path, self.find), first)
    }
}

fn titled(title: &str, lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("{title}\n\n{}\n", block(lines)) }
}
