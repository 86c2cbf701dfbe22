//! One cloud of OpenStack's clients, and what it comes to here.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::Found;
use crate::config::cloud::{Credentials, Tls};
use crate::config::openstack::{Domain, Interface, Openstack, OpenstackAuth, OpenstackProject};
use crate::config::problem::Problem;
use crate::config::secret::{Secret, SecretSource};

/// A scalar as text. It may be a secret, so that it shows nowhere.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Word(String);

impl Word {
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Word(…)")
    }
}

/// A region: its name, or a table with the name in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Region {
    Name(Word),
    Table { name: Word },
}

macro_rules! mergeable {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default)]
        pub(super) struct $name {
            $(pub $field: Option<$type>,)+
        }
    };
}

mergeable! {
    /// A cloud as its file, or the variables, describe it.
    Entry {
        profile: Word,
        auth_type: Word,
        auth: Auth,
        region_name: Word,
        regions: Vec<Region>,
        interface: Word,
        endpoint_type: Word,
        verify: Word,
        insecure: Word,
        cacert: Word,
    }
}

mergeable! {
    /// What proves who is asking.
    Auth {
        auth_url: Word,
        username: Word,
        user_id: Word,
        password: Word,
        user_domain_name: Word,
        user_domain_id: Word,
        project_name: Word,
        project_id: Word,
        tenant_name: Word,
        tenant_id: Word,
        project_domain_name: Word,
        project_domain_id: Word,
        default_domain: Word,
        default_domain_id: Word,
        system_scope: Word,
        application_credential_id: Word,
        application_credential_name: Word,
        application_credential_secret: Word,
        token: Word,
    }
}

/// Where an entry comes from, for what is said about it.
pub(super) enum Origin {
    File { path: PathBuf, cloud: String },
    Variables,
}

impl Origin {
    /// `key` as it is called there.
    fn problem(&self, key: &str, what: &str, fix: &str) -> Problem {
        let (file, key) = match self {
            Self::File { path, cloud } => (path.clone(), format!("clouds[{}].{key}", shown(cloud))),
            Self::Variables => {
                let name = key.rsplit('.').next().unwrap_or(key).to_uppercase();
                (PathBuf::from("environment"), format!("OS_{name}"))
            }
        };
        Problem {
            file,
            position: None,
            key: Some(key),
            what: what.to_owned(),
            fix: fix.to_owned(),
        }
    }

    /// A secret of the entry: a variable is read when it is needed.
    fn secret(&self, key: &str, word: &Word) -> SecretSource {
        match self {
            Self::File { .. } => SecretSource::Plain(Secret::new(word.text())),
            Self::Variables => SecretSource::Env(format!("OS_{}", key.to_uppercase())),
        }
    }
}

fn shown(cloud: &str) -> String {
    crate::model::text::clean_to(cloud, 64).into_owned()
}

/// How an `auth_type` signs in.
enum Kind {
    Password,
    ApplicationCredential,
    Token,
}

impl Entry {
    /// What the `OS_*` variables describe; `None` where there is no `OS_AUTH_URL`.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let word = |name: &str| variable(&format!("OS_{name}")).map(Word);
        let auth = Auth {
            auth_url: Some(word("AUTH_URL")?),
            username: word("USERNAME"),
            user_id: word("USER_ID"),
            password: word("PASSWORD"),
            user_domain_name: word("USER_DOMAIN_NAME"),
            user_domain_id: word("USER_DOMAIN_ID"),
            project_name: word("PROJECT_NAME"),
            project_id: word("PROJECT_ID"),
            tenant_name: word("TENANT_NAME"),
            tenant_id: word("TENANT_ID"),
            project_domain_name: word("PROJECT_DOMAIN_NAME"),
            project_domain_id: word("PROJECT_DOMAIN_ID"),
            default_domain: word("DEFAULT_DOMAIN"),
            default_domain_id: word("DEFAULT_DOMAIN_ID"),
            system_scope: word("SYSTEM_SCOPE"),
            application_credential_id: word("APPLICATION_CREDENTIAL_ID"),
            application_credential_name: word("APPLICATION_CREDENTIAL_NAME"),
            application_credential_secret: word("APPLICATION_CREDENTIAL_SECRET"),
            token: word("TOKEN"),
        };
        Some(Self {
            profile: None,
            auth_type: word("AUTH_TYPE"),
            auth: Some(auth),
            region_name: word("REGION_NAME"),
            regions: None,
            interface: word("INTERFACE"),
            endpoint_type: word("ENDPOINT_TYPE"),
            verify: word("VERIFY"),
            insecure: word("INSECURE"),
            cacert: word("CACERT"),
        })
    }

    /// Whether a password, secret or token stands in it.
    pub fn holds_secret(&self) -> bool {
        self.auth.as_ref().is_some_and(|auth| {
            auth.password.is_some()
                || auth.application_credential_secret.is_some()
                || auth.token.is_some()
        })
    }

    /// This entry, and what another one says where this says nothing.
    pub fn over(self, below: Self) -> Self {
        let auth = match (self.auth, below.auth) {
            (Some(above), Some(below)) => Some(above.over(below)),
            (above, below) => above.or(below),
        };
        Self {
            profile: self.profile.or(below.profile),
            auth_type: self.auth_type.or(below.auth_type),
            auth,
            region_name: self.region_name.or(below.region_name),
            regions: self.regions.or(below.regions),
            interface: self.interface.or(below.interface),
            endpoint_type: self.endpoint_type.or(below.endpoint_type),
            verify: self.verify.or(below.verify),
            insecure: self.insecure.or(below.insecure),
            cacert: self.cacert.or(below.cacert),
        }
    }

    /// The cloud that it describes, or all that is wrong with it.
    pub fn cloud(self, origin: &Origin, home: Option<&Path>) -> Result<Found, Vec<Problem>> {
        let mut problems = Vec::new();
        let auth = self.auth.unwrap_or_default();
        let url = url(&auth, origin, &mut problems);
        let interface = self.interface.or(self.endpoint_type);
        let interface = interface.map_or(Some(Interface::Public), |word| {
            Interface::from_word(word.text())
        });
        if interface.is_none() {
            problems.push(origin.problem(
                "interface",
                "is none of public, internal and admin",
                "choose one of these",
            ));
        }
        let signed = auth.sign_in(self.auth_type.as_ref(), origin, &mut problems);
        let tls = tls(
            self.verify.as_ref(),
            self.insecure.as_ref(),
            self.cacert,
            home,
        );
        let regions = match (self.region_name, self.regions) {
            (Some(one), _) => vec![one.0],
            (None, Some(many)) => many.into_iter().map(Region::name).collect(),
            (None, None) => Vec::new(),
        };
        let (Some(url), Some(interface), Some((way, credentials))) = (url, interface, signed)
        else {
            return Err(problems);
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Found {
            url,
            credentials,
            keys: Openstack {
                auth: way,
                projects: auth.project().into_iter().collect(),
                regions: regions
                    .into_iter()
                    .filter(|name| !name.is_empty())
                    .collect(),
                interface,
                all_projects: None,
                plain_http: false,
            },
            tls,
            plain_secret: None,
        })
    }
}

impl Region {
    fn name(self) -> String {
        match self {
            Self::Name(Word(name)) | Self::Table { name: Word(name) } => name,
        }
    }
}

impl Auth {
    fn over(self, below: Self) -> Self {
        macro_rules! either {
            ($($field:ident)+) => { Self { $($field: self.$field.or(below.$field),)+ } };
        }
        either!(auth_url username user_id password user_domain_name user_domain_id project_name project_id tenant_name tenant_id
            project_domain_name project_domain_id default_domain default_domain_id system_scope application_credential_id
            application_credential_name application_credential_secret token)
    }

    fn kind(&self, auth_type: Option<&Word>) -> Option<Kind> {
        match auth_type.map(Word::text) {
            None | Some("") => Some(
                if self.application_credential_id.is_some()
                    || self.application_credential_name.is_some()
                {
                    Kind::ApplicationCredential
                } else if self.token.is_some() && self.password.is_none() {
                    Kind::Token
                } else {
                    Kind::Password
                },
            ),
            Some("password" | "v3password") => Some(Kind::Password),
            Some("v3applicationcredential") => Some(Kind::ApplicationCredential),
            Some("token" | "v3token") => Some(Kind::Token),
            Some(_) => None,
        }
    }

    fn sign_in(
        &self,
        auth_type: Option<&Word>,
        origin: &Origin,
        problems: &mut Vec<Problem>,
    ) -> Option<(OpenstackAuth, Credentials)> {
        let Some(kind) = self.kind(auth_type) else {
            problems.push(origin.problem(
                "auth_type",
                "is a way to sign in that is not known here",
                "use password, v3applicationcredential or token",
            ));
            return None;
        };
        if self.system_scope.is_some() {
            problems.push(origin.problem(
                "auth.system_scope",
                "is a scope in which there are no servers",
                "name a project instead",
            ));
        }
        let mut need = |key: &str, word: &Option<Word>| {
            let word = word.clone().filter(|word| !word.text().is_empty());
            if word.is_none() {
                let key = format!("auth.{key}");
                problems.push(origin.problem(
                    &key,
                    "is missing",
                    "add it, in secure.yaml where it is a secret",
                ));
            }
            word
        };
        match kind {
            Kind::Password => {
                let password = need("password", &self.password);
                let (name, domain) = match &self.user_id {
                    Some(id) => (Some(id.clone()), None),
                    None => (
                        need("username", &self.username),
                        Some(self.domain(&self.user_domain_id, &self.user_domain_name)),
                    ),
                };
                let way = OpenstackAuth::Password { domain };
                Some((
                    way,
                    Credentials::Password {
                        username: name?.0,
                        password: origin.secret("password", &password?),
                    },
                ))
            }
            Kind::ApplicationCredential => {
                let key = "application_credential_secret";
                let secret = need(key, &self.application_credential_secret);
                let (name, owner) = match &self.application_credential_id {
                    Some(id) => (Some(id.clone()), None),
                    None => {
                        let user = need("username", &self.username);
                        let domain = self.domain(&self.user_domain_id, &self.user_domain_name);
                        (
                            need(
                                "application_credential_name",
                                &self.application_credential_name,
                            ),
                            Some((user?.0, domain)),
                        )
                    }
                };
                Some((
                    OpenstackAuth::ApplicationCredential { owner },
                    Credentials::Password {
                        username: name?.0,
                        password: origin.secret(key, &secret?),
                    },
                ))
            }
            Kind::Token => {
                let token = need("token", &self.token)?;
                Some((
                    OpenstackAuth::Token,
                    Credentials::Token(origin.secret("token", &token)),
                ))
            }
        }
    }

    fn project(&self) -> Option<OpenstackProject> {
        let text = |word: &Option<Word>| {
            let word = word.as_ref().map(|word| word.0.clone());
            word.filter(|text| !text.is_empty())
        };
        if let Some(id) = text(&self.project_id).or_else(|| text(&self.tenant_id)) {
            return Some(OpenstackProject::Id(id));
        }
        let name = text(&self.project_name).or_else(|| text(&self.tenant_name))?;
        let domain = self.domain(&self.project_domain_id, &self.project_domain_name);
        Some(OpenstackProject::Name { name, domain })
    }

    fn domain(&self, id: &Option<Word>, name: &Option<Word>) -> Domain {
        if let Some(id) = id {
            return Domain::Id(id.0.clone());
        }
        if let Some(name) = name {
            return Domain::Name(name.0.clone());
        }
        let usual = self
            .default_domain
            .as_ref()
            .or(self.default_domain_id.as_ref());
        usual.map_or_else(Domain::usual, |domain| Domain::Id(domain.0.clone()))
    }
}

fn url(auth: &Auth, origin: &Origin, problems: &mut Vec<Problem>) -> Option<Url> {
    let key = "auth.auth_url";
    let Some(text) = &auth.auth_url else {
        problems.push(origin.problem(key, "is missing", "add the address of Keystone"));
        return None;
    };
    match crate::config::read_cloud::address(text.text()) {
        Ok(url) => Some(url),
        Err((what, fix)) => {
            problems.push(origin.problem(key, what, fix));
            None
        }
    }
}

/// Yes or no, as YAML and Python write it.
fn is(word: Option<&Word>, meant: bool) -> bool {
    let words: &[&str] = if meant {
        &["true", "yes", "on", "1"]
    } else {
        &["false", "no", "off", "0"]
    };
    word.is_some_and(|word| {
        words
            .iter()
            .any(|known| word.text().eq_ignore_ascii_case(known))
    })
}

fn tls(
    verify: Option<&Word>,
    insecure: Option<&Word>,
    cacert: Option<Word>,
    home: Option<&Path>,
) -> Tls {
    let ca_file = cacert.filter(|path| !path.text().is_empty()).map(|path| {
        let below_home = path.text().strip_prefix("~/");
        match (below_home, home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path.text()),
        }
    });
    Tls {
        ca_file,
        insecure: is(verify, false) || is(insecure, true),
    }
}
