//! See `hikkoshi_fuzz::dump`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hikkoshi_fuzz::dump(data));
