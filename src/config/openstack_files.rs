//! Where OpenStack's own clients keep their clouds: `clouds.yaml` with its `secure.yaml` and `clouds-public.yaml`, and the `OS_*` variables.
//!
//! The files are looked for in the current folder, `~/.config/openstack` and `/etc/openstack`, and the first one is taken;
//! `OS_CLIENT_CONFIG_FILE` and `OS_CLIENT_SECURE_FILE` come before these. They are read leniently: what is not used here may be anything.
//! What is used and wrong is told by file and key, without its value.

mod entry;
mod yaml;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use url::Url;

use self::entry::{Entry, Origin};
use self::yaml::File;
use super::cloud::{Credentials, Tls};
use super::openstack::Openstack;
use super::paths::home_dir;
use super::problem::Problem;

/// The name of the cloud that the `OS_*` variables describe.
pub(super) const FROM_VARIABLES: &str = "envvars";

/// What a file may end in.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// What a person's surroundings say: the folders that are searched, and the variables.
pub(super) struct Surroundings<'a> {
    /// In this order.
    pub folders: Vec<PathBuf>,
    pub home: Option<PathBuf>,
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Surroundings<'static> {
    /// Those of this process.
    pub fn own() -> Self {
        let home = home_dir();
        let settings = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(home.as_ref()?.join(".config")));
        let here = std::env::current_dir().ok();
        let own = settings.map(|settings| settings.join("openstack"));
        let site = Some(PathBuf::from("/etc/openstack"));
        Self {
            folders: [here, own, site].into_iter().flatten().collect(),
            home,
            variable: &|name| std::env::var_os(name),
        }
    }
}

impl Surroundings<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.variable)(name)?.into_string().ok()?;
        (!value.is_empty()).then_some(value)
    }

    /// The file of a stem (`clouds`, `secure`), or the one that a variable names, which must be there.
    fn find(&self, stem: &str, variable: Option<&str>) -> Option<PathBuf> {
        let named = variable.and_then(|name| self.text(name)).map(PathBuf::from);
        if let Some(named) = named.filter(|path| path.exists()) {
            return Some(named);
        }
        let names = ENDINGS.map(|ending| format!("{stem}.{ending}"));
        let paths = self
            .folders
            .iter()
            .flat_map(|folder| names.iter().map(|name| folder.join(name)));
        paths.into_iter().find(|path| path.is_file())
    }
}

/// A cloud that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub url: Url,
    pub credentials: Credentials,
    pub keys: Openstack,
    pub tls: Tls,
    /// The file that holds a secret in the open.
    pub plain_secret: Option<PathBuf>,
}

/// Why a cloud was not found.
pub(super) enum Missing {
    /// There is no file to look in; where one was looked for.
    NoFile(Vec<PathBuf>),
    /// The files, or the variables, are not right.
    Wrong(Vec<Problem>),
}

impl From<Problem> for Missing {
    fn from(problem: Problem) -> Self {
        Self::Wrong(vec![problem])
    }
}

/// The files that belong together.
struct Files {
    clouds: File,
    secure: Option<File>,
    public: Option<File>,
}

impl Files {
    /// `named` is a file that the configuration names in place of those that are looked for.
    fn read(named: Option<&Path>, around: &Surroundings<'_>) -> Result<Self, Missing> {
        let found = match named {
            Some(path) => Some(path.to_owned()),
            None => around.find("clouds", Some("OS_CLIENT_CONFIG_FILE")),
        };
        let Some(found) = found else {
            return Err(Missing::NoFile(around.folders.clone()));
        };
        // What is named lies with its secrets beside it.
        let beside = named.and_then(Path::parent).map(|folder| Surroundings {
            folders: vec![folder.to_owned()],
            home: around.home.clone(),
            variable: around.variable,
        });
        let near = beside.as_ref().unwrap_or(around);
        let read = |path: Option<PathBuf>| path.map(|path| File::read(&path)).transpose();
        Ok(Self {
            clouds: File::read(&found)?,
            secure: read(near.find("secure", Some("OS_CLIENT_SECURE_FILE")))?,
            public: read(near.find("clouds-public", Some("OS_CLIENT_VENDOR_FILE")))?,
        })
    }

    /// The entry of a name: what `secure.yaml` says comes first, then `clouds.yaml`, then the profile that it names.
    fn entry(&self, name: &str) -> Option<(Entry, Option<PathBuf>)> {
        let own = self.clouds.clouds.get(name)?;
        let secure = self
            .secure
            .as_ref()
            .and_then(|file| Some((file.clouds.get(name)?, file)));
        let (entry, holder) = match secure {
            Some((secure, file)) if secure.holds_secret() => {
                (secure.clone().over(own.clone()), Some(&file.path))
            }
            Some((secure, _)) => (secure.clone().over(own.clone()), None),
            None => (own.clone(), None),
        };
        let holder = holder.or_else(|| own.holds_secret().then_some(&self.clouds.path));
        let profile = entry.profile.as_ref().and_then(|profile| {
            let known = &self.public.as_ref()?.public;
            known.get(profile.text()).cloned()
        });
        let entry = match profile {
            Some(profile) => entry.over(profile),
            None => entry,
        };
        Some((entry, holder.cloned()))
    }
}

/// The cloud of a name.
///
/// # Errors
/// When there is no file, no such cloud in it, or something is wrong with it.
pub(super) fn find(
    name: &str,
    named: Option<&Path>,
    around: &Surroundings<'_>,
) -> Result<Found, Missing> {
    if name == FROM_VARIABLES
        && named.is_none()
        && let Some(entry) = Entry::from_variables(&|name| around.text(name))
    {
        let origin = Origin::Variables;
        return entry
            .cloud(&origin, around.home.as_deref())
            .map_err(Missing::Wrong);
    }
    let files = Files::read(named, around)?;
    let Some((entry, holder)) = files.entry(name) else {
        let known: Vec<&str> = files.clouds.clouds.keys().map(String::as_str).collect();
        let fix = match super::section::closest(name, &known) {
            Some(known) => format!("did you mean {known}?"),
            None => "put it there, or name one that it has".to_owned(),
        };
        return Err(Missing::from(Problem {
            file: files.clouds.path.clone(),
            position: None,
            key: Some("clouds".to_owned()),
            what: "has no cloud of this name".to_owned(),
            fix,
        }));
    };
    let origin = Origin::File {
        path: files.clouds.path.clone(),
        cloud: name.to_owned(),
    };
    let mut found = entry
        .cloud(&origin, around.home.as_deref())
        .map_err(Missing::Wrong)?;
    found.plain_secret = holder;
    Ok(found)
}

/// The names of every cloud there is, and the file that they were found in; the variables' first.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn names(
    around: &Surroundings<'_>,
) -> Result<(BTreeSet<String>, Option<PathBuf>), Vec<Problem>> {
    let mut names = BTreeSet::new();
    if Entry::from_variables(&|name| around.text(name)).is_some() {
        names.insert(FROM_VARIABLES.to_owned());
    }
    match Files::read(None, around) {
        Ok(files) => {
            names.extend(files.clouds.clouds.keys().cloned());
            Ok((names, Some(files.clouds.path)))
        }
        Err(Missing::NoFile(_)) => Ok((names, None)),
        Err(Missing::Wrong(problems)) => Err(problems),
    }
}

#[cfg(test)]
mod tests;
