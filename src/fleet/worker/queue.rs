//! Whose tasks are read next.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::known::{Entry, Known};

/// The VMs of one run-through.
pub(super) const ROUND_MAX: usize = 5_000;
/// The time between two run-throughs, from the end of one to the beginning of the next.
const ROUND_PAUSE: Duration = Duration::from_secs(30 * 60);
/// The tasks of a VM on the screen are read again after this.
const ON_SCREEN_AGE: Duration = Duration::from_secs(2 * 60);
/// Tasks that could not be read are asked for again no sooner.
const RETRY: Duration = Duration::from_secs(5 * 60);
/// More VMs are on no screen.
const ON_SCREEN_MAX: usize = 500;

/// What to read next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This VM's tasks.
    Read(Arc<str>),
    /// Nothing before this.
    NotBefore(Instant),
}

/// The order of reading: VMs on the screen first, then those that changed lately or that an event names, then all others in
/// run-throughs, never read ones first.
#[derive(Debug, Default)]
pub(super) struct ReadQueue {
    on_screen: Vec<Arc<str>>,
    round: VecDeque<Arc<str>>,
    round_ended: Option<Instant>,
}

impl ReadQueue {
    /// These are on the screen now.
    pub(super) fn on_screen(&mut self, mut ids: Vec<Arc<str>>) {
        ids.truncate(ON_SCREEN_MAX);
        self.on_screen = ids;
    }

    /// Whose tasks to read now. Without `all`, only those of VMs of which something is known to have happened.
    pub(super) fn next(&mut self, known: &mut Known, now: Instant, all: bool) -> Next {
        let older = |at: Option<Instant>, than: Duration| at.is_none_or(|at| now - at >= than);
        let wanted = |entry: &&Entry| {
            entry.is_due() || (all && entry.tasks_read.is_none() && older(entry.tried, RETRY))
        };
        let on_screen = self.on_screen.iter().filter_map(|id| known.entry(id));
        if let Some(entry) = on_screen.clone().find(wanted) {
            return Next::Read(entry.vm.key.id.clone());
        }
        let aged = |entry: &&Entry| {
            all && entry.tasks_read.is_some()
                && older(entry.tasks_read, ON_SCREEN_AGE)
                && older(entry.tried, ON_SCREEN_AGE)
        };
        let aged = on_screen
            .clone()
            .find(aged)
            .map(|entry| entry.vm.key.id.clone());
        if let Some(id) = known.next_due().or(aged) {
            return Next::Read(id);
        }
        if !all {
            return Next::NotBefore(now + ON_SCREEN_AGE);
        }
        self.next_of_round(known, now)
    }

    fn next_of_round(&mut self, known: &Known, now: Instant) -> Next {
        loop {
            while let Some(id) = self.round.pop_front() {
                // Read meanwhile for another reason, or gone.
                let entry = known.entry(&id);
                if entry.is_some_and(|entry| entry.tried.is_none_or(|at| now - at >= RETRY)) {
                    if self.round.is_empty() {
                        self.round_ended = Some(now);
                    }
                    return Next::Read(id);
                }
                if self.round.is_empty() {
                    self.round_ended = Some(now);
                }
            }
            let due = self.round_ended.map_or(now, |ended| ended + ROUND_PAUSE);
            if due > now {
                // Those on the screen grow old sooner.
                return Next::NotBefore(due.min(now + ON_SCREEN_AGE));
            }
            self.round = whose_turn(known);
            if self.round.is_empty() {
                return Next::NotBefore(now + ON_SCREEN_AGE);
            }
            self.round_ended = Some(now);
        }
    }
}

/// The VMs of the next run-through: never read ones first, then the ones read longest ago.
fn whose_turn(known: &Known) -> VecDeque<Arc<str>> {
    let mut all: Vec<_> = known
        .entries()
        .map(|entry| (entry.tasks_read, &entry.vm.key.id))
        .collect();
    if all.len() > ROUND_MAX {
        all.select_nth_unstable(ROUND_MAX);
        all.truncate(ROUND_MAX);
    }
    all.sort_unstable();
    all.into_iter().map(|(_, id)| id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::known::tests::{known_with, task, vm};
    use super::*;
    use crate::model::PowerState;

    fn read_all(queue: &mut ReadQueue, known: &mut Known, now: Instant) -> Vec<Arc<str>> {
        let mut read = Vec::new();
        while let Next::Read(id) = queue.next(known, now, true) {
            known.try_tasks(&id, now);
            let order = known.begin();
            known.put_tasks(&id, &[], order, jiff::Timestamp::UNIX_EPOCH);
            read.push(id);
        }
        read
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_through_has_at_most_five_thousand_and_the_next_goes_on_after_a_pause() {
        let mut known = known_with(ROUND_MAX + 10);
        let mut queue = ReadQueue::default();
        let start = Instant::now();
        assert_eq!(read_all(&mut queue, &mut known, start).len(), ROUND_MAX);
        assert_eq!(known.take_unread(), Some(10));
        let later = start + ROUND_PAUSE;
        tokio::time::advance(ROUND_PAUSE).await;
        let second = read_all(&mut queue, &mut known, later);
        assert_eq!(second.len(), ROUND_MAX);
        assert_eq!(known.take_unread(), Some(0), "never read ones come first");
    }

    #[tokio::test(start_paused = true)]
    async fn on_the_screen_comes_before_changed_and_changed_before_the_rest() {
        let mut known = known_with(6);
        known.listed = true;
        let now = Instant::now();
        let order = known.begin();
        known.put(vm("3", PowerState::Off), order);
        let mut queue = ReadQueue::default();
        queue.on_screen(vec!["5".into(), "4".into()]);
        let read = read_all(&mut queue, &mut known, now);
        let first: Vec<_> = read.iter().take(3).map(|id| &**id).collect();
        assert_eq!(first, ["5", "4", "3"]);
        assert_eq!(read.len(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn without_background_reads_only_what_happened_is_read() {
        let mut known = known_with(6);
        let now = Instant::now();
        let mut queue = ReadQueue::default();
        queue.on_screen(vec!["5".into()]);
        assert!(matches!(
            queue.next(&mut known, now, false),
            Next::NotBefore(_)
        ));
        known.mark_due("2");
        assert_eq!(queue.next(&mut known, now, false), Next::Read("2".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_cannot_be_read_keep_nobody_waiting() {
        let mut known = known_with(3);
        let now = Instant::now();
        let mut queue = ReadQueue::default();
        queue.on_screen(vec!["1".into()]);
        let mut tried = Vec::new();
        while let Next::Read(id) = queue.next(&mut known, now, true) {
            known.try_tasks(&id, now);
            tried.push(id);
        }
        tried.sort();
        assert_eq!(
            tried.len(),
            3,
            "each is asked for once, answered or not: {tried:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_locked_vm_that_nobody_follows_is_read_and_one_that_is_followed_is_not() {
        let mut known = known_with(3);
        for id in ["0", "1"] {
            let order = known.begin();
            known.put(vm(id, PowerState::Locked), order);
            known.next_due();
        }
        let now = Instant::now();
        for id in ["0", "1"] {
            known.try_tasks(id, now);
        }
        let order = known.begin();
        known.put_task(&task("t", "0", true), order);
        known.mark_locked();
        assert_eq!(known.next_due().as_deref(), Some("1"));
        assert_eq!(known.next_due(), None);
    }
}
