//! Checksums that come with a file: found in its headers, computed while it is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use md5::Md5;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What a whole file must add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checksum {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Md5,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Md5 => "md5",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Md5 => 16,
        }
    }
}

impl Checksum {
    /// The best checksum of the whole file among the headers of a 200 answer.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let listed = |name: &str, key: &str| {
            let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
            let mut members = values.flat_map(|value| value.split(','));
            members.find_map(|member| member.trim().split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case(key)))
        };
        let digest = |name: &str, key: &str| listed(name, key).map(|(_, value)| value.trim_matches(':'));
        let sha256 = ["repr-digest", "content-digest", "digest"].into_iter().find_map(|name| digest(name, "sha-256"));
        let md5 = ["repr-digest", "digest"].into_iter().find_map(|name| digest(name, "md5"));
        sha256
            .or_else(|| text("x-amz-checksum-sha256"))
            .and_then(|text| Self::base64(Algorithm::Sha256, text))
            .or_else(|| Self::base64(Algorithm::Md5, text("content-md5").or(md5).or(digest("x-goog-hash", "md5"))?))
            .or_else(|| Self::of_etag(headers))
    }

    /// Object storages tell the MD5 of an object that came in one piece as its ETag, unless they encrypt it with a key of
    /// its own.
    fn of_etag(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let storage = ["x-amz-request-id", "x-oss-request-id", "x-cos-request-id"].iter().any(|name| headers.contains_key(*name));
        let encryption = text("x-amz-server-side-encryption").is_some_and(|kind| kind != "AES256");
        let own_key = headers.contains_key("x-amz-server-side-encryption-customer-algorithm");
        if !storage || encryption || own_key {
            return None;
        }
        Self::hex(Algorithm::Md5, text("etag")?.strip_prefix('"')?.strip_suffix('"')?)
    }

    fn base64(algorithm: Algorithm, text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        (bytes.len() == algorithm.length()).then_some(Self { algorithm, bytes })
    }

    fn hex(algorithm: Algorithm, text: &str) -> Option<Self> {
        if text.len() != algorithm.length() * 2 || !text.is_ascii() {
            return None;
        }
        let bytes: Option<Vec<u8>> =
            (0..algorithm.length()).map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect();
        Some(Self { algorithm, bytes: bytes? })
    }

    pub(super) fn name(&self) -> &'static str {
        self.algorithm.name()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ self.name(): STANDARD.encode(&self.bytes) })
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        [Algorithm::Sha256, Algorithm::Md5]
            .into_iter()
            .find_map(|algorithm| Self::base64(algorithm, value.get(algorithm.name())?.as_str()?))
    }

    pub(super) fn begin(&self) -> Sum {
        match self.algorithm {
            Algorithm::Sha256 => Sum::Sha256(Sha256::new()),
            Algorithm::Md5 => Sum::Md5(Md5::new()),
        }
    }

    pub(super) fn is(&self, sum: Sum) -> bool {
        match sum {
            Sum::Sha256(sum) => sum.finalize().as_slice() == self.bytes,
            Sum::Md5(sum) => sum.finalize().as_slice() == self.bytes,
        }
    }
}

/// A checksum under way.
pub(super) enum Sum {
    Sha256(Sha256),
    Md5(Md5),
}

impl Sum {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(sum) => sum.update(bytes),
            Self::Md5(sum) => sum.update(bytes),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MD5: &str = "XUFAKrxLKna5cZ2REBfFkg==";
    const MD5_HEX: &str = "5d41402abc4b2a76b9719d911017c592";
    const SHA256: &str = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

    fn found(headers: &[(&'static str, &str)]) -> Option<Checksum> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Checksum::of(&map)
    }

    #[test]
    fn checksums_are_found_in_every_form_and_hold_for_hello() {
        let etag = format!("\"{MD5_HEX}\"");
        for headers in [
            vec![("content-md5", MD5)],
            vec![("digest", &*format!("SHA-256={SHA256}"))],
            vec![("digest", &*format!("md5={MD5}"))],
            vec![("repr-digest", &*format!("sha-512=:AA==:, sha-256=:{SHA256}:"))],
            vec![("content-digest", &*format!("sha-256=:{SHA256}:"))],
            vec![("x-amz-checksum-sha256", SHA256)],
            vec![("x-goog-hash", "crc32c=AAAAAA=="), ("x-goog-hash", &*format!("md5={MD5}"))],
            vec![("x-amz-request-id", "1"), ("etag", &*etag), ("x-amz-server-side-encryption", "AES256")],
            vec![("x-oss-request-id", "1"), ("etag", &*etag.to_uppercase())],
        ] {
            let checksum = found(&headers);
            assert!(checksum.is_some(), "{headers:?}");
            let checksum = checksum.unwrap();
            let mut sum = checksum.begin();
            sum.add(b"hel");
            sum.add(b"lo");
            assert!(checksum.is(sum), "{headers:?}");
            let mut other = checksum.begin();
            other.add(b"hell");
            assert!(!checksum.is(other));
            assert_eq!(Checksum::from_json(&checksum.to_json()), Some(checksum));
        }
    }

    #[test]
    fn what_may_be_something_else_is_no_checksum() {
        let etag = format!("\"{MD5_HEX}\"");
        for headers in [
            vec![],
            vec![("etag", &*etag)],
            vec![("x-amz-request-id", "1"), ("etag", &*format!("W/{etag}"))],
            vec![("x-amz-request-id", "1"), ("etag", "\"5d41402abc4b2a76b9719d911017c592-3\"")],
            vec![("x-amz-request-id", "1"), ("etag", &*etag), ("x-amz-server-side-encryption", "aws:kms")],
            vec![("x-amz-checksum-sha256", &*format!("{SHA256}-2"))],
            vec![("content-md5", "soon")],
            vec![("content-md5", SHA256)],
            vec![("digest", "unixsum=30637")],
        ] {
            assert_eq!(found(&headers), None, "{headers:?}");
        }
    }
}
