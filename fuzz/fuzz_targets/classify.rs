//! A 2xx answer: its type, or the error that it really is.
#![no_main]

use octopusx::bytes::Bytes;
use octopusx::chat::ChatCompletion;
use octopusx::fuzzing::answer;
use octopusx::videos::Video;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let body = Bytes::copy_from_slice(body);
    if let Err(error) = answer::<ChatCompletion>("chat_create", body.clone()) {
        octopusx_fuzz::well_formed(&error);
    }
    if let Err(error) = answer::<Video>("videos_create", body) {
        octopusx_fuzz::well_formed(&error);
    }
});
