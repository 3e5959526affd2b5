//! What a person wants of the ways in: Session Manager, Client VPN.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

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
