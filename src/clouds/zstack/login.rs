//! Logging in, staying logged in, and logging out.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Zstack;
use super::calls::Call;
use super::dates::zone_of;
use super::jobs::job_id;
use super::mapping::{id, own};
use super::refusal::{Said, refusal, said};
use super::session::{SessionId, secret};
use super::signing::{AccessKey, hashed};
use super::wire;
use crate::clouds::body::decode;
use crate::clouds::http::{Answer, Lane};
use crate::clouds::lenient::Text;
use crate::clouds::{Error, Result};
use crate::config::{Credentials, ZstackLogin};
use crate::model::{Group, Privileges, Session};

/// The waits between looks at the job that renews a session.
const RENEWAL_LOOKS: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What a log-in has to say where the code is known: the code, and what to do.
const LOGIN_ERRORS: &[(&str, &str)] = &[
    (
        "ID.1000",
        "wrong name or password; check username and password, and that `login` is the right kind",
    ),
    (
        "ID.1005",
        "the password must be changed first; do that in ZStack's own interface",
    ),
    (
        "ID.1006",
        "too many sessions of this user are open; end some in ZStack, or wait until they run out",
    ),
    (
        "ID.2001",
        "a one-time code is asked for as well, which is not known here; use login = \"access_key\"",
    ),
    (
        "LOGIN_CONTROL.1002",
        "the user is locked after too many failed attempts; wait, or have it unlocked",
    ),
    (
        "LOGIN_CONTROL.1003",
        "a captcha is asked for after failed attempts; log in once in ZStack's own interface",
    ),
    (
        "LOGIN_CONTROL.1005",
        "a captcha is asked for after failed attempts; log in once in ZStack's own interface",
    ),
];

impl Zstack {
    /// Signs in and says who that is. A session that stands is used again: some servers end the others of a user at each log-in.
    pub(super) async fn sign_in(&self) -> Result<Session> {
        let _alone = self.sessions.alone().await;
        if !self.stands().await {
            self.log_in().await?;
        }
        Ok(Session {
            user: Arc::from(self.username()),
            full_name: None,
            tenant: match &self.settings.login {
                ZstackLogin::User { account } => own(Some(account)),
                ZstackLogin::Iam2 { project } => own(project.as_deref()),
                _ => None,
            },
            privileges: Privileges::Unlisted,
        })
    }

    /// Whether there is a session that the server still takes.
    async fn stands(&self) -> bool {
        let Some(session) = self.sessions.current() else {
            return false;
        };
        let path = format!("/v1/accounts/sessions/{}/valid", session.expose());
        let Ok(call) = Call::get(&path, Lane::Act) else {
            return false;
        };
        // Nothing of a failure is told: its words may repeat the address, and with it the session.
        match self.send_bare(call).await {
            Ok(answer) if answer.status.is_success() => {
                decode::<wire::Valid>(&answer.body, "the answer")
                    .is_ok_and(|answer| answer.valid.0 == Some(true))
            }
            _ => false,
        }
    }

    /// Logs in with the configured credentials. To be called while nobody else logs in.
    ///
    /// # Errors
    /// [`Error::SignIn`] with what to do; whatever the network says.
    pub(super) async fn log_in(&self) -> Result<()> {
        let Credentials::Password { username, password } = &self.credentials else {
            return Err(Error::Secret(
                "ZStack needs a user name and a password, and has neither".to_owned(),
            ));
        };
        let password = password
            .resolve()
            .await
            .map_err(|error| Error::Secret(error.to_string()))?;
        let password = password.expose();
        let (path, body) = match &self.settings.login {
            ZstackLogin::AccessKey => return self.start_signing(username, password).await,
            ZstackLogin::Account => (
                "/v1/accounts/login",
                json!({"logInByAccount": {"accountName": username, "password": hashed(password)}}),
            ),
            ZstackLogin::User { account } => (
                "/v1/accounts/users/login",
                json!({"logInByUser":
                    {"accountName": account, "userName": username, "password": hashed(password)}}),
            ),
            // The directory needs the password itself.
            ZstackLogin::Ldap => (
                "/v1/ldap/login",
                json!({"logInByLdap": {"uid": username, "password": password}}),
            ),
            ZstackLogin::Iam2 { .. } => (
                "/v1/iam2/virtual-ids/login",
                json!({"loginIAM2VirtualID": {"name": username, "password": hashed(password)}}),
            ),
        };
        let first = self.open_session(path, &body, None).await?;
        match &self.settings.login {
            ZstackLogin::Iam2 {
                project: Some(project),
            } => {
                let path = "/v1/iam2/projects/login";
                let body = json!({"loginIAM2Project": {"projectName": project}});
                self.open_session(path, &body, Some(first)).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Sends one log-in and begins the session that it answers. `through` is a session that the log-in is made in.
    async fn open_session(
        &self,
        path: &str,
        body: &Value,
        through: Option<SessionId>,
    ) -> Result<SessionId> {
        let call = Call::change(Method::PUT, path, Some(body))?;
        let mut headers = HeaderMap::new();
        if let Some(session) = &through
            && let Some(value) = secret(&format!("OAuth {}", session.expose()))
        {
            headers.insert(AUTHORIZATION, value);
        }
        let answer = self.send_with(call, headers).await?;
        if !answer.status.is_success() {
            return Err(login_refusal(&answer));
        }
        let answer: wire::Inventory<wire::Session<'_>> =
            decode(&answer.body, "the answer to the log-in")?;
        let no_session = || {
            Error::Protocol(
                "the answer to the log-in names no session; check that the url ends with the context path, as in \
                 http://cloud.example.com:8080/zstack"
                    .to_owned(),
            )
        };
        let session = answer.inventory.0.ok_or_else(no_session)?;
        let session_id = SessionId::new(id(session.uuid.get()).ok_or_else(no_session)?);
        self.sessions.begin(session_id.clone(), &session, through);
        self.learn_project(&session.account_uuid);
        self.learn_zone(&session.create_date).await;
        Ok(session_id)
    }

    /// Whose VMs are seen.
    fn learn_project(&self, account: &Text<'_>) {
        let name = match &self.settings.login {
            ZstackLogin::User { account } => Some(&**account),
            ZstackLogin::Iam2 { project } => project.as_deref(),
            _ => None,
        };
        let name = own(name).or_else(|| own(Some(self.username())));
        let project = id(account.get()).zip(name).map(|(id, name)| Group {
            id: id.into(),
            name,
        });
        self.learnt().project = project;
    }

    /// The zone of the server's dates, from the difference of two of its clocks: the session's date is *now* in that zone.
    async fn learn_zone(&self, created: &Text<'_>) {
        if self.settings.time_zone.is_some() || self.learnt().zone.is_some() {
            return;
        }
        let Some(created) = created.get() else { return };
        let zone = self
            .current_time()
            .await
            .and_then(|now| zone_of(created, now));
        self.learnt().zone = zone;
    }

    /// The time by the server's clock. Without it dates are left out, which is no reason not to sign in.
    async fn current_time(&self) -> Option<Timestamp> {
        let body = json!({"getCurrentTime": {}});
        let call = Call::change(Method::PUT, "/v1/management-nodes/actions", Some(&body)).ok()?;
        let answer = self.send_bare(call).await.ok()?;
        let now: wire::Now = decode(&answer.body, "the time").ok()?;
        let now = now.current_time.0?;
        let by_seconds = || Timestamp::from_second(now.seconds.0?).ok();
        let by_millis = Timestamp::from_millisecond(now.million_seconds.0.unwrap_or(0)).ok();
        by_millis
            .filter(|now| *now > Timestamp::UNIX_EPOCH)
            .or_else(by_seconds)
    }

    /// Signs every request from now on, if one that is signed is answered.
    async fn start_signing(&self, key: &str, secret: &str) -> Result<()> {
        let zone = self.settings.time_zone.clone().unwrap_or(TimeZone::UTC);
        self.sessions
            .begin_signing(AccessKey::new(key, secret.trim(), zone));
        let call = Call::get("/v1/vm-instances?q=type%3DUserVm&count=true", Lane::Act)?;
        let (_, answer) = self.send(call).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        self.sessions.end();
        Err(match (answer.status, refusal(&answer)) {
            (_, error @ Error::SignIn(_)) => error,
            (StatusCode::BAD_REQUEST, error) => Error::SignIn(format!(
                "{error}; the cloud may have no access keys, which its open edition lacks"
            )),
            (StatusCode::SERVICE_UNAVAILABLE, Error::Forbidden(why)) => Error::SignIn(why),
            (_, error) => error,
        })
    }

    /// Renews the session when it is time for that. A failure shows when the session ends: then there is another log-in.
    pub(super) async fn renew_if_due(&self) {
        if self.sessions.due().is_none() {
            return;
        }
        // Whoever comes while it is renewed goes on with the session as it is.
        let Ok(_alone) = self.sessions.renewing.try_lock() else {
            return;
        };
        let Some((session, life)) = self.sessions.due() else {
            return;
        };
        let done = self.renew(&session, life).await.unwrap_or(false);
        self.sessions.renewed(&session, done);
    }

    /// Whether the session was renewed. The errors are told to nobody, for they may hold the session's id.
    async fn renew(&self, session: &SessionId, life: Duration) -> Result<bool> {
        let job = job_id()?;
        let path = format!("/v1/accounts/sessions/{}/renew", session.expose());
        let body = json!({"renewSession": {"duration": life.as_secs()}});
        let call = Call::change(Method::PUT, &path, Some(&body))?.with_job(&job);
        let (_, answer) = self.send(call).await?;
        if !Self::is_running(&answer) {
            return Ok(answer.status.is_success());
        }
        let look = Call::get(&format!("/v1/api-jobs/{job}"), Lane::Read)?;
        for wait in RENEWAL_LOOKS {
            sleep(wait).await;
            let (_, answer) = self.send(look.clone()).await?;
            if !Self::is_running(&answer) {
                return Ok(answer.status.is_success());
            }
        }
        Ok(false)
    }

    /// Closes what was opened: the number of sessions is limited.
    pub(super) async fn log_out(&self) {
        for session in self.sessions.end() {
            let path = format!("/v1/accounts/sessions/{}", session.expose());
            if let Ok(call) = Call::change(Method::DELETE, &path, None) {
                // Nobody is left to be told.
                let _ = self.send_bare(call).await;
            }
        }
    }

    /// The name that it signs in with.
    pub(super) fn username(&self) -> &str {
        match &self.credentials {
            Credentials::Password { username, .. } => username,
            Credentials::Token(_) => "",
        }
    }
}

/// Why a log-in was refused, and what to do.
fn login_refusal(answer: &Answer) -> Error {
    if answer.status == StatusCode::NOT_FOUND {
        return Error::NotFound(
            "no ZStack answers the log-in at this address; check that the url ends with the context path, as in \
             http://cloud.example.com:8080/zstack, and that the server has this kind of `login`"
                .to_owned(),
        );
    }
    let Some(said) =
        said(&answer.body).filter(|_| answer.status == StatusCode::SERVICE_UNAVAILABLE)
    else {
        return refusal(answer);
    };
    let known = LOGIN_ERRORS.iter().find(|(code, _)| said.has(code));
    match known {
        Some((code, words)) => Error::SignIn(format!("{words} ({code})")),
        None if is_about_login(&said) => Error::SignIn(said.to_string()),
        None => refusal(answer),
    }
}

fn is_about_login(said: &Said) -> bool {
    let about = |code: &String| code.starts_with("ID.") || code.starts_with("LOGIN_CONTROL.");
    said.session || said.codes.iter().any(about)
}

#[cfg(test)]
mod tests;
