//! `hikkoshi init`

use serde_json::json;

use super::discover::look;
use super::failure::Failure;
use super::place::{self, Place};
use super::{Done, Global, say, say_json, session, typed};
use crate::model::id::Id;
use crate::model::inventory::Inventory;
use crate::plan::{init, intent};

/// Options of `init`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration's name: a-z, 0-9 and -
    #[arg(long)]
    name: String,
    /// The VPC; may be left out where the region has one
    #[arg(long)]
    vpc: Option<String>,
    /// A folder of AWS CLI answers instead of an account
    #[arg(long, value_name = "DIR")]
    from: Option<std::path::PathBuf>,
    /// Write over an intent that is there
    #[arg(long)]
    force: bool,
}

/// Looks, and writes the intent, its schema and the inventory.
pub async fn run(global: &Global, args: Args) -> Done {
    intent::check_name(&args.name).map_err(|expected| {
        Failure::new("HK0111", format!("`{}` can't name a migration", args.name))
            .detail(format!("a name is {expected}"))
            .detail("nothing was called, nothing was written")
            .hint(format!("the same command with --name {}", crate::model::id::slug(&args.name)))
    })?;
    let place = Place::new(&global.dir, &args.name);
    if place::exists(&place.intent_path()) && !args.force {
        return Err(Failure::new("HK0110", format!("{} is there already", place.intent_path().display()))
            .detail("nothing was called, nothing was written")
            .hint(format!("hikkoshi plan {}   # goes on with it", args.name))
            .hint("the same command with another --name; or with --force, which writes over what people have edited"));
    }
    let inventory = match &args.from {
        Some(folder) => {
            let now = crate::clock::Clock::now_ms(&crate::clock::RealClock);
            let vpc = args.vpc.as_deref().map(Id::from);
            crate::discover::dump::read(folder, vpc.as_ref(), global.region.as_deref(), crate::clock::rfc3339(now))?
        }
        None => from_account(global, args.vpc.as_deref()).await?,
    };
    let text = init::write(&args.name, &inventory)
        .map_err(|problem| Failure::new("HK0901", format!("a first intent could not be written: {problem}")))?;
    let schema = serde_json::to_string_pretty(&intent::schema()).unwrap_or_default() + "\n";
    place::write(&place.inventory_path(), &super::discover::file(&inventory))?;
    place::write(&place.schema_path(), &schema)?;
    place::write(&place.intent_path(), &text)?;
    tell(global, &place, &inventory);
    Ok(0)
}

async fn from_account(global: &Global, vpc: Option<&str>) -> Result<Inventory, Failure> {
    let session = session::open(global, None, &[]).await?;
    let (account, _) = session.caller().await?;
    let vpc = match vpc {
        Some(vpc) => Id::from(vpc),
        None => the_only_vpc(&session).await?,
    };
    look(&session, &account, &vpc).await
}

async fn the_only_vpc(session: &session::Session) -> Result<Id, Failure> {
    let mut all = crate::discover::vpcs(&*session.cloud).await?;
    if all.len() == 1 {
        return Ok(Id::new(all.remove(0).0));
    }
    if all.is_empty() {
        return Err(Failure::new("HK0102", format!("the region {} has no VPC", session.region))
            .detail("only reads were sent: nothing was changed, nothing was written")
            .hint("the same command with another --region or --profile"));
    }
    let mut failure = Failure::new("HK0111", format!("the region {} has {} VPCs: choose one with --vpc", session.region, all.len()));
    for (id, name, range) in &all {
        failure = failure.detail(format!("{id}  {range}  {name}"));
    }
    Err(failure.detail("nothing was written").hint(format!("the same command with --vpc {}, or another of these", all[0].0)))
}

fn tell(global: &Global, place: &Place, inventory: &Inventory) {
    if global.json {
        say_json(
            &json!({ "intent": place.intent_path(), "inventory": place.inventory_path(), "schema": place.schema_path(), "resources": inventory.resources.len() }),
        );
        return;
    }
    say(&super::discover::words(inventory, global));
    let (name, paths) = (&place.name, [place.intent_path(), place.inventory_path(), place.schema_path()]);
    say(&format!("wrote {}\n", paths.map(|path| path.display().to_string()).join("\n      ")));
    say(&typed::in_lines(global, &format!("next: hikkoshi audit {name}\n      hikkoshi plan {name}\n")));
}
