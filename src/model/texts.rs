//! Which resources of a kind have which texts in their documents: made when it is first asked for, brought up to date when
//! it is asked for again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::few::Few;
use super::id::Id;
use super::path;
use super::resources::Resources;

/// The indexes of an account: by kind and path.
#[derive(Clone, Debug, Default)]
pub(super) struct Indexes(RefCell<BTreeMap<String, Vec<Index>>>);

/// One index: of a kind, what a path selects.
#[derive(Clone, Debug)]
struct Index {
    at: String,
    ids: HashMap<Arc<str>, Few<Id>>,
    /// What each was filed under.
    filed: HashMap<Id, Few<Arc<str>>>,
    /// What may have changed since.
    changed: BTreeSet<Id>,
}

impl Indexes {
    /// A resource of a kind comes, goes, or its document is opened for change.
    pub fn changed(&mut self, kind: &str, id: &Id) {
        for index in self.0.get_mut().get_mut(kind).into_iter().flatten() {
            index.changed.insert(id.clone());
        }
    }

    /// The ids of a kind under a text.
    pub fn having(&self, kind: &str, at: &str, text: &str, resources: &Resources) -> Vec<Id> {
        self.ask(kind, at, resources, |index| index.ids.get(text).into_iter().flat_map(Few::iter).cloned().collect())
    }

    /// How many there are.
    pub fn count(&self, kind: &str, at: &str, text: &str, resources: &Resources) -> usize {
        self.ask(kind, at, resources, |index| index.ids.get(text).map_or(0, Few::len))
    }

    /// The ids of a kind under any text.
    pub fn telling(&self, kind: &str, at: &str, resources: &Resources) -> BTreeSet<Id> {
        self.ask(kind, at, resources, |index| index.filed.keys().cloned().collect())
    }

    fn ask<T>(&self, kind: &str, at: &str, resources: &Resources, answer: impl FnOnce(&Index) -> T) -> T {
        let mut kinds = self.0.borrow_mut();
        if !kinds.contains_key(kind) {
            kinds.insert(kind.to_owned(), Vec::new());
        }
        let indexes = kinds.get_mut(kind).expect("it was put in above");
        let place = indexes.iter().position(|index| index.at == at).unwrap_or_else(|| {
            let changed = resources.of_kind(kind).map(|resource| resource.id.clone()).collect();
            indexes.push(Index { at: at.to_owned(), ids: HashMap::new(), filed: HashMap::new(), changed });
            indexes.len() - 1
        });
        indexes[place].catch_up(kind, resources);
        answer(&indexes[place])
    }
}

impl Index {
    fn catch_up(&mut self, kind: &str, resources: &Resources) {
        for id in std::mem::take(&mut self.changed) {
            for text in self.filed.remove(&id).unwrap_or_default().iter() {
                if let Some(ids) = self.ids.get_mut(text) {
                    ids.remove(&id);
                }
            }
            let resource = resources.get(&id).filter(|resource| resource.kind == kind);
            let texts = resource.map(|resource| texts(&resource.doc, &self.at)).unwrap_or_default();
            let mut filed = Few::default();
            for text in texts {
                let text = self.ids.get_key_value(text.as_str()).map_or_else(|| Arc::from(text), |(known, _)| known.clone());
                self.ids.entry(text.clone()).or_default().insert(id.clone());
                filed.insert(text);
            }
            if !filed.is_empty() {
                self.filed.insert(id, filed);
            }
        }
    }
}

/// What a path selects: texts as they are, everything else as JSON.
fn texts(doc: &Value, at: &str) -> Vec<String> {
    path::select(doc, at).into_iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}
