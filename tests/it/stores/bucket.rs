//! An object store in memory, strict as S3 is: conditional writes, an ETag for each write. It can lose answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use hikkoshi::journal::objects::{NotPut, Object, Objects, Unread};

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Pass,
    /// It does not arrive, and no answer comes.
    Drop,
    /// It is carried out, and no answer comes.
    Lose,
    /// It is refused: no permission, no room.
    Refuse,
}

#[derive(Default)]
struct Inside {
    objects: BTreeMap<String, Object>,
    serial: u64,
    fates: VecDeque<Fate>,
    puts: usize,
    deaf: bool,
}

/// A bucket that several may share.
#[derive(Clone, Default)]
pub struct Bucket(Arc<Mutex<Inside>>);

impl Bucket {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().expect("nobody panics in here")
    }

    /// What becomes of the next writes, one after the other; then all pass.
    pub fn next(&self, fates: impl IntoIterator<Item = Fate>) {
        self.inside().fates = fates.into_iter().collect();
    }

    /// How many writes there were.
    pub fn puts(&self) -> usize {
        self.inside().puts
    }

    /// No read is answered any more, or again.
    pub fn deaf(&self, deaf: bool) {
        self.inside().deaf = deaf;
    }

    /// Changes an object behind everybody's back; none deletes it.
    pub fn set(&self, key: &str, bytes: Option<Vec<u8>>) {
        let mut inside = self.inside();
        match bytes {
            Some(bytes) => inside.objects.insert(key.to_owned(), Object { bytes, etag: "altered".to_owned() }),
            None => inside.objects.remove(key),
        };
    }

    /// An object as text.
    pub fn text(&self, key: &str) -> String {
        let inside = self.inside();
        let object = inside.objects.get(key).unwrap_or_else(|| panic!("no {key}"));
        String::from_utf8(object.bytes.clone()).expect("it is text")
    }

    fn put(&self, key: &str, bytes: &[u8], fits: impl Fn(Option<&Object>) -> bool) -> Result<String, NotPut> {
        let mut inside = self.inside();
        inside.puts += 1;
        let fate = inside.fates.pop_front().unwrap_or(Fate::Pass);
        match fate {
            Fate::Drop => return Err(NotPut::Lost("no answer".to_owned())),
            Fate::Refuse => return Err(NotPut::Refused("AccessDenied".to_owned())),
            Fate::Pass | Fate::Lose => {}
        }
        let done = if fits(inside.objects.get(key)) {
            inside.serial += 1;
            let etag = format!("etag-{}", inside.serial);
            inside.objects.insert(key.to_owned(), Object { bytes: bytes.to_vec(), etag: etag.clone() });
            Ok(etag)
        } else {
            Err(NotPut::Taken)
        };
        if fate == Fate::Lose { Err(NotPut::Lost("no answer".to_owned())) } else { done }
    }
}

impl Objects for Bucket {
    fn describe(&self) -> String {
        "s3://night/shop".to_owned()
    }

    fn get(&self, key: &str) -> Result<Option<Object>, Unread> {
        let inside = self.inside();
        if inside.deaf { Err(Unread("no answer".to_owned())) } else { Ok(inside.objects.get(key).cloned()) }
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        let inside = self.inside();
        if inside.deaf {
            return Err(Unread("no answer".to_owned()));
        }
        Ok(inside.objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<String, NotPut> {
        self.put(key, bytes, |there| there.is_none())
    }

    fn put_if(&self, key: &str, bytes: &[u8], etag: &str) -> Result<String, NotPut> {
        self.put(key, bytes, |there| there.is_some_and(|object| object.etag == etag))
    }

    fn delete(&self, key: &str) -> Result<(), Unread> {
        let mut inside = self.inside();
        if inside.deaf {
            return Err(Unread("no answer".to_owned()));
        }
        inside.objects.remove(key);
        Ok(())
    }
}
