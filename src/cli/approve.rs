//! `hikkoshi approve`: who says that a plan may be carried out; and what a run says that they have not.

use super::amend::kept;
use super::confirm::confirm;
use super::dry_run::blocked;
use super::failure::Failure;
use super::place::{Hashed, Place};
use super::{Done, Global, ask, say, say_json, session};
use crate::clock::{Clock, RealClock, rfc3339};
use crate::execute::approval::{Tally, ahead, due, never_counts, tally};
use crate::execute::{Machine, amend};
use crate::journal::approval::{Given, Said, Stood};
use crate::journal::notes;
use crate::journal::{Error, Record};
use crate::model::step::Stage;
use crate::plan::approvals::{Approvals, Point, person};
use crate::plan::gates::Health;
use crate::plan::problem::nearest;
use crate::plan::{Plan, short};
use crate::report::{approval as report, harmless};

/// Options of `approve`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Before what: `start` or a stage that the intent asks approvals for; left out: the first that lacks some
    #[arg(long, value_name = "CHECKPOINT")]
    checkpoint: Option<String>,
    /// Why; stays with the approval
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say who has approved, who does not count and why, and record nothing
    #[arg(long, conflicts_with_all = ["withdraw", "reason"])]
    list: bool,
    /// Take your approval back; a run that is on goes on
    #[arg(long)]
    withdraw: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// A plan, what approvals it asks for, and what was given.
struct Desk {
    plan: Hashed<Plan>,
    rule: Approvals,
    given: Vec<Given>,
}

impl Desk {
    fn open(place: &Place) -> Result<Desk, Failure> {
        let plan = place.plan()?;
        let Some(rule) = plan.value.approvals.clone() else { return Err(unasked(place)) };
        // What is left where nobody looks any more counts for nobody.
        let moved = place.store()?.moved().map_err(|error| place.journal_failed(error))?;
        if let Some(moved) = moved {
            return Err(place.journal_failed(Error::Moved(Box::new(moved))));
        }
        place.is_kept_there()?;
        Ok(Desk { plan, rule, given: place.approvals()?.all()? })
    }

    fn tally(&self, point: Point) -> Tally {
        tally(&self.rule, &self.plan.sha256, point, &self.given)
    }

    fn all(&self) -> Vec<Tally> {
        self.rule.at.iter().map(|point| self.tally(*point)).collect()
    }

    /// The point that is meant: as named, else the first that lacks an approval, else the last.
    fn point(&self, named: Option<&str>) -> Result<Point, Failure> {
        let lacking = || self.all().iter().find(|tally| tally.missing() > 0).map(|tally| tally.point);
        match named {
            None => Ok(lacking().or(self.rule.at.last().copied()).unwrap_or(Point::Start)),
            Some(name) => Point::parse(name).filter(|point| self.rule.at.contains(point)).ok_or_else(|| self.no_point(name)),
        }
    }

    fn no_point(&self, name: &str) -> Failure {
        let names: Vec<&str> = self.rule.at.iter().map(|point| point.name()).collect();
        let failure = Failure::new("HK0111", format!("the plan asks for no approvals before `{name}`"))
            .detail("nothing was called, nothing was recorded");
        match nearest(name, names.iter().copied()) {
            Some(near) => failure.hint(format!("the same command with --checkpoint {near}, if that is what you meant")),
            None => failure.hint(format!("the same command with --checkpoint and one of these: {}", names.join(", "))),
        }
    }
}

/// Approves, lists, or takes back.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    let desk = Desk::open(&place)?;
    if args.list {
        tell(global, &desk, &desk.all(), "", &next(&place, &desk));
        return Ok(0);
    }
    let plan = &desk.plan.value;
    let session = session::open(global, Some(&plan.region), &[]).await?;
    let you = session.must_be(&plan.account, &plan.region).await?;
    if args.withdraw { withdraw(global, &place, &desk, &args, &you) } else { approve(global, &place, &desk, &args, &you) }
}

fn approve(global: &Global, place: &Place, desk: &Desk, args: &Args, you: &str) -> Done {
    let (plan, point) = (&desk.plan.value, desk.point(args.checkpoint.as_deref())?);
    may(place, desk, you)?;
    let before = desk.tally(point);
    if let Some(one) = before.counted.iter().find(|one| person(&one.who) == person(you)) {
        let said = format!("you have approved it already, as {}\n", report::words_of(one));
        tell(global, desk, std::slice::from_ref(&before), &said, &next(place, desk));
        return Ok(0);
    }
    let screen = report::screen(plan, &desk.plan.sha256, &desk.rule, &before, you, global.options());
    if args.yes && !global.json {
        say(&screen);
    }
    confirm(&format!("{screen}\nYou say that this may be carried out."), &place.name, args.yes)?;
    let given = note(desk, point, you, Said::Approved, args.reason.clone());
    place.approvals()?.post(&given)?;
    recorded(global, place, &format!("recorded: {} approves plan {}… before {point}\n", harmless(you), short(&desk.plan.sha256)), point)
}

/// Whether a plan may be approved, and by these.
fn may(place: &Place, desk: &Desk, you: &str) -> Result<(), Failure> {
    let plan = &desk.plan.value;
    if !plan.blockers.is_empty() {
        return Err(blocked(plan));
    }
    super::proof::must_hold(place, plan)?;
    never_counts(&desk.rule, you).map_or(Ok(()), |why| Err(void(place, &desk.rule, you, &why)))
}

/// An approval that was given on a page.
pub struct OnPage {
    /// The hash of the plan that the page showed.
    pub plan: String,
    /// Before what.
    pub checkpoint: String,
    /// Why.
    pub reason: Option<String>,
}

/// Records an approval that was given on a page, as whom AWS knows the server's credentials.
///
/// # Errors
/// If the plan is another one by now, may not be approved, or not by these.
pub async fn on_page(global: &Global, place: &Place, given: OnPage) -> Result<String, Failure> {
    let desk = Desk::open(place)?;
    if desk.plan.sha256 != given.plan {
        return Err(Failure::new("HK0602", "the plan is another one than the page shows")
            .detail("nothing was recorded: an approval is of one plan")
            .hint("load the page again, and read what has changed"));
    }
    let point = desk.point(Some(&given.checkpoint))?;
    let plan = &desk.plan.value;
    let session = session::open(global, Some(&plan.region), &[]).await?;
    let you = session.must_be(&plan.account, &plan.region).await?;
    may(place, &desk, &you)?;
    if desk.tally(point).counted.iter().any(|one| person(&one.who) == person(&you)) {
        return Ok(format!("{} has approved it already", harmless(&you)));
    }
    place.approvals()?.post(&note(&desk, point, &you, Said::Approved, given.reason))?;
    Ok(format!("recorded: {} approves plan {}… before {point}", harmless(&you), short(&desk.plan.sha256)))
}

fn withdraw(global: &Global, place: &Place, desk: &Desk, args: &Args, you: &str) -> Done {
    let mine = |tally: &Tally| tally.counted.iter().find(|one| person(&one.who) == person(you)).cloned();
    let named = args.checkpoint.as_deref().map(|name| desk.point(Some(name))).transpose()?;
    let points = desk.all().into_iter().filter(|tally| named.is_none_or(|point| point == tally.point));
    let Some(one) = points.filter_map(|tally| mine(&tally)).next_back() else {
        return Err(Failure::new("HK0602", "there is no approval of yours that counts, and so nothing to take back")
            .detail(format!("you are {you}; the plan is {}…", short(&desk.plan.sha256)))
            .detail("nothing was recorded: everything is as it was")
            .hint(format!("hikkoshi approve {} --list   # who has approved", place.name)));
    };
    let given = note(desk, one.point, you, Said::Withdrawn(one.id.clone()), args.reason.clone());
    place.approvals()?.post(&given)?;
    let holder = place.holder()?.map_or(String::new(), |who| {
        format!("{who} is running it and goes on with what it has begun: hikkoshi pause {} stops it\n", place.name)
    });
    let said =
        format!("taken back: {} no longer approves plan {}… before {}\n{holder}", harmless(you), short(&desk.plan.sha256), one.point);
    recorded(global, place, &said, one.point)
}

/// What is left in the store.
fn note(desk: &Desk, point: Point, you: &str, said: Said, reason: Option<String>) -> Given {
    let now_ms = RealClock.now_ms();
    let unique = format!("{point}/{}/{}", std::process::id(), ask::person());
    Given {
        id: notes::id(now_ms, you, &unique),
        at: rfc3339(now_ms),
        who: you.to_owned(),
        typed_by: ask::person(),
        plan: desk.plan.sha256.clone(),
        point,
        said,
        reason,
    }
}

/// Reads back what was recorded, and tells it.
fn recorded(global: &Global, place: &Place, said: &str, point: Point) -> Done {
    let desk = Desk::open(place)?;
    tell(global, &desk, &[desk.tally(point)], said, &next(place, &desk));
    Ok(0)
}

/// What to type next: by whom it depends on who is missing.
fn next(place: &Place, desk: &Desk) -> String {
    match desk.all().iter().find(|tally| tally.missing() > 0) {
        Some(tally) => {
            format!("hikkoshi approve {} --checkpoint {}   # by somebody else: {}", place.name, tally.point, tally.lacks())
        }
        None => format!("hikkoshi apply {}", place.name),
    }
}

fn tell(global: &Global, desk: &Desk, tallies: &[Tally], said: &str, next: &str) {
    if global.json {
        let one = |tally: &Tally| {
            let not: Vec<_> = tally.passed_over.iter().map(|(given, why)| serde_json::json!({ "approval": given, "why": why })).collect();
            serde_json::json!({ "checkpoint": tally.point, "need": tally.need, "missing": tally.missing(), "approved": tally.counted, "not_counted": not })
        };
        say_json(&serde_json::json!({ "plan": desk.plan.sha256, "approvals": tallies.iter().map(one).collect::<Vec<_>>() }));
        return;
    }
    let lists: String = tallies.iter().map(|tally| report::given(tally, global.options())).collect();
    say(&format!("{said}{} {}…\n{lists}next: {next}\n", global.style().bold("plan"), short(&desk.plan.sha256)));
}

fn unasked(place: &Place) -> Failure {
    Failure::new("HK0602", format!("the plan of {} asks for no approvals", place.name))
        .detail("nothing was called, nothing was recorded")
        .hint(format!("hikkoshi plan {}   # once `approvals: {{need: 2}}` stands in {}", place.name, place.intent_path().display()))
}

/// An approval that would not count is not recorded.
fn void(place: &Place, rule: &Approvals, you: &str, why: &str) -> Failure {
    let failure = Failure::new("HK0602", format!("your approval would not count: {why}")).detail(format!("you are {you}"));
    let failure = match &rule.planner {
        Some(planner) => failure.detail(format!("planned by {planner}")),
        None => failure,
    };
    let failure = if rule.of.is_empty() { failure } else { failure.detail(format!("those who may: {}", rule.of.join(", "))) };
    failure
        .detail("only your identity was asked for: nothing was recorded, everything is as it was")
        .hint(format!("hikkoshi approve {}   # by somebody else, or with the right --profile", place.name))
        .hint(format!("hikkoshi approve {} --list", place.name))
}

/// What a run forward stands on when it begins.
///
/// # Errors
/// If somebody is missing: who has approved, who does not count and why, how many are missing.
pub fn must_be_given(
    place: &Place,
    plan: &Hashed<Plan>,
    machine: &Machine<'_>,
    records: &[Record],
    until: Stage,
) -> Result<Vec<Stood>, Failure> {
    must_ask(place, plan, records)?;
    let Some(rule) = &plan.value.approvals else { return Ok(Vec::new()) };
    let points = due(machine, until);
    let given = if points.is_empty() { Vec::new() } else { place.approvals()?.all()? };
    let tallies: Vec<Tally> = points.into_iter().map(|point| tally(rule, &plan.sha256, point, &given)).collect();
    if let Some(short) = tallies.iter().find(|tally| tally.missing() > 0) {
        return Err(missing(place, plan, rule, short));
    }
    let stood = |tally: &Tally| {
        let point = tally.point;
        tally.counted.iter().map(|one| Stood { point, who: one.who.clone(), at: one.at.clone() }).collect::<Vec<_>>()
    };
    Ok(tallies.iter().flat_map(stood).collect())
}

fn missing(place: &Place, plan: &Hashed<Plan>, rule: &Approvals, tally: &Tally) -> Failure {
    let mut failure = Failure::new("HK0601", format!("{} before {}", tally.lacks(), tally.point))
        .detail(format!("asked for: {}", rule.asks()))
        .detail(format!("plan {}, planned by {}", plan.sha256, rule.planner.as_deref().unwrap_or("somebody who may approve, too")));
    for one in &tally.counted {
        failure = failure.detail(format!("✓ {}", report::words_of(one)));
    }
    for (one, why) in &tally.passed_over {
        failure = failure.detail(format!("✗ {}: does not count: {why}", report::words_of(one)));
    }
    failure
        .detail("nothing was called; everything is as the last run left it")
        .hint(format!(
            "hikkoshi approve {} --checkpoint {}   # by each who is missing, with their own credentials",
            place.name, tally.point
        ))
        .hint(format!("hikkoshi approve {} --list", place.name))
}

/// A plan asks for what the intent asks for, or, once a run has begun, for what the plan before the edit did: who edits the
/// rule away is told.
fn must_ask(place: &Place, plan: &Hashed<Plan>, records: &[Record]) -> Result<(), Failure> {
    let wanted = if amend::has_begun(records) {
        amend::plan_of(records).and_then(|from| kept(place, from)).map(|before| before.approvals)
    } else {
        let asked =
            place.intent()?.value.approvals.map(|wish| wish.read()).transpose().map_err(|problem| place.intent_problem(&problem))?;
        Some(asked.map(|rule| Approvals { planner: plan.value.approvals.as_ref().and_then(|rule| rule.planner.clone()), ..rule }))
    };
    let has = plan.value.approvals.as_ref();
    let unknown = has.is_some_and(|rule| !rule.planner_counts && rule.planner.is_none());
    let gates = plan.value.gates.iter().filter(|gate| matches!(gate.check, Some(Health::Approvals(_)))).cloned();
    let whole = gates.eq(has.iter().flat_map(|rule| rule.gates()));
    if wanted.is_none_or(|wanted| wanted.as_ref() == has) && whole && !unknown {
        return Ok(());
    }
    let failure = Failure::new("HK0601", format!("{} does not ask for the approvals that it must", place.plan_path().display()))
        .detail("`approvals`, or the gates that belong to it, are not as they were planned")
        .detail("nothing was called; everything is as the last run left it");
    Err(if amend::has_begun(records) {
        failure.hint(format!("put them back into {} as they were, then the same command again", place.plan_path().display()))
    } else {
        failure.hint(format!("hikkoshi plan {}   # plans again from intent and inventory", place.name))
    })
}

/// Who has approved the plan before a point; the executor asks at each point that it comes to.
///
/// # Errors
/// Who is missing, in words.
pub fn standing(place: &Place, plan: &Hashed<Plan>, point: Point) -> Result<Vec<String>, String> {
    let Some(rule) = &plan.value.approvals else { return Ok(Vec::new()) };
    let given = place.approvals().and_then(|all| Ok(all.all()?)).map_err(|failure| failure.message)?;
    let tally = tally(rule, &plan.sha256, point, &given);
    if tally.missing() == 0 { Ok(tally.who()) } else { Err(tally.lacks()) }
}

/// The points of a plan that lack approvals: which, and what is missing.
fn lacks(place: &Place, plan: &Hashed<Plan>, points: Vec<Point>) -> impl Iterator<Item = (Point, String)> {
    points.into_iter().filter_map(|point| Some((point, standing(place, plan, point).err()?)))
}

/// What to tell who is about to begin a run that meets points on its way.
pub fn on_the_way(place: &Place, plan: &Hashed<Plan>, machine: &Machine<'_>, until: Stage) -> String {
    let name = &place.name;
    let line = |(point, why)| format!("\nIt waits before {point}: {why} (hikkoshi approve {name} --checkpoint {point}).");
    lacks(place, plan, ahead(machine, until)).map(line).collect()
}

/// What is missing of approvals that are still to be asked for: before what, and what.
pub fn lacks_of(place: &Place, plan: &Hashed<Plan>, machine: &Machine<'_>) -> Vec<(String, String)> {
    let last = Stage::Cleanup;
    let points = [due(machine, last), ahead(machine, last)].concat();
    lacks(place, plan, points).map(|(point, why)| (point.to_string(), why)).collect()
}

/// The same in lines.
pub fn lacking(place: &Place, plan: &Hashed<Plan>, machine: &Machine<'_>) -> Vec<String> {
    let line = |(point, why)| format!("before {point} {why}: hikkoshi approve {} --checkpoint {point}", place.name);
    lacks_of(place, plan, machine).into_iter().map(line).collect()
}

/// The same for programs.
pub fn lacking_json(place: &Place, plan: &Hashed<Plan>, machine: &Machine<'_>) -> serde_json::Value {
    let one = |(point, why)| serde_json::json!({ "checkpoint": point, "why": why });
    lacks_of(place, plan, machine).into_iter().map(one).collect()
}

/// What a dry run says of approvals: before what how many are asked for, and who has given them.
pub fn rows(place: &Place, plan: &Hashed<Plan>) -> Vec<Vec<String>> {
    let Some(rule) = &plan.value.approvals else { return Vec::new() };
    let line = |point: &Point| match standing(place, plan, *point) {
        Ok(who) => format!("before {point}: approved by {}", who.join(", ")),
        Err(why) => format!("before {point}: {why}; a dry run needs none"),
    };
    let rows = rule.at.iter().enumerate();
    rows.map(|(at, point)| vec![if at == 0 { "approvals" } else { "" }.to_owned(), line(point)]).collect()
}
