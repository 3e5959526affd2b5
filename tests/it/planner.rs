//! What is planned for which account and intent.
