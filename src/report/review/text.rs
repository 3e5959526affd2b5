//! Texts that come again and again, kept once.

use std::collections::HashMap;

use serde::Serialize;

/// Texts by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Texts {
    list: Vec<String>,
    known: HashMap<String, usize>,
}

impl Texts {
    /// The number of a text.
    pub fn of(&mut self, text: &str) -> usize {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        self.list.push(text.to_owned());
        self.known.insert(text.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }

    /// The texts in the order of their numbers.
    pub fn into_list(self) -> Vec<String> {
        self.list
    }
}

impl Serialize for Texts {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(to)
    }
}
