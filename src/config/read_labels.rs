//! The table `[labels]`: words of one's own for states and actions.

use toml::Spanned;
use toml::de::DeValue;

use super::section::{At, Section, closest, showable};
use crate::model::Labels;
use crate::model::labels::LABEL_MAX;
use crate::model::text::is_safe;

/// Reads the whole table. `"state.on" = "…"` and `state.on = "…"` are the same.
pub(super) fn labels(mut section: Section<'_, '_>) -> Labels {
    let mut labels = Labels::default();
    let mut set: Vec<(String, usize)> = Vec::new();
    for (key, value) in section.entries() {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (inner, value) in table.iter() {
                    let at = At {
                        value: format!("{}.{}", key.value, inner.get_ref()),
                        offset: inner.span().start,
                    };
                    one(&mut section, &mut labels, &mut set, at, value);
                }
            }
            _ => {
                let at = At {
                    value: key.value.to_owned(),
                    offset: key.offset,
                };
                one(&mut section, &mut labels, &mut set, at, value);
            }
        }
    }
    for (id, offset) in set {
        if let Some(other) = labels.same_word_as(&id) {
            section.wrong(
                offset,
                &id,
                &format!("is the word for `{other}` already"),
                "give each its own, or nobody can tell them apart",
            );
        }
    }
    labels
}

fn one(
    section: &mut Section<'_, '_>,
    labels: &mut Labels,
    set: &mut Vec<(String, usize)>,
    id: At<String>,
    value: &Spanned<DeValue<'_>>,
) {
    let ids: Vec<String> = Labels::ids().collect();
    if !ids.contains(&id.value) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let fix = match closest(&id.value, &ids) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "write state.…, vapp.… or action.…, such as \"state.on\"".to_owned(),
        };
        section.wrong(
            id.offset,
            showable(&id.value),
            "is no state and no action",
            &fix,
        );
        return;
    }
    let offset = value.span().start;
    let DeValue::String(word) = value.get_ref() else {
        section.wrong_type(
            offset,
            &id.value,
            "a word",
            "write it between double quotes",
            value.get_ref(),
        );
        return;
    };
    let what = if word.trim().is_empty() {
        "is empty"
    } else if !word.chars().all(is_safe) {
        "has a character that cannot be shown"
    } else if word.trim() != word {
        "begins or ends with a blank"
    } else if word.chars().count() > LABEL_MAX {
        "is too long to stand in a column"
    } else {
        labels.set(&id.value, word);
        set.push((id.value, offset));
        return;
    };
    let fix = format!("write one to {LABEL_MAX} printable characters, or remove the line");
    section.wrong(offset, &id.value, what, &fix);
}
