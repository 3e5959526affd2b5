//! `hikkoshi flows NAME --live`: what flow logs have delivered to CloudWatch Logs, page by page into the tally.
//!
//! One page is asked for after the other. AWS allows five searches a second in an account and region, and a search of
//! several parts at once would keep others from their logs for little: what is too much for that is in S3 sooner.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::failure::Failure;
use super::super::session::{self, Session};
use super::super::{Global, place::Place};
use crate::clock::rfc3339;
use crate::discover::flow_logs::{self, Event, Events, FlowLog};
use crate::flows::{Fault, Formats, Layout, Tally, Unit};
use crate::model::facet::Role;
use crate::model::inventory::Inventory;
use crate::model::seen::Seen;
use crate::plan::intent::Intent;

const DAY_MS: u64 = 24 * 3600 * 1000;

/// Which part of CloudWatch Logs is read.
#[derive(clap::Args, Debug)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("cloudwatch").args(["live", "log_group"]).multiple(true))]
pub struct Live {
    /// Read what the VPC's flow logs have delivered to CloudWatch Logs
    #[arg(long)]
    live: bool,
    /// Read this log group of CloudWatch Logs, instead of the one that the VPC's flow log names; may be given several times
    #[arg(long, value_name = "GROUP", visible_alias = "log-group-name")]
    log_group: Vec<String>,
    /// From when on: so long ago (90m, 36h, 7d, 2w) or a time (2026-11-01, 2026-11-01T06:00:00Z); by default as many days ago
    /// as `flow_logs` in the intent asks for
    #[arg(long, value_name = "WHEN", value_parser = When::parse, requires = "cloudwatch")]
    since: Option<When>,
    /// Until when, in the same words; by default until now
    #[arg(long, value_name = "WHEN", value_parser = When::parse, requires = "cloudwatch")]
    until: Option<When>,
}

/// A moment as the AWS CLI's `logs tail` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// So many milliseconds ago.
    Ago(u64),
    /// Milliseconds since 1970.
    At(u64),
}

impl When {
    fn parse(text: &str) -> Result<When, String> {
        let expected = || "expected 90m, 36h, 7d or 2w (so long ago), 2026-11-01 or 2026-11-01T06:00:00Z (in UTC)".to_owned();
        let midnight = || format!("{text}T00:00:00Z").parse::<jiff::Timestamp>();
        if let Ok(at) = text.parse::<jiff::Timestamp>().or_else(|_| midnight()) {
            return u64::try_from(at.as_millisecond()).map(When::At).map_err(|_| expected());
        }
        let unit = text.chars().next_back().ok_or_else(expected)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return Err(expected()),
        };
        let count = text[..text.len() - 1].parse::<u32>().map_err(|_| expected())?;
        Ok(When::Ago(u64::from(count) * seconds * 1000))
    }

    fn ms(self, now_ms: u64) -> u64 {
        match self {
            When::Ago(ms) => now_ms.saturating_sub(ms),
            When::At(ms) => ms,
        }
    }
}

/// From and until, milliseconds since 1970.
type Span = (u64, u64);

impl Live {
    /// Whether anything is to be read from CloudWatch Logs.
    pub fn is_asked_for(&self) -> bool {
        self.live || !self.log_group.is_empty()
    }

    fn span(&self, now_ms: u64, days: u32) -> Result<Span, Failure> {
        let until = self.until.map_or(now_ms, |when| when.ms(now_ms));
        let since = self.since.map_or(until.saturating_sub(u64::from(days) * DAY_MS), |when| when.ms(now_ms));
        if since < until {
            return Ok((since, until));
        }
        Err(Failure::new("HK0111", format!("--since {} is not before --until {}", rfc3339(since), rfc3339(until)))
            .detail("nothing was called, nothing was written")
            .hint("the same command with an earlier --since"))
    }
}

/// One log group, and how what is in it is read.
#[derive(Debug)]
struct Source {
    group: String,
    formats: Formats,
    /// Whose flow logs write into it besides this VPC's.
    others: BTreeSet<String>,
    /// Of the interfaces of these others, records that could not be read.
    passed_over: u64,
}

/// What was seen, and what AWS was asked for it: requests by operation.
type Read = (Seen, BTreeMap<String, u64>);

/// Reads. `moments` are all inventories by which interfaces have owners.
///
/// # Errors
/// If there is no such flow log or log group, it has no record in that time or one that is none, or AWS can't be asked.
pub async fn read(
    global: &Global,
    (place, intent): (&Place, &Intent),
    live: &Live,
    format: Option<Layout>,
    (today, others): (&Inventory, &[Inventory]),
) -> Result<Read, Failure> {
    let session = session::open(global, Some(&intent.region.value), &[]).await?;
    let days = intent.flow_logs.days;
    let span = live.span(session.clock.now_ms(), days)?;
    session.must_be(&intent.account.value, &intent.region.value).await?;
    let all = flow_logs::flow_logs(&*session.cloud).await?;
    let mine = flow_logs::of_vpc(&all, today);
    let groups = if live.log_group.is_empty() { groups(&mine, today, format.is_some()) } else { live.log_group.clone() };
    if groups.is_empty() {
        return Err(nowhere(&mine, today, &place.name, days));
    }
    let mut tally = Tally::new(today, others);
    let known: BTreeSet<&str> =
        [today].into_iter().chain(others).flat_map(|one| one.with_role(Role::Interface)).map(|interface| interface.id.as_str()).collect();
    let mut sources = groups.iter().map(|group| source(group, &all, &mine, format.as_ref())).collect::<Result<Vec<_>, _>>()?;
    for source in &mut sources {
        source.read(&session, span, &known, &mut tally).await?;
    }
    let read: Vec<&FlowLog> = mine.into_iter().filter(|log| log.group.as_ref().is_some_and(|group| groups.contains(group))).collect();
    let mut seen = tally.finish();
    seen.blind = flow_logs::blind(&read, today);
    seen.notes.extend(flow_logs::partial(&read, today));
    seen.notes.extend(sources.iter().flat_map(|source| source.notes(&read, seen.window.unowned > 0)));
    if seen.window.records == 0 {
        return Err(silent(&groups, span, &seen));
    }
    Ok((seen, session.cloud.requests()))
}

/// The groups of the VPC's flow logs whose records say enough.
fn groups(mine: &[&FlowLog], today: &Inventory, any_format: bool) -> Vec<String> {
    let of_use: Vec<&FlowLog> = mine.iter().copied().filter(|log| any_format || layout(log).is_ok()).collect();
    flow_logs::groups(if of_use.iter().any(|log| log.group.is_some()) { &of_use } else { mine }, today)
}

fn layout(log: &FlowLog) -> Result<Layout, String> {
    if log.format.is_empty() { Ok(Layout::default()) } else { Layout::parse(&log.format) }
}

/// How a group is read: by the format that a person gives, else by those of the VPC's flow logs that write into it.
fn source(group: &str, all: &[FlowLog], mine: &[&FlowLog], format: Option<&Layout>) -> Result<Source, Failure> {
    let writes = |log: &&FlowLog| log.group.as_deref() == Some(group);
    let others = all.iter().filter(writes).filter(|log| !mine.contains(log)).map(|log| log.of.clone()).collect();
    let mut layouts: Vec<Layout> = format.cloned().into_iter().collect();
    if layouts.is_empty() {
        let (of_use, of_none): (Vec<_>, Vec<_>) =
            mine.iter().copied().filter(writes).map(|log| layout(log).map_err(|missing| (log, missing))).partition(Result::is_ok);
        layouts = of_use.into_iter().flatten().collect();
        if let (true, Some(Err((log, missing)))) = (layouts.is_empty(), of_none.first()) {
            return Err(unreadable(format!("the records of flow log {} (log group {group}) have no {missing}", log.id))
                .hint("aws ec2 create-flow-logs …   # another flow log with the default format; then wait until it has seen enough"));
        }
    }
    let formats = Formats::of(layouts).map_err(|fields| {
        unreadable(format!("two flow logs write {fields} fields in different orders into log group {group}"))
            .hint("the same command with --format, and --since when there was one order only")
    })?;
    Ok(Source { group: group.to_owned(), formats, others, passed_over: 0 })
}

impl Source {
    async fn read(&mut self, session: &Session, span: Span, known: &BTreeSet<&str>, tally: &mut Tally<'_>) -> Result<(), Failure> {
        let group = self.group.clone();
        let mut events = Events::new(&*session.cloud, &group, span.0, span.1);
        let (meter, mut count) = (Meter::new(&group, span), 0);
        while let Some(page) = events.next().await? {
            for event in &page {
                count += 1;
                match self.formats.record(event.message.trim(), Unit::Event, count) {
                    Ok(record) => tally.add(&record),
                    // What another VPC's flow log writes, in a format of its own.
                    Err(_) if !self.others.is_empty() && !known.contains(event.interface()) => self.passed_over += 1,
                    Err(fault) => return Err(self.none(event, &fault)),
                }
            }
            meter.tell(page.last(), count);
        }
        Ok(())
    }

    fn none(&self, event: &Event, fault: &Fault) -> Failure {
        let at = rfc3339(u64::try_from(event.at_ms).unwrap_or(0));
        unreadable(format!("log group {}, stream {}, event of {at}: {fault}", self.group, event.stream))
            .hint("aws ec2 describe-flow-logs --query 'FlowLogs[].[FlowLogId,CreationTime,LogFormat]' --output text   # has it changed?")
            .hint("the same command with --since after that moment, or with --format if there is no flow log any more")
    }

    /// What a person should know of the group. `unowned`: there are records of interfaces that no inventory knows.
    fn notes(&self, read: &[&FlowLog], unowned: bool) -> Vec<String> {
        let (group, others) = (&self.group, self.others.iter().cloned().collect::<Vec<_>>().join(", "));
        let mut out = Vec::new();
        if !read.iter().any(|log| log.group.as_ref() == Some(group)) {
            out.push(format!("no flow log of the VPC writes into log group {group} (any more): what it left out, nobody can tell"));
        }
        if unowned && !others.is_empty() {
            out.push(format!("log group {group} is shared with {others}: interfaces that no inventory knows may be of there"));
        }
        if self.passed_over > 0 {
            let (records, are) = match self.passed_over {
                1 => ("1 record".to_owned(), "is of an interface"),
                many => (format!("{many} records"), "are of interfaces"),
            };
            out.push(format!(
                "{records} of log group {group} {are} that no inventory knows, in another format; it is shared with {others}"
            ));
        }
        out
    }
}

/// How far it is, on a terminal.
struct Meter {
    bar: Option<ProgressBar>,
    from_ms: u64,
}

impl Meter {
    fn new(group: &str, (from_ms, until_ms): Span) -> Meter {
        let bar = (std::io::stderr().is_terminal() && std::io::stdout().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{prefix} {bar:24} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(until_ms - from_ms).with_style(style).with_prefix(group.to_owned())
        });
        Meter { bar, from_ms }
    }

    fn tell(&self, last: Option<&Event>, count: u64) {
        if let (Some(bar), Some(last)) = (&self.bar, last) {
            let at = u64::try_from(last.at_ms).unwrap_or(0);
            bar.set_position(at.saturating_sub(self.from_ms));
            bar.set_message(format!("{} · {count} records", rfc3339(at)));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn unreadable(message: String) -> Failure {
    Failure::new("HK0112", message).detail("only reads were sent: nothing was changed; flows that were read before are as they were")
}

/// The VPC has no flow log in CloudWatch Logs.
fn nowhere(mine: &[&FlowLog], today: &Inventory, name: &str, days: u32) -> Failure {
    let mut failure = Failure::new("HK0113", format!("no flow log of {} delivers to CloudWatch Logs", today.vpc));
    for log in mine {
        failure = failure.detail(format!("{} of {} ({}) delivers to {}", log.id, log.of, log.traffic, log.destination));
    }
    failure = failure.detail("only reads were sent: nothing was changed, nothing was written");
    match mine.iter().find_map(|log| log.destination.split_once(":s3:::")) {
        Some((_, bucket)) => {
            let path = format!("s3://{}/AWSLogs/{}/vpcflowlogs/{}/", bucket.trim_end_matches('/'), today.account, today.region);
            failure.hint(format!("aws s3 cp --recursive {path} logs/")).hint(format!("hikkoshi flows {name} --logs logs"))
        }
        None => failure
            .hint(format!(
                "aws ec2 create-flow-logs --resource-type VPC --resource-ids {} --traffic-type ALL --max-aggregation-interval 60 \
                 --log-group-name GROUP --deliver-logs-permission-arn ROLE",
                today.vpc
            ))
            .hint(format!("then wait: {days} days are asked for; until then nothing is dropped for want of evidence")),
    }
}

/// The groups are there, and have nothing.
fn silent(groups: &[String], (since, until): Span, seen: &Seen) -> Failure {
    let message = format!("log group {} has no flow log record from {} to {}", groups.join(", "), rfc3339(since), rfc3339(until));
    let mut failure = Failure::new("HK0113", message);
    for why in &seen.blind {
        failure = failure.detail(why.clone());
    }
    failure
        .detail("only reads were sent: nothing was changed, nothing was written")
        .hint(format!("aws logs describe-log-streams --log-group-name {} --order-by LastEventTime --descending --max-items 5", groups[0]))
        .hint("then the same command with an earlier --since, or another --log-group")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3600 * 1000;

    fn live(since: Option<When>, until: Option<When>) -> Live {
        Live { live: true, log_group: Vec::new(), since, until }
    }

    #[test]
    fn moments_are_said_as_to_aws_logs_tail() {
        for (text, expected) in [
            ("90m", When::Ago(90 * 60 * 1000)),
            ("45s", When::Ago(45_000)),
            ("36h", When::Ago(36 * HOUR_MS)),
            ("7d", When::Ago(7 * DAY_MS)),
            ("2w", When::Ago(14 * DAY_MS)),
            ("1970-01-02", When::At(DAY_MS)),
            ("1970-01-01T01:00:00Z", When::At(HOUR_MS)),
            ("1970-01-01T03:00:00+02:00", When::At(HOUR_MS)),
        ] {
            assert_eq!(When::parse(text), Ok(expected), "{text}");
        }
        for text in ["", "d", "7", "-7d", "7 days", "1.5h", "7j", "1969-12-31", "2026-13-01", "99999999999d", "é"] {
            assert!(When::parse(text).is_err_and(|why| why.starts_with("expected 90m")), "{text}");
        }
    }

    #[test]
    fn the_window_is_what_the_intent_asks_for_unless_somebody_says_otherwise() {
        let now = 100 * DAY_MS;
        assert_eq!(live(None, None).span(now, 14), Ok((86 * DAY_MS, now)));
        assert_eq!(live(None, Some(When::Ago(DAY_MS))).span(now, 14), Ok((85 * DAY_MS, 99 * DAY_MS)));
        assert_eq!(live(Some(When::Ago(6 * HOUR_MS)), None).span(now, 14), Ok((now - 6 * HOUR_MS, now)));
        assert_eq!(live(Some(When::At(DAY_MS)), Some(When::At(2 * DAY_MS))).span(now, 14), Ok((DAY_MS, 2 * DAY_MS)));
        for (since, until) in [(When::At(now), None), (When::At(2 * now), None), (When::At(now / 2), Some(When::At(now / 2)))] {
            assert_eq!(live(Some(since), until).span(now, 14).map_err(|failure| failure.code), Err("HK0111"));
        }
    }

    fn log(id: &str, of: &str, format: &str) -> FlowLog {
        FlowLog {
            id: id.to_owned(),
            of: of.to_owned(),
            traffic: "ALL".to_owned(),
            group: Some("g".to_owned()),
            destination: String::new(),
            format: format.to_owned(),
            since: String::new(),
            failure: None,
        }
    }

    const SHORT: &str = "${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${start} ${end} ${action}";

    #[test]
    fn a_group_is_read_by_the_formats_of_the_flow_logs_that_write_into_it() {
        let all = [log("fl-1", "vpc-1", SHORT), log("fl-2", "vpc-2", "${version}"), log("fl-3", "subnet-1", "${srcaddr} ${dstaddr}")];
        let source = |mine: &[&FlowLog], format: Option<&Layout>| source("g", &all, mine, format);
        let line = "eni-1 10.0.0.1 10.0.0.2 40000 5432 6 7 8 ACCEPT";
        let of_both = source(&[&all[0], &all[2]], None).expect("one of them is of use");
        assert!(of_both.formats.record(line, Unit::Event, 1).is_ok());
        assert_eq!(of_both.others, BTreeSet::from(["vpc-2".to_owned()]));
        let failure = source(&[&all[2]], None).expect_err("addresses alone say nothing");
        assert_eq!(failure.code, "HK0112");
        assert!(failure.message.contains("fl-3 (log group g) have no interface-id, srcport"), "{}", failure.message);
        let given = Layout::parse(SHORT).expect("a format of use");
        assert!(source(&[&all[2]], Some(&given)).is_ok_and(|source| source.formats.record(line, Unit::Event, 1).is_ok()));
        let turned = log("fl-4", "subnet-2", &SHORT.replace("src", "x").replace("dst", "src").replace('x', "dst"));
        let failure = source(&[&all[0], &turned], None).expect_err("nobody can tell which is which");
        assert!(failure.code == "HK0112" && failure.message.contains("write 9 fields in different orders"), "{}", failure.message);
    }

    #[test]
    fn a_log_whose_records_say_too_little_is_read_only_if_there_is_no_other() {
        let mut useless = log("fl-1", "vpc-1", "${version}");
        useless.group = Some("useless".to_owned());
        let of_use = log("fl-2", "vpc-1", "");
        let (account, region, taken_at) = ("1".to_owned(), "us-east-1".to_owned(), String::new());
        let (missing, resources) = (Vec::new(), BTreeMap::new());
        let today = Inventory { version: 1, account, region, vpc: "vpc-1".into(), taken_at, missing, resources };
        assert_eq!(groups(&[&useless, &of_use], &today, false), ["g"]);
        assert_eq!(groups(&[&useless], &today, false), ["useless"]);
        assert_eq!(groups(&[&useless, &of_use], &today, true), ["useless"], "a person says how its records are read");
    }
}
