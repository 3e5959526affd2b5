//! What goes wrong, and when: drawn from a seed, or one fault at one place.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::dice::Dice;

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A call that changes something.
    Call,
    /// A call that looks.
    Read,
    /// A record that is to be written.
    Record,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// AWS refuses: too many requests.
    Throttle,
    /// AWS refuses: an internal error.
    ServerError,
    /// The call is carried out, and the answer is lost.
    LoseAnswer,
    /// The call never arrives, and nobody can tell.
    LoseRequest,
    /// The answer comes late.
    LateAnswer,
    /// For some seconds, reads show the account as it was before the call.
    StaleReads,
    /// The process is killed before the call is sent.
    KillBefore,
    /// The process is killed when the call is carried out, before its answer is noted.
    KillAfter,
    /// The machine's clock is set forward or back.
    ClockJump,
    /// The process stands still, and somebody else takes over; then it wakes up.
    SecondExecutor,
    /// Somebody changes or deletes a thing that the plan touches.
    Stranger,
    /// A read is refused: too many requests.
    ReadThrottled,
    /// A read gets no answer.
    ReadLost,
    /// The process is killed before the record is written.
    KillBetween,
    /// The process is killed while the record is written: half of it stands there.
    TornRecord,
    /// The disk is full.
    DiskFull,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 16] = [
        Fault::Throttle,
        Fault::ServerError,
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::LateAnswer,
        Fault::StaleReads,
        Fault::KillBefore,
        Fault::KillAfter,
        Fault::ClockJump,
        Fault::SecondExecutor,
        Fault::Stranger,
        Fault::ReadThrottled,
        Fault::ReadLost,
        Fault::KillBetween,
        Fault::TornRecord,
        Fault::DiskFull,
    ];

    /// Where it strikes.
    pub fn place(self) -> Place {
        match self {
            Fault::ReadThrottled | Fault::ReadLost => Place::Read,
            Fault::KillBetween | Fault::TornRecord | Fault::DiskFull => Place::Record,
            _ => Place::Call,
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Fault::Throttle => "a change was refused: too many requests",
            Fault::ServerError => "a change was refused: AWS's internal error",
            Fault::LoseAnswer => "a change was made, its answer got lost",
            Fault::LoseRequest => "a request got lost on the way",
            Fault::LateAnswer => "an answer came late",
            Fault::StaleReads => "AWS showed an old state for some seconds",
            Fault::KillBefore => "the program was killed before a call",
            Fault::KillAfter => "the program was killed after a call",
            Fault::ClockJump => "the machine's clock jumped",
            Fault::SecondExecutor => "the machine slept, a second one took over",
            Fault::Stranger => "a colleague changed what the plan touches",
            Fault::ReadThrottled => "a look was refused: too many requests",
            Fault::ReadLost => "a look got no answer",
            Fault::KillBetween => "the program was killed before it wrote a record",
            Fault::TornRecord => "the program was killed while it wrote a record",
            Fault::DiskFull => "the disk was full",
        }
    }
}

/// How often what goes wrong, in a million calls, reads or records.
pub type Rates = &'static [(Fault, u32)];

/// A bad night, but one that happens.
pub const REALISTIC: Rates = &[
    (Fault::Throttle, 8_000),
    (Fault::ServerError, 1_000),
    (Fault::LoseAnswer, 1_000),
    (Fault::LoseRequest, 1_000),
    (Fault::LateAnswer, 5_000),
    (Fault::StaleReads, 20_000),
    (Fault::KillBefore, 300),
    (Fault::KillAfter, 300),
    (Fault::ClockJump, 200),
    (Fault::SecondExecutor, 300),
    (Fault::Stranger, 400),
    (Fault::ReadThrottled, 200),
    (Fault::ReadLost, 200),
    (Fault::KillBetween, 200),
    (Fault::TornRecord, 100),
    (Fault::DiskFull, 100),
];

/// Everything at once: for tests.
pub const STORM: Rates = &[
    (Fault::Throttle, 20_000),
    (Fault::ServerError, 15_000),
    (Fault::LoseAnswer, 25_000),
    (Fault::LoseRequest, 25_000),
    (Fault::LateAnswer, 20_000),
    (Fault::StaleReads, 60_000),
    (Fault::KillBefore, 15_000),
    (Fault::KillAfter, 20_000),
    (Fault::ClockJump, 8_000),
    (Fault::SecondExecutor, 12_000),
    (Fault::Stranger, 8_000),
    (Fault::ReadThrottled, 3_000),
    (Fault::ReadLost, 3_000),
    (Fault::KillBetween, 5_000),
    (Fault::TornRecord, 5_000),
    (Fault::DiskFull, 5_000),
];

/// Where the faults of a process come from.
#[derive(Clone, Copy, Debug)]
pub enum Sky {
    /// Nothing goes wrong.
    Clear,
    /// One fault, at the n-th call, read or record of the process, from 1.
    Once(u64, Fault),
    /// By these rates.
    Drawn(Rates),
}

/// A fault that struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    /// What.
    pub fault: Fault,
    /// Its dice: how long, what, which.
    pub dice: u64,
}

#[derive(Default)]
struct Counts {
    calls: u64,
    reads: u64,
    records: u64,
}

/// The faults of one process.
pub struct Weather {
    sky: Sky,
    seed: [u64; 2],
    counts: Mutex<Counts>,
}

impl Weather {
    /// The weather of a seed's n-th process.
    pub fn new(sky: Sky, seed: u64, process: u64) -> Weather {
        Weather { sky, seed: [seed, process], counts: Mutex::default() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What strikes the next call, read or record.
    pub fn next(&self, place: Place) -> Option<Strike> {
        let mut counts = self.counts();
        let count = match place {
            Place::Call => &mut counts.calls,
            Place::Read => &mut counts.reads,
            Place::Record => &mut counts.records,
        };
        *count += 1;
        let mut dice = Dice::of(&[self.seed[0], self.seed[1], place as u64, *count]);
        let fault = match self.sky {
            Sky::Clear => None,
            Sky::Once(at, fault) => (*count == at && fault.place() == place).then_some(fault),
            Sky::Drawn(rates) => drawn(rates, place, dice.below(1_000_000)),
        };
        fault.map(|fault| Strike { fault, dice: dice.roll() })
    }

    /// How many changes were called for, and how many records written.
    pub fn counted(&self) -> (u64, u64) {
        let counts = self.counts();
        (counts.calls, counts.records)
    }
}

fn drawn(rates: Rates, place: Place, dice: u64) -> Option<Fault> {
    let mut bound = 0;
    rates.iter().filter(|(fault, _)| fault.place() == place).find_map(|(fault, rate)| {
        bound += u64::from(*rate);
        (dice < bound).then_some(*fault)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_at_their_rates_and_where_they_belong() {
        let weather = Weather::new(Sky::Drawn(STORM), 7, 0);
        for place in [Place::Call, Place::Read, Place::Record] {
            let strikes: Vec<Strike> = (0..100_000).filter_map(|_| weather.next(place)).collect();
            for (fault, rate) in STORM {
                let seen = strikes.iter().filter(|strike| strike.fault == *fault).count() as f64;
                let wanted = if fault.place() == place { f64::from(*rate) / 10.0 } else { 0.0 };
                assert!((seen - wanted).abs() <= wanted * 0.25, "{fault:?}: {seen} times, not {wanted}");
            }
        }
    }

    #[test]
    fn both_tables_of_rates_name_every_fault_once() {
        for rates in [STORM, REALISTIC] {
            assert_eq!(rates.iter().map(|(fault, _)| *fault).collect::<Vec<_>>(), Fault::ALL);
        }
    }

    #[test]
    fn a_single_fault_strikes_once() {
        let weather = Weather::new(Sky::Once(3, Fault::Throttle), 0, 0);
        let at: Vec<usize> = (1..10).filter(|_| weather.next(Place::Call).is_some()).collect();
        assert_eq!(at, [3]);
    }
}
