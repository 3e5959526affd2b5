//! One simulated process that runs the executor: from its start to its end, its death or its awakening too late.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::network::{Network, Site};
use super::shelf::{Disk, Shelf};
use super::vitals::{Halt, Vitals, Watch, carry_on, pass};
use super::weather::{Fault, Sky, Weather};
use crate::execute::driver::FailedStep;
use crate::execute::{End, Event, Goal, Run, Stop, run};
use crate::journal::{Journal, Record};
use crate::plan::Plan;

/// How long a second executor waits before it takes over, in seconds: a lease runs out.
const LEASE_S: u64 = 60;

/// How a process ended.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// At its goal.
    Reached,
    /// Steps failed.
    Failed(Vec<FailedStep>),
    /// It was killed.
    Killed,
    /// Its journal could not be written.
    Journal(String),
    /// It did not end: nothing of it could run.
    Stuck,
    /// It ended for another reason, which nobody gave it.
    Odd(String),
}

impl How {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            How::Reached => "its goal is reached".to_owned(),
            How::Failed(steps) => {
                let steps: Vec<String> = steps.iter().map(|step| format!("{} [{}] {}", step.step, step.code, step.why)).collect();
                format!("stopped: {}", steps.join("; "))
            }
            How::Killed => "killed".to_owned(),
            How::Journal(why) => format!("stopped: {why}"),
            How::Stuck => "stuck: nothing could run, and nobody slept".to_owned(),
            How::Odd(how) => format!("ended with {how}"),
        }
    }
}

/// What a process works on.
pub struct Bench<'a, 'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// The account and its surroundings.
    pub site: &'a Site<'a>,
    /// The journal's store.
    pub shelf: &'a Shelf<'p>,
    /// The seed of the night.
    pub seed: u64,
}

struct Process<'a, 'p> {
    bench: &'a Bench<'a, 'p>,
    vitals: Arc<Vitals>,
    watch: Watch,
    weather: Weather,
    records: Vec<Record>,
    number: u64,
    rests_after: Option<u64>,
}

impl Process<'_, '_> {
    fn run(&self, goal: Goal, journal: Box<dyn Journal>) -> Pin<Box<dyn Future<Output = End> + '_>> {
        Box::pin(async move {
            let (site, shelf) = (self.bench.site, self.bench.shelf);
            let (vitals, weather) = (&*self.vitals, &self.weather);
            let network = Network { site, shelf, number: self.number, vitals, weather };
            let disk = Disk { journal, shelf, vitals, weather, notes: &site.notes, rests_after: self.rests_after };
            let (stop, tell) = (Stop::default(), |event: &Event| site.notes.told(event));
            let alone = Run::alone(self.bench.plan, &self.records, &network, &self.watch, &stop, goal, "rehearsal");
            let run_of = Run { tell: &tell, ..alone };
            run(run_of, Box::new(disk)).await
        })
    }
}

impl<'p> Bench<'_, 'p> {
    /// Runs a process to a goal. A second one may take over on the way.
    pub fn go(&self, goal: Goal, sky: Sky) -> How {
        let (one, journal) = match self.process(sky, None) {
            Ok(one) => one,
            Err(how) => return how,
        };
        let mut run = one.run(goal, journal);
        match carry_on(&mut run, &one.vitals) {
            Halt::Still => self.overtaken(goal, sky, &one, &mut run),
            halt => self.ended(&one, halt),
        }
    }

    fn process(&self, sky: Sky, rests_after: Option<u64>) -> Result<(Process<'_, 'p>, Box<dyn Journal>), How> {
        let vitals = Arc::new(Vitals::default());
        let watch = Watch::new(&self.site.clock, &vitals);
        let (taken, unlocked) = self.shelf.take(&watch).map_err(|error| {
            self.site.guard.broken(format!("the journal can't be taken any more: {error}"));
            How::Journal(error.to_string())
        })?;
        let number = taken.lease.number;
        self.site.notes.said(|| match unlocked {
            Some(lease) => format!("lease {lease} is unlocked, executor {number} begins"),
            None => format!("executor {number} begins"),
        });
        let weather = Weather::new(sky, self.seed, number);
        Ok((Process { bench: self, vitals, watch, weather, records: taken.records, number, rests_after }, taken.journal))
    }

    /// The first stands still; a second takes over; the first wakes up in the midst of it and must do nothing.
    fn overtaken(&self, goal: Goal, sky: Sky, one: &Process<'_, 'p>, run: &mut Pin<Box<dyn Future<Output = End> + '_>>) -> How {
        pass(&self.site.clock, LEASE_S);
        let sky = if matches!(sky, Sky::Once(_, Fault::SecondExecutor)) { Sky::Clear } else { sky };
        let (two, journal) = match self.process(sky, Some(2 + one.weather.counted().0 % 9)) {
            Ok(two) => two,
            Err(how) => return how,
        };
        let mut second = two.run(goal, journal);
        let halt = carry_on(&mut second, &two.vitals);
        one.vitals.stand_still(false);
        let woken = carry_on(run, &one.vitals);
        self.site.notes.said(|| format!("executor {} wakes up", one.number));
        if !matches!(woken, Halt::Killed | Halt::Ended(End::Journal(_))) {
            self.site.guard.broken(format!("two writers: executor {} woke up after {} had taken over: {woken:?}", one.number, two.number));
        }
        match halt {
            Halt::Still => {
                two.vitals.stand_still(false);
                let mut halt = carry_on(&mut second, &two.vitals);
                // It may be told to sleep again; then it sleeps a while, and nobody takes over.
                while matches!(halt, Halt::Still) {
                    two.vitals.stand_still(false);
                    pass(&self.site.clock, LEASE_S);
                    halt = carry_on(&mut second, &two.vitals);
                }
                self.ended(&two, halt)
            }
            halt => self.ended(&two, halt),
        }
    }

    fn ended(&self, process: &Process<'_, '_>, halt: Halt) -> How {
        let how = match halt {
            Halt::Ended(End::Reached) => How::Reached,
            Halt::Ended(End::Failed(steps)) => How::Failed(steps),
            Halt::Ended(End::Journal(error)) => How::Journal(error.to_string()),
            Halt::Ended(other) => How::Odd(format!("{other:?}")),
            Halt::Killed => How::Killed,
            Halt::Still | Halt::Stuck => How::Stuck,
        };
        self.site.notes.said(|| format!("executor {}: {}", process.number, how.words()));
        how
    }
}
