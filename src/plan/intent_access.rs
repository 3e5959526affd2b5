//! What a person wants of the ways in: Session Manager, Client VPN.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::problem::Problem;

/// Whether Session Manager takes the place of SSH.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SessionManager {
    /// For every instance that moves.
    #[default]
    On,
    /// For none.
    Off,
    /// For all but some.
    Except(Except),
}

/// The instances that Session Manager is not to reach.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Except {
    /// Their names or ids.
    #[schemars(with = "Vec<String>")]
    pub skip: Vec<Spanned<String>>,
    /// Why.
    pub reason: String,
}

/// What the schema says of [`SessionManager`].
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it describes, nothing makes one")]
pub(super) enum SessionManagerShape {
    /// For every instance that moves, or for none.
    Word(Switch),
    /// For all but some.
    Except(Except),
}

/// On or off.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "it describes, nothing makes one")]
pub(super) enum Switch {
    On,
    Off,
}

struct Wish;

impl<'de> Visitor<'de> for Wish {
    type Value = SessionManager;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("on, off, or {skip: [names], reason: …}")
    }

    fn visit_bool<E: Error>(self, on: bool) -> Result<SessionManager, E> {
        Ok(if on { SessionManager::On } else { SessionManager::Off })
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<SessionManager, E> {
        match word {
            "on" => Ok(SessionManager::On),
            "off" => Ok(SessionManager::Off),
            other => Err(E::custom(format!("`{other}` is neither on, off nor {{skip: [names], reason: …}}"))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SessionManager, A::Error> {
        let except = Except::deserialize(MapAccessDeserializer::new(map))?;
        if except.reason.trim().is_empty() {
            return Err(A::Error::custom("instances are left out without a reason"));
        }
        Ok(SessionManager::Except(except))
    }
}

impl<'de> Deserialize<'de> for SessionManager {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<SessionManager, D::Error> {
        from.deserialize_any(Wish)
    }
}

/// A Client VPN for developers.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientVpnWish {
    /// The range that clients get addresses from, /22 to /12; it overlaps neither the VPC nor a route.
    #[schemars(with = "String")]
    pub client_cidr: Spanned<String>,
    /// The server's certificate in ACM: `arn:aws:acm:…`. It can't be made here.
    #[schemars(with = "String")]
    pub server_certificate: Spanned<String>,
    /// The authority that signs the clients' certificates, in ACM; or `saml_provider`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub client_ca: Option<Spanned<String>>,
    /// The identity provider that people sign in with: `arn:aws:iam::…:saml-provider/…`; or `client_ca`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub saml_provider: Option<Spanned<String>>,
    /// Whether only traffic for the VPC goes through the tunnel.
    #[serde(default = "yes")]
    pub split_tunnel: bool,
    /// The zones whose private subnets it enters by; left out: all. Each costs by the hour.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub zones: Vec<Spanned<String>>,
    /// Name servers for clients; left out: the VPC's own resolver.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub dns: Vec<Spanned<String>>,
}

fn yes() -> bool {
    true
}

impl ClientVpnWish {
    /// What is wrong with it, whatever the account.
    ///
    /// # Errors
    /// The first thing, with its place.
    pub fn check(&self) -> Result<(), Problem> {
        let cidr = &self.client_cidr;
        if !cidr.value.parse::<ipnet::Ipv4Net>().is_ok_and(|net| (12..=22).contains(&net.prefix_len()) && net.trunc() == net) {
            return Err(Problem::at(
                cidr,
                format!("`{}` is no range for clients", cidr.value),
                "an IPv4 range of /22 to /12, such as 10.200.0.0/22",
            ));
        }
        arn(&self.server_certificate, ":acm:")?;
        match (&self.client_ca, &self.saml_provider) {
            (Some(ca), None) => arn(ca, ":acm:")?,
            (None, Some(provider)) => arn(provider, ":saml-provider/")?,
            _ => {
                let message = "clients sign in by `client_ca` or by `saml_provider`, one of them".to_owned();
                return Err(Problem::at(cidr, message, "`client_ca: arn:aws:acm:…` or `saml_provider: arn:aws:iam::…`"));
            }
        }
        for server in &self.dns {
            if server.value.parse::<std::net::Ipv4Addr>().is_err() {
                return Err(Problem::at(server, format!("`{}` is no name server's address", server.value), "an IPv4 address"));
            }
        }
        Ok(())
    }
}

fn arn(place: &Spanned<String>, part: &str) -> Result<(), Problem> {
    let sound = place.value.starts_with("arn:") && place.value.contains(part);
    let expected = format!("an ARN with `{part}` in it");
    if sound { Ok(()) } else { Err(Problem::at(place, format!("`{}` is not the ARN that belongs here", place.value), &expected)) }
}
