//! A name is led on from an old address to the one that takes its place.
//!
//! A relocated instance is at rest before its copy exists, so the two never answer at the same time, and the time that
//! resolvers keep an answer (TTL) can't be waited out while both do. What can be done for the least downtime is this: the
//! TTL is shortened long before the move and the old one waited out, so that at the move nobody keeps the old address for
//! longer than ten seconds; the name is led to the copy as soon as the copy serves; and the next that answers to the same
//! name moves when Route 53 and the resolvers have it. The TTL stays short until the migration is proved (`tighten`), so
//! that the way back is as quick.

use serde_json::{Value, json};

use crate::kinds::build::{Draft, check, output, step, undo, undo_and_wait, wait, wait_out};
use crate::model::id::slug;
use crate::model::path;
use crate::model::resource::Resource;
use crate::model::step::{Check, Expect, Impact, Stage, Step};
use crate::model::strategy::{Blocker, Renumbering};

/// The TTL around the move, in seconds.
const SHORT_S: u64 = 10;
/// The longest TTL that is waited out before the move, in seconds.
const PATIENCE_S: u64 = 3600;
/// How long Route 53 usually takes to tell all its servers, in seconds (Route 53 API, `ChangeResourceRecordSets`).
const SPREAD_S: u64 = 60;

pub(super) fn lead_on(name: &Resource, changes: &[&Renumbering]) -> Result<Vec<Step>, Blocker> {
    let set = Set::of(name)?;
    let mut steps = Vec::new();
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return Ok(steps) };
    let mut values = path::select(&name.doc, "ResourceRecords[].Value").into_iter().cloned().collect::<Vec<_>>();
    if set.is_long() {
        steps.push(set.shorten(&first.slug, &values));
    }
    for change in changes {
        let next: Vec<Value> = values.iter().map(|value| if *value == change.old { change.new.clone() } else { value.clone() }).collect();
        steps.push(set.lead(change, &values, &next));
        steps.push(set.spread(change, &next));
        values = next;
    }
    if set.is_long() {
        steps.push(set.lengthen(&last.slug, &values));
    }
    Ok(steps)
}

/// A set that can be sent again whole.
struct Set<'a> {
    name: &'a Resource,
    key: String,
    ttl_s: u64,
}

impl<'a> Set<'a> {
    /// What hangs on a policy or a health check isn't changed: its owner may be a service (Cloud Map, a traffic policy),
    /// and a health check goes on looking at the old address.
    fn of(name: &'a Resource) -> Result<Set<'a>, Blocker> {
        let doc = &name.doc;
        let stands = ["SetIdentifier", "HealthCheckId", "TrafficPolicyInstanceId"].into_iter().find(|key| !doc[*key].is_null());
        if let Some(key) = stands {
            return Err(Blocker {
                code: "HK0401".into(),
                resource: name.id.clone(),
                why: format!(
                    "the record {} holds an address that changes with a move, and has a {key}: this version sends simple record sets only",
                    name.name
                ),
                way_out: "let the name lead to a balancer or a simple record first, or let what it leads to flip, which keeps its address"
                    .into(),
            });
        }
        let (zone, kind) = (path::text(doc, "HostedZoneId"), path::text(doc, "Type"));
        // A name may be in a private zone and in a public one.
        let zone = if doc["Zone"]["Private"] == true { String::new() } else { format!("-{zone}") };
        let kind = if kind == "A" { "" } else { "-aaaa" };
        Ok(Set { name, key: slug(&format!("{}{kind}{zone}", name.name)), ttl_s: doc["TTL"].as_u64().unwrap_or_default() })
    }

    fn is_long(&self) -> bool {
        self.ttl_s > SHORT_S
    }

    fn around_s(&self) -> u64 {
        self.ttl_s.min(SHORT_S)
    }

    fn zone(&self) -> &Value {
        &self.name.doc["HostedZoneId"]
    }

    fn sent(&self, values: &[Value], ttl_s: u64) -> Value {
        let doc = &self.name.doc;
        let records: Vec<Value> = values.iter().map(|value| json!({ "Value": value })).collect();
        let set = json!({ "Name": doc["Name"], "Type": doc["Type"], "TTL": ttl_s, "ResourceRecords": records });
        json!({ "HostedZoneId": self.zone(), "ChangeBatch": { "Changes": [{ "Action": "UPSERT", "ResourceRecordSet": set }] } })
    }

    /// The read of this set alone: where it is gone, AWS answers with the next one.
    fn read(&self) -> Value {
        let doc = &self.name.doc;
        json!({ "HostedZoneId": self.zone(), "StartRecordName": doc["Name"], "StartRecordType": doc["Type"], "MaxItems": 1 })
    }

    fn see(&self, what: &str, at: &str, expect: Expect) -> Check {
        let at = format!("ResourceRecordSets[Name={}].{at}", path::text(&self.name.doc, "Name"));
        check(what, "route53:ListResourceRecordSets", self.read(), &at, expect)
    }

    fn leads(&self, what: &str, values: &[Value]) -> Check {
        self.see(what, "ResourceRecords[].Value", Expect::SameSet(values.to_vec()))
    }

    fn lives(&self, what: &str, ttl_s: u64) -> Check {
        self.see(what, "TTL", Expect::Equals(json!(ttl_s)))
    }

    /// The TTL of the set changes and nothing else. The way back waits for what the way there has let resolvers keep.
    fn ttl(&self, id: &str, stage: Stage, slug: &str, title: String, values: &[Value], (from, to): (u64, u64)) -> Draft {
        step(format!("{}-{id}", self.key), stage, slug, title)
            .before(self.leads("it leads where it led at planning", values))
            .before(self.lives("its TTL is as expected", from))
            .call("route53:ChangeResourceRecordSets", self.sent(values, to))
            .settled_by(self.lives("its TTL is as set", to))
    }

    fn shorten(&self, slug: &str, values: &[Value]) -> Step {
        let title = format!("Shorten the TTL of {} from {} to {SHORT_S} s, and let the old answers expire", self.name.name, self.ttl_s);
        let expired = wait_out(self.lives("resolvers keep no answer from before", SHORT_S), self.ttl_s.min(PATIENCE_S));
        self.ttl("ttl-short", Stage::Endpoints, slug, title, values, (self.ttl_s, SHORT_S))
            .wait(expired)
            .undo(vec![undo(
                "route53:ChangeResourceRecordSets",
                self.sent(values, self.ttl_s),
                self.lives("its TTL is as before", self.ttl_s),
            )])
            .done()
    }

    fn lengthen(&self, slug: &str, values: &[Value]) -> Step {
        let title = format!("Give {} its TTL of {} s back", self.name.name, self.ttl_s);
        let expired = wait_out(self.lives("resolvers keep no answer from before", SHORT_S), self.ttl_s.min(PATIENCE_S));
        self.ttl("ttl-back", Stage::Tighten, slug, title, values, (SHORT_S, self.ttl_s))
            .undo(vec![undo_and_wait(
                "route53:ChangeResourceRecordSets",
                self.sent(values, SHORT_S),
                self.lives("its TTL is short again", SHORT_S),
                vec![expired],
            )])
            .done()
    }

    /// The name is led on, as soon as the new address serves.
    fn lead(&self, change: &Renumbering, from: &[Value], to: &[Value]) -> Step {
        let kept_s = self.ttl_s.saturating_sub(PATIENCE_S);
        let what = format!("whoever asked for {} before its TTL was shortened keeps the old address so long", self.name.name);
        let impact = if kept_s > 0 { Impact::Outage { minutes: kept_s.div_ceil(60), what } } else { Impact::None };
        step(self.lead_id(change), Stage::Pets, &change.slug, format!("Lead {} to the new address of {}", self.name.name, change.name))
            .before(self.leads("it leads where it is expected to", from))
            .call("route53:ChangeResourceRecordSets", self.sent(to, self.around_s()))
            .settled_by(self.leads("it leads to the new address", to))
            .needs(&change.since, &change.because)
            .impact(impact)
            .undo(vec![undo(
                "route53:ChangeResourceRecordSets",
                self.sent(from, self.around_s()),
                self.leads("it leads to the old address", from),
            )])
            .done()
    }

    /// `GetChange` asks for the number of a change, and a lost answer loses it. The same set sent once more changes nothing
    /// and has a number; Route 53 tells its servers one change after the other.
    fn spread(&self, change: &Renumbering, values: &[Value]) -> Step {
        let id = format!("{}-spread-{}", change.slug, self.key);
        let number = json!({ "Id": output(&id, "ChangeId") });
        let all = check(
            "all name servers of Route 53 have it",
            "route53:GetChange",
            number,
            "ChangeInfo.Status",
            Expect::Equals(json!("INSYNC")),
        );
        let title = format!("Wait until everybody is led to the new address of {} by {}", change.name, self.name.name);
        let mut draft = step(&id, Stage::Pets, &change.slug, title)
            .before(self.leads("it leads to the new address", values))
            .call("route53:ChangeResourceRecordSets", self.sent(values, self.around_s()))
            .output("ChangeId", "ChangeInfo.Id")
            .again_if_unknown("route53:ListResourceRecordSets", self.read())
            .wait(wait(all, SPREAD_S, 1800))
            .changes_nothing("sends the same record set once more, for the number by which Route 53 tells that all its servers have it")
            .needs(&self.lead_id(change), "only what was changed can spread");
        if self.around_s() > 0 {
            draft = draft.wait(wait_out(self.leads("resolvers keep no answer from before", values), self.around_s()));
        }
        draft.done()
    }

    fn lead_id(&self, change: &Renumbering) -> String {
        format!("{}-lead-{}", change.slug, self.key)
    }
}
