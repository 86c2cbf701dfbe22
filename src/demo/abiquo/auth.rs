//! Who asks (1.2): Basic, the newest token, or the session cookie.

use std::collections::{HashMap, VecDeque};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

use super::estate::{Estate, User};

/// How long a token is good for, milliseconds.
const LIFE_MS: i64 = 30 * 60 * 1_000;
/// How many tokens are remembered; the oldest go first.
const KEPT: usize = 65_536;

const TOKEN: HeaderName = HeaderName::from_static("x-abiquo-token");

/// The tokens that were given out.
#[derive(Default)]
pub struct Tokens {
    /// Token, user by position, end of life in milliseconds.
    known: HashMap<u128, (usize, i64)>,
    order: VecDeque<u128>,
    rng: fastrand::Rng,
}

impl Tokens {
    /// A new token for a user.
    fn give(&mut self, user: usize, now_ms: i64) -> u128 {
        if self.order.len() == KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        let token = self.rng.u128(..);
        self.known.insert(token, (user, now_ms + LIFE_MS));
        self.order.push_back(token);
        token
    }

    fn user_of(&self, text: &str, now_ms: i64) -> Option<usize> {
        let token = u128::from_str_radix(text, 16).ok()?;
        let &(user, ends_ms) = self.known.get(&token)?;
        (now_ms < ends_ms).then_some(user)
    }

    /// The user that a request's headers prove, by position.
    pub fn identify(&self, estate: &Estate, headers: &HeaderMap, now_ms: i64) -> Option<usize> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
            return match scheme.to_ascii_lowercase().as_str() {
                "basic" => basic(estate, rest.trim()),
                "token" => self.user_of(rest.trim(), now_ms),
                _ => None,
            };
        }
        let cookies = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let auth = cookies
            .flat_map(|value| value.split(';'))
            .find_map(|pair| pair.trim().strip_prefix("auth="))?;
        self.user_of(auth, now_ms)
    }

    /// Puts a new token and the cookies that slide with it on an answer.
    pub fn renew(&mut self, response: &mut Response<Body>, user: usize, now_ms: i64) {
        let token = format!("{:032x}", self.give(user, now_ms));
        let ends = Timestamp::from_millisecond(now_ms + LIFE_MS).unwrap_or(Timestamp::UNIX_EPOCH);
        let ends = ends.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let headers = response.headers_mut();
        for name in ["auth", "ABQSESSIONID"] {
            if let Ok(value) =
                HeaderValue::from_str(&format!("{name}={token}; Expires={ends}; Path=/; HttpOnly"))
            {
                headers.append(header::SET_COOKIE, value);
            }
        }
        if let Ok(value) = HeaderValue::from_str(&token) {
            headers.insert(TOKEN, value);
        }
    }
}

fn basic(estate: &Estate, encoded: &str) -> Option<usize> {
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (nick, password) = decoded.split_once(':')?;
    let is_them = |user: &User| user.nick == nick && user.password.as_deref() == Some(password);
    estate.users.iter().position(is_them)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_token_lives_for_half_an_hour_whatever_came_after_it() {
        let mut tokens = Tokens::default();
        let first = format!("{:032x}", tokens.give(3, 1_000));
        tokens.give(4, 2_000);
        assert_eq!(tokens.user_of(&first, 1_000 + LIFE_MS - 1), Some(3));
        assert_eq!(tokens.user_of(&first, 1_000 + LIFE_MS), None);
        assert_eq!(tokens.user_of("nonsense", 1_000), None);
    }

    #[test]
    fn the_store_is_bounded_and_forgets_the_oldest() {
        let mut tokens = Tokens::default();
        let first = format!("{:032x}", tokens.give(0, 0));
        for _ in 0..KEPT {
            tokens.give(0, 0);
        }
        assert_eq!(tokens.known.len(), KEPT);
        assert_eq!(tokens.user_of(&first, 0), None);
    }
}
