//! A prefix of a bucket, for the journals of a team. It is apart from the account that a migration changes: its own
//! client, and the SDK's own retries, because a conditional write does no harm when it is made twice.
//!
//! Who asks waits for the answer, in whatever thread; the requests run on a thread of their own.

use std::future::Future;
use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::StreamExt;
use tokio::runtime::Runtime;

use super::failure::Failure;
use super::{ATTEMPT_TIME_MAX, CONNECT_TIME_MAX, ConnectError};
use crate::journal::objects::{NotPut, Object, Objects, Unread};

/// How many objects are read at a time.
const READS: usize = 32;

/// A prefix of a bucket.
pub struct S3Objects {
    place: Place,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

#[derive(Clone)]
struct Place {
    client: Client,
    bucket: Arc<str>,
    /// With a slash at its end, unless it is empty.
    prefix: Arc<str>,
}

impl S3Objects {
    /// Reads the settings (environment, profile, instance role). Sends nothing to S3 yet.
    ///
    /// # Errors
    /// If no region is set.
    pub fn connect(profile: Option<&str>, region: Option<&str>, bucket: &str, prefix: &str) -> Result<S3Objects, ConnectError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| ConnectError::NoRuntime(error.to_string()))?;
        let (profile, region) = (profile.map(str::to_owned), region.map(str::to_owned));
        let config = wait(&runtime, async move {
            let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIME_MAX).operation_attempt_timeout(ATTEMPT_TIME_MAX / 4);
            let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
                .retry_config(RetryConfig::standard())
                .timeout_config(timeouts.build())
                .app_name(AppName::new("hikkoshi").expect("a plain word is an app name"));
            if let Some(profile) = profile {
                loader = loader.profile_name(profile);
            }
            if let Some(region) = region {
                loader = loader.region(Region::new(region));
            }
            loader.load().await
        });
        let config = config.ok_or_else(|| ConnectError::NoRuntime("its thread has ended".to_owned()))?;
        config.region().ok_or(ConnectError::NoRegion)?;
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let place = Place { client: Client::new(&config), bucket: bucket.into(), prefix: prefix.into() };
        Ok(S3Objects { place, runtime: Some(runtime) })
    }

    /// Has something done on the requests' own thread.
    fn ask<T: Send + 'static, F>(&self, ask: impl FnOnce(Place) -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        wait(self.runtime.as_ref()?, ask(self.place.clone()))
    }

    fn put(
        &self,
        key: &str,
        bytes: &[u8],
        condition: impl FnOnce(PutObjectFluentBuilder) -> PutObjectFluentBuilder,
    ) -> Result<String, NotPut> {
        let place = &self.place;
        let put = place.client.put_object().bucket(&*place.bucket).key(place.key(key)).body(bytes.to_vec().into());
        let put = condition(put.content_type("application/json"));
        let done = self.ask(|_| async move { put.send().await.map_err(not_put) });
        let answer = done.unwrap_or_else(|| Err(NotPut::Lost(GONE.to_owned())))?;
        answer.e_tag().map(str::to_owned).ok_or_else(|| NotPut::Lost("S3 named no ETag".to_owned()))
    }
}

const GONE: &str = "the thread of the requests has ended";

/// Waits for what runs on another thread; none if it could not be run to its end.
fn wait<T: Send + 'static>(runtime: &Runtime, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    runtime.spawn(async move { tell.send(work.await) });
    told.recv().ok()
}

impl Drop for S3Objects {
    fn drop(&mut self) {
        // Whoever drops it may be a task itself, which must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Place {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn get(self, key: String) -> Result<Option<Object>, Unread> {
        let answer = self.client.get_object().bucket(&*self.bucket).key(self.key(&key)).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(aws_sdk_s3::operation::get_object::GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(unread(error)),
        };
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        let bytes = answer.body.collect().await.map_err(|error| Unread(format!("{key}: {error}")))?;
        Ok(Some(Object { bytes: bytes.to_vec(), etag }))
    }

    async fn list(self, prefix: String) -> Result<Vec<String>, Unread> {
        let list = self.client.list_objects_v2().bucket(&*self.bucket).prefix(self.key(&prefix));
        let mut pages = list.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(unread)?;
            let own = |key: &str| key.strip_prefix(&*self.prefix).map(str::to_owned);
            keys.extend(page.contents().iter().filter_map(|object| own(object.key()?)));
        }
        keys.sort();
        Ok(keys)
    }
}

impl Objects for S3Objects {
    fn describe(&self) -> String {
        format!("s3://{}/{}", self.place.bucket, self.place.prefix.trim_end_matches('/'))
    }

    fn get(&self, key: &str) -> Result<Option<Object>, Unread> {
        self.ask(|place| place.get(key.to_owned())).unwrap_or_else(|| Err(Unread(GONE.to_owned())))
    }

    fn get_all(&self, keys: &[String]) -> Result<Vec<Option<Object>>, Unread> {
        let keys = keys.to_vec();
        let all = self.ask(|place| async move {
            let reads = futures_util::stream::iter(keys).map(|key| place.clone().get(key));
            let objects: Vec<Result<_, Unread>> = reads.buffered(READS).collect().await;
            objects.into_iter().collect()
        });
        all.unwrap_or_else(|| Err(Unread(GONE.to_owned())))
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        self.ask(|place| place.list(prefix.to_owned())).unwrap_or_else(|| Err(Unread(GONE.to_owned())))
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<String, NotPut> {
        self.put(key, bytes, |put| put.if_none_match("*"))
    }

    fn put_if(&self, key: &str, bytes: &[u8], etag: &str) -> Result<String, NotPut> {
        self.put(key, bytes, |put| put.if_match(etag))
    }

    fn delete(&self, key: &str) -> Result<(), Unread> {
        let place = &self.place;
        let delete = place.client.delete_object().bucket(&*place.bucket).key(place.key(key));
        let done = self.ask(|_| async move { delete.send().await.map(drop).map_err(unread) });
        done.unwrap_or_else(|| Err(Unread(GONE.to_owned())))
    }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Refused(refusal) | Failure::Throttled(refusal) => refusal.to_string(),
        Failure::NotSent(why) | Failure::Lost(why) => why,
    }
}

fn unread<E>(error: SdkError<E, HttpResponse>) -> Unread
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    Unread(words(Failure::from_sdk(error)))
}

/// What a write's error means: S3 answers 412 where the condition does not hold, 404 where the object to be replaced is
/// gone, and 409 where another write of the same object is under way, which has to be asked again.
fn not_put<E>(error: SdkError<E, HttpResponse>) -> NotPut
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = if let SdkError::ServiceError(service) = &error { service.err().meta().code().map(str::to_owned) } else { None };
    match (status, code.as_deref(), Failure::from_sdk(error)) {
        (Some(412), ..) | (_, Some("PreconditionFailed" | "NoSuchKey"), _) => NotPut::Taken,
        (Some(409), _, failure) => NotPut::Lost(words(failure)),
        (_, _, Failure::Refused(refusal)) => NotPut::Refused(refusal.to_string()),
        (.., failure) => NotPut::Lost(words(failure)),
    }
}
