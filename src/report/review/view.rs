//! What the page shows, as data: `hikkoshi review --json` prints it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
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
#[derive(Clone, Debug, Serialize, JsonSchema)]
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

/// The JSON Schema of what `review --json` prints.
pub fn schema() -> Value {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<View>();
    let mut schema = serde_json::to_value(schema).unwrap_or_default();
    schema["title"] = "review".into();
    schema["description"] =
        "What `hikkoshi review --json` prints: the data that the page shows. Numbers that stand for a step, a move, a node \
        of the map, a lane, a group or a text are places in the list of these."
            .into();
    schema
}
