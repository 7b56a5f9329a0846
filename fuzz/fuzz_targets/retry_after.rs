//! `Retry-After` in any form: none, or a time that can be waited.
#![no_main]

use std::time::{Duration, SystemTime};

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    if let Some(wait) = octopusx::fuzzing::retry_after(value, now) {
        assert!(now.checked_add(wait).is_some(), "{wait:?}");
    }
});
