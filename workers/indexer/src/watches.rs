//! Wakes those who wait for a change of one person's work. Must not say what has changed: whoever
//! is woken reads it from PostgreSQL.
//!
//! A subscription to all changes would wake every stream at every change of anybody. Here a change
//! costs one look into a map, and those close together wake a stream once.

use nearhand_domain::StaffId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::{collections::hash_map::Entry, sync::Arc};
use tokio::sync::watch;

/// The people who are watched.
#[derive(Clone, Default)]
pub(crate) struct Watches(Arc<Mutex<FxHashMap<StaffId, Watched>>>);

struct Watched {
    change: watch::Sender<()>,
    watchers: usize,
}

/// Watches one person's work until it is dropped.
pub struct WorkWatch {
    staff: StaffId,
    changes: watch::Receiver<()>,
    watches: Watches,
}

impl Watches {
    pub(crate) fn watch(&self, staff: StaffId) -> WorkWatch {
        let mut people = self.0.lock();
        let watched = people
            .entry(staff)
            .or_insert_with(|| Watched { change: watch::Sender::new(()), watchers: 0 });
        watched.watchers += 1;
        WorkWatch { staff, changes: watched.change.subscribe(), watches: self.clone() }
    }

    /// Wakes those who watch this person.
    pub(crate) fn wake(&self, staff: StaffId) {
        if let Some(watched) = self.0.lock().get(&staff) {
            watched.change.send_replace(());
        }
    }

    /// Wakes everybody: changes may have been missed.
    pub(crate) fn wake_all(&self) {
        self.0.lock().values().for_each(|watched| watched.change.send_replace(()));
    }
}

impl WorkWatch {
    /// Waits until the work may have changed since the watch began, or since the last wait ended. May
    /// be dropped while it waits; no change is lost by that.
    pub async fn changed(&mut self) {
        // The sender stays in the map for as long as somebody watches.
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for WorkWatch {
    fn drop(&mut self) {
        if let Entry::Occupied(mut watched) = self.watches.0.lock().entry(self.staff) {
            watched.get_mut().watchers -= 1;
            if watched.get().watchers == 0 {
                watched.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    /// Whether it need not wait.
    fn is_ready(future: impl Future<Output = ()>) -> bool {
        pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn a_change_wakes_those_who_watch_that_person_once() {
        let watches = Watches::default();
        let [ada, grace] = [StaffId::generate(), StaffId::generate()];
        let (mut one, mut two, mut other) =
            (watches.watch(ada), watches.watch(ada), watches.watch(grace));
        assert!(!is_ready(one.changed()), "nothing has changed yet");
        watches.wake(ada);
        watches.wake(ada);
        assert!(is_ready(one.changed()) && is_ready(two.changed()));
        assert!(!is_ready(one.changed()), "two changes wake once");
        assert!(!is_ready(other.changed()), "somebody else's");
        watches.wake_all();
        assert!(is_ready(one.changed()) && is_ready(other.changed()));
    }

    #[test]
    fn nothing_is_left_of_those_who_watch_no_more() {
        let watches = Watches::default();
        let ada = StaffId::generate();
        let (one, mut two) = (watches.watch(ada), watches.watch(ada));
        drop(one);
        watches.wake(ada);
        assert!(is_ready(two.changed()), "the other is still there");
        drop(two);
        assert!(watches.0.lock().is_empty());
    }
}
