//! See `hikkoshi_fuzz::intent`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hikkoshi_fuzz::intent(data));
