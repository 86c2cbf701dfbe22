//! Who is asking (2): HTTP Basic with every request, or the log-in form and its cookies.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::form::Fields;
use crate::demo::identity::mix;

/// How long a session lives after its last use, milliseconds.
const LIFE_MS: i64 = 30 * 60_000;

/// How many sessions are kept.
const KEPT: usize = 1_000;

const COOKIE: &str = "session_id";
const XSRF_COOKIE: &str = "ecp-csrf-token";
const XSRF_HEADER: &str = "x-xsrftoken";

/// A user of the demo.
#[derive(Debug, PartialEq, Eq)]
pub struct User {
    pub name: &'static str,
    password: &'static str,
    /// Whether it has update permission.
    pub may_update: bool,
}

/// Every user: one who may do everything, one who may only look.
pub static USERS: [User; 2] = [
    User {
        name: super::USERNAME,
        password: super::PASSWORD,
        may_update: true,
    },
    User {
        name: "auditor",
        password: super::PASSWORD,
        may_update: false,
    },
];

/// Who is asking.
#[derive(Debug)]
pub enum Asker {
    /// A user.
    Known(&'static User),
    /// Nobody that is known.
    Nobody,
    /// Somebody's browser, without the header that proves that it is no other site's request (2, B′).
    Forged,
}

struct Session {
    token: String,
    xsrf: String,
    user: &'static User,
    used_ms: i64,
}

/// The sessions of the log-in form.
#[derive(Default)]
pub struct Sessions {
    known: Vec<Session>,
    given: u64,
}

impl Sessions {
    /// Whom a request's headers prove.
    pub fn identify(&mut self, headers: &HeaderMap, now_ms: i64) -> Asker {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(value) = text(header::AUTHORIZATION.as_str()) {
            return basic(value).map_or(Asker::Nobody, Asker::Known);
        }
        let cookies = text(header::COOKIE.as_str()).unwrap_or_default();
        let token = cookies.split(';').find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE).then_some(value)
        });
        let session = self
            .known
            .iter_mut()
            .find(|session| Some(&*session.token) == token && now_ms - session.used_ms < LIFE_MS);
        match session {
            None => Asker::Nobody,
            Some(session) if text(XSRF_HEADER) != Some(&session.xsrf) => Asker::Forged,
            Some(session) => {
                session.used_ms = now_ms;
                Asker::Known(session.user)
            }
        }
    }

    /// Signs a user in by the fields of the form.
    pub fn log_in(&mut self, fields: &Fields, seed: u64, now_ms: i64) -> Option<LogIn> {
        let name = fields.get("user_name")?;
        let user = USERS.iter().find(|user| user.name == name)?;
        if fields.get("password") != Some(user.password) || fields.get("login") != Some("Login") {
            return None;
        }
        self.given += 1;
        let word = |salt: u64| mix(seed ^ mix(self.given ^ (salt << 32)));
        let token = format!("{:016x}{:016x}", word(1), word(2));
        // 40 hex characters.
        let xsrf = format!("{:016x}{:016x}{:08x}", word(3), word(4), word(5) as u32);
        if self.known.len() == KEPT {
            self.known.remove(0);
        }
        self.known.push(Session {
            token: token.clone(),
            xsrf: xsrf.clone(),
            user,
            used_ms: now_ms,
        });
        Some(LogIn { token, xsrf })
    }
}

/// A log-in that succeeded.
pub struct LogIn {
    token: String,
    xsrf: String,
}

impl LogIn {
    /// Puts its cookies on an answer.
    pub fn mark(&self, response: &mut Response<Body>) {
        for cookie in [
            format!("{COOKIE}={}; Path=/; HttpOnly", self.token),
            format!("{XSRF_COOKIE}={}; Path=/", self.xsrf),
        ] {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
    }
}

fn basic(header: &str) -> Option<&'static User> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (name, password) = decoded.split_once(':')?;
    let is_them = |user: &&User| user.name == name && user.password == password;
    USERS
        .iter()
        .find(is_them)
        .filter(|_| scheme.eq_ignore_ascii_case("basic"))
}
