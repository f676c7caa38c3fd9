//! A lock whose holders take microseconds. Must let writers have their turn among readers that
//! follow each other closely, and put nobody to sleep who will soon have theirs.

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::sync::atomic::{AtomicBool, Ordering};

/// Attempts before a holder is slept for: some tens of microseconds, where being put to sleep and
/// woken takes more.
const SPINS: u32 = 1_000;
const PAUSES_A_SPIN: u32 = 2;

/// A value that many read and some write.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    lock: RwLock<T>,
    /// Whether a writer waits: whoever comes to read lets it go first.
    writer_waits: AtomicBool,
}

impl<T> Turns<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { lock: RwLock::new(value), writer_waits: AtomicBool::new(false) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        let attempt = || (!self.writer_waits.load(Ordering::Relaxed)).then(|| self.lock.try_read());
        spin(|| attempt().flatten()).unwrap_or_else(|| self.lock.read())
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.writer_waits.store(true, Ordering::Relaxed);
        let guard = spin(|| self.lock.try_write()).unwrap_or_else(|| self.lock.write());
        self.writer_waits.store(false, Ordering::Relaxed);
        guard
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
