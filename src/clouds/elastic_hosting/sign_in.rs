//! Signing in: by HTTP Basic, by the log-in form, or by whichever of them the server takes.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use jiff::Timestamp;

use super::ElasticHosting;
use super::answer::refusal;
use super::calls::{Place, Read};
use super::cookies::Cookies;
use super::form::Form;
use super::session::Login;
use crate::clouds::http::{Lane, Request, Route};
use crate::clouds::{Error, Result};
use crate::config::{Credentials, EcpAuth};

impl ElasticHosting {
    /// Signs in in the configured way and proves it with a reading. Returns the user's name.
    ///
    /// # Errors
    /// [`Error::SignIn`] when the server takes the credentials in no way that was tried; what the reading says.
    pub(super) async fn sign_in(&self) -> Result<String> {
        let login = self.login().await?;
        let _alone = self.sessions.alone().await;
        let signed_in = self.try_signing_in(&login).await;
        if matches!(signed_in, Err(Error::SignIn(_))) {
            self.sessions.end();
        }
        signed_in.map(|()| login.username)
    }

    async fn try_signing_in(&self, login: &Login) -> Result<()> {
        if self.auth == EcpAuth::Form {
            self.log_in(login).await?;
        } else {
            self.sessions.begin_basic(login)?;
        }
        match self.prove().await? {
            Read::Answer(_) => return Ok(()),
            Read::NotSignedIn(error) if self.auth != EcpAuth::Auto => return Err(error),
            Read::NotSignedIn(_) => self.log_in(login).await?,
        }
        match self.prove().await? {
            Read::Answer(_) => Ok(()),
            Read::NotSignedIn(error) => Err(error),
        }
    }

    /// The reading that shows whether somebody is signed in.
    async fn prove(&self) -> Result<Read> {
        let read = self.get_once(&Place::vms(), Lane::Act).await;
        read.map_err(|error| match error {
            Error::NotFound(why) => Error::Protocol(format!(
                "there is no list of VMs at this url ({why}); it must end before /rest/hosting, as in https://cloud.example.com"
            )),
            other => other,
        })
    }

    /// Sends the log-in form and begins a session with the cookies of its answer. Whether they are good is not known before
    /// something is read with them: the form answers a wrong password with a page as well.
    ///
    /// # Errors
    /// [`Error::SignIn`] when it is refused; what the server says otherwise.
    pub(super) async fn log_in(&self, login: &Login) -> Result<()> {
        let form = Form::new(
            self.body,
            &[
                ("user_name", &login.username),
                ("password", login.password.expose()),
                ("login", "Login"),
            ],
        );
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, form.content_type);
        let request = Request {
            method: Method::POST,
            route: Route::new("/")?,
            lane: Lane::Act,
            headers,
            body: Some(form.body),
            list: false,
        };
        let answer = self.http.send(request).await?;
        let mut cookies = Cookies::default();
        cookies.take(&answer.headers, Timestamp::now());
        // A page that sends on to another one is how forms say yes.
        if !answer.status.is_success() && !answer.status.is_redirection() {
            return Err(match refusal(&answer) {
                Error::SignIn(_) => Error::SignIn(
                    "wrong user name or password; check username and password".to_owned(),
                ),
                Error::NotFound(_) | Error::Rejected(_) | Error::Forbidden(_) => {
                    Error::SignIn(format!(
                        "the log-in form does not take it (HTTP {}); check url, username and password",
                        answer.status.as_u16()
                    ))
                }
                other => other,
            });
        }
        self.sessions.begin_form(login, cookies);
        Ok(())
    }

    async fn login(&self) -> Result<Login> {
        let Credentials::Password { username, password } = &self.credentials else {
            return Err(Error::Secret(
                "Elastic Hosting signs in with username and password, not with a token".to_owned(),
            ));
        };
        let password = password
            .resolve()
            .await
            .map_err(|error| Error::Secret(error.to_string()))?;
        Ok(Login {
            username: username.clone(),
            password,
        })
    }
}
