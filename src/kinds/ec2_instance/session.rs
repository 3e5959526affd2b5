//! Session Manager reaches an instance before it moves, and again afterwards.

use serde_json::{Value, json};

use crate::kinds::session::{Proof, associate, proof};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Need, Stage, Step};
use crate::model::strategy::{Entry, Scene};

/// Before the move: it gets a profile where it has none, and is reached.
pub(super) fn before(resource: &Resource, scene: &Scene<'_>, entry: &Entry) -> Vec<Step> {
    let old = json!(resource.id.as_str());
    let mut steps = Vec::new();
    if entry.profile {
        steps.push(associate(scene.slug, &resource.name, &old, scene.migration));
    }
    let since = steps.first().map(|step| step.id.clone()).or_else(|| entry.policy.clone());
    steps.push(proof(&Proof {
        id: Entry::before(scene.slug),
        stage: Stage::Access,
        slug: scene.slug,
        name: &resource.name,
        instance: &old,
        windows: windows(resource),
        since: since.as_deref(),
        lasting: false,
    }));
    steps
}

/// After the move: `instance` is reached where it is now, later than what `since` did.
pub(super) fn after(resource: &Resource, scene: &Scene<'_>, entry: &Entry, instance: &Value, since: Option<&str>) -> Step {
    let copy = instance.as_str() != Some(resource.id.as_str());
    let mut step = proof(&Proof {
        id: Entry::after(scene.slug),
        stage: if copy { Stage::Pets } else { Stage::Tighten },
        slug: scene.slug,
        name: &if copy { format!("the copy of {}", resource.name) } else { format!("{} where it is now", resource.name) },
        instance,
        windows: windows(resource),
        since,
        lasting: true,
    });
    step.needs.push(proven_before(scene.slug));
    step.needs.extend(entry.way_out.iter().map(|(step, because)| Need { step: step.clone(), because: because.clone() }));
    step
}

/// What takes SSH away waits for the proof.
pub(super) fn proven_before(slug: &str) -> Need {
    Need { step: Entry::before(slug), because: "port 22 goes with the move: Session Manager has been proven to reach it".to_owned() }
}

/// What takes the last of SSH away waits for the proof where it is now.
pub(super) fn proven_after(slug: &str) -> Need {
    Need { step: Entry::after(slug), because: "port 22 closes: Session Manager reaches it where it is now".to_owned() }
}

fn windows(resource: &Resource) -> bool {
    path::text(&resource.doc, "Platform").eq_ignore_ascii_case("windows")
}
