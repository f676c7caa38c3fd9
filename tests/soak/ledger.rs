//! The log of everything that was acknowledged, phone by phone: what the checker holds the database
//! against. Must not ask the database.

use crate::expected::{Judged, Whether};
use nearhand_domain::ping::ping_key;
use nearhand_domain::{Position, ping::LIVE_ACCURACY_M};
use nearhand_play::apps::{App, Fix};
use parking_lot::Mutex;
use std::{
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
    time::Instant,
};
use uuid::Uuid;

/// A fix as it must be stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) fix_at_ms: i64,
    pub(crate) key: Uuid,
    pub(crate) lat: f64,
    pub(crate) lng: f64,
    pub(crate) stored: Whether,
    pub(crate) live: Whether,
    /// When it was acknowledged; none if it never was.
    pub(crate) acknowledged: Option<Instant>,
}

/// One phone's part of the log.
pub(crate) struct PhoneLog {
    pub(crate) staff: Uuid,
    pub(crate) device: Uuid,
    pub(crate) app: App,
    entries: Mutex<Vec<Entry>>,
    /// How far its clock is off, milliseconds.
    pub(crate) skew_ms: AtomicI64,
    /// Its token is being revoked, or has been.
    pub(crate) revoking: AtomicBool,
    /// It sends no more.
    pub(crate) is_ended: AtomicBool,
    /// Since when its token is certainly revoked, and by which API.
    revoked: Mutex<Option<(Instant, usize)>>,
}

impl PhoneLog {
    pub(crate) fn new(staff: Uuid, device: Uuid, app: App) -> Self {
        Self {
            staff,
            device,
            app,
            entries: Mutex::default(),
            skew_ms: AtomicI64::new(0),
            revoking: AtomicBool::new(false),
            is_ended: AtomicBool::new(false),
            revoked: Mutex::default(),
        }
    }

    pub(crate) fn add(&self, entry: Entry) {
        self.entries.lock().push(entry);
    }

    /// Everything so far.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().clone()
    }

    /// This API has answered the revocation.
    pub(crate) fn set_revoked(&self, by: usize) {
        *self.revoked.lock() = Some((Instant::now(), by));
    }

    pub(crate) fn revoked(&self) -> Option<(Instant, usize)> {
        *self.revoked.lock()
    }
}

/// What the phones of a run have in common: totals, and what nobody should ever see.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) acknowledged: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) repeated: AtomicU64,
    strange: Mutex<Vec<String>>,
}

/// The most strange things that are kept.
const MOST_STRANGE: usize = 50;

impl Totals {
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(SeqCst)
    }

    /// Records something that must not happen. Must not hold a place or a token.
    pub(crate) fn strange(&self, what: String) {
        let mut strange = self.strange.lock();
        if strange.len() < MOST_STRANGE {
            strange.push(what);
        }
    }

    pub(crate) fn all_strange(&self) -> Vec<String> {
        self.strange.lock().clone()
    }
}

/// The instant and the key under which an app's fix is stored: not every app sends a key, and
/// `OwnTracks` sends whole seconds.
pub(crate) fn identity(app: App, fix: &Fix, position: Position) -> (i64, Uuid) {
    let fix_at_ms = match app {
        App::Owntracks => fix.at.as_second() * 1_000,
        _ => fix.at.as_millisecond(),
    };
    let sends_key =
        matches!(app, App::Native | App::Owntracks | App::TraccarJson | App::Transistorsoft);
    (fix_at_ms, ping_key(fix.key.as_deref().filter(|_| sends_key), position))
}

/// The entry of a fix that was judged by the server's clock within this range.
pub(crate) fn entry(app: App, fix: &Fix, judged: Judged) -> Option<Entry> {
    let position = Position::new(fix.lat, fix.lng).ok()?;
    let (fix_at_ms, key) = identity(app, fix, position);
    let wide = fix.accuracy_m.is_some_and(|radius| radius > f64::from(LIVE_ACCURACY_M));
    Some(Entry {
        fix_at_ms,
        key,
        lat: position.lat(),
        lng: position.lng(),
        stored: judged.stores(fix_at_ms),
        live: if wide { Whether::No } else { judged.may_be_live(fix_at_ms) },
        acknowledged: Some(Instant::now()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn an_app_is_expected_to_send_what_it_can() {
        let at = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let fix = Fix { at, lat: 38.7, lng: -9.1, key: Some("k".to_owned()), ..Fix::default() };
        let place = Position::new(38.7, -9.1).unwrap();
        let (of_key, of_place) = (ping_key(Some("k"), place), ping_key(None, place));
        for (app, at_ms, key) in [
            (App::Native, 1_800_000_000_123, of_key),
            (App::Owntracks, 1_800_000_000_000, of_key),
            (App::Overland, 1_800_000_000_123, of_place),
            (App::Gpslogger, 1_800_000_000_123, of_place),
        ] {
            assert_eq!(identity(app, &fix, place), (at_ms, key), "{app}");
        }
    }

    #[test]
    fn a_wide_fix_is_stored_and_never_live() {
        let at = Timestamp::from_millisecond(1_800_000_000_000).unwrap();
        let judged = Judged { earliest_ms: 1_800_000_000_000, latest_ms: 1_800_000_000_500 };
        let fix = |accuracy_m| Fix { at, lat: 38.7, lng: -9.1, accuracy_m, ..Fix::default() };
        let of = |radius| entry(App::Native, &fix(Some(radius)), judged).unwrap();
        assert_eq!((of(1_500.0).stored, of(1_500.0).live), (Whether::Yes, Whether::No));
        assert_eq!((of(9.0).stored, of(9.0).live), (Whether::Yes, Whether::Yes));
    }
}
