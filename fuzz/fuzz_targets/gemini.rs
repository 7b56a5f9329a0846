//! Events of Gemini.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| octopusx_fuzz::stream::<octopusx::gemini::GeminiGenerateContentResponse>(
    "gemini_stream_generate_content",
    body
));
