//! See `hikkoshi_fuzz::journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hikkoshi_fuzz::journal(data));
