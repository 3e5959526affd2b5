//! Which store a migration's journal is kept in.

use std::sync::{Arc, OnceLock};

use super::Global;
use super::failure::Failure;
use super::place::{self, Place};
use crate::clock::RealClock;
use crate::journal::local::LocalStore;
use crate::journal::store::Store;

/// What was said about where to keep a journal, and the store, once it is open.
#[derive(Clone, Default)]
pub struct Keep {
    asked: Option<String>,
    profile: Option<String>,
    region: Option<String>,
    store: Arc<OnceLock<Arc<dyn Store>>>,
}

/// A place for journals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// `plans/<name>/` in the working directory.
    Local,
    /// A prefix of a bucket.
    Team {
        /// The bucket.
        bucket: String,
        /// The prefix, without slashes at its ends; it may be empty.
        prefix: String,
    },
}

impl Site {
    /// What `--state` and its like name.
    ///
    /// # Errors
    /// If it is neither `local` nor `s3://BUCKET/PREFIX`.
    pub fn parse(text: &str) -> Result<Site, Failure> {
        if text == "local" {
            return Ok(Site::Local);
        }
        let (bucket, prefix) = text.strip_prefix("s3://").map_or(("", ""), |rest| rest.split_once('/').unwrap_or((rest, "")));
        if bucket.is_empty() {
            return Err(Failure::new("HK0111", format!("`{text}` is neither `local` nor `s3://BUCKET/PREFIX`"))
                .detail("nothing was called, nothing was written")
                .hint("the same command with --state local, or with --state s3://BUCKET/PREFIX"));
        }
        Ok(Site::Team { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Site::Local => write!(f, "local"),
            Site::Team { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Site::Team { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl Keep {
    /// What the command line, or `HIKKOSHI_STATE`, asks for.
    pub fn asked(global: &Global) -> Keep {
        Keep { asked: global.state.clone(), profile: global.profile.clone(), region: global.region.clone(), ..Keep::default() }
    }

    /// The store of a migration: as asked, else as the file `state` beside its plan says, else local.
    ///
    /// # Errors
    /// If nothing can be kept there.
    pub fn store(&self, place: &Place) -> Result<Arc<dyn Store>, Failure> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let store = self.open(place, &self.site(place)?)?;
        Ok(self.store.get_or_init(|| store).clone())
    }

    /// Where it is to be kept.
    ///
    /// # Errors
    /// If what says so names no store.
    pub fn site(&self, place: &Place) -> Result<Site, Failure> {
        let path = place.state_path();
        match &self.asked {
            Some(asked) => Site::parse(asked),
            None if place::exists(&path) => {
                let text = place::read(&path)?;
                Site::parse(text.trim()).map_err(|failure| failure.detail(format!("it stands in {}", path.display())))
            }
            None => Ok(Site::Local),
        }
    }

    /// Opens a store for a migration's journal.
    ///
    /// # Errors
    /// If nothing can be kept there.
    pub fn open(&self, place: &Place, site: &Site) -> Result<Arc<dyn Store>, Failure> {
        match site {
            Site::Local => Ok(Arc::new(LocalStore::new(&place.journal_path(), Arc::new(RealClock)))),
            Site::Team { bucket, prefix } => self.team(place, bucket, prefix),
        }
    }

    #[cfg(feature = "aws")]
    fn team(&self, place: &Place, bucket: &str, prefix: &str) -> Result<Arc<dyn Store>, Failure> {
        use crate::cloud::aws::S3Objects;
        use crate::journal::team::TeamStore;
        let prefix = [prefix, &place.name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let objects = S3Objects::connect(self.profile.as_deref(), self.region.as_deref(), bucket, &prefix).map_err(|error| {
            Failure::new("HK0111", error.to_string())
                .detail("nothing was called, nothing was written")
                .hint("the same command with --region REGION, or export AWS_REGION=REGION")
        })?;
        Ok(Arc::new(TeamStore::new(Arc::new(objects), Arc::new(RealClock))))
    }

    #[cfg(not(feature = "aws"))]
    fn team(&self, _place: &Place, bucket: &str, prefix: &str) -> Result<Arc<dyn Store>, Failure> {
        let _ = (&self.profile, &self.region);
        Err(Failure::new("HK0111", format!("s3://{bucket}/{prefix}: this program was built without the AWS SDK (feature `aws`)"))
            .detail("nothing was called, nothing was written")
            .hint("the same command with --state local, or a build with the feature"))
    }
}
