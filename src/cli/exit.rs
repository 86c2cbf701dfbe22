//! How a command ends: its exit status, and what it says on the way out.

use std::process::ExitCode;

/// The exit status, one for a whole run. Where several apply, [`Exit::and`] picks the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// An action failed, was refused, or is still running when the waiting ends.
    Failed,
    /// Wrong usage or configuration: nothing was done.
    Usage,
    /// Some clouds could not be read; the rest was printed.
    Partial,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Interrupted => 130,
        }
    }

    /// The one of two that the shell should see. Usage comes before unread clouds, and those before a failed action:
    /// the earlier one may have caused the later one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Partial => 2,
            Self::Usage => 3,
            Self::Interrupted => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command ends before its work: what a person should read, each a sentence, and the exit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The exit status.
    pub exit: Exit,
    /// What goes to stderr, a line each.
    pub messages: Vec<String>,
}

impl Stop {
    /// Wrong usage or configuration.
    #[must_use]
    pub fn usage(message: impl ToString) -> Self {
        Self {
            exit: Exit::Usage,
            messages: vec![message.to_string()],
        }
    }

    /// Something failed that has nothing to do with how it was asked for.
    #[must_use]
    pub fn failed(message: impl ToString) -> Self {
        Self {
            exit: Exit::Failed,
            messages: vec![message.to_string()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{self, *};

    #[test]
    fn usage_wins_over_unread_clouds_and_those_over_a_failed_action() {
        for (a, b, expected) in [
            (Done, Done, 0),
            (Done, Failed, 1),
            (Failed, Partial, 3),
            (Partial, Usage, 2),
            (Failed, Usage, 2),
            (Usage, Interrupted, 130),
        ] {
            assert_eq!(a.and(b).code(), expected, "{a:?} and {b:?}");
            assert_eq!(b.and(a).code(), expected, "{b:?} and {a:?}");
        }
        let all = [Failed, Done, Partial, Done];
        assert_eq!(all.into_iter().fold(Done, Exit::and), Partial);
    }
}
