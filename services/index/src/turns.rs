//! A lock whose holders take microseconds. Must let writers have their turn among readers that
//! follow each other closely, and put nobody to sleep who will soon have theirs.

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Attempts before a holder is slept for: some tens of microseconds, where being put to sleep and
/// woken takes more.
const SPINS: u32 = 1_000;
const PAUSES_A_SPIN: u32 = 2;

/// A value that many read and some write.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    lock: RwLock<T>,
    /// How many writers wait: whoever comes to read lets them go first.
    writers: AtomicUsize,
}

/// A writer's place among those that wait, left however its waiting ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(writers: &'a AtomicUsize) -> Self {
        writers.fetch_add(1, Ordering::Relaxed);
        Self(writers)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T> Turns<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { lock: RwLock::new(value), writers: AtomicUsize::new(0) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        spin(|| self.try_read()).unwrap_or_else(|| self.lock.read())
    }

    fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        if self.writer_waits() { None } else { self.lock.try_read() }
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        let _waiting = Waiting::among(&self.writers);
        spin(|| self.lock.try_write()).unwrap_or_else(|| self.lock.write())
    }

    fn writer_waits(&self) -> bool {
        self.writers.load(Ordering::Relaxed) > 0
    }
}

fn spin<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    (0..SPINS).find_map(|_| {
        let got = attempt();
        if got.is_none() {
            (0..PAUSES_A_SPIN).for_each(|_| std::hint::spin_loop());
        }
        got
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Barrier, thread};

    fn until(so: impl Fn() -> bool) {
        while !so() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_reader_lets_a_waiting_writer_go_first() {
        let turns = Turns::new(());
        let waiting = Waiting::among(&turns.writers);
        assert!(turns.try_read().is_none());
        drop(waiting);
        assert!(turns.try_read().is_some());
    }

    #[test]
    fn every_waiting_writer_is_counted_until_its_turn() {
        let (turns, held, leave) = (Turns::new(()), AtomicUsize::new(0), Barrier::new(2));
        let waiting = || turns.writers.load(Ordering::Relaxed);
        thread::scope(|scope| {
            let reading = turns.read();
            for _ in 0..2 {
                scope.spawn(|| {
                    let _writing = turns.write();
                    held.fetch_add(1, Ordering::SeqCst);
                    leave.wait();
                });
            }
            until(|| waiting() == 2);
            drop(reading);
            for still_waiting in [1, 0] {
                until(|| held.load(Ordering::SeqCst) == 2 - still_waiting);
                assert_eq!(waiting(), still_waiting);
                leave.wait();
            }
        });
    }
}
