//! What the program says when something goes wrong, and with which exit status.
//!
//! Each code has a page in `runbooks/`, embedded here and printed by `hikkoshi explain CODE`.

use std::fmt::Write;

use super::{Global, typed};
use crate::report::harmless;

/// Exit statuses (DESIGN.md section 8).
pub mod exit {
    /// Unexpected.
    pub const UNEXPECTED: u8 = 1;
    /// Bad usage or input.
    pub const INPUT: u8 = 2;
    /// Blockers, findings, a failed proof or simulation.
    pub const FINDINGS: u8 = 3;
    /// A step failed; resumable.
    pub const STEP: u8 = 4;
    /// Locked by another.
    pub const LOCKED: u8 = 5;
    /// Drift.
    pub const DRIFT: u8 = 6;
    /// Approval missing.
    pub const APPROVAL: u8 = 7;
    /// Interrupted; resumable.
    pub const INTERRUPTED: u8 = 130;
}

macro_rules! codes {
    ($($code:literal $exit:ident;)*) => {
        /// Every failure code with its exit status and its page.
        pub const CODES: &[(&str, u8, &str)] = &[
            $(($code, exit::$exit, include_str!(concat!("../../runbooks/", $code, ".md"))),)*
        ];
    };
}

codes! {
    "HK0101" INPUT;
    "HK0102" INPUT;
    "HK0103" INPUT;
    "HK0104" INPUT;
    "HK0105" INPUT;
    "HK0106" INPUT;
    "HK0107" INPUT;
    "HK0108" INPUT;
    "HK0109" INPUT;
    "HK0110" INPUT;
    "HK0111" INPUT;
    "HK0112" INPUT;
    "HK0113" INPUT;
    "HK0114" INPUT;
    "HK0115" INPUT;
    "HK0201" INPUT;
    "HK0202" INPUT;
    "HK0203" UNEXPECTED;
    "HK0204" LOCKED;
    "HK0205" LOCKED;
    "HK0206" INPUT;
    "HK0207" INPUT;
    "HK0208" UNEXPECTED;
    "HK0301" UNEXPECTED;
    "HK0302" UNEXPECTED;
    "HK0303" UNEXPECTED;
    "HK0304" STEP;
    "HK0305" STEP;
    "HK0401" FINDINGS;
    "HK0402" FINDINGS;
    "HK0403" FINDINGS;
    "HK0404" FINDINGS;
    "HK0405" FINDINGS;
    "HK0406" FINDINGS;
    "HK0407" FINDINGS;
    "HK0408" FINDINGS;
    "HK0502" STEP;
    "HK0503" STEP;
    "HK0504" STEP;
    "HK0505" DRIFT;
    "HK0506" STEP;
    "HK0507" INPUT;
    "HK0508" INTERRUPTED;
    "HK0509" INPUT;
    "HK0510" FINDINGS;
    "HK0511" APPROVAL;
    "HK0512" APPROVAL;
    "HK0513" INPUT;
    "HK0514" INPUT;
    "HK0515" INPUT;
    "HK0516" APPROVAL;
    "HK0517" APPROVAL;
    "HK0521" DRIFT;
    "HK0601" APPROVAL;
    "HK0602" INPUT;
    "HK0901" UNEXPECTED;
}

/// The situations that have a page but no code.
pub const SITUATIONS: &[(&str, &str)] = &[
    ("failed-step", include_str!("../../runbooks/failed-step.md")),
    ("unknown-outcome", include_str!("../../runbooks/unknown-outcome.md")),
    ("failed-gate", include_str!("../../runbooks/failed-gate.md")),
    ("drift", include_str!("../../runbooks/drift.md")),
    ("lock-held", include_str!("../../runbooks/lock-held.md")),
    ("expired-credentials", include_str!("../../runbooks/expired-credentials.md")),
    ("stuck-deletion", include_str!("../../runbooks/stuck-deletion.md")),
    ("resume", include_str!("../../runbooks/resume.md")),
    ("rollback", include_str!("../../runbooks/rollback.md")),
    ("break-glass", include_str!("../../runbooks/break-glass.md")),
    ("session-manager", include_str!("../../runbooks/session-manager.md")),
];

/// The situation that a code is about, if its page names one: the first that it links to.
pub fn situation(code: &str) -> Option<&'static str> {
    let page = page(code)?;
    let (_, after) = page.split_once("The whole situation: [")?;
    let name = after.split(']').next()?;
    SITUATIONS.iter().map(|(situation, _)| *situation).find(|situation| *situation == name)
}

/// The page of a code or a situation.
pub fn page(name: &str) -> Option<&'static str> {
    let wanted = if name.len() <= 4 && name.chars().all(|c| c.is_ascii_digit()) { format!("HK{name:0>4}") } else { name.to_uppercase() };
    let code = CODES.iter().find(|(code, _, _)| *code == wanted).map(|(_, _, page)| *page);
    code.or_else(|| SITUATIONS.iter().find(|(situation, _)| *situation == name.to_lowercase()).map(|(_, page)| *page))
}

/// A command that did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The failure code.
    pub code: &'static str,
    /// What went wrong, on what, and why: one sentence.
    pub message: String,
    /// What state things are in; further lines.
    pub details: Vec<String>,
    /// What to type next.
    pub hints: Vec<String>,
    /// More for programs: what a run left behind.
    pub more: Option<Box<serde_json::Value>>,
}

impl Failure {
    /// A failure with a code of the table.
    pub fn new(code: &'static str, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), details: Vec::new(), hints: Vec::new(), more: None }
    }

    /// The same with a line about the state of things.
    pub fn detail(mut self, text: impl Into<String>) -> Failure {
        self.details.push(text.into());
        self
    }

    /// The same with a thing to do next.
    pub fn hint(mut self, text: impl Into<String>) -> Failure {
        self.hints.push(text.into());
        self
    }

    /// The same with the options repeated in each command that is to be typed next.
    pub fn typed(mut self, global: &Global) -> Failure {
        self.hints = self.hints.iter().map(|hint| typed::repeated(global, hint)).collect();
        if let Some(next) = self.more.as_mut().and_then(|more| more.get_mut("next")) {
            *next = self.hints.clone().into();
        }
        self
    }

    /// The exit status.
    pub fn exit(&self) -> u8 {
        CODES.iter().find(|(code, _, _)| *code == self.code).map_or(exit::UNEXPECTED, |(_, exit, _)| *exit)
    }

    /// For people.
    pub fn text(&self, style: bool) -> String {
        let (bold, red, off) = if style { ("\x1b[1m", "\x1b[31;1m", "\x1b[0m") } else { ("", "", "") };
        let mut out = format!("{red}error[{}]{off}{bold}: {}{off}\n", self.code, harmless(&self.message));
        for detail in &self.details {
            let _ = writeln!(out, "  {}", harmless(detail));
        }
        for (at, hint) in self.hints.iter().enumerate() {
            let _ = writeln!(out, "{} {}", if at == 0 { "next:" } else { "     " }, harmless(hint));
        }
        let _ = writeln!(out, "page: hikkoshi explain {}", self.code);
        out
    }

    /// For programs.
    pub fn json(&self) -> serde_json::Value {
        let mut error = serde_json::json!({ "code": self.code, "message": self.message, "details": self.details, "next": self.hints, "exit": self.exit() });
        if let Some(more) = &self.more {
            error["aftermath"] = (**more).clone();
        }
        serde_json::json!({ "error": error })
    }
}

/// A code of the table from text: codes travel through the journal as text.
pub fn known(code: &str) -> &'static str {
    CODES.iter().find(|(known, _, _)| *known == code).map_or("HK0901", |(known, _, _)| known)
}

/// Nobody is logged in: where the SDK has looked, a line each.
fn no_credentials(words: &str) -> Failure {
    let (first, looked) = words.split_once('\n').unwrap_or((words, ""));
    let mut failure = Failure::new("HK0302", "there are no AWS credentials");
    let lines = if looked.is_empty() { first } else { looked };
    for line in lines.lines().map(|line| line.trim().trim_start_matches("- ")).filter(|line| !line.is_empty()) {
        failure = failure.detail(
            line.replace("the credential provider was not enabled: ", "").replace("the credential provider was not enabled", "none"),
        );
    }
    failure
        .detail("nothing was called, nothing was written")
        .hint("aws sso login   # or however you get a session; or another --profile; then the same command again")
}

impl From<crate::discover::Error> for Failure {
    fn from(error: crate::discover::Error) -> Failure {
        use crate::discover::Error;
        let message = error.to_string();
        let failure = |code| Failure::new(code, message.clone()).detail("only reads were sent: nothing was changed, nothing was written");
        match error {
            Error::Unreachable { .. } => failure("HK0301")
                .hint("aws sts get-caller-identity   # does anything get through? look at the network, AWS_ENDPOINT_URL, the region")
                .hint("then the same command again"),
            Error::Credentials(refusal) if refusal.code == "MissingCredentials" => no_credentials(&refusal.message),
            Error::Credentials(_) => failure("HK0302")
                .hint("aws sts get-caller-identity   # says what the credentials are worth")
                .hint("aws sso login   # or however you get a session; or another --profile; then the same command again"),
            Error::UnknownVpc { ref region, .. } => failure("HK0102")
                .hint(format!("aws ec2 describe-vpcs --region {region} --query 'Vpcs[].[VpcId,CidrBlock]'   # which there are"))
                .hint("then the same command with the right --profile and --region, or the right VPC"),
            Error::Refused { ref refusal, .. } if refusal.is_denied() => failure("HK0303")
                .hint("have this permission given to whoever you are (aws sts get-caller-identity), then the same command again"),
            Error::Refused { .. } => failure("HK0304").hint("the same command again, if AWS's words sound as if it would pass"),
            Error::UnknownLogGroup(_) => failure("HK0113")
                .hint("aws ec2 describe-flow-logs --query 'FlowLogs[].[ResourceId,LogGroupName,LogDestination]'   # which there are")
                .hint("then the same command with the right --profile and --region, or another --log-group"),
            Error::SeveralVpcs { .. } => {
                Failure::new("HK0111", message).detail("nothing was written").hint("the same command with --vpc and one of these")
            }
            Error::Dump(_) => Failure::new("HK0109", message)
                .detail("nothing was called, nothing was written")
                .hint("mend or take away what is named, then the same command again"),
        }
    }
}

impl Failure {
    /// What to say when the journal of that migration can't be read or written.
    pub fn journal(error: crate::journal::Error, name: &str) -> Failure {
        use crate::journal::Error;
        let message = error.to_string();
        match error {
            Error::Damaged { ref path, ref last, .. } => Failure::new("HK0201", message)
                .detail(format!("sound before it, and true: {last}"))
                .detail("nothing was called; the file is as it was")
                .hint(if path.starts_with("s3:") {
                    format!("aws s3 cp {path} damaged.json   # first of all; then see which versions of it the bucket keeps")
                } else {
                    format!("cp -p {path} {path}.damaged   # first of all")
                })
                .hint("then put back a sound copy of the journal, and the same command again"),
            Error::Unreachable { ref at, ref why } if why.contains("NoSuchBucket") => {
                let bucket = at.split('/').take(3).collect::<Vec<_>>().join("/");
                Failure::new("HK0208", message)
                    .detail("nothing was called that the journal doesn't know")
                    .hint(format!("aws s3 mb {bucket}   # if that is its name; then the same command again"))
            }
            Error::Unreachable { .. } => Failure::new("HK0208", message)
                .detail("a call is made only when its record is kept: nothing was called that the journal doesn't know")
                .hint(
                    "aws sts get-caller-identity   # does anything get through? who are you? look at --profile and at the bucket's policy",
                )
                .hint("then the same command again: it goes on from where it is"),
            Error::BadLease { ref at, .. } => Failure::new("HK0201", message)
                .detail("it says who may write the journal; the journal itself was not touched, nothing was called")
                .hint(format!(
                    "{} {at}   # if nobody runs this migration; numbers go on from the journal's",
                    if at.starts_with("s3:") { "aws s3 rm" } else { "rm" }
                ))
                .hint("then the same command again"),
            Error::Unwritable(_) => Failure::new("HK0203", message)
                .detail("a call is made only when its record is on the disk: nothing was called that the journal doesn't know")
                .hint("df -h   # make room; then the same command again: it goes on from where it is"),
            Error::Locked(ref lease) => Failure::new("HK0204", message)
                .detail(format!("it has lease {}, until {}; as long as it lives it renews it", lease.number, lease.until))
                .detail("nothing was called; the other run goes on undisturbed")
                .hint(format!("hikkoshi status {name}   # how far it is; wait for it, or ask whoever runs it"))
                .hint(format!(
                    "hikkoshi unlock {name} --number {}   # if it is dead for certain; should it live, it stops there",
                    lease.number
                )),
            Error::Fenced { .. } => Failure::new("HK0205", message)
                .detail("nothing was written and no call was begun after that; what was in flight is settled by whoever goes on")
                .hint(format!("hikkoshi status {name}   # where it stands, and who ran it last"))
                .hint(format!("hikkoshi state {name}    # who runs it now")),
            Error::OtherNumber { ref holder, .. } => {
                let failure = Failure::new("HK0206", message).detail("nothing was changed");
                match holder {
                    Some(lease) => {
                        failure.hint(format!("hikkoshi unlock {name} --number {}   # if that one is dead for certain", lease.number))
                    }
                    None => failure.hint(format!("hikkoshi apply {name}   # goes on: nothing is in its way")),
                }
            }
            Error::Moved(ref moved) => Failure::new("HK0207", message).detail("nothing was called, nothing was written").hint(format!(
                "hikkoshi status {name} --state {}   # and so with every command; or put that into plans/{name}/state",
                moved.to
            )),
            Error::OtherJournal { .. } => Failure::new("HK0202", message)
                .detail("nothing was written; both journals are as they were")
                .hint(format!("hikkoshi state {name} --move-to STORE   # one that is empty, or another prefix")),
        }
    }
}
