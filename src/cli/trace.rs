//! Sends a run's spans to a collector, where the environment names one as OpenTelemetry says: OTLP over HTTP, in JSON.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::web;
use crate::execute::{Event, What};
use crate::plan::Plan;
use crate::report::trace::Spans;

/// How long one waits at the end for what is not sent yet.
const CLOSING: Duration = Duration::from_secs(10);

/// Where spans go.
struct Collector {
    url: String,
    headers: Vec<(String, String)>,
}

impl Collector {
    /// The one that the environment names.
    fn named() -> Option<Collector> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if variable("OTEL_SDK_DISABLED").as_deref() == Some("true") || variable("OTEL_TRACES_EXPORTER").as_deref() == Some("none") {
            return None;
        }
        let base = || variable("OTEL_EXPORTER_OTLP_ENDPOINT").map(|base| format!("{}/v1/traces", base.trim_end_matches('/')));
        let url = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(base)?;
        let headers = variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS").or_else(|| variable("OTEL_EXPORTER_OTLP_HEADERS")).unwrap_or_default();
        let pairs = headers.split(',').filter_map(|pair| pair.split_once('='));
        let headers = pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        Some(Collector { url, headers })
    }

    fn send(&self, spans: &str) -> Result<(), String> {
        match web::post(&self.url, &self.headers, spans)? {
            200..300 => Ok(()),
            status => Err(format!("it answers with {status}")),
        }
    }
}

/// A run's spans on their way; nothing where no collector is named.
pub struct Traced<'p> {
    spans: Mutex<Spans<'p>>,
    service: String,
    line: Option<Line>,
}

struct Line {
    jobs: Mutex<Option<Sender<String>>>,
    over: Mutex<Receiver<Option<String>>>,
    url: String,
}

impl<'p> Traced<'p> {
    /// Of a run that `unique` tells from all others.
    pub fn of(plan: &'p Plan, unique: &str) -> Traced<'p> {
        let line = Collector::named().map(|collector| {
            let (jobs, to_do) = mpsc::channel::<String>();
            let (done, over) = mpsc::channel();
            let url = collector.url.clone();
            std::thread::spawn(move || {
                let failed: Vec<String> = to_do.iter().filter_map(|spans| collector.send(&spans).err()).collect();
                let _ = done.send(failed.into_iter().next());
            });
            Line { jobs: Mutex::new(Some(jobs)), over: Mutex::new(over), url }
        });
        let service = std::env::var("OTEL_SERVICE_NAME").unwrap_or_else(|_| "hikkoshi".to_owned());
        Traced { spans: Mutex::new(Spans::new(plan, unique)), service, line }
    }

    /// Takes what a run tells; sends what has ended at each checkpoint and at the end.
    pub fn hear(&self, event: &Event) {
        let Some(line) = &self.line else { return };
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.hear(event);
        if matches!(event.what, What::Checkpoint | What::RunEnded { .. })
            && let Some(ended) = spans.ended(&self.service)
            && let Some(jobs) = &*line.jobs.lock().unwrap_or_else(PoisonError::into_inner)
        {
            let _ = jobs.send(ended.to_string());
        }
    }

    /// Waits, but not for long, until everything is sent; says what could not be.
    pub fn close(&self) {
        let Some(line) = &self.line else { return };
        drop(line.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let over = line.over.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = tokio::task::block_in_place(|| over.recv_timeout(CLOSING)).unwrap_or(Some("it takes too long".to_owned()));
        if let Some(why) = failed {
            super::aside(&format!("! not all of the trace was taken by {}: {why}; the run is not touched by it\n", line.url));
        }
    }
}
