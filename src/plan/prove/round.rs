//! One round of the proof over a played plan: every claim, there and back.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::alike::{Alike, Known, Likeness};
use super::capacity::{self, Tally};
use super::cell::Mix;
use super::claims::{self, Claim, Served, Steps, Wrong};
use super::derive::{self, Additions, Mode};
use super::explore::{Cut, Explorer, Stepping, Unproved};
use super::least::{self, Sum};
use super::legs::Leg;
use super::order::{Order, Span};
use super::state::State;
use super::words::{end_words, flow_words};
use super::{BECAUSE, Certificate, Counterexample, Effort, Interrupts, Premises, Proof};
use crate::model::facet::Role;
use crate::model::flow::{End, Evidence, Flow};
use crate::model::id::Id;
use crate::model::network::Ports;
use crate::model::resource::Resource;
use crate::model::step::Step;
use crate::reach::{Block, Fact, Key, Question, Side, Verdict, View, ask, ask_briefly};

/// Of a sum to which more steps than this contribute the worst state is told, not the smallest bad one.
const MANY: usize = 24;

/// So many flows that do not work today are named; of more it is told how many they are.
const IDLE: usize = 40;

/// What tells the likeness of a door from that of a flow.
const DOOR: u64 = 0xd00d;

/// The ways that a round goes, and where the plan begins.
#[derive(Clone, Copy)]
pub struct Ways<'p> {
    /// Of which only the start is asked.
    pub start: &'p Leg,
    /// The way there.
    pub there: Option<&'p Leg>,
    /// The way back.
    pub back: Option<&'p Leg>,
}

/// One direction.
struct Way<'p> {
    leg: &'p Leg,
    explorer: Explorer<'p>,
    order: Order,
    known: Steps,
    alike: Alike<'p>,
    /// Whether nodes ever have a public address, as far as that was asked.
    public: RefCell<HashMap<Id, bool, Mix>>,
}

impl<'p> Way<'p> {
    fn new(premises: &Premises<'_>, leg: &'p Leg, order: Order, steps: &[Step], back: bool) -> Way<'p> {
        let histories = &leg.histories;
        let known = derive::known(premises, steps, back);
        Way { leg, explorer: Explorer::new(histories), order, known, alike: Alike::new(histories), public: RefCell::default() }
    }
}

/// A round.
pub struct Round<'p> {
    premises: &'p Premises<'p>,
    steps: &'p [Step],
    returnable: usize,
    mode: Mode,
    start: &'p Leg,
    there: Option<Way<'p>>,
    back: Option<Way<'p>>,
    ends: Vec<u64>,
    additions: Additions,
    broken: BTreeSet<Counterexample>,
    certificate: Certificate,
    idle: usize,
}

impl<'p> Round<'p> {
    /// A round over steps in plan order, so many of which can be taken back.
    pub fn new(premises: &'p Premises<'p>, steps: &'p [Step], returnable: usize, ways: Ways<'p>, mode: Mode) -> Round<'p> {
        let back = &steps[..returnable];
        Round {
            premises,
            steps,
            returnable,
            mode,
            start: ways.start,
            there: ways.there.map(|leg| Way::new(premises, leg, Order::of(steps), steps, false)),
            back: ways.back.map(|leg| Way::new(premises, leg, Order::of(back).reversed(), back, true)),
            ends: derive::ends(steps),
            additions: Additions::default(),
            broken: BTreeSet::new(),
            certificate: Certificate::default(),
            idle: 0,
        }
    }

    /// Everything that must hold on the way there.
    pub fn there(&mut self) {
        self.all(false);
        self.overdressed();
    }

    /// Everything that must hold on the way back.
    pub fn back(&mut self) {
        self.all(true);
    }

    fn all(&mut self, back: bool) {
        for flow in self.premises.flows {
            self.flow(flow, back);
        }
        self.doors(back);
        self.serving(back);
        self.counted(back);
        self.targets(back);
    }

    /// The outcome, and what is to be added.
    pub fn finish(mut self) -> (Proof, Additions) {
        let ways = || self.there.iter().chain(&self.back);
        self.certificate.effort = Some(Effort {
            classes: ways().map(|way| way.alike.classes()).sum(),
            examined: ways().map(|way| way.explorer.examined.get()).sum(),
            digits: self.there.as_ref().map_or(0, |way| derive::digits(self.steps, &way.order)),
        });
        self.certificate.flows = self.premises.flows.len();
        self.certificate.notes.sort();
        self.certificate.notes.dedup();
        self.certificate.notes.extend(more_idle(self.idle));
        let broken = self.broken.into_iter().collect();
        (Proof { certificate: self.certificate, broken, interruptions: Vec::new() }, self.additions)
    }

    fn way(&self, back: bool) -> &Way<'p> {
        let way = if back { &self.back } else { &self.there };
        way.as_ref().unwrap_or_else(|| unreachable!("a way that is not gone is asked about"))
    }

    fn step(&self, at: usize, back: bool) -> usize {
        if back { self.returnable - 1 - at } else { at }
    }

    /// Explores a claim until it holds, is told as broken, or can't be decided. Whether it held as it was.
    fn hold(
        &mut self,
        claim: Claim<'_>,
        also: &[usize],
        span: &Span,
        back: bool,
        judge: &dyn Fn(&Steps, &State<'_>, &Stepping<'_>) -> Option<Wrong>,
    ) -> bool {
        // Each time round a state is excluded; a plan has not more edges than this.
        for at in 0..=self.steps.len() {
            let way = self.way(back);
            let found = way.explorer.explore(&way.order, also, span, &|state, stepping| judge(&way.known, state, stepping));
            match found {
                Ok(None) => return at == 0,
                Err(why) => {
                    self.undecided(claim.words(), &why);
                    break;
                }
                Ok(Some(cut)) => {
                    if self.mode == Mode::Judge || at == self.steps.len() || !self.mend(claim, &cut, back) {
                        self.tell(claim.words(), &cut, back);
                        break;
                    }
                }
            }
        }
        false
    }

    /// What can't be decided is not proved: it stands in the way as a counterexample would.
    fn undecided(&mut self, what: &str, why: &Unproved) {
        let why = derive::undecided(what, why);
        self.broken.insert(Counterexample { what: what.to_owned(), why, ..Counterexample::default() });
    }

    /// Adds what excludes a counterexample; false if nothing does.
    fn mend(&mut self, claim: Claim<'_>, cut: &Cut, back: bool) -> bool {
        if let Wrong::Hangs(step, _) = &cut.wrong {
            self.declare(self.step(*step, back), Interrupts::Untracked);
            return true;
        }
        let way = self.way(back);
        // On the way back the last place is the first, and the plan's edge points the other way.
        let ends: Vec<u64> = if back { (0..self.returnable as u64).collect() } else { self.ends.clone() };
        let Some((first, second)) = derive::edge(cut, &way.order, &ends) else { return self.interrupt(claim, cut, back) };
        let (first, second) = (self.step(first, back), self.step(second, back));
        let (edge, by) = if back { ((second, first), second) } else { ((first, second), second) };
        let back_words = if back { " on the way back" } else { "" };
        let because = format!("{BECAUSE} {}{back_words}", claim.broken_by(&self.steps[by].id));
        self.add(edge, because);
        true
    }

    /// Adds an edge in plan places to the plan, and to the order there and back.
    fn add(&mut self, (first, second): (usize, usize), because: String) {
        let last = self.returnable;
        if let Some(there) = &mut self.there {
            there.order.add(first, second);
            there.alike.reorder();
        }
        if let Some(back) = &mut self.back {
            if first < last && second < last {
                back.order.add(last - 1 - second, last - 1 - first);
            }
            back.alike.reorder();
        }
        self.additions.edges.entry((first, second)).or_insert(because);
    }

    /// Declares an interruption, on the way there and back.
    fn declare(&mut self, at: usize, what: Interrupts) {
        let there = self.there.as_mut().map(|way| &mut way.known.0[at]);
        let back = self.back.as_mut().zip(self.returnable.checked_sub(at + 1)).map(|(way, at)| &mut way.known.0[at]);
        for known in there.into_iter().chain(back) {
            match &what {
                Interrupts::Untracked => known.hangs = true,
                Interrupts::Claim { claim, .. } => drop(known.cuts.insert(claim.clone())),
            }
        }
        self.additions.interruptions.insert((at, what));
    }

    /// Where no order keeps a flow, the plan says how long it takes until a later step mends it; false if none does, or the
    /// intent does not allow that long.
    fn interrupt(&mut self, claim: Claim<'_>, cut: &Cut, back: bool) -> bool {
        let Claim::Flow(flow) = claim else { return false };
        let Some(last) = cut.last.map(|last| self.step(last, back)) else { return false };
        let menders = cut.menders.iter().map(|mender| self.step(*mender, back));
        let Some(mender) = menders.min_by_key(|mender| self.ends[*mender]) else { return false };
        if back {
            return false;
        }
        let minutes = (self.ends[mender].saturating_sub(self.ends[last]) + self.steps[last].estimate_s).div_ceil(60);
        if self.premises.limits.interruption_minutes.is_some_and(|most| minutes > most) {
            return false;
        }
        let until = self.steps[mender].id.clone();
        self.declare(last, Interrupts::Claim { claim: flow.to_owned(), until, minutes });
        true
    }

    fn tell(&mut self, what: &str, cut: &Cut, back: bool) {
        let id = |at: &usize| self.steps[self.step(*at, back)].id.clone();
        let (last, why) = match &cut.wrong {
            Wrong::Hangs(step, why) => (Some(*step), format!("what is open is cut, for no group tracks it: {why}")),
            Wrong::Broken(why) => (cut.last, why.clone()),
        };
        self.broken.insert(Counterexample {
            what: what.to_owned(),
            done: cut.done.iter().map(id).collect(),
            last: last.as_ref().map(id).unwrap_or_default(),
            why,
            on_the_way_back: back,
        });
    }

    /// Steps that overwrite each other's work take turns.
    pub fn conflicts(&mut self) {
        let way = self.way(false);
        for conflict in way.leg.histories.conflicts(&way.order) {
            let order = &self.way(false).order;
            if order.precedes(conflict.first, conflict.second) || order.precedes(conflict.second, conflict.first) {
                continue;
            }
            let what = super::words::key_words(self.premises.inventory, &conflict.key);
            if self.mode == Mode::Derive {
                self.add((conflict.first, conflict.second), format!("{BECAUSE} one overwrites what the other writes: {what}"));
            } else {
                let ids = [conflict.first, conflict.second].map(|at| self.steps[at].id.clone());
                let why = format!("{} and {} may run at the same time, and both write it whole", ids[0], ids[1]);
                self.broken.insert(Counterexample { what, last: ids[1].clone(), done: ids.to_vec(), why, on_the_way_back: false });
            }
        }
    }

    /// What a question finds at the start of a way, or at its end.
    fn answer(&self, question: &Question, end: bool, back: bool) -> Verdict {
        let upto = if end { self.returnable } else { 0 };
        ask(&State::below(self.way(back).explorer.histories, upto), question)
    }

    /// One flow over all its pairs of nodes.
    fn flow(&mut self, flow: &Flow, back: bool) {
        let what = flow_words(self.premises.inventory, flow);
        let mut asked = Vec::new();
        for question in self.pairs(flow, back) {
            let way = self.way(back);
            let likeness = way.alike.of(&question, &way.known, &way.order);
            let known = likeness.as_ref().and_then(|likeness| way.alike.known(likeness));
            let known = known.unwrap_or_else(|| Known { start: self.at_the_start(&question), holds: false });
            asked.push((question, likeness, known));
        }
        let works = asked.iter().any(|(_, _, known)| known.start.is_ok());
        if !works && !back {
            let pairs: Vec<Question> = asked.into_iter().map(|(question, ..)| question).collect();
            return self.idle(flow, &what, &pairs);
        }
        for (question, likeness, known) in asked {
            if !claims::is_needed(known.start, works) {
                continue;
            }
            self.certificate.pairs += usize::from(!back);
            if !known.holds {
                self.pair(&what, &question, likeness, known.start, back);
            }
        }
    }

    /// One pair, for all that are like it. One of the same flow may have been asked meanwhile.
    fn pair(&mut self, what: &str, question: &Question, likeness: Option<Likeness>, start: Result<(), Block>, back: bool) {
        let way = self.way(back);
        if likeness.as_ref().and_then(|likeness| way.alike.known(likeness)).is_some_and(|known| known.holds) {
            return;
        }
        let nodes = [&question.from, &question.to].into_iter().filter_map(|side| if let Side::Node(id) = side { Some(id) } else { None });
        let span = way.explorer.span(nodes);
        let judge = |steps: &Steps, state: &State<'_>, stepping: &Stepping<'_>| claims::flow(what, question, steps, state, stepping);
        let held = self.hold(Claim::Flow(what), &[], &span, back, &judge);
        if let Some(likeness) = likeness.filter(|_| held) {
            self.way(back).alike.note(likeness, Known { start, holds: true });
        }
    }

    /// What a question finds at the start of the plan.
    fn at_the_start(&self, question: &Question) -> Result<(), Block> {
        ask_briefly(&State::below(&self.start.histories, 0), question)
    }

    /// A flow that does not work today need not be kept; one that a person declares must work at the end.
    fn idle(&mut self, flow: &Flow, what: &str, pairs: &[Question]) {
        let verdicts = pairs.iter().map(|question| self.answer(question, false, false));
        let why = verdicts.into_iter().find_map(|verdict| match verdict {
            Verdict::Blocked(blocked) if blocked.block != Block::Absent => Some(blocked.words),
            _ => None,
        });
        let why = why.unwrap_or_else(|| "one of its ends is not there".to_owned());
        let ends = pairs.iter().map(|question| self.answer(question, true, false));
        let at_the_end = ends.into_iter().any(|verdict| matches!(verdict, Verdict::Reached(_)));
        if flow.evidence.contains(&Evidence::Declared) && !at_the_end {
            let why = format!("it is declared, works neither today nor at the end: {why}");
            self.broken.insert(Counterexample { what: what.to_owned(), why, ..Counterexample::default() });
            return;
        }
        self.idle += 1;
        if self.idle <= IDLE {
            self.certificate.notes.push(format!("{what} does not work today, so nothing on the way has to keep it: {why}"));
        }
    }

    /// The questions of a flow: each node that one end ever has with each of the other.
    fn pairs(&self, flow: &Flow, back: bool) -> Vec<Question> {
        let histories = self.way(back).explorer.histories;
        claims::pairs(flow, &|id| histories.nodes(id), &|node| self.ever_public(node, back))
    }

    /// Whether a node ever has a public address: one that it shows, or one that its owner is known to have.
    fn ever_public(&self, node: &Id, back: bool) -> bool {
        if let Some(known) = self.way(back).public.borrow().get(node) {
            return *known;
        }
        let histories = self.way(back).explorer.histories;
        let public = histories.values(&Key::Node(node.clone())).iter().flatten().any(|fact| {
            let Fact::Node(node) = fact else { return false };
            claims::is_public(node, histories.values(&Key::Workload(node.owner.clone())).iter().flatten())
        });
        self.way(back).public.borrow_mut().insert(node.clone(), public);
        public
    }

    /// No door opens to the internet that was not open at the start.
    fn doors(&mut self, back: bool) {
        for (owner, question) in self.knocks(back) {
            let open = |question: &Question| self.at_the_start(question).is_ok();
            let nodes = self.start.histories.nodes(&owner).into_iter();
            let was_open = nodes.map(|node| Question { to: Side::Node(node), ..question.clone() }).any(|question| open(&question));
            self.certificate.doors += usize::from(!back);
            if was_open {
                continue;
            }
            let way = self.way(back);
            let mut likeness = way.alike.of(&question, &way.known, &way.order);
            likeness.iter_mut().for_each(|likeness| likeness.push(DOOR));
            if likeness.as_ref().and_then(|likeness| way.alike.known(likeness)).is_some() {
                continue;
            }
            let node = [&question.to].into_iter().filter_map(|side| if let Side::Node(id) = side { Some(id) } else { None });
            let span = way.explorer.span(node);
            let what = claims::door_words(self.premises.inventory, &owner, &question);
            let judge = |_: &Steps, state: &State<'_>, stepping: &Stepping<'_>| claims::door(&question, state, stepping);
            let held = self.hold(Claim::Other(&what), &[], &span, back, &judge);
            if let Some(likeness) = likeness.filter(|_| held) {
                self.way(back).alike.note(likeness, Known { start: Err(Block::Gateway), holds: true });
            }
        }
    }

    /// All doors at which one has to knock: owner and question.
    fn knocks(&self, back: bool) -> Vec<(Id, Question)> {
        let histories = self.way(back).explorer.histories;
        let mut out = BTreeSet::new();
        let movable = self.premises.inventory.all().filter(|resource| resource.is_movable());
        for resource in movable {
            for node in histories.nodes(&resource.id).into_iter().filter(|node| self.ever_public(node, back)) {
                let worn: BTreeSet<Id> = histories
                    .values(&Key::Node(node.clone()))
                    .iter()
                    .flatten()
                    .flat_map(|fact| if let Fact::Node(node) = fact { node.groups.clone() } else { Vec::new() })
                    .collect();
                let sets = worn.into_iter().flat_map(|group| histories.values(&Key::Rules(group)));
                let rules: Vec<_> =
                    sets.flatten().flat_map(|fact| if let Fact::Rules(rules) = fact { &rules.ingress[..] } else { &[] }).collect();
                let listens = resource.facets.listens.as_deref().unwrap_or_default();
                let knocks = claims::knocks(rules.into_iter(), listens).into_iter();
                out.extend(knocks.map(|at| (resource.id.clone(), claims::knock(&node, at))));
            }
        }
        out.into_iter().collect()
    }

    /// What moved is closed to the internet at the end, but for internet-facing balancers' listeners; if the end was reached.
    pub fn at_the_end(&mut self, reached: bool) {
        if !reached {
            return;
        }
        for (owner, question) in self.knocks(false) {
            let Some(resource) = self.premises.inventory.get(&owner) else { continue };
            let facing = resource.facets.balancing.as_ref().is_some_and(|balancing| balancing.internet_facing);
            let Verdict::Reached(_) = self.answer(&question, true, false) else { continue };
            let name = end_words(self.premises.inventory, &End::Resource(owner.clone()));
            let ports = Ports { protocol: question.protocol.clone(), from: question.port, to: question.port };
            if facing && resource.role == Role::Balancer {
                continue;
            }
            if self.premises.moved.contains(&owner) {
                let what = format!("{name} is closed to the internet at the end");
                self.broken.insert(Counterexample { what, why: format!("{ports} is open"), ..Counterexample::default() });
            } else {
                self.certificate.notes.push(format!("{name} stays open to the internet on {ports}: it does not move"));
            }
        }
    }

    /// Somebody serves at every moment.
    fn serving(&mut self, back: bool) {
        let called = self.premises.flows.iter().filter_map(|flow| if let End::Resource(id) = &flow.to { Some(id) } else { None });
        // Whose peers serve behind the same balancer need not serve itself: how many of them do is counted.
        let counted = self.start.counted.targets();
        let peers = counted.values().filter(|targets| targets.iter().filter(|(_, tally)| tally.first > 0).count() > 1);
        let peers: BTreeSet<&str> = peers.flatten().map(|(target, _)| *target).collect();
        let alone = |id: &&Id| !self.premises.retired.contains(id) && !peers.contains(id.as_str());
        let owners: BTreeSet<&Id> = called.chain(self.premises.moved).filter(alone).collect();
        for owner in owners {
            let start = State::below(&self.start.histories, 0);
            if !start.nodes(owner).iter().any(|node| claims::alive(&start, node)) {
                continue;
            }
            let what = format!("{} serves", end_words(self.premises.inventory, &End::Resource(owner.clone())));
            self.hold(Claim::Other(&what), &[], &Span::default(), back, &|steps, state, _| claims::serves(owner, steps, state));
        }
    }

    /// Nothing is undercut: healthy targets, addresses, quotas.
    fn counted(&mut self, back: bool) {
        let counter = &self.way(back).leg.counted;
        for tally in counter.tallies() {
            self.certificate.counted += usize::from(!back);
            let least = || Sum { first: tally.first, changes: tally.changes.clone() }.least(&self.way(back).order).0;
            if tally.is_safe() || least() >= tally.least {
                continue;
            }
            let what = super::words::tally_words(self.premises.inventory, tally);
            let also: Vec<usize> = tally.changes.keys().copied().collect();
            self.hold(Claim::Other(&what), &also, &Span::default(), back, &|_, state, _| {
                let left = tally.after(state.done().into_iter());
                (left < tally.least).then(|| Wrong::Broken(format!("{left} are left")))
            });
        }
    }

    /// Of those that serve behind a balancer at the start enough do so at every moment.
    fn targets(&mut self, back: bool) {
        let counter = &self.way(back).leg.counted;
        let start = self.start.counted.targets();
        let state = State::below(&self.start.histories, 0);
        for (group, targets) in counter.targets() {
            let balancers = self.balancers(group);
            let at_first = start.get(group).map_or(0, |targets| Served::new(targets, &balancers, &self.start.histories).serving(&state));
            let least = capacity::least_healthy(at_first, self.premises.limits.healthy_percent);
            self.certificate.counted += usize::from(!back);
            if least == 0 || targets.iter().all(|(_, tally)| tally.changes.is_empty()) {
                continue;
            }
            let what = format!("{} keeps {least} of its {at_first} targets", self.premises.inventory.name(group));
            let served = Served::new(&targets, &balancers, self.way(back).explorer.histories);
            if let Some(sum) = self.sum_of(&targets, &served, back) {
                let (left, done) = sum.least(&self.way(back).order);
                if left >= least {
                    continue;
                }
                if sum.changes.len() > MANY {
                    let last = done.iter().rev().find(|step| sum.changes[step] < 0).copied();
                    let wrong = Wrong::Broken(format!("{left} of them are left"));
                    self.tell(&what, &Cut { done, last, menders: Vec::new(), wrong }, back);
                    continue;
                }
            }
            let also: Vec<usize> = targets.iter().flat_map(|(_, tally)| tally.changes.keys().copied()).collect();
            let judge = |_: &Steps, state: &State<'_>, _: &Stepping<'_>| claims::targets(&served, least, state);
            self.hold(Claim::Other(&what), &also, &Span::default(), back, &judge);
        }
    }

    /// How many targets get requests, as a sum over all; none where the steps of one bear on each other.
    fn sum_of(&self, targets: &[(&str, &Tally)], served: &Served<'_>, back: bool) -> Option<Sum> {
        let way = self.way(back);
        let mut sum = Sum::default();
        for (at, (_, tally)) in targets.iter().enumerate() {
            let also: Vec<usize> = tally.changes.keys().copied().collect();
            sum.add(least::sum_of(&way.explorer, &way.order, &also, &|state| served.serves(at, state))?);
        }
        Some(sum)
    }

    /// The balancers that send to a target group.
    fn balancers(&self, group: &Id) -> Vec<&'p Id> {
        let sends = |resource: &&Resource| resource.facets.balancing.iter().any(|balancing| balancing.target_groups.contains(group));
        self.premises.inventory.all().filter(sends).map(|resource| &resource.id).collect()
    }

    /// No interface wears more groups than AWS lets it.
    fn overdressed(&mut self) {
        let most = crate::model::account::Quotas::default().groups_per_interface;
        for (node, worn, step) in capacity::overdressed(&self.way(false).leg.histories, most) {
            let (what, why) = (format!("{node} wears at most {most} security groups"), format!("it wears {worn}"));
            let last = self.steps[step].id.clone();
            self.broken.insert(Counterexample { what, done: vec![last.clone()], last, why, on_the_way_back: false });
        }
    }
}

/// What is said of flows that do not work today and are not named.
fn more_idle(all: usize) -> Option<String> {
    let more = all.checked_sub(IDLE).filter(|more| *more > 0)?;
    Some(format!("besides these {more} do not work today, so nothing on the way has to keep them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate of ten thousand resources had 30,000 lines of these, 10 MB of a plan that people review.
    #[test]
    fn flows_that_do_not_work_are_named_as_far_as_people_read() {
        assert_eq!([0, 1, IDLE].map(more_idle), [None, None, None]);
        let said = "besides these 1 do not work today, so nothing on the way has to keep them";
        assert_eq!(more_idle(IDLE + 1).as_deref(), Some(said));
    }
}
