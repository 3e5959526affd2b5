//! What calls an alias moves with it: a version is published from the moved `$LATEST`, tried, and the alias points to it.
//!
//! Publishing takes `$LATEST` as it is: where that is not what the alias serves, it would release what nobody has
//! released. `PublishVersion` has no token; its description is the natural key. The alias shifts by a tenth first: it
//! serves the old version and the new one has a weight. So each of the shift's states shows itself by something that is
//! there, and an answer that is some seconds old is never taken for a later state. An alias with provisioned concurrency
//! takes no weights: Lambda provisions the new version, then shifts by itself.

use serde_json::{Value, json};

use crate::kinds::build::{check, look, output, step, undo, wait, wait_or_fail};
use crate::model::id::{Id, slug};
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Stage, Step};
use crate::model::strategy::{Blocker, Scene};

/// How much of the traffic the new version gets at first.
const TENTH: f64 = 0.1;
/// Seconds until a version is active, and until concurrency is provisioned.
const PUBLISH_S: u64 = 30;
const PROVISION_S: u64 = 180;

/// The steps by which aliases come after the update of `$LATEST`.
pub(super) fn follow(resource: &Resource, scene: &Scene<'_>, update: &Step) -> Result<Vec<Step>, Blocker> {
    let mut moving = Vec::new();
    for alias in path::select(&resource.doc, "Aliases[]").into_iter().filter(|alias| alias["FunctionVersion"] != "$LATEST") {
        let number = path::text(alias, "FunctionVersion");
        let Some(version) = path::first(&resource.doc, &format!("Versions[Version={number}]")) else { continue };
        match hindrance(alias, version, scene) {
            None => moving.push(alias),
            Some(why) if stays_public(version, scene) => return Err(blocked(resource, alias, &why)),
            // Its subnets turn private around it; it keeps its groups.
            Some(_) => {}
        }
    }
    let Some(first) = moving.first() else { return Ok(Vec::new()) };
    let sha = path::text(&resource.doc, &format!("Versions[Version={}].CodeSha256", path::text(first, "FunctionVersion"))).to_owned();
    let ours = Function { resource, scene };
    let publish = ours.publish(&sha, update);
    let smoke = ours.smoke(&publish.id);
    let mut steps = vec![publish, smoke];
    for alias in moving {
        let shifts = ours.shift(alias, &steps[1].id.clone());
        steps.extend(shifts);
    }
    Ok(steps)
}

/// Whether a version's own subnets stay public.
fn stays_public(version: &Value, scene: &Scene<'_>) -> bool {
    let subnets = path::texts(version, "VpcConfig.SubnetIds[]");
    subnets.iter().map(|subnet| Id::from(subnet.as_str())).any(|subnet| scene.today.contains(&subnet) && !scene.flipping.contains(&subnet))
}

/// Why an alias can't be led to a version published now.
fn hindrance(alias: &Value, version: &Value, _scene: &Scene<'_>) -> Option<String> {
    let unlike = path::texts(version, "Unlike[]");
    let weights = alias["RoutingConfig"]["AdditionalVersionWeights"].as_object();
    if weights.is_some_and(|weights| !weights.is_empty()) {
        return Some("a shift between two versions is under way".to_owned());
    }
    (!unlike.is_empty()).then(|| format!("$LATEST differs from it in {}, and publishing would release that", unlike.join(", ")))
}

fn blocked(resource: &Resource, alias: &Value, why: &str) -> Blocker {
    Blocker {
        code: "HK0401".into(),
        resource: resource.id.clone(),
        why: format!(
            "its alias {} serves version {}, which stays in a public subnet, and {why}",
            path::text(alias, "Name"),
            path::text(alias, "FunctionVersion")
        ),
        way_out: "release $LATEST the usual way first (or finish the shift), then run discover and plan again; or let the subnet flip"
            .into(),
    }
}

struct Function<'a> {
    resource: &'a Resource,
    scene: &'a Scene<'a>,
}

impl Function<'_> {
    fn id(&self, what: &str) -> String {
        format!("{}-{what}", self.scene.slug)
    }

    fn stage(&self, update: &Step) -> Stage {
        update.stage.max(Stage::Stateless)
    }

    fn version(&self) -> Value {
        output(&self.id("publish"), "Version")
    }

    fn publish(&self, sha: &str, update: &Step) -> Step {
        let id = self.id("publish");
        let name = &self.resource.name;
        let own = json!({ "FunctionName": name });
        let description = format!("hikkoshi {}/{id}", self.scene.migration);
        let one = json!({ "FunctionName": name, "Qualifier": self.version() });
        let state = |what: &str, expect| check(what, "lambda:GetFunctionConfiguration", one.clone(), "State", expect);
        let gone = check("the version is gone", "lambda:GetFunctionConfiguration", one.clone(), "Version", Expect::Absent);
        let mut call = json!({ "FunctionName": name, "Description": description, "RevisionId": look("lambda:GetFunctionConfiguration", own.clone(), "RevisionId") });
        if !sha.is_empty() {
            call["CodeSha256"] = json!(sha);
        }
        step(&id, self.stage(update), self.scene.slug, format!("Publish the moved {name} as a version"))
            .call("lambda:PublishVersion", call)
            .output("Version", "Version")
            .probe_made("lambda:ListVersionsByFunction", own, &format!("Versions[Description={description}]"), &[("Version", "Version")])
            .wait(wait_or_fail(state("the version is active", Expect::Equals(json!("Active"))), &["Failed"], PUBLISH_S, 900))
            .undo(vec![undo("lambda:DeleteFunction", one.clone(), gone)])
            .needs(&update.id, "a version keeps the configuration that it is published with")
            .done()
    }

    /// A dry run shows that it can be invoked, and no more; a payload shows that it works.
    fn smoke(&self, publish: &str) -> Step {
        let (id, name) = (self.id("smoke"), &self.resource.name);
        let mut call = json!({ "FunctionName": name, "Qualifier": self.version(), "InvocationType": "DryRun" });
        let mut title = format!(
            "Ask whether the new version of {name} can be invoked; it does not run (`smoke` in the intent: with a payload it does)"
        );
        if let Some(payload) = self.scene.smoke {
            call["InvocationType"] = json!("RequestResponse");
            call["Payload"] = json!(payload.to_string());
            title = format!("Invoke the new version of {name} with the intent's payload");
        }
        let one = json!({ "FunctionName": name, "Qualifier": self.version() });
        step(&id, Stage::Stateless, self.scene.slug, title)
            .call("lambda:Invoke", call)
            .answers("the function answers without an error", "FunctionError", Expect::Absent)
            .again_if_unknown("lambda:GetFunctionConfiguration", one)
            .needs(publish, "the version exists")
            .changes_nothing("it invokes the version, which nothing else calls yet")
            .done()
    }

    /// A tenth first, then all; with provisioned concurrency all at once.
    fn shift(&self, alias: &Value, smoke: &str) -> Vec<Step> {
        let (name, old) = (path::text(alias, "Name"), path::text(alias, "FunctionVersion"));
        let provisioned = path::select(&self.resource.doc, "ProvisionedConcurrencyConfigs[]");
        let provisioned = provisioned.into_iter().any(|config| path::text(config, "FunctionArn").ends_with(&format!(":{name}")));
        if provisioned {
            return vec![self.at_once(name, old, smoke)];
        }
        let tenth = self.tenth(name, old, smoke);
        let whole = self.whole(name, old, &tenth.id);
        vec![tenth, whole]
    }

    fn alias(&self, name: &str) -> Value {
        json!({ "FunctionName": self.resource.name, "Name": name })
    }

    fn see(&self, name: &str, what: &str, at: &str, expect: Expect) -> Check {
        check(what, "lambda:GetAlias", self.alias(name), at, expect)
    }

    fn point(&self, name: &str, version: Value, weights: Value) -> Value {
        json!({ "FunctionName": self.resource.name, "Name": name, "FunctionVersion": version,
            "RoutingConfig": { "AdditionalVersionWeights": weights }, "RevisionId": look("lambda:GetAlias", self.alias(name), "RevisionId") })
    }

    /// A weight of the new version, and where it is seen.
    fn weighted(&self) -> (Value, String) {
        let version = self.version();
        let version = version.as_str().unwrap_or_default();
        (json!({ version: TENTH }), format!("RoutingConfig.AdditionalVersionWeights.{version}"))
    }

    fn tenth(&self, name: &str, old: &str, smoke: &str) -> Step {
        let id = self.id(&format!("{}-tenth", slug(name)));
        let (weights, weight) = self.weighted();
        step(&id, Stage::Stateless, self.scene.slug, format!("Lead a tenth of {}:{name} to the new version", self.resource.name))
            .before(self.see(name, "the alias serves what it served at planning", "FunctionVersion", Expect::Equals(json!(old))))
            .call("lambda:UpdateAlias", self.point(name, json!(old), weights))
            .settled_by(self.see(name, "the new version serves a tenth", &weight, Expect::Equals(json!(TENTH))))
            .undo(vec![undo(
                "lambda:UpdateAlias",
                self.point(name, json!(old), json!({})),
                self.see(name, "the new version serves no more", &weight, Expect::Absent),
            )])
            .needs(smoke, "the version has been tried")
            .done()
    }

    fn whole(&self, name: &str, old: &str, tenth: &str) -> Step {
        let id = self.id(&format!("{}-whole", slug(name)));
        let (_, weight) = self.weighted();
        step(&id, Stage::Stateless, self.scene.slug, format!("Lead all of {}:{name} to the new version", self.resource.name))
            .call("lambda:UpdateAlias", self.point(name, self.version(), json!({})))
            .settled_by(self.see(name, "the alias serves the new version", "FunctionVersion", Expect::Equals(self.version())))
            .verify(self.see(name, "no other version serves beside it", &weight, Expect::Absent))
            .undo(vec![undo(
                "lambda:UpdateAlias",
                // At once, not by a tenth: then nothing is left for the tenth's own way back, whichever answer that believes.
                self.point(name, json!(old), json!({})),
                self.see(name, "the alias serves the old version", "FunctionVersion", Expect::Equals(json!(old))),
            )])
            .needs(tenth, "a tenth has shown that it works")
            .done()
    }

    fn at_once(&self, name: &str, old: &str, smoke: &str) -> Step {
        let id = self.id(&format!("{}-whole", slug(name)));
        let one = json!({ "FunctionName": self.resource.name, "Qualifier": name });
        let ready = || {
            check(
                "its concurrency is provisioned",
                "lambda:GetProvisionedConcurrencyConfig",
                one.clone(),
                "Status",
                Expect::Equals(json!("READY")),
            )
        };
        let is = |what: &str, version: Value| self.see(name, what, "FunctionVersion", Expect::Equals(version));
        let mut back =
            undo("lambda:UpdateAlias", self.point(name, json!(old), json!({})), is("the alias serves the old version", json!(old)));
        back.wait.push(wait(ready(), PROVISION_S, 1800));
        step(
            &id,
            Stage::Stateless,
            self.scene.slug,
            format!("Lead {}:{name} to the new version; Lambda provisions it first", self.resource.name),
        )
        .before(is("the alias serves what it served at planning", json!(old)))
        .call("lambda:UpdateAlias", self.point(name, self.version(), json!({})))
        .settled_by(is("the alias serves the new version", self.version()))
        .wait(wait_or_fail(ready(), &["FAILED"], PROVISION_S, 1800))
        .undo(vec![back])
        .needs(smoke, "the version has been tried")
        .done()
    }
}
