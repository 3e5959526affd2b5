//! `hikkoshi discover`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use super::failure::Failure;
use super::place::{self, Place};
use super::session::{self, Session};
use super::{Done, Global, say};
use crate::clock::{Clock, RealClock, rfc3339};
use crate::discover::{discover, dump};
use crate::model::facet::Role;
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::plan::intent::Intent;
use crate::report::{run as report_run, table};

/// Options of `discover`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration whose inventory is to be written
    name: Option<String>,
    /// A folder of AWS CLI answers (describe-…, list-…) instead of an account
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The VPC, where no migration says it
    #[arg(long)]
    vpc: Option<String>,
    /// Write the inventory here instead
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The inventory that a command looks at: a migration's, a file's, or the account's as it is now.
#[derive(clap::Args, Debug)]
pub struct Source {
    /// The migration whose inventory is looked at
    name: Option<String>,
    /// A VPC of the account, where there is no migration yet
    #[arg(long)]
    vpc: Option<String>,
    /// An inventory file instead
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
}

impl Source {
    /// Whether a migration, a VPC or a file was named.
    pub fn is_named(&self) -> bool {
        self.name.is_some() || self.vpc.is_some() || self.inventory.is_some()
    }

    /// Whether it is a migration's own inventory, which was taken when it was planned.
    pub fn is_migration(&self) -> bool {
        self.name.is_some() && self.vpc.is_none() && self.inventory.is_none()
    }

    /// The migration's intent, if it is one that was named.
    ///
    /// # Errors
    /// If there is none of that name, or it can't be read.
    pub fn intent(&self, global: &Global) -> Result<Option<Intent>, Failure> {
        self.is_migration().then(|| Ok(Place::find(global, self.name.as_deref())?.intent()?.value)).transpose()
    }

    /// The file that the inventory is read from, if it is.
    pub fn file(&self, global: &Global) -> Option<PathBuf> {
        match (&self.inventory, &self.vpc) {
            (Some(path), _) => Some(path.clone()),
            (None, Some(_)) => None,
            (None, None) => Place::find(global, self.name.as_deref()).ok().map(|place| place.inventory_path()),
        }
    }

    /// The inventory.
    ///
    /// # Errors
    /// If there is none.
    pub async fn inventory(&self, global: &Global) -> Result<Inventory, Failure> {
        if let Some(path) = &self.inventory {
            let text = place::read_named(path, "--inventory")?;
            return place::inventory_of(path, &text, "HK0109")
                .map_err(|failure| failure.hint("the same command with a file that `hikkoshi discover` wrote"));
        }
        if let Some(vpc) = &self.vpc {
            let session = session::open(global, None, &[]).await?;
            let (account, _) = session.caller().await?;
            return look(&session, &account, &Id::from(vpc.as_str())).await;
        }
        Ok(Place::find(global, self.name.as_deref())?.inventory()?.value)
    }
}

/// Looks at the account of a session.
///
/// # Errors
/// If it can't be looked at.
pub async fn look(session: &Session, account: &str, vpc: &Id) -> Result<Inventory, Failure> {
    let at = rfc3339(session.clock.now_ms());
    Ok(discover(&*session.cloud, account, &session.region, vpc, at).await?)
}

/// The inventory's file.
pub fn file(inventory: &Inventory) -> String {
    serde_json::to_string_pretty(inventory).unwrap_or_default() + "\n"
}

/// Looks, and writes the inventory.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = match (&args.name, &args.vpc) {
        (None, Some(_)) => None,
        (name, _) => match Place::find(global, name.as_deref()) {
            Ok(place) => Some(place),
            // A folder may say itself which VPC it is about; then the inventory is printed.
            Err(_) if name.is_none() && args.from.is_some() => None,
            Err(failure) => return Err(failure),
        },
    };
    let intent = place.as_ref().map(Place::intent).transpose()?;
    let vpc = args.vpc.clone().or_else(|| intent.as_ref().map(|i| i.value.vpc.value.clone())).map(Id::from);
    let mut sent = BTreeMap::new();
    let inventory = match &args.from {
        Some(folder) => dump::read(folder, vpc.as_ref(), global.region.as_deref(), rfc3339(RealClock.now_ms()))?,
        None => {
            let session = session::open(global, intent.as_ref().map(|i| i.value.region.value.as_str()), &[]).await?;
            let (account, _) = session.caller().await?;
            if let Some(intent) = &intent {
                session.must_be(&intent.value.account.value, &intent.value.region.value).await?;
            }
            let vpc = vpc.ok_or_else(|| Failure::new("HK0111", "which VPC?").hint("the same command with --vpc or a migration's name"))?;
            let inventory = look(&session, &account, &vpc).await?;
            sent = session.cloud.requests();
            inventory
        }
    };
    if let (Some(intent), true) = (&intent, args.from.is_some())
        && inventory.account != intent.value.account.value
    {
        return Err(Failure::new(
            "HK0103",
            format!("the folder is of account {}, the intent is for {}", inventory.account, intent.value.account.value),
        )
        .detail("nothing was called, nothing was written")
        .hint("the same command with the folder of the right account"));
    }
    let path = args.out.or_else(|| place.as_ref().map(Place::inventory_path));
    match path {
        Some(path) => {
            place::write(&path, &file(&inventory))?;
            if global.json {
                super::say_json(
                    &serde_json::json!({ "inventory": path, "resources": inventory.resources.len(), "missing": inventory.missing, "requests": sent }),
                );
            } else {
                say(&words(&inventory, global));
                if !sent.is_empty() {
                    say(&format!("  {}\n", report_run::requests(&sent, 0)));
                }
                say(&format!("wrote {}\n", path.display()));
            }
        }
        None => say(&file(&inventory)),
    }
    Ok(0)
}

/// What was seen, in a few lines.
pub fn words(inventory: &Inventory, global: &Global) -> String {
    let style = global.style();
    let mut out = format!(
        "{} {} · account {} · {} · {}\n",
        style.bold("Seen"),
        inventory.vpc,
        inventory.account,
        inventory.region,
        inventory.taken_at
    );
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in inventory.resources.values() {
        *kinds.entry(&resource.kind).or_default() += 1;
    }
    let counts: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    out.push_str(&table::hanging("", &counts.join(", "), 2, global.width()));
    let interfaces: Vec<_> = inventory.with_role(Role::Interface).collect();
    let unknown: Vec<_> = interfaces.iter().filter(|i| i.facets.owner.is_none()).collect();
    let _ = writeln!(out, "  interfaces: {} of {} have a known owner", interfaces.len() - unknown.len(), interfaces.len());
    for interface in unknown {
        let description = interface.doc["Description"].as_str().unwrap_or_default();
        let text =
            format!("unknown interface {} in {}: \"{description}\"", interface.id, interface.subnets().first().map_or("?", Id::as_str));
        out.push_str(&table::hanging(&format!("{} ", style.warn("!")), &text, 2, global.width()));
    }
    for missing in &inventory.missing {
        out.push_str(&table::hanging(
            &format!("{} ", style.warn("!")),
            &format!("not seen: {}: {}", missing.operation, missing.why),
            2,
            global.width(),
        ));
    }
    out
}

impl Args {
    /// As if only the migration had been named.
    pub fn for_migration(name: &str) -> Args {
        Args { name: Some(name.to_owned()), from: None, vpc: None, out: None }
    }
}
