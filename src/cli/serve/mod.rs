//! `hikkoshi serve`: the review page, live: what runs, what is waited for; and what one may ask of a run.
//!
//! It serves this machine alone unless told otherwise, to whoever has the token that it prints. It holds no lease and makes no
//! call of AWS but one: who approves is asked for by AWS's own answer. What is asked for on the page is left where
//! `hikkoshi pause` and its like leave it; whoever runs the migration hears it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::failure::Failure;
use super::place::Place;
use super::{Done, Global, approve, ask, say, say_json};
use crate::journal::request::Asked;
use crate::report::review::live_page;

mod door;
mod live;

use door::Door;

/// The page's own part of a live page.
const SCRIPT: &str = include_str!("live.js");

/// Options of `serve`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration; may be left out where there is one
    name: Option<String>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Show, and let nobody ask for anything
    #[arg(long)]
    read_only: bool,
}

/// What every request needs.
struct Desk {
    global: Global,
    place: Place,
    door: Door,
    read_only: bool,
    reader: live::Reader,
}

/// Serves until Ctrl-C.
pub async fn run(global: &Global, args: Args) -> Done {
    let place = Place::find(global, args.name.as_deref())?;
    place.plan()?;
    let cannot = |error: std::io::Error| {
        Failure::new("HK0114", format!("it can't listen at {}: {error}", args.listen))
            .detail("nothing was called, nothing was written")
            .hint("the same command with --listen 127.0.0.1:0   # takes a port that is free")
    };
    let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(cannot)?;
    let at = listener.local_addr().map_err(cannot)?;
    let door = Door { token: token()?, hosts: hosts(at) };
    tell(global, &place, at, &door.token, args.read_only);
    let desk = Desk { global: global.clone(), place, door, read_only: args.read_only, reader: live::Reader::default() };
    let until = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, router(Arc::new(desk))).with_graceful_shutdown(until).await.map_err(cannot)?;
    Ok(0)
}

fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/live", get(state))
        .route("/ask", post(asked))
        .route("/approve", post(approved))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is one page here: /\n") })
        .layer(middleware::from_fn_with_state(desk.clone(), guarded))
        .with_state(desk)
}

/// What one has to know to come in: 32 random digits.
fn token() -> Result<String, Failure> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new("HK0901", format!("no random number: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// By which names the server may be called.
fn hosts(at: SocketAddr) -> Vec<String> {
    let port = at.port();
    let mut all = vec![at.to_string()];
    if at.ip().is_loopback() || at.ip().is_unspecified() {
        all.extend([format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")]);
    }
    if !at.ip().is_loopback() {
        all.push(format!("{}:{port}", super::place::hostname()));
    }
    all
}

fn tell(global: &Global, place: &Place, at: SocketAddr, token: &str, read_only: bool) {
    let address = format!("http://{at}/?token={token}");
    if global.json {
        return say_json(&json!({ "migration": place.name, "address": address, "read_only": read_only }));
    }
    let far = if at.ip().is_loopback() {
        ""
    } else {
        "anybody on the network can read along: it is plain HTTP; better is an ssh tunnel to 127.0.0.1\n"
    };
    let may = if read_only { "it only shows" } else { "whoever has this address can pause, go on, release and approve as you" };
    say(&format!("{address}\n{may}; Ctrl-C ends it, and nothing else\n{far}"));
}

/// Lets in who may come in, and says to browsers what they must not do with the answer.
async fn guarded(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut answer = match desk.door.lets_in(&method, request.headers(), uri.query()) {
        Ok(()) => next.run(request).await,
        Err((status, why)) => (status, format!("{why}\n")).into_response(),
    };
    let says = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in says {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    answer
}

/// The page. The token goes from the address into a cookie, so that it stays out of history and screenshots.
async fn page(State(desk): State<Arc<Desk>>, uri: Uri) -> Response {
    if let Some(token) = uri.query().and_then(door::token_of) {
        let cookie = format!("{}={token}; HttpOnly; SameSite=Strict; Path=/", door::COOKIE);
        return ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response();
    }
    let live = json!({ "read_only": desk.read_only, "migration": desk.place.name });
    let script = SCRIPT.replacen("window.hikkoshi.about || {}", &live.to_string(), 1);
    match aside(desk, move |desk| Ok(live_page(&super::review::view(&desk.place, &desk.place.plan()?, None)?, &script))).await {
        Ok(page) => Html(page).into_response(),
        Err(failure) => sorry(&failure),
    }
}

/// Where it stands.
async fn state(State(desk): State<Arc<Desk>>) -> Response {
    match aside(desk, |desk| desk.reader.json(&desk.place)).await {
        Ok(said) => ([(header::CONTENT_TYPE, "application/json")], said).into_response(),
        Err(failure) => sorry(&failure),
    }
}

/// What may be asked for.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "lowercase", deny_unknown_fields)]
enum Wish {
    Pause,
    Resume,
    Abort,
    Throttle { percent: u8 },
    Release { step: String },
    Hold { step: String },
}

impl Wish {
    fn asked(self) -> Asked {
        match self {
            Wish::Pause => Asked::Pause,
            Wish::Resume => Asked::Resume,
            Wish::Abort => Asked::Abort,
            Wish::Throttle { percent } => Asked::Throttle { percent: percent.clamp(1, 100) },
            Wish::Release { step } => Asked::Release { step },
            Wish::Hold { step } => Asked::Hold { step },
        }
    }
}

/// Leaves a request for whoever runs it.
async fn asked(State(desk): State<Arc<Desk>>, body: axum::body::Bytes) -> Response {
    if desk.read_only {
        return only_shows();
    }
    let wish = match serde_json::from_slice::<Wish>(&body) {
        Ok(wish) => wish.asked(),
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    let left = aside(desk.clone(), move |desk| ask::leave(&desk.place, wish)).await;
    desk.reader.forget();
    match left {
        Ok(holder) => axum::Json(json!({ "left": true, "runs": holder })).into_response(),
        Err(failure) => sorry(&failure),
    }
}

/// An approval.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// The plan's hash, as the page knows it: another plan is another approval.
    plan: String,
    checkpoint: String,
    #[serde(default)]
    reason: Option<String>,
    /// The migration's name, typed by the person.
    typed: String,
}

async fn approved(State(desk): State<Arc<Desk>>, body: axum::body::Bytes) -> Response {
    if desk.read_only {
        return only_shows();
    }
    let given = match serde_json::from_slice::<Approval>(&body) {
        Ok(given) => given,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    if given.typed != desk.place.name {
        return (StatusCode::BAD_REQUEST, "type the migration's name to approve it\n").into_response();
    }
    let on_page = approve::OnPage { plan: given.plan, checkpoint: given.checkpoint, reason: given.reason };
    let recorded = approve::on_page(&desk.global, &desk.place, on_page).await;
    desk.reader.forget();
    match recorded {
        Ok(said) => axum::Json(json!({ "said": said })).into_response(),
        Err(failure) => sorry(&failure),
    }
}

fn only_shows() -> Response {
    (StatusCode::FORBIDDEN, "this server only shows (--read-only)\n").into_response()
}

/// A failure as the terminal tells it.
fn sorry(failure: &Failure) -> Response {
    (StatusCode::CONFLICT, axum::Json(failure.json())).into_response()
}

/// Reads and writes files without keeping others waiting.
async fn aside<T: Send + 'static>(desk: Arc<Desk>, what: impl FnOnce(&Desk) -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let lost = |error: tokio::task::JoinError| Err(Failure::new("HK0901", format!("the server lost a task: {error}")));
    tokio::task::spawn_blocking(move || what(&desk)).await.unwrap_or_else(lost)
}
