//! The one web client: pages that a gate looks at, addresses that a hook tells. It follows no redirect and speaks to whom
//! the machine trusts: `SSL_CERT_FILE` names others.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How long it may take in all.
pub const LIMIT: Duration = Duration::from_secs(10);

fn agent(url: &str) -> Agent {
    let mut config = Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("hikkoshi/", env!("CARGO_PKG_VERSION")));
    if url.starts_with("https:") {
        let trusted = rustls_native_certs::load_native_certs().certs;
        let trusted = trusted.iter().map(|one| Certificate::from_der(one.as_ref()).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(trusted)));
        config = config.tls_config(tls.build());
    }
    config.build().new_agent()
}

/// The status that a page answers with.
///
/// # Errors
/// If it does not answer in time, or not in HTTP.
pub fn get(url: &str) -> Result<u16, String> {
    agent(url).get(url).call().map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}

/// Sends JSON; the status of the answer.
///
/// # Errors
/// As [`get`].
pub fn post(url: &str, headers: &[(String, String)], json: &str) -> Result<u16, String> {
    let request = agent(url).post(url).header("Content-Type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    request.send(json).map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}
