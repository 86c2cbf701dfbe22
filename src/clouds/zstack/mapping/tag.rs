//! User tags: what VMs are tagged with, and the one that protects.
//!
//! ZStack has no protection of its own. A VM is protected by a user tag that every such console reads and honours:
//! `vmdeck::protected::` and a JSON object with `reason`, `by` and `since` (RFC 3339), as in
//! `vmdeck::protected::{"by":"ops-admin","reason":"kernel update","since":"2025-03-03T09:25:00Z"}`.
//! What comes after the prefix and is no such object is the reason as it stands. Of several such tags on one VM the oldest counts;
//! unprotecting removes them all.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Texts, id, long, own};
use crate::clouds::zstack::dates::moment;
use crate::clouds::zstack::wire::Tag;
use crate::model::text::clean_name;
use crate::model::{Protection, ProtectionScope};

/// What a tag that protects begins with.
const PROTECTED: &str = "vmdeck::protected::";

/// More tags than any VM has.
const MAX_TAGS: usize = 256;

/// What a protection says of itself.
#[derive(Serialize, Deserialize)]
struct Saying<'a> {
    by: Option<&'a str>,
    reason: Option<&'a str>,
    since: Option<&'a str>,
}

/// The same as it is read: the texts may hold escapes.
#[derive(Deserialize)]
struct Said {
    by: Option<String>,
    reason: Option<String>,
    since: Option<String>,
}

/// The tag that protects a VM.
pub(in crate::clouds::zstack) fn protected(
    reason: &str,
    by: &str,
    since: Timestamp,
) -> serde_json::Result<String> {
    let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let saying = Saying {
        by: Some(by),
        reason: Some(reason.trim()),
        since: Some(&since),
    };
    Ok(format!("{PROTECTED}{}", serde_json::to_string(&saying)?))
}

/// What one VM is tagged with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::clouds::zstack) struct OfVm {
    /// The tags that people made, cleaned, in the order of their text.
    pub words: Box<[Arc<str>]>,
    /// What the tags that protect say.
    pub protection: Option<Protection>,
    /// The uuids of the tags that protect, oldest first.
    pub protectors: Vec<Arc<str>>,
}

/// What every VM is tagged with.
#[derive(Debug, Default)]
pub(in crate::clouds::zstack) struct Tags(HashMap<Box<str>, OfVm>);

impl Tags {
    /// The tags of a VM.
    pub fn of(&self, vm: &str) -> Option<&OfVm> {
        self.0.get(vm)
    }

    /// All tags of some rows.
    pub fn read<'t>(
        rows: impl Iterator<Item = &'t Tag<'t>>,
        zone: Option<&TimeZone>,
        texts: &mut Texts,
    ) -> Self {
        let mut words: BTreeMap<&str, Vec<Arc<str>>> = BTreeMap::new();
        let mut protectors: BTreeMap<&str, Vec<(Order, &Tag<'_>)>> = BTreeMap::new();
        for row in rows {
            let (Some(vm), Some(tag)) = (id(row.resource_uuid.get()), row.tag.get()) else {
                continue;
            };
            if tag.starts_with(PROTECTED) {
                let created = moment(row.create_date.get(), zone);
                let order = (created.is_none(), created);
                protectors.entry(vm).or_default().push((order, row));
            } else {
                let text = clean_name(tag.trim());
                let of_vm = words.entry(vm).or_default();
                if !text.is_empty() && of_vm.len() < MAX_TAGS {
                    of_vm.push(texts.share(&text));
                }
            }
        }
        let mut all: HashMap<Box<str>, OfVm> = HashMap::new();
        for (vm, mut words) in words {
            words.sort_unstable();
            words.dedup();
            all.entry(vm.into()).or_default().words = words.into();
        }
        for (vm, mut rows) in protectors {
            rows.sort_by_key(|(order, row)| (*order, row.uuid.get().map(str::to_owned)));
            let of_vm = all.entry(vm.into()).or_default();
            of_vm.protection = rows
                .first()
                .map(|((_, created), row)| protection(row.tag.get().unwrap_or_default(), *created));
            let uuids = rows.iter().filter_map(|(_, row)| id(row.uuid.get()));
            of_vm.protectors = uuids.take(MAX_TAGS).map(Arc::from).collect();
        }
        Self(all)
    }
}

/// Those without a date come last.
type Order = (bool, Option<Timestamp>);

fn protection(tag: &str, created: Option<Timestamp>) -> Protection {
    let rest = tag.strip_prefix(PROTECTED).unwrap_or_default().trim();
    let said = serde_json::from_str::<Said>(rest).unwrap_or_else(|_| Said {
        by: None,
        reason: Some(rest.to_owned()),
        since: None,
    });
    let since = said.since.and_then(|since| since.trim().parse().ok());
    Protection {
        reason: long(said.reason.as_deref()),
        by: own(said.by.as_deref()),
        since: since.or(created),
        scope: ProtectionScope::SharedTag,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;
    use crate::clouds::zstack::wire::Inventories;

    fn read(json: &str) -> Tags {
        let rows: Inventories<Tag<'_>> = serde_json::from_str(json).unwrap();
        let mut texts = Texts::default();
        Tags::read(
            rows.inventories.items.iter(),
            Some(&TimeZone::UTC),
            &mut texts,
        )
    }

    #[test]
    fn a_protection_is_a_tag_with_reason_who_and_when() {
        let at = "2025-03-03T09:25:00.9Z".parse().unwrap();
        assert_eq!(
            protected(" kernel \"update\" ", "ops-admin", at).unwrap(),
            r#"vmdeck::protected::{"by":"ops-admin","reason":"kernel \"update\"","since":"2025-03-03T09:25:00Z"}"#
        );
    }

    #[test]
    fn tags_of_people_are_words_and_the_oldest_that_protects_counts() {
        let tags = read(
            r#"{"inventories":[
            {"uuid":"t1","resourceUuid":"vm1","tag":"tier::web"},
            {"uuid":"t2","resourceUuid":"vm1","tag":"backup\u001b[31m"},
            {"uuid":"t3","resourceUuid":"vm1","tag":"tier::web"},
            {"uuid":"t5","resourceUuid":"vm1","createDate":"Mar 4, 2025 9:25:00 AM",
             "tag":"vmdeck::protected::{\"by\":\"bob\",\"reason\":\"later\"}"},
            {"uuid":"t4","resourceUuid":"vm1","createDate":"Mar 3, 2025 9:25:00 AM",
             "tag":"vmdeck::protected::{\"by\":\"ann\",\"reason\":\"moving \\u00e9\",\"since\":\"2025-03-03T09:24:59Z\"}"},
            {"uuid":"t6","resourceUuid":"vm2","createDate":"Mar 3, 2025 9:25:00 AM","tag":"vmdeck::protected::by hand"},
            {"uuid":"t7","tag":"nobody's"}, 5, null
        ]}"#,
        );
        let one = tags.of("vm1").unwrap();
        let words: Vec<&str> = one.words.iter().map(|word| &**word).collect();
        assert_eq!(words, ["backup[31m", "tier::web"]);
        let protection = one.protection.clone().unwrap();
        assert_eq!(protection.reason.as_deref(), Some("moving é"));
        assert_eq!(protection.by.as_deref(), Some("ann"));
        assert_eq!(
            protection.since.unwrap().to_string(),
            "2025-03-03T09:24:59Z"
        );
        assert_eq!(protection.scope, ProtectionScope::SharedTag);
        let uuids: Vec<&str> = one.protectors.iter().map(|uuid| &**uuid).collect();
        assert_eq!(uuids, ["t4", "t5"]);

        let by_hand = tags.of("vm2").unwrap().protection.clone().unwrap();
        assert_eq!(by_hand.reason.as_deref(), Some("by hand"));
        assert_eq!(by_hand.by, None);
        assert_eq!(by_hand.since.unwrap().to_string(), "2025-03-03T09:25:00Z");
        assert!(tags.of("vm3").is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(reason in "[ -~äöü漢]{1,80}", by in "[a-z0-9.@-]{1,20}") {
            prop_assume!(!reason.trim().is_empty());
            let at: Timestamp = "2025-03-03T09:25:00Z".parse().unwrap();
            let read = protection(&protected(&reason, &by, at).unwrap(), None);
            let expected = crate::model::text::clean(reason.trim()).into_owned();
            prop_assert_eq!(read.reason.as_deref(), Some(&*expected));
            prop_assert_eq!(read.by.as_deref(), Some(&*by));
            prop_assert_eq!(read.since, Some(at));
        }
    }
}
