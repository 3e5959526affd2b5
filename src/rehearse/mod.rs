//! The night before the night: the same executor on a simulated account, in virtual time, while things go wrong.
//!
//! A night is a seed. From it come the faults ([`weather`]) of each process: the network's and AWS's wrap the port
//! `Cloud` ([`network`]), the disk's wrap `Journal` ([`shelf`]), sleep and clock are the process's own ([`vitals`]); the
//! executor knows nothing of it. Whoever is killed or stops is begun again, until the end is reached or the night is
//! over. Before and after every change [`guard`] looks at the account; at the end it is compared with that of a run without
//! faults ([`likeness`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;

use crate::clock::VirtualClock;
use crate::cloud::simulated::Simulated;
use crate::discover::discover;
use crate::execute::Goal;
use crate::kinds::{self, STEP_TAG};
use crate::model::account::Account;
use crate::model::flow::Flow;
use crate::model::id::Id;
use crate::model::resource::{Resource, tags_of};
use crate::model::step::Stage;
use crate::plan::Plan;
use crate::plan::prove::Lookout;
use crate::world::World;

pub mod dice;
pub mod guard;
pub mod likeness;
pub mod network;
pub mod night;
pub mod notes;
pub mod process;
pub mod shelf;
pub mod stranger;
pub mod summary;
pub mod vitals;
pub mod weather;

pub use night::{Night, Outcome};
use weather::{Fault, Place};

/// The time after which nothing lingers any more: functions' interfaces, terminated instances.
const SOAK_MS: u64 = 2 * 3600 * 1000;

/// A run without faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clear {
    /// Calls that change something.
    pub calls: u64,
    /// Records.
    pub records: u64,
    /// How long it takes.
    pub seconds: u64,
}

/// An account at rest: where a night begins, and what its end is compared with.
struct Scene {
    world: Mutex<World>,
    now_ms: u64,
    journal: shelf::Kept,
    makers: BTreeMap<Id, String>,
    likeness: BTreeSet<String>,
}

impl Scene {
    /// The account, to be gone on with.
    fn world(&self) -> World {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// A plan and the account that it is rehearsed on.
pub struct Rehearsal<'p> {
    plan: &'p Plan,
    goal: Goal,
    before: BTreeSet<Id>,
    targets: Vec<Id>,
    lookout: Lookout,
    start: Scene,
    end: Scene,
    left: BTreeSet<String>,
    /// What the way there and back without faults leaves otherwise than it was: fields that nobody had said before.
    pub changed_by_itself: Option<String>,
    /// The way there without faults.
    pub there: Clear,
    /// The way back without faults.
    pub back: Clear,
}

/// What an account looks like when nothing lingers any more: what a discovery sees, and what carries the tag of a step
/// although no inventory lists it, such as a snapshot.
fn settled(mut world: World) -> Result<BTreeSet<String>, String> {
    let now = world.account().now_ms + SOAK_MS;
    world.at(now);
    let raw = world.account().inventory("");
    let cloud = Simulated::new(world, Arc::new(VirtualClock::at(now)));
    let seen = discover(&cloud, &raw.account, &raw.region, &raw.vpc, String::new()).now_or_never();
    let mut inventory = seen.ok_or("the simulated account does not answer")?.map_err(|error| error.to_string())?;
    let unlisted = |resource: &Resource| kinds::kind(&resource.kind).is_none_or(|kind| kind.listing().is_none());
    let ours = raw
        .resources
        .into_iter()
        .filter(|(_, resource)| unlisted(resource) && !guard::is_gone(resource) && tags_of(&resource.doc).contains_key(STEP_TAG));
    inventory.resources.extend(ours);
    Ok(likeness::view(&inventory))
}

impl<'p> Rehearsal<'p> {
    /// Runs the plan up to the stage `until` and back again, without faults, so that there is something to compare with. The
    /// flows are those that must survive.
    ///
    /// # Errors
    /// If that fails already: then the plan needs no faults to fail. The words say where.
    pub fn new(plan: &'p Plan, flows: &[Flow], account: Account, until: Stage) -> Result<Rehearsal<'p>, String> {
        let lookout = Lookout::new(plan, &account.inventory(""), flows);
        let now_ms = account.now_ms;
        let before: BTreeSet<Id> = account.resources.keys().cloned().collect();
        let targets = stranger::touched(plan, &account);
        let world = World::resume(account);
        let likeness = settled(world.clone())?;
        let scene = |likeness: BTreeSet<String>| Scene {
            world: Mutex::new(world.clone()),
            likeness,
            now_ms,
            journal: shelf::Kept::default(),
            makers: BTreeMap::new(),
        };
        let (start, end) = (scene(likeness), scene(BTreeSet::new()));
        let none = Clear::default();
        let mut it = Rehearsal {
            plan,
            goal: Goal::Forward(until),
            before,
            targets,
            lookout,
            start,
            end,
            left: BTreeSet::new(),
            changed_by_itself: None,
            there: none,
            back: none,
        };
        let (there, end) = it.clear(&it.start, it.goal)?;
        it.end = end;
        let (back, left) = it.clear(&it.end, Goal::Back(None))?;
        it.changed_by_itself = likeness::difference(&it.start.likeness, &left.likeness, None);
        it.left = left.likeness;
        (it.there, it.back) = (there, back);
        Ok(it)
    }

    /// How many places there are for a fault on the way there, or back.
    pub fn places(&self, fault: Fault, back: bool) -> u64 {
        let clear = if back { self.back } else { self.there };
        match fault.place() {
            Place::Record => clear.records,
            Place::Call | Place::Read => clear.calls,
        }
    }

    fn site<'s>(&'s self, scene: &Scene, all: bool) -> network::Site<'s> {
        let clock = VirtualClock::at(scene.now_ms);
        let account = Simulated::new(scene.world(), Arc::new(clock.clone()));
        let guard = guard::Guard::new(&self.before, scene.makers.clone());
        network::Site::new(account, clock, guard, &self.targets, &self.lookout, all)
    }
}

/// Makes nights, as many at a time as there are processors; in the order of their seeds.
pub fn nights<T: Send>(seeds: &[u64], one: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, T>> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(seeds.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    let Some(seed) = seeds.get(at) else { return };
                    let night = one(*seed);
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(at, night);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
}
