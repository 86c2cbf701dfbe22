//! Texts that many VMs, tasks and events of a cloud share, such as a state word or the name of a project.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::text::clean_name;

/// Texts that many things share, each kept once.
#[derive(Debug, Default)]
pub(super) struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// The one copy of a text that is clean already.
    pub fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let text: Arc<str> = Arc::from(text);
        self.0.insert(text.clone());
        text
    }

    /// The one copy of a name: cleaned, without the spaces around it, and `None` when nothing is left of it.
    pub fn name(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        let text = clean_name(text?.trim());
        (!text.is_empty()).then(|| self.share(&text))
    }
}

/// A text that nothing shares: cleaned, without the spaces around it, and `None` when nothing is left of it.
pub(super) fn own(text: Option<&str>) -> Option<Arc<str>> {
    let text = clean_name(text?.trim());
    (!text.is_empty()).then(|| Arc::from(&*text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_text_is_kept_once() {
        let mut texts = Texts::default();
        let first = texts.share("RUNNING");
        assert!(Arc::ptr_eq(&first, &texts.share("RUNNING")));
        assert!(!Arc::ptr_eq(&first, &texts.share("STOPPED")));
    }

    #[test]
    fn a_name_of_spaces_is_none() {
        let mut texts = Texts::default();
        assert_eq!(texts.name(Some("  ")), None);
        assert_eq!(texts.name(Some(" bob ")).as_deref(), Some("bob"));
        assert_eq!(own(Some("  ")), None);
        assert_eq!(own(Some(" b\u{1b}ob ")), texts.name(Some(" b\u{1b}ob ")));
    }
}
