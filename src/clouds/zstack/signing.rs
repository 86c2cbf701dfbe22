//! Cryptography of the log-in: the hash of a password, and requests that are signed with an access key.

use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::{digest, hmac};

/// A password as the API wants it: SHA-512, in lower-case hexadecimal digits, without salt.
pub(super) fn hashed(password: &str) -> String {
    let digest = digest::digest(&digest::SHA512, password.as_bytes());
    hex(digest.as_ref())
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// What signs requests in place of a session.
pub(super) struct AccessKey {
    id: String,
    secret: hmac::Key,
    zone: TimeZone,
}

/// The headers that a signature makes.
pub(super) struct Signed {
    /// `Authorization`.
    pub authorization: String,
    /// `Date`.
    pub date: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").finish_non_exhaustive()
    }
}

impl AccessKey {
    /// A key, and the zone of the server's clock: the server compares what clocks show, whatever zone a date names.
    pub fn new(id: &str, secret: &str, zone: TimeZone) -> Self {
        Self {
            id: id.to_owned(),
            secret: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes()),
            zone,
        }
    }

    /// Signs a request: `METHOD`, the date and the path (without the API's context path and the query), on a line each.
    pub fn sign(&self, method: &str, path: &str, now: Timestamp) -> Signed {
        let date = self.date(now);
        let tag = hmac::sign(&self.secret, format!("{method}\n{date}\n{path}").as_bytes());
        Signed {
            authorization: format!("ZStack {}:{}", self.id, STANDARD.encode(tag)),
            date,
        }
    }

    /// `Tue, 14 Nov 2017 22:20:57 GMT+08:00`: names of zones are ambiguous, offsets are not.
    fn date(&self, now: Timestamp) -> String {
        let local = now.to_zoned(self.zone.clone());
        let offset = if local.offset().is_zero() {
            String::new()
        } else {
            local.strftime("%:z").to_string()
        };
        format!("{} GMT{offset}", local.strftime("%a, %d %b %Y %H:%M:%S"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_password_is_hashed_by_sha_512() {
        // FIPS 180-2, C.1.
        assert_eq!(
            hashed("abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        );
    }

    #[test]
    fn a_request_is_signed_with_the_clock_of_the_servers_zone() {
        let now = "2017-11-14T14:20:57Z".parse().unwrap();
        let east = TimeZone::fixed(jiff::tz::offset(8));
        let signed = AccessKey::new("key-id", "hunter2", east).sign("GET", "/v1/zones", now);
        assert_eq!(signed.date, "Tue, 14 Nov 2017 22:20:57 GMT+08:00");
        // printf 'GET\nTue, 14 Nov 2017 22:20:57 GMT+08:00\n/v1/zones' | openssl dgst -sha1 -hmac hunter2 -binary | base64
        assert_eq!(
            signed.authorization,
            "ZStack key-id:jpB6IgfVci0zaU4MjygsYJhaSKY="
        );
        let utc = AccessKey::new("key-id", "hunter2", TimeZone::UTC);
        assert_eq!(utc.date(now), "Tue, 14 Nov 2017 14:20:57 GMT");
        assert!(!format!("{utc:?}").contains("hunter2"));
    }
}
