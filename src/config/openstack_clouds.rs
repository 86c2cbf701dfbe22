//! The clouds that OpenStack's own clients know on this machine, for a first configuration.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::openstack_files::{Surroundings, names};
use super::problem::ConfigError;

/// How long a cloud's name may be here.
const MAX_NAME: usize = 64;

/// The clouds of `clouds.yaml` and of the `OS_*` variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenstackClouds {
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// Each with a name that a configuration can have.
    pub clouds: Vec<OpenstackCloud>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenstackCloud {
    /// What it is called in the configuration.
    pub name: String,
    /// What it is called there.
    pub cloud: String,
}

impl OpenstackClouds {
    /// Those that a client would find here and now.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when a file cannot be read.
    pub fn find() -> Result<Self, ConfigError> {
        Self::find_in(&Surroundings::own())
    }

    fn find_in(around: &Surroundings<'_>) -> Result<Self, ConfigError> {
        let (names, file) = names(around).map_err(|problems| ConfigError::Invalid {
            path: problems
                .first()
                .map(|problem| problem.file.clone())
                .unwrap_or_default(),
            problems,
        })?;
        let mut taken = BTreeSet::new();
        let clouds = names.into_iter().map(|cloud| OpenstackCloud {
            name: fitting(&cloud, &mut taken),
            cloud,
        });
        Ok(Self {
            file,
            clouds: clouds.collect(),
        })
    }
}

/// A name that this configuration can have, like the one given, and not taken yet.
fn fitting(cloud: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut name: String = cloud
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .take(MAX_NAME - 4)
        .collect();
    if name.chars().all(|c| c == '.') {
        name = "openstack".to_owned();
    }
    let mut free = name.clone();
    let mut number = 2;
    while !taken.insert(free.clone()) {
        free = format!("{name}-{number}");
        number += 1;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_fit_is_made_to_and_stays_its_own() {
        let mut taken = BTreeSet::new();
        for (cloud, name) in [
            ("prod", "prod"),
            ("my cloud", "my-cloud"),
            ("my/cloud", "my-cloud-2"),
            ("..", "openstack"),
            ("", "openstack-2"),
        ] {
            assert_eq!(fitting(cloud, &mut taken), name);
        }
        let long = fitting(&"x".repeat(200), &mut taken);
        assert!(long.len() <= MAX_NAME);
    }
}
