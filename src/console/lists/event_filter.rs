//! Which events are listed: by severity, time span, user, VM and text.

use jiff::{SignedDuration, Timestamp};

use crate::fleet::EventQuery;
use crate::model::Severity;

/// How far back to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    /// As far as there is something.
    #[default]
    All,
    /// So many hours.
    Hours(u16),
}

impl Span {
    /// The choices, the widest first.
    pub const CHOICES: [Self; 7] = [
        Self::All,
        Self::Hours(1),
        Self::Hours(6),
        Self::Hours(24),
        Self::Hours(24 * 7),
        Self::Hours(24 * 30),
        Self::Hours(24 * 365),
    ];

    /// What a person calls it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Hours(1) => "last hour",
            Self::Hours(6) => "last 6 hours",
            Self::Hours(24) => "last 24 hours",
            Self::Hours(168) => "last 7 days",
            Self::Hours(720) => "last 30 days",
            Self::Hours(8_760) => "last year",
            Self::All | Self::Hours(_) => "any time",
        }
    }

    fn since(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::All => None,
            Self::Hours(hours) => now
                .checked_sub(SignedDuration::from_hours(hours.into()))
                .ok(),
        }
    }
}

/// The choices of severity: any, or this one and worse.
pub const SEVERITIES: [Option<Severity>; 3] =
    [None, Some(Severity::Warning), Some(Severity::Error)];

/// What a person calls a choice of severity.
#[must_use]
pub fn severity_words(severity: Option<Severity>) -> &'static str {
    match severity {
        None | Some(Severity::Info) => "any",
        Some(Severity::Warning) => "warnings and errors",
        Some(Severity::Error) => "errors",
    }
}

/// What is wanted. Empty texts want everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// This severity or worse.
    pub severity: Option<Severity>,
    /// How far back.
    pub span: Span,
    /// Done by, or for, this user.
    pub user: String,
    /// Of the VM of this name.
    pub vm: String,
    /// With this text.
    pub text: String,
}

impl EventFilter {
    /// Whether everything is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The question to the clouds, and what each event is held against.
    #[must_use]
    pub fn query(&self, now: Timestamp) -> EventQuery {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        EventQuery {
            since: self.span.since(now),
            until: None,
            severity: self.severity,
            user: text(&self.user),
            vm: text(&self.vm),
            text: text(&self.text),
            limit: 0,
        }
    }

    /// What is wanted, each as a few words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let named = |label: &str, text: &str| {
            (!text.trim().is_empty()).then(|| format!("{label}{}", text.trim()))
        };
        [
            self.severity
                .map(|_| severity_words(self.severity).to_owned()),
            (self.span != Span::All).then(|| self.span.words().to_owned()),
            named("of ", &self.vm),
            named("by ", &self.user),
            named("/", &self.text),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
