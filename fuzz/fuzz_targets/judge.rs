//! See `anachron_fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (anachron_fuzz::target("judge").expect("a target").run)(bytes));
