//! What files leave out: a field that says only what is so without it.

/// Whether a value is the one that is left out of files, for `skip_serializing_if`.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
