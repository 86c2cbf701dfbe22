//! Signing in to Keystone v3.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::Openstack;
use super::calls::headers;
use super::catalogue::Catalogue;
use super::mapping::{id, own};
use super::refusal::refusal;
use super::session::{Scope, Token, Who};
use super::wire;
use crate::clouds::body::decode;
use crate::clouds::http::{Answer, Lane, Request, Route};
use crate::clouds::{Error, Result};
use crate::config::{Credentials, Domain, OpenstackAuth, OpenstackProject, Secret};

/// What a token lives where Keystone does not say, by its own default.
const LIFE: Duration = Duration::from_secs(3_600);

/// The longest token that is sent.
const MAX_TOKEN: usize = 16 << 10;

/// Where Keystone v3 begins, whichever of its addresses is configured.
pub(super) fn root(url: &Url) -> Url {
    let mut root = url.clone();
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v2.0").unwrap_or(path);
    let path = if path.ends_with("/v3") {
        path.to_owned()
    } else {
        format!("{path}/v3")
    };
    root.set_path(&path);
    root
}

fn of_domain(domain: &Domain) -> Value {
    match domain {
        Domain::Id(id) => json!({"id": id}),
        Domain::Name(name) => json!({"name": name}),
    }
}

fn scope(project: Option<&OpenstackProject>) -> Option<Value> {
    Some(match project? {
        OpenstackProject::Id(id) => json!({"project": {"id": id}}),
        OpenstackProject::Name { name, domain } => {
            json!({"project": {"name": name, "domain": of_domain(domain)}})
        }
    })
}

/// The body of a sign-in.
pub(super) fn question(
    auth: &OpenstackAuth,
    username: Option<&str>,
    secret: &Secret,
    project: Option<&OpenstackProject>,
) -> Value {
    let (name, secret) = (username.unwrap_or_default(), secret.expose());
    let identity = match auth {
        OpenstackAuth::Password { domain } => {
            let user = match domain {
                Some(domain) => {
                    json!({"name": name, "domain": of_domain(domain), "password": secret})
                }
                None => json!({"id": name, "password": secret}),
            };
            json!({"methods": ["password"], "password": {"user": user}})
        }
        OpenstackAuth::ApplicationCredential { owner } => {
            let credential = match owner {
                Some((user, domain)) => json!({
                    "name": name, "secret": secret, "user": {"name": user, "domain": of_domain(domain)},
                }),
                None => json!({"id": name, "secret": secret}),
            };
            json!({"methods": ["application_credential"], "application_credential": credential})
        }
        OpenstackAuth::Token => json!({"methods": ["token"], "token": {"id": secret}}),
    };
    let mut auth = json!({"identity": identity});
    if let Some(scope) = scope(project) {
        auth["scope"] = scope;
    }
    json!({"auth": auth})
}

impl Openstack {
    /// The secret of the configuration, fetched once: fetching it may ask a person.
    async fn secret(&self) -> Result<Secret> {
        let mut kept = self.secret.lock().await;
        if let Some(secret) = &*kept {
            return Ok(secret.clone());
        }
        let source = match &self.credentials {
            Credentials::Password { password, .. } => password,
            Credentials::Token(token) => token,
        };
        let secret = source
            .resolve()
            .await
            .map_err(|error| Error::Secret(error.to_string()))?;
        *kept = Some(secret.clone());
        Ok(secret)
    }

    /// A new token for a project.
    pub(super) async fn sign_in(&self, scope: &Scope) -> Result<Token> {
        let secret = self.secret().await?;
        let auth = &self.settings.auth;
        let given_as_it_is = matches!(auth, OpenstackAuth::Token) && scope.project.is_none();
        let asked = if given_as_it_is {
            self.look_at_token(&secret).await
        } else {
            let body = question(auth, self.username(), &secret, scope.project.as_ref());
            self.ask_for_token(&body).await
        };
        if matches!(asked, Err(Error::SignIn(_))) {
            // It may be another one by the next time.
            *self.secret.lock().await = None;
        }
        let (answer, value) = asked?;
        let token = read(&answer, value, self)?;
        if token.catalogue.is_empty() && token.who.project.is_none() {
            return Err(Error::Protocol(
                "the sign-in belongs to no project, so that it knows no servers; name one with `project`".to_owned(),
            ));
        }
        Ok(token)
    }

    async fn ask_for_token(&self, body: &Value) -> Result<(Answer, HeaderValue)> {
        let answer = self
            .keystone
            .send(Request {
                method: Method::POST,
                route: Route::new("/auth/tokens")?,
                lane: Lane::Act,
                headers: headers(None, true),
                body: Some(body.to_string().into_bytes()),
                list: false,
            })
            .await?;
        let answer = signed(answer)?;
        let none = || {
            // What is no Keystone at all says so better.
            let read = decode::<wire::Signed<'_>>(&answer.body, "the answer to the sign-in");
            read.err().unwrap_or_else(|| {
                Error::Protocol("the sign-in was answered without a token".to_owned())
            })
        };
        let mut value = answer
            .headers
            .get("x-subject-token")
            .filter(|value| !value.is_empty() && value.len() <= MAX_TOKEN)
            .cloned()
            .ok_or_else(none)?;
        value.set_sensitive(true);
        Ok((answer, value))
    }

    /// What a token is good for that was made elsewhere.
    async fn look_at_token(&self, secret: &Secret) -> Result<(Answer, HeaderValue)> {
        let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| {
            Error::Secret("the token holds characters that no token holds".to_owned())
        })?;
        value.set_sensitive(true);
        let mut headers = headers(Some(&value), false);
        headers.insert("x-subject-token", value.clone());
        let answer = self
            .keystone
            .send(Request {
                method: Method::GET,
                route: Route::new("/auth/tokens")?,
                lane: Lane::Act,
                headers,
                body: None,
                list: false,
            })
            .await?;
        // A token that has ended is "not found" to whoever asks with it.
        if answer.status == StatusCode::NOT_FOUND {
            return Err(Error::SignIn("the token is not valid any more".to_owned()));
        }
        Ok((signed(answer)?, value))
    }
}

/// An answer to a sign-in, if it is a success.
fn signed(answer: Answer) -> Result<Answer> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(match refusal(&answer) {
        // A project that the user is not in is said so with 401; what is not there at all is the wrong address.
        Error::NotFound(words) => Error::Protocol(format!(
            "Keystone v3 is not at this url ({words}); check the url"
        )),
        error => error,
    })
}

fn read(answer: &Answer, value: HeaderValue, cloud: &Openstack) -> Result<Token> {
    let signed: wire::Signed<'_> = decode(&answer.body, "the answer to the sign-in")?;
    let token = signed
        .token
        .0
        .ok_or_else(|| Error::Protocol("the answer to the sign-in holds no token".to_owned()))?;
    let named = |named: &wire::Named<'_>| {
        let id = id(named.id.get())?;
        let name = own(named.name.get()).unwrap_or_else(|| id.into());
        Some((std::sync::Arc::<str>::from(id), name))
    };
    let moment = |text: Option<&str>| text?.parse::<Timestamp>().ok();
    let (from, to) = (
        moment(token.issued_at.get()),
        moment(token.expires_at.get()),
    );
    let life = from
        .zip(to)
        .and_then(|(from, to)| Duration::try_from(to.duration_since(from)).ok())
        .filter(|life| !life.is_zero())
        .unwrap_or(LIFE);
    let roles = token.roles.items.iter();
    Ok(Token {
        value,
        life,
        catalogue: Catalogue::read(&token, cloud.settings.interface),
        who: Who {
            user: token.user.0.as_ref().and_then(named),
            project: token.project.0.as_ref().and_then(named),
            roles: roles
                .filter_map(|role| own(role.name.get()))
                .map(|role| role.to_lowercase())
                .collect(),
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn keystone_is_found_below_whichever_of_its_addresses_is_given() {
        for (url, expected) in [
            ("http://k:5000", "http://k:5000/v3"),
            ("http://k:5000/", "http://k:5000/v3"),
            ("http://k:5000/v3", "http://k:5000/v3"),
            ("http://k:5000/v3/", "http://k:5000/v3"),
            ("https://k/identity", "https://k/identity/v3"),
            ("https://k/identity/v2.0/", "https://k/identity/v3"),
        ] {
            assert_eq!(root(&Url::parse(url).unwrap()).as_str(), expected);
        }
    }

    #[test]
    fn each_way_to_sign_in_has_the_body_of_the_reference() {
        let secret = Secret::new("s");
        let red = OpenstackProject::Name {
            name: "red".into(),
            domain: Domain::usual(),
        };
        let password = OpenstackAuth::Password {
            domain: Some(Domain::Name("D".into())),
        };
        assert_eq!(
            question(&password, Some("a"), &secret, Some(&red)),
            json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user": {"name": "a", "domain": {"name": "D"}, "password": "s"}}},
                "scope": {"project": {"name": "red", "domain": {"id": "default"}}}}})
        );
        let by_id = OpenstackAuth::Password { domain: None };
        let project = OpenstackProject::Id("p".into());
        assert_eq!(
            question(&by_id, Some("u"), &secret, Some(&project)),
            json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "s"}}},
                "scope": {"project": {"id": "p"}}}})
        );
        let credential = OpenstackAuth::ApplicationCredential { owner: None };
        assert_eq!(
            question(&credential, Some("c"), &secret, None),
            json!({"auth": {"identity":
                {"methods": ["application_credential"], "application_credential": {"id": "c", "secret": "s"}}}})
        );
        let named = OpenstackAuth::ApplicationCredential {
            owner: Some(("a".into(), Domain::usual())),
        };
        assert_eq!(
            question(&named, Some("ci"), &secret, None),
            json!({"auth": {"identity": {"methods": ["application_credential"], "application_credential":
                {"name": "ci", "secret": "s", "user": {"name": "a", "domain": {"id": "default"}}}}}})
        );
        assert_eq!(
            question(&OpenstackAuth::Token, None, &secret, Some(&project)),
            json!({"auth": {
                "identity": {"methods": ["token"], "token": {"id": "s"}}, "scope": {"project": {"id": "p"}}}})
        );
    }
}
