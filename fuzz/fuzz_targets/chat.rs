//! Chunks of chat.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| octopusx_fuzz::stream::<octopusx::chat::ChatCompletionChunk>("chat_create", body));
