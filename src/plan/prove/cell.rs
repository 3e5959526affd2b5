//! One fact's life: what it is at first, who writes it, and what it is when some of them are done.

use std::cell::{Cell as Slot, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::hash::{BuildHasherDefault, Hasher};

use super::history::Patch;
use super::order::{MOST, Relevant};
use crate::reach::Fact;

/// Hashes what brings fingerprints along, such as ids; not for what strangers choose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixer(u64);

/// Makes a [`Mixer`] for each key.
pub type Mix = BuildHasherDefault<Mixer>;

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for few in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..few.len()].copy_from_slice(few);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as u64);
    }
}

/// The steps that write what was asked for.
pub struct Asked {
    question: u64,
    steps: RefCell<BTreeSet<usize>>,
}

impl Asked {
    /// Nothing was asked yet; no two questions about the same facts may have the same number.
    pub fn new(question: u64) -> Asked {
        Asked { question, steps: RefCell::default() }
    }

    /// The steps that write what was asked for.
    pub fn steps(&self) -> BTreeSet<usize> {
        self.steps.borrow().clone()
    }
}

/// Values by which of the writers are done, each made when it is first asked for.
#[derive(Default)]
struct Values(OnceCell<Box<Value>>);

struct Value {
    done: u128,
    fact: Option<Fact>,
    /// The same number for the same fact; the first has none.
    version: u32,
    others: Values,
}

impl Values {
    fn get(&self, done: u128, first: &Option<Fact>, make: impl FnOnce() -> Option<Fact>) -> &Value {
        let mut at = self;
        while let Some(value) = at.0.get() {
            if value.done == done {
                return value;
            }
            at = &value.others;
        }
        at.0.get_or_init(|| {
            let fact = make();
            let version = if fact == *first { 0 } else { self.version(&fact) };
            Box::new(Value { done, fact, version, others: Values::default() })
        })
    }

    /// The version of a fact: that of an equal one, or the next.
    fn version(&self, fact: &Option<Fact>) -> u32 {
        let (mut at, mut last) = (self, 0);
        while let Some(value) = at.0.get() {
            if value.fact == *fact {
                return value.version;
            }
            last = last.max(value.version);
            at = &value.others;
        }
        last + 1
    }
}

/// One fact's life.
#[derive(Default)]
pub struct Cell {
    /// Its place among all.
    pub number: usize,
    /// What it is at first.
    pub first: Option<Fact>,
    /// Who writes it, and what.
    pub writers: Vec<(usize, Patch)>,
    values: Values,
    line: OnceCell<Vec<Option<Fact>>>,
    /// The last question that asked for it.
    asked: Slot<u64>,
    /// The last trace that it is in, of each of two states.
    traced: [Slot<u64>; 2],
    /// Its writers among the steps that matter for a question, by the question's number: the bit of each.
    bits: RefCell<(u64, Vec<Option<u32>>)>,
}

impl Cell {
    /// One that begins as this.
    pub fn new(number: usize, first: Option<Fact>) -> Cell {
        Cell { number, first, ..Cell::default() }
    }

    /// Notes that a question asked for it.
    pub fn note(&self, asked: &Asked) {
        if self.asked.replace(asked.question) != asked.question {
            asked.steps.borrow_mut().extend(self.writers.iter().map(|(step, _)| *step));
        }
    }

    /// Whether it is not in a trace yet, of one of two states; now it is.
    pub fn is_new_to(&self, trace: u64, which: usize) -> bool {
        self.traced[which].replace(trace) != trace
    }

    /// What it is when of the relevant steps those in a state are done, and no others; and the number of this value.
    pub fn among(&self, relevant: &Relevant, state: u128) -> (Option<&Fact>, u32) {
        let mut bits = self.bits.borrow_mut();
        if bits.0 != relevant.number {
            let bit = |step: &usize| relevant.steps.binary_search(step).ok().and_then(|bit| u32::try_from(bit).ok());
            *bits = (relevant.number, self.writers.iter().take(MOST).map(|(step, _)| bit(step)).collect());
        }
        let mut mask = 0;
        for (at, bit) in bits.1.iter().enumerate() {
            if bit.is_some_and(|bit| state >> bit & 1 == 1) {
                mask |= 1 << at;
            }
        }
        self.masked(mask)
    }

    /// What it is when all steps in places below this one are done.
    pub fn below(&self, below: usize) -> Option<&Fact> {
        let done = self.writers.iter().take(MOST).enumerate().filter(|(_, (step, _))| *step < below);
        self.masked(done.fold(0, |mask, (at, _)| mask | 1 << at)).0
    }

    /// What it is when those of its writers are done that are in a mask.
    fn masked(&self, mask: u128) -> (Option<&Fact>, u32) {
        if mask == 0 {
            return (self.first.as_ref(), 0);
        }
        let value = self.values.get(mask, &self.first, || {
            let patches = self.writers.iter().take(MOST).enumerate().filter(|(at, _)| mask & (1 << at) != 0);
            patches.fold(self.first.clone(), |fact, (_, (_, patch))| patch.apply(fact))
        });
        (value.fact.as_ref(), value.version)
    }

    /// Every value that it takes in plan order, the first included.
    pub fn line(&self) -> &[Option<Fact>] {
        self.line.get_or_init(|| {
            let mut out = vec![self.first.clone()];
            for (_, patch) in &self.writers {
                out.push(patch.apply(out.last().cloned().flatten()));
            }
            out
        })
    }
}
