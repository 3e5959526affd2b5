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

    fn site(&self, place: &Place) -> Result<Site, Failure> {
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

    fn team(&self, _place: &Place, bucket: &str, prefix: &str) -> Result<Arc<dyn Store>, Failure> {
        let _ = (&self.profile, &self.region);
        Err(Failure::new("HK0111", format!("s3://{bucket}/{prefix}: this program was built without the AWS SDK (feature `aws`)"))
            .detail("nothing was called, nothing was written")
            .hint("the same command with --state local, or a build with the feature"))
    }
}
