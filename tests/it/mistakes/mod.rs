//! The numbered mistakes of a naive tool, each as a test that this one does not make it.

/// Those about what has no state of its own.
mod stateless;
