//! What the page shows, as data: `hikkoshi review --json` prints it.

use serde::Serialize;
use serde_json::Value;

use super::compare::Compared;
use super::flows::Flows;
use super::groups::Groups;
use super::map::Map;
use super::overview::Head;
use super::progress::Progress;
use super::steps::Steps;

/// Everything. Places in lists are numbers from 0: of steps in the plan's order, of moves, of what is on the map.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// What the overview shows.
    pub head: Head,
    /// Where a run stands; nothing, if none was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The steps, in short.
    pub steps: Steps,
    /// The steps, in full: call, waits, checks, way back.
    pub details: Vec<Value>,
    /// The account at every moment of the plan.
    pub map: Map,
    /// Who talks to whom.
    pub flows: Flows,
    /// The security groups.
    pub groups: Groups,
    /// What has changed since another plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compared>,
}
