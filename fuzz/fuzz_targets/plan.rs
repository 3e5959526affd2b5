//! See `hikkoshi_fuzz::plan`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hikkoshi_fuzz::plan(data));
