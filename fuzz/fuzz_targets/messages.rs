//! Events of messages.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| octopusx_fuzz::stream::<octopusx::messages::MessageStreamEvent>(
    "messages_create",
    body
));
