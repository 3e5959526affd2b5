//! A set that mostly has one element, and takes no more room than that then: a tree's first leaf has room for eleven.

use std::collections::BTreeSet;

/// An ordered set of few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Few<T> {
    /// Nothing.
    #[default]
    None,
    /// One.
    One(T),
    /// Several; may have become less since.
    Many(BTreeSet<T>),
}

impl<T: Ord> Few<T> {
    /// Puts one in.
    pub fn insert(&mut self, element: T) {
        *self = match std::mem::take(self) {
            Few::None => Few::One(element),
            Few::One(only) if only == element => Few::One(only),
            Few::One(only) => Few::Many(BTreeSet::from([only, element])),
            Few::Many(mut all) => {
                all.insert(element);
                Few::Many(all)
            }
        };
    }

    /// Takes one out.
    pub fn remove(&mut self, element: &T) {
        match self {
            Few::None => {}
            Few::One(only) if only == element => *self = Few::None,
            Few::One(_) => {}
            Few::Many(all) => drop(all.remove(element)),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Few::None => 0,
            Few::One(_) => 1,
            Few::Many(all) => all.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let (one, many) = match self {
            Few::None => (None, None),
            Few::One(only) => (Some(only), None),
            Few::Many(all) => (None, Some(all)),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

impl<T: Ord> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, more: I) {
        more.into_iter().for_each(|element| self.insert(element));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_set_that_a_tree_is() {
        let (mut few, mut tree) = (Few::default(), BTreeSet::new());
        for (put, element) in
            [(true, 3), (true, 3), (false, 1), (false, 3), (true, 2), (true, 1), (true, 2), (false, 2), (false, 9), (false, 1)]
        {
            if put {
                few.insert(element);
                tree.insert(element);
            } else {
                few.remove(&element);
                tree.remove(&element);
            }
            assert_eq!(few.iter().collect::<Vec<_>>(), tree.iter().collect::<Vec<_>>());
            assert_eq!((few.len(), few.is_empty()), (tree.len(), tree.is_empty()));
        }
    }
}
