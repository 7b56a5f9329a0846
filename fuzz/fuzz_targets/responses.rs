//! Events of responses.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| octopusx_fuzz::stream::<octopusx::responses::ResponseStreamEvent>(
    "responses_create",
    body
));
