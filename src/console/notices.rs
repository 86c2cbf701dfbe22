//! Short notices: what became of what was asked, and what went wrong. They go by themselves and stay in a log.

use jiff::{SignedDuration, Timestamp};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It went well.
    Good,
    /// Something to know.
    Info,
    /// It was not done.
    Caution,
    /// It failed.
    Failure,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When it came.
    pub at: Timestamp,
    /// How bad it is.
    pub level: Level,
    /// One sentence.
    pub text: String,
    /// It is not on the screen, whatever its time.
    pub logged_only: bool,
}

impl Notice {
    /// How long it stays on the screen: what must be read longer stays longer.
    fn lasts(&self) -> SignedDuration {
        SignedDuration::from_secs(match self.level {
            Level::Good | Level::Info => 5,
            Level::Caution => 9,
            Level::Failure => 15,
        })
    }

    fn ends(&self) -> Timestamp {
        self.at
            .saturating_add(self.lasts())
            .unwrap_or(Timestamp::MAX)
    }
}

/// The notices kept.
const LOG_MAX: usize = 500;
/// How far back one may be that is still on the screen.
const RECENT: usize = 64;
/// The notices on the screen at once.
const SHOWN_MAX: usize = 4;

/// All notices of this run.
#[derive(Debug, Default)]
pub struct Notices {
    log: Vec<Notice>,
    dismissed: Option<Timestamp>,
}

impl Notices {
    /// Adds one.
    pub fn add(&mut self, at: Timestamp, level: Level, text: impl Into<String>) {
        let text = text.into();
        // The same words again within the time they are shown say nothing new.
        if let Some(last) = self
            .log
            .last_mut()
            .filter(|last| last.text == text && last.ends() > at)
        {
            last.at = at;
            return;
        }
        self.push(Notice {
            at,
            level,
            text,
            logged_only: false,
        });
    }

    /// Adds one that only the log shows.
    pub fn log_only(&mut self, at: Timestamp, level: Level, text: &str) {
        self.push(Notice {
            at,
            level,
            text: text.to_owned(),
            logged_only: true,
        });
    }

    fn push(&mut self, notice: Notice) {
        self.log.push(notice);
        if self.log.len() > LOG_MAX {
            self.log.remove(0);
        }
    }

    /// Those on the screen now, oldest first.
    #[must_use]
    pub fn shown(&self, now: Timestamp) -> Vec<&Notice> {
        let alive = |notice: &&Notice| {
            !notice.logged_only
                && notice.ends() > now
                && self.dismissed.is_none_or(|then| notice.at > then)
        };
        // A failure outlives what came after it; nothing lasts long enough to be further back than this.
        let recent = self.log.iter().rev().take(RECENT);
        let mut shown: Vec<_> = recent.filter(alive).take(SHOWN_MAX).collect();
        shown.reverse();
        shown
    }

    /// Takes all from the screen; the log keeps them. Says whether there were any.
    pub fn dismiss(&mut self, now: Timestamp) -> bool {
        let any = !self.shown(now).is_empty();
        self.dismissed = Some(now);
        any
    }

    /// Takes one from the screen whose matter is settled; the log keeps it.
    pub fn settle(&mut self, text: &str) {
        for notice in self.log.iter_mut().filter(|notice| notice.text == text) {
            notice.logged_only = true;
        }
    }

    /// When the next one goes.
    #[must_use]
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.shown(now).into_iter().map(Notice::ends).min()
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn log(&self) -> &[Notice] {
        &self.log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap_or_default()
    }

    #[test]
    fn notices_go_by_themselves_and_stay_in_the_log() {
        let mut notices = Notices::default();
        notices.add(at(0), Level::Good, "done");
        notices.add(at(1), Level::Failure, "failed");
        assert_eq!(notices.shown(at(2)).len(), 2);
        assert_eq!(notices.shown(at(7)).len(), 1, "what failed stays longer");
        notices.add(at(8), Level::Good, "done again");
        let shown: Vec<_> = notices
            .shown(at(14))
            .into_iter()
            .map(|notice| &*notice.text)
            .collect();
        assert_eq!(
            shown,
            ["failed"],
            "what came after it and went does not take it along"
        );
        assert_eq!(notices.shown(at(60)).len(), 0);
        assert_eq!(notices.log().len(), 3);
    }

    #[test]
    fn the_same_words_again_are_one_notice() {
        let mut notices = Notices::default();
        notices.add(at(0), Level::Caution, "no");
        notices.add(at(1), Level::Caution, "no");
        assert_eq!(notices.log().len(), 1);
    }
}
