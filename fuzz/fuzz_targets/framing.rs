//! Bytes to messages.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| octopusx_fuzz::framing(body));
