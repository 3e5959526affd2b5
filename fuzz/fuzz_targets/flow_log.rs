//! See `hikkoshi_fuzz::flow_log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hikkoshi_fuzz::flow_log(data));
