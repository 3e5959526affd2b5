//! Where a route is for.

use std::fmt;
use std::ops::Deref;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The range or the prefix list that a route is for: read as the text that it is; the range in it is read once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Destination {
    text: String,
    range: Option<IpNet>,
}

impl Destination {
    /// The range; none if it is a prefix list.
    pub fn range(&self) -> Option<IpNet> {
        self.range
    }
}

impl From<String> for Destination {
    fn from(text: String) -> Destination {
        Destination { range: text.parse().ok(), text }
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> String {
        destination.text
    }
}

impl Deref for Destination {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq<&str> for Destination {
    fn eq(&self, text: &&str) -> bool {
        self.text == *text
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
