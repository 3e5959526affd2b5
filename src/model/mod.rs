//! The nouns. Pure data: nothing here looks at an account, a clock or a file.

pub mod call;
