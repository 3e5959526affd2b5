//! Which account a command talks to, on which clock.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Global;
use super::failure::Failure;
use super::index::stamp;
use super::place;
use crate::clock::{Clock, PacedClock, VirtualClock};
use crate::cloud::Cloud;
use crate::cloud::simulated::{FaultAt, Simulated};
use crate::discover;
use crate::model::account::Account;
use crate::model::inventory::Inventory;
use crate::report::duration;
use crate::world::World;

/// From so many seconds on a clock is wrong: the date of an answer is cut to the second, and has been on its way.
const ASTRAY_S: u64 = 30;

/// An account and a clock.
pub struct Session {
    /// The account.
    pub cloud: Arc<dyn Cloud>,
    /// The clock: virtual where the account is simulated.
    pub clock: Arc<dyn Clock>,
    /// The region.
    pub region: String,
}

/// Opens the account that `--cloud` names.
///
/// # Errors
/// If it can't be reached or read.
pub async fn open(global: &Global, region: Option<&str>, faults: &[FaultAt]) -> Result<Session, Failure> {
    match global.cloud.strip_prefix("sim:") {
        Some(file) => simulated(global, Path::new(file), faults),
        None if global.cloud == "aws" && !faults.is_empty() => {
            Err(Failure::new("HK0111", "--fault works on a simulated account only").hint("add --cloud sim:FILE"))
        }
        None if global.cloud == "aws" => aws(global, region).await,
        None => Err(Failure::new("HK0111", format!("`--cloud {}` is neither `aws` nor `sim:FILE`", global.cloud))
            .detail("nothing was called, nothing was written")
            .hint("the same command without --cloud, or with --cloud sim:FILE")),
    }
}

#[cfg(feature = "aws")]
async fn aws(global: &Global, region: Option<&str>) -> Result<Session, Failure> {
    use crate::cloud::aws::AwsCloud;
    let region = global.region.as_deref().or(region);
    let cloud = AwsCloud::connect(global.profile.as_deref(), region).await.map_err(|error| {
        Failure::new("HK0111", error.to_string())
            .detail("nothing was called, nothing was written")
            .hint("the same command with --region REGION, or export AWS_REGION=REGION")
    })?;
    let region = cloud.region().to_owned();
    let (cloud, clock): (_, Arc<dyn Clock>) = match clock_for_test(cloud.endpoint())? {
        None => (cloud, Arc::new(crate::clock::RealClock)),
        Some(clock) => (cloud.paced(clock.times()), Arc::new(clock)),
    };
    Ok(Session { cloud: Arc::new(cloud), clock, region })
}

/// Names a faster clock: for this program's own tests, whose emulated AWS keeps the same time.
#[cfg(feature = "aws")]
const CLOCK: &str = "HIKKOSHI_CLOCK";

/// The clock that a test asks for, if one does and all of AWS is on this machine.
#[cfg(feature = "aws")]
fn clock_for_test(endpoint: Option<&str>) -> Result<Option<PacedClock>, Failure> {
    let Some(text) = std::env::var_os(CLOCK) else { return Ok(None) };
    // One service may be led elsewhere than the others.
    let divided = std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("AWS_ENDPOINT_URL_"));
    match text.to_str().filter(|_| !divided).and_then(|text| PacedClock::for_test(text, endpoint)) {
        Some(clock) => Ok(Some(clock)),
        None => {
            Err(Failure::new("HK0111", format!("{CLOCK} is set: it shortens every wait, and is for tests against an AWS on 127.0.0.1"))
                .detail("nothing was called, nothing was written")
                .hint(format!("unset {CLOCK}, then the same command")))
        }
    }
}

#[cfg(not(feature = "aws"))]
async fn aws(_global: &Global, _region: Option<&str>) -> Result<Session, Failure> {
    Err(Failure::new("HK0111", "this program was built without the AWS SDK (feature `aws`)")
        .hint("use --cloud sim:FILE, or a build with the feature"))
}

/// A simulated account in a file: what `Simulated` keeps, or an inventory to begin with.
fn simulated(global: &Global, file: &Path, faults: &[FaultAt]) -> Result<Session, Failure> {
    let text = place::read_named(file, "--cloud")?;
    let mut account = match serde_json::from_str::<Account>(&text) {
        Ok(account) => account,
        Err(_) => {
            let inventory = place::inventory_of(file, &text, "HK0109").map_err(|failure| {
                failure
                    .detail("nor is it an account that was simulated before")
                    .hint("the same command with a file that `hikkoshi discover` wrote")
            })?;
            start(&inventory)
        }
    };
    if let Some(region) = global.region.as_deref().filter(|region| *region != account.region) {
        return Err(Failure::new(
            "HK0111",
            format!("--region {region}: the account simulated in {} is in {}", file.display(), account.region),
        )
        .detail("nothing was called, nothing was written")
        .hint("the same command without --region"));
    }
    let clock: Arc<dyn Clock> = match global.pace {
        None => Arc::new(VirtualClock::at(account.now_ms)),
        Some(times) => Arc::new(PacedClock::from(account.now_ms, times)),
    };
    account.caller.clone_from(&global.caller);
    let region = account.region.clone();
    let path: PathBuf = file.to_owned();
    let seen = Mutex::new(stamp(file));
    let keep = move |account: &Account, changed: bool| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Where another command has gone on with it, what this one sees of it is of the past.
        let before = *seen;
        let still = || changed || before == stamp(&path);
        if !still() {
            return;
        }
        let text = serde_json::to_string(account).unwrap_or_default();
        match place::write_lightly_if(&path, &text, &still) {
            Ok(false) => {}
            Ok(true) => *seen = stamp(&path),
            Err(failure) => tracing::error!("the simulated account could not be saved: {}", failure.message),
        }
    };
    let cloud = Simulated::new(World::resume(account), clock.clone()).with_faults(faults.to_vec()).kept(Box::new(keep));
    Ok(Session { cloud: Arc::new(cloud), clock, region })
}

/// A simulated account like the one that was seen, at the time when it was seen.
pub fn start(inventory: &Inventory) -> Account {
    Account::seen(inventory)
}

impl Session {
    /// The caller's account and ARN.
    ///
    /// # Errors
    /// If AWS can't be reached or does not accept the credentials.
    pub async fn caller(&self) -> Result<(String, String), Failure> {
        Ok(discover::caller(&*self.cloud).await?)
    }

    /// Makes sure that the credentials belong to the account that is meant.
    ///
    /// # Errors
    /// If they belong to another.
    pub async fn must_be(&self, account: &str, region: &str) -> Result<String, Failure> {
        let (caller, arn) = self.caller().await?;
        if caller != account {
            return Err(Failure::new("HK0103", format!("the credentials belong to account {caller}, the intent is for account {account}"))
                .detail(format!("you are {arn}"))
                .detail("only your identity was asked for: nothing was changed, nothing was written")
                .hint("the same command with the right --profile (a left-over AWS_PROFILE or AWS_ACCESS_KEY_ID wins silently)"));
        }
        if self.region != region {
            return Err(Failure::new("HK0111", format!("the region is {}, the intent is for {region}", self.region))
                .detail("only your identity was asked for: nothing was changed, nothing was written")
                .hint(format!("the same command with --region {region}")));
        }
        if let Some(words) = astray(self.cloud.ahead_ms()) {
            super::aside(&words);
        }
        Ok(arn)
    }
}

/// What to tell who sits at a machine whose clock is wrong: AWS takes signatures that are up to minutes off, and says
/// nothing.
fn astray(ahead_ms: i64) -> Option<String> {
    let off_s = ahead_ms.unsigned_abs() / 1000;
    let side = if ahead_ms < 0 { "behind" } else { "ahead of" };
    (off_s >= ASTRAY_S).then(|| {
        format!(
            "! this machine's clock is {} {side} AWS's: windows open and leases end by it; set it right first (timedatectl)\n",
            duration(off_s)
        )
    })
}
