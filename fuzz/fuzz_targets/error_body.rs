//! The gateway's words about a failure: the first byte chooses the status, the rest is the body.
#![no_main]

use octopusx::bytes::Bytes;
use octopusx::http::StatusCode;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (first, body) = input.split_first().unwrap_or((&0, &[]));
    let statuses = [200, 400, 401, 402, 403, 404, 429, 500, 502, 503, 529, 999];
    let status = StatusCode::from_u16(statuses[usize::from(*first) % statuses.len()]).unwrap();
    let error = octopusx::fuzzing::refusal("chat_create", status, Bytes::copy_from_slice(body));
    octopusx_fuzz::well_formed(&error);
});
