//! Groups for clouds that have no virtual appliances: VMs that are one thing to their users, told by a tag, a place or a name.

use std::fmt;
use std::str::FromStr;

use regex::Regex;

use super::vm::{Group, Vm};

/// The longest pattern on a name, in bytes.
const PATTERN_MAX: usize = 200;

/// What groups are made from.
#[derive(Debug, Clone)]
pub enum GroupBy {
    /// The value of a tag `key=value`, or of a tag `key::value`.
    Tag(String),
    /// The location: zone, region.
    Zone,
    /// The cluster.
    Cluster,
    /// The first network.
    Network,
    /// The project.
    Project,
    /// The group that the cloud keeps servers together or apart by (OpenStack).
    ServerGroup,
    /// The stack that it was made by, as its metadata tells (OpenStack: Heat).
    Stack,
    /// The part of the name that a pattern's first group matches; the whole match where it has no group.
    Name(Regex),
}

/// The tag that names a server's group, as OpenStack's client writes it.
pub(crate) const SERVER_GROUP: &str = "server_group";

/// The metadata that name the stack of a server: Heat's, and what templates copy it into. The first that there is counts.
const STACK_KEYS: &[&str] = &[
    "metering.stack_name",
    "metering.stack",
    "heat_stack_name",
    "stack_name",
    "stack",
];

/// What is wrong with a `group_by`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupByError {
    /// Not one of the words.
    #[error(
        "groups are made by \"tag:KEY\", \"zone\", \"cluster\", \"network\", \"project\", \"server_group\", \"stack\" or \"name:PATTERN\""
    )]
    Word,
    /// No key after `tag:`.
    #[error("\"tag:\" needs the tag's key after it")]
    Key,
    /// The pattern cannot be used.
    #[error("the pattern after \"name:\" is no regular expression of at most {PATTERN_MAX} bytes")]
    Pattern,
}

impl FromStr for GroupBy {
    type Err = GroupByError;

    fn from_str(text: &str) -> Result<Self, GroupByError> {
        match text.split_once(':') {
            None if text == "zone" => Ok(Self::Zone),
            None if text == "cluster" => Ok(Self::Cluster),
            // What OpenStack calls the cluster within a region.
            None if text == "availability_zone" => Ok(Self::Cluster),
            None if text == "network" => Ok(Self::Network),
            None if text == "project" => Ok(Self::Project),
            None if text == "server_group" => Ok(Self::ServerGroup),
            None if text == "stack" => Ok(Self::Stack),
            Some(("tag", "")) => Err(GroupByError::Key),
            Some(("tag", key)) => Ok(Self::Tag(key.to_owned())),
            Some(("name", pattern)) if pattern.len() <= PATTERN_MAX && !pattern.is_empty() => {
                Regex::new(pattern)
                    .map(Self::Name)
                    .map_err(|_| GroupByError::Pattern)
            }
            Some(("name", _)) => Err(GroupByError::Pattern),
            _ => Err(GroupByError::Word),
        }
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(key) => write!(f, "tag:{key}"),
            Self::Zone => f.write_str("zone"),
            Self::Cluster => f.write_str("cluster"),
            Self::Network => f.write_str("network"),
            Self::Project => f.write_str("project"),
            Self::ServerGroup => f.write_str("server_group"),
            Self::Stack => f.write_str("stack"),
            Self::Name(pattern) => write!(f, "name:{pattern}"),
        }
    }
}

impl GroupBy {
    /// The group of a VM: its id is `group:NAME`. `None` for a VM that has nothing to be grouped by.
    #[must_use]
    pub fn group_of(&self, vm: &Vm) -> Option<Group> {
        let name = match self {
            Self::Tag(key) => tagged(vm, key),
            Self::Project => vm.project.as_ref().map(|project| &*project.name),
            Self::ServerGroup => tagged(vm, SERVER_GROUP),
            Self::Stack => STACK_KEYS.iter().find_map(|key| tagged(vm, key)),
            Self::Zone => vm.location.as_deref(),
            Self::Cluster => vm.cluster.as_deref(),
            Self::Network => vm.networks.first().map(|network| &**network),
            Self::Name(pattern) => pattern
                .captures(&vm.name)
                .and_then(|found| found.get(1).or_else(|| found.get(0)))
                .map(|found| found.as_str()),
        };
        let name = name.map(str::trim).filter(|name| !name.is_empty())?;
        Some(Group {
            id: format!("group:{name}").into(),
            name: name.into(),
        })
    }
}

fn tagged<'v>(vm: &'v Vm, key: &str) -> Option<&'v str> {
    vm.tags.iter().find_map(|tag| tag_value(tag, key))
}

fn tag_value<'a>(tag: &'a str, key: &str) -> Option<&'a str> {
    let rest = tag.strip_prefix(key)?;
    rest.strip_prefix("::")
        .or_else(|| rest.strip_prefix('='))
        .or_else(|| rest.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::model::PowerState;
    use crate::model::testing::vm;

    fn group(by: &str) -> Option<String> {
        let mut vm = vm(PowerState::On);
        vm.tags = [
            "app=shop".into(),
            "owner::ada".into(),
            "loose".into(),
            "metering.stack=blue".into(),
            "server_group=apart".into(),
        ]
        .into();
        vm.project = Some(Group {
            id: "p".into(),
            name: "red".into(),
        });
        vm.location = Some("zone-1".into());
        vm.networks = ["lan".into(), "wan".into()].into();
        let group = by.parse::<GroupBy>().unwrap().group_of(&vm)?;
        assert_eq!(&*group.id, format!("group:{}", group.name));
        Some(group.name.to_string())
    }

    #[test]
    fn groups_are_told_by_tag_place_or_name() {
        assert_eq!(group("tag:app").as_deref(), Some("shop"));
        assert_eq!(group("tag:owner").as_deref(), Some("ada"));
        assert_eq!(group("tag:none"), None);
        assert_eq!(group("zone").as_deref(), Some("zone-1"));
        assert_eq!(group("cluster"), None);
        assert_eq!(group("project").as_deref(), Some("red"));
        assert_eq!(group("server_group").as_deref(), Some("apart"));
        assert_eq!(group("stack").as_deref(), Some("blue"));
        assert_eq!(group("network").as_deref(), Some("lan"));
        assert_eq!(group("name:^([a-z]+)-").as_deref(), Some("web"));
        assert_eq!(group("name:[0-9]+").as_deref(), Some("01"));
    }

    #[test]
    fn what_is_written_can_be_shown_again() {
        for text in [
            "tag:app",
            "zone",
            "cluster",
            "network",
            "project",
            "server_group",
            "stack",
            "name:^([a-z]+)-",
        ] {
            assert_eq!(text.parse::<GroupBy>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!("rack".parse::<GroupBy>().err(), Some(GroupByError::Word));
        assert_eq!("tag:".parse::<GroupBy>().err(), Some(GroupByError::Key));
        assert_eq!(
            "name:(".parse::<GroupBy>().err(),
            Some(GroupByError::Pattern)
        );
    }
}
