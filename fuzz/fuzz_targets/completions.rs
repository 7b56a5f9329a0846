//! Chunks of completions.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| octopusx_fuzz::stream::<octopusx::completions::CompletionChunk>(
    "completions_create",
    body
));
