//! Whether a step may begin in what is left of a window: pure.

use super::machine::Machine;
use crate::model::step::{Impact, Step};
use crate::plan::order;
use crate::plan::window::Windows;

/// Whether a step may begin. One of a move that interrupts somebody begins only if the rest of that move in its stage
/// fits, too: nobody stays stopped until the next window. And an interruption that is under way is brought to its end,
/// window or not.
pub fn may_begin(machine: &Machine<'_>, windows: &Windows, step: &Step, now_ms: u64) -> bool {
    if windows.fits(now_ms, u64::MAX / 2000) {
        return true;
    }
    let same: Vec<&Step> = machine.plan().steps.iter().filter(|s| s.of_move == step.of_move && s.stage == step.stage).collect();
    let mut interrupting = same.iter().filter(|s| s.impact != Impact::None).peekable();
    if interrupting.peek().is_none() {
        return windows.fits(now_ms, step.estimate_s);
    }
    if interrupting.any(|s| machine.is_begun(&s.id)) {
        return true;
    }
    let rest = same.into_iter().filter(|s| !machine.is_done(&s.id));
    let (times, _) = order::schedule(rest, None);
    windows.fits(now_ms, times.values().map(|(_, end)| *end).max().unwrap_or(0))
}
