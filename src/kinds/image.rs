//! A machine image and its snapshots: what an instance is relaunched from.
//!
//! Only images that carry our tag matter: nobody else's image is listed. An image's name is unique in account and
//! region (`InvalidAMIName.Duplicate`); deregistering leaves its snapshots behind, which cost money: they are deleted too.

use serde_json::{Value, json};

use super::effects::{tags, text};
use super::{Effect, Kind, Listing, Read, Scope};
use crate::model::account::Account;
use crate::model::call::{Object, Refusal};
use crate::model::facet::{Facets, Role};
use crate::model::id::Id;
use crate::model::path;
use crate::model::resource::{Doc, Resource, tags_of};

pub struct Image;

static LISTING: Listing = Listing {
    operation: "ec2:DescribeImages",
    documents: "Images[]",
    scope: Scope::Region,
    with: || json!({ "Owners": ["self"], "Filters": [{ "Name": "tag-key", "Values": [super::build::MIGRATION_TAG] }] }),
    ids: ("ImageIds", "ImageId", "InvalidAMIID.NotFound"),
    follow: &[],
};

/// Minutes, by the blocks that changed (aws-semantics.md 2); a simulated account takes ten.
pub(super) const IMAGE_S: u64 = 600;

fn create(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let (instance, name) = (text(parameters, "InstanceId")?.to_owned(), text(parameters, "Name")?.to_owned());
    let source = account.doc(&instance, "InvalidInstanceID.NotFound")?;
    let devices = path::texts(source, "BlockDeviceMappings[].DeviceName");
    if account.resources.having("image", "Name", &name).next().is_some() {
        return Err(Refusal::new("InvalidAMIName.Duplicate", format!("AMI name {name} is already in use")));
    }
    let mut mappings = Vec::new();
    for device in devices {
        let snapshot = account.new_id("snap");
        mappings.push(json!({ "DeviceName": device, "Ebs": { "SnapshotId": snapshot.as_str() } }));
        let doc = json!({ "SnapshotId": snapshot.as_str(), "State": "completed", "Tags": tags(parameters, "snapshot") });
        account.insert("snapshot", Role::Bystander, snapshot, doc);
    }
    let id = account.new_id("ami");
    let doc = json!({ "ImageId": id.as_str(), "Name": name, "State": "pending", "BlockDeviceMappings": mappings, "Tags": tags(parameters, "image") });
    account.insert("image", Role::Bystander, id.clone(), doc);
    account.later(&id, IMAGE_S, "/State", json!("available"));
    Ok(json!({ "ImageId": id.as_str() }))
}

fn deregister(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "ImageId")?.to_owned();
    account.doc(&id, "InvalidAMIID.NotFound")?;
    account.remove(&Id::from(id));
    Ok(json!({ "Return": true }))
}

fn delete_snapshot(account: &mut Account, parameters: &Object) -> Result<Value, Refusal> {
    let id = text(parameters, "SnapshotId")?.to_owned();
    account.doc(&id, "InvalidSnapshot.NotFound")?;
    if account.resources.having("image", "BlockDeviceMappings[].Ebs.SnapshotId", &id).next().is_some() {
        return Err(Refusal::new("InvalidSnapshot.InUse", format!("The snapshot {id} is currently in use by an image")));
    }
    account.remove(&Id::from(id));
    Ok(json!({}))
}

fn describe_snapshots(account: &Account, parameters: &Object) -> Result<Value, Refusal> {
    let listing = Listing {
        operation: "ec2:DescribeSnapshots",
        documents: "Snapshots[]",
        scope: Scope::Region,
        with: super::listing::nothing,
        ids: ("SnapshotIds", "SnapshotId", "InvalidSnapshot.NotFound"),
        follow: &[],
    };
    super::listing::answer("snapshot", &listing, account, parameters)
}

impl Kind for Image {
    fn name(&self) -> &'static str {
        "image"
    }

    fn listing(&self) -> Option<&'static Listing> {
        Some(&LISTING)
    }

    fn parse(&self, doc: &Doc, _vpc: &Id) -> Option<Resource> {
        let id = Id::from(doc["ImageId"].as_str()?);
        Some(Resource {
            name: path::text(doc, "Name").to_owned(),
            id,
            kind: self.name().to_owned(),
            role: Role::Bystander,
            tags: tags_of(doc),
            facets: Facets { state: path::text(doc, "State").to_owned(), ..Facets::default() },
            doc: doc.clone(),
        })
    }

    fn effects(&self) -> &'static [(&'static str, Effect)] {
        &[("ec2:CreateImage", create), ("ec2:DeregisterImage", deregister), ("ec2:DeleteSnapshot", delete_snapshot)]
    }

    fn reads(&self) -> &'static [(&'static str, Read)] {
        &[("ec2:DescribeSnapshots", describe_snapshots)]
    }
}
