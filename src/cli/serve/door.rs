//! Who is let in: whoever has the token, from a page of our own, at an address of our own. Pure.
//!
//! A page in the same browser must not be able to pause a migration. So: the token is asked for with every request (in a
//! cookie that browsers send to nobody else's pages, `SameSite=Strict`); the `Host` must be ours, or a stranger's name that
//! resolves to 127.0.0.1 would be one of ours (DNS rebinding); what changes something must say that it comes from a page of
//! ours (`Origin`), and carry a header that no form can send.

use axum::http::{HeaderMap, Method, StatusCode, header};

/// The cookie that holds the token.
pub const COOKIE: &str = "hikkoshi";
/// The header that no form can send.
pub const HEADER: &str = "x-hikkoshi";

/// The door of one server.
#[derive(Clone, Debug)]
pub struct Door {
    /// What one has to know.
    pub token: String,
    /// By which `Host` it may be called: name and port.
    pub hosts: Vec<String>,
}

impl Door {
    /// Whether a request may come in: by the cookie's token, or the query's.
    ///
    /// # Errors
    /// The status to answer with, and why.
    pub fn lets_in(&self, method: &Method, headers: &HeaderMap, query: Option<&str>) -> Result<(), (StatusCode, &'static str)> {
        if !self.is_ours(text(headers, header::HOST.as_str())) {
            return Err((StatusCode::MISDIRECTED_REQUEST, "this is no name of this server"));
        }
        let given = cookie(headers).or_else(|| query.and_then(token_of)).unwrap_or_default();
        if !same(given, &self.token) {
            return Err((StatusCode::UNAUTHORIZED, "the token is missing or another: open the address that `hikkoshi serve` printed"));
        }
        if method == Method::GET || method == Method::HEAD {
            return Ok(());
        }
        let origin = text(headers, header::ORIGIN.as_str());
        let from_us = origin.strip_prefix("http://").is_some_and(|host| self.is_ours(host));
        if !from_us || text(headers, HEADER).is_empty() {
            return Err((StatusCode::FORBIDDEN, "only the page itself may ask for that"));
        }
        Ok(())
    }

    fn is_ours(&self, host: &str) -> bool {
        self.hosts.iter().any(|ours| ours == host)
    }
}

/// The token in an address's query.
pub fn token_of(query: &str) -> Option<&str> {
    query.split('&').find_map(|part| part.strip_prefix("token="))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = text(headers, header::COOKIE.as_str()).split(';').map(str::trim);
    pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Whether two texts are the same, in a time that does not tell how far they are.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, headers: &[(&str, &str)], query: Option<&str>) -> u16 {
        let door = Door { token: "sesame".into(), hosts: vec!["127.0.0.1:4000".into(), "localhost:4000".into()] };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = header::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.insert(name, value.parse().expect("a value"));
        }
        door.lets_in(&method, &map, query).map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn who_has_the_token_may_look() {
        let host = ("host", "127.0.0.1:4000");
        assert_eq!(asked(Method::GET, &[host, ("cookie", "a=b; hikkoshi=sesame")], None), 200);
        assert_eq!(asked(Method::GET, &[host], Some("x=1&token=sesame")), 200);
        assert_eq!(asked(Method::GET, &[host], None), 401);
        assert_eq!(asked(Method::GET, &[host, ("cookie", "hikkoshi=sesam")], None), 401);
        assert_eq!(asked(Method::GET, &[("host", "evil.example:4000"), ("cookie", "hikkoshi=sesame")], None), 421, "DNS rebinding");
    }

    #[test]
    fn only_our_own_page_may_change_anything() {
        let (host, key) = (("host", "localhost:4000"), ("cookie", "hikkoshi=sesame"));
        let ours = ("origin", "http://localhost:4000");
        assert_eq!(asked(Method::POST, &[host, key, ours, (HEADER, "1")], None), 200);
        assert_eq!(asked(Method::POST, &[host, key, ours], None), 403, "a form can't send the header");
        assert_eq!(asked(Method::POST, &[host, key, (HEADER, "1")], None), 403, "no origin");
        assert_eq!(asked(Method::POST, &[host, key, ("origin", "http://evil.example"), (HEADER, "1")], None), 403);
        assert_eq!(asked(Method::POST, &[host, ours, (HEADER, "1")], None), 401);
    }
}
