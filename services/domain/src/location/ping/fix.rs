//! One fix: its raw and its normalised form, its identity, and the rules it must pass alone.

use super::{AHEAD_FLAGGED_MS, AHEAD_REJECTED_MS, LIVE_ACCURACY_M};
use crate::position::{Position, PositionError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use uuid::Uuid;

/// Marks of a ping; their sum is stored with it. Admission sets the first, [`crate::jumps`] the others.
pub mod flags {
    /// The phone's clock was more than two minutes ahead of ours.
    pub const CLOCK_AHEAD: u8 = 1;
    /// The phone cannot have come here from where it was.
    pub const JUMP: u8 = 2;
    /// It seemed a jump until two more fixes agreed with it.
    pub const RELEASED: u8 = 4;
}

/// Which kind of client sent a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Nearhand's own form.
    Native,
    /// OwnTracks in HTTP mode.
    Owntracks,
    /// Overland.
    Overland,
    /// Traccar Client and OsmAnd.
    Traccar,
    /// The Transistorsoft SDKs.
    Transistorsoft,
    /// GPSLogger.
    Gpslogger,
}

impl Source {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Owntracks => "owntracks",
            Self::Overland => "overland",
            Self::Traccar => "traccar",
            Self::Transistorsoft => "transistorsoft",
            Self::Gpslogger => "gpslogger",
        }
    }
}

/// How a phone thinks it is being moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// Not at all.
    Stationary,
    /// On foot.
    Walking,
    /// On foot, fast.
    Running,
    /// On a bicycle.
    Cycling,
    /// In a vehicle.
    Driving,
}

impl Motion {
    /// The word in the database and on our wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stationary => "stationary",
            Self::Walking => "walking",
            Self::Running => "running",
            Self::Cycling => "cycling",
            Self::Driving => "driving",
        }
    }

    /// Reads our words and those of the phones' systems; anything else means unknown.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "stationary" | "still" => Some(Self::Stationary),
            "walking" | "on_foot" => Some(Self::Walking),
            "running" => Some(Self::Running),
            "cycling" | "on_bicycle" => Some(Self::Cycling),
            "driving" | "automotive" | "in_vehicle" | "automotive_navigation" => {
                Some(Self::Driving)
            }
            _ => None,
        }
    }
}

/// A fix as a client wrote it, in our units but unchecked.
///
/// −1 (any negative number, for what cannot be negative), NaN and `None` mean unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawFix {
    /// Its place in the request, counted from 0, repeated in a rejection.
    pub index: usize,
    /// When the position was taken, Unix milliseconds.
    pub fix_at_ms: i64,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lng: f64,
    /// Radius in metres.
    pub accuracy_m: Option<f64>,
    /// Metres above the ellipsoid.
    pub altitude_m: Option<f64>,
    /// Metres per second.
    pub speed_mps: Option<f64>,
    /// Degrees clockwise from north.
    pub course_deg: Option<f64>,
    /// 0 to 1.
    pub battery: Option<f64>,
    /// Whether the phone is being charged.
    pub charging: Option<bool>,
    /// How the phone is being moved, see [`Motion::parse`].
    pub motion: Option<String>,
    /// Whether the position came from a mock provider.
    pub mock: Option<bool>,
    /// When the phone sent it, by its own clock, Unix milliseconds.
    pub sent_at_ms: Option<i64>,
    /// The client's own identifier of this fix; empty means none.
    pub key: Option<String>,
}

/// A ping in its one form. Organisation, device, person and time of receipt belong to its batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    /// When the position was taken, Unix milliseconds.
    pub fix_at_ms: i64,
    /// What, with the device and `fix_at`, makes this ping this ping; see [`ping_key`].
    pub key: Uuid,
    /// Where.
    pub position: Position,
    /// When the phone sent it, by its own clock, Unix milliseconds.
    pub sent_at_ms: Option<i64>,
    /// Radius in metres.
    pub accuracy_m: Option<f32>,
    /// Metres above the ellipsoid.
    pub altitude_m: Option<f32>,
    /// Metres per second.
    pub speed_mps: Option<f32>,
    /// Degrees clockwise from north, 0 up to but not including 360.
    pub course_deg: Option<f32>,
    /// 0 to 1.
    pub battery: Option<f32>,
    /// Whether the phone was being charged.
    pub charging: Option<bool>,
    /// How the phone was being moved.
    pub motion: Option<Motion>,
    /// From a mock provider.
    pub mock: bool,
    /// See [`flags`].
    pub flags: u8,
    /// The kind of client.
    pub source: Source,
}

impl Ping {
    /// Whether this ping may become the person's live position, its age aside: not from a clock
    /// that ran ahead, and no wider than 1 km.
    #[must_use]
    pub fn may_be_live(&self) -> bool {
        self.flags & flags::CLOCK_AHEAD == 0
            && self.accuracy_m.is_none_or(|radius| radius <= LIVE_ACCURACY_M)
    }

    /// What two reports of the same fix from one device share.
    #[must_use]
    pub fn identity(&self) -> (i64, Uuid) {
        (self.fix_at_ms, self.key)
    }
}

/// Orders the fixes of one person: the greatest is the live one.
///
/// The newest; of one instant the one that knows better, then one that is no mock, then either, but
/// always the same. `upsert_positions` of the storage orders rows in the same way, so that the
/// order of arrival does not matter anywhere.
pub type LiveRank = (i64, Reverse<u32>, Reverse<bool>, Position);

/// The rank of a fix; `None` as accuracy is the widest.
#[must_use]
pub fn live_rank(
    fix_at_ms: i64,
    accuracy_m: Option<f32>,
    mock: bool,
    position: Position,
) -> LiveRank {
    // Non-negative floats order as their bits do.
    let radius = accuracy_m.map_or(u32::MAX, |radius| radius.abs().to_bits());
    (fix_at_ms, Reverse(radius), Reverse(mock), position)
}

/// Why a fix is invalid, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// No position of the globe.
    Position(PositionError),
    /// More than 24 hours ahead of our clock.
    TooFarAhead,
}

impl Rejection {
    /// The documented code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Position(PositionError::NotFinite) => "position_not_finite",
            Self::Position(PositionError::Latitude) => "lat_out_of_range",
            Self::Position(PositionError::Longitude) => "lng_out_of_range",
            Self::Position(PositionError::NullIsland) => "position_null_island",
            Self::TooFarAhead => "fix_at_in_future",
        }
    }

    /// What to tell the client, without the value.
    #[must_use]
    pub fn detail(self) -> String {
        match self {
            Self::Position(error) => error.to_string(),
            Self::TooFarAhead => {
                "fix_at lies more than 24 hours ahead; check the phone's clock".to_owned()
            }
        }
    }
}

/// Why a valid fix is not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Discard {
    /// Older than what is kept.
    Retention,
    /// The person's location may not be taken at that time.
    TrackingOff,
    /// The person or the device is gone.
    Erased,
}

impl Discard {
    /// The documented word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::TrackingOff => "tracking_off",
            Self::Erased => "erased",
        }
    }
}

/// What becomes of one fix, before anybody asks whose it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// Kept, with its flags set.
    Accepted(Ping),
    /// Invalid.
    Rejected(Rejection),
    /// Valid, not wanted.
    Discarded(Discard),
}

/// Judges one fix by itself: position, clock and retention. Everything else only grades.
#[must_use]
pub fn judge(raw: &RawFix, now_ms: i64, retention_ms: i64, source: Source) -> Judged {
    let position = match Position::new(raw.lat, raw.lng) {
        Ok(position) => position,
        Err(error) => return Judged::Rejected(Rejection::Position(error)),
    };
    let ahead_ms = raw.fix_at_ms.saturating_sub(now_ms);
    if ahead_ms > AHEAD_REJECTED_MS {
        return Judged::Rejected(Rejection::TooFarAhead);
    }
    if ahead_ms < -retention_ms {
        return Judged::Discarded(Discard::Retention);
    }
    Judged::Accepted(Ping {
        fix_at_ms: raw.fix_at_ms,
        key: ping_key(raw.key.as_deref(), position),
        position,
        sent_at_ms: raw.sent_at_ms.filter(|at| is_calendar_ms(*at)),
        accuracy_m: accuracy(raw.accuracy_m),
        altitude_m: raw.altitude_m.filter(|metres| !is_minus_one(*metres)).and_then(single),
        speed_mps: not_negative(raw.speed_mps),
        course_deg: course(raw.course_deg),
        battery: not_negative(raw.battery).filter(|level| *level <= 1.0),
        charging: raw.charging,
        motion: raw.motion.as_deref().and_then(Motion::parse),
        mock: raw.mock.unwrap_or(false),
        flags: if ahead_ms > AHEAD_FLAGGED_MS { flags::CLOCK_AHEAD } else { 0 },
        source,
    })
}

/// The identity of a fix within its device and instant: the first 16 bytes of SHA-256 of the
/// client's own key, else of the position in units of 1e-7 degrees.
#[must_use]
pub fn ping_key(client_key: Option<&str>, position: Position) -> Uuid {
    let mut hash = Sha256::new();
    if let Some(key) = client_key.filter(|key| !key.is_empty()) {
        hash.update(b"key:");
        hash.update(key.as_bytes());
    } else {
        let (lat_e7, lng_e7) = position.e7();
        hash.update(b"position:");
        hash.update(lat_e7.to_be_bytes());
        hash.update(lng_e7.to_be_bytes());
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(first)
}

/// Years 1 to 9999: a phone's idea of when it sent something may be anything at all.
fn is_calendar_ms(at: i64) -> bool {
    (-62_135_596_800_000..=253_402_300_799_999).contains(&at)
}

#[expect(clippy::float_cmp, reason = "the sentinel is exactly -1")]
fn is_minus_one(value: f64) -> bool {
    value == -1.0
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to single precision is meant")]
fn single(value: f64) -> Option<f32> {
    let value = value as f32;
    value.is_finite().then_some(value)
}

/// A radius too wide to be held is the widest, not unknown: an unknown one may be live.
fn accuracy(value: Option<f64>) -> Option<f32> {
    let radius = value.filter(|radius| *radius >= 0.0);
    not_negative(radius.map(|radius| radius.min(f64::from(f32::MAX))))
}

fn not_negative(value: Option<f64>) -> Option<f32> {
    value.filter(|v| *v >= 0.0).map(f64::abs).and_then(single)
}

fn course(value: Option<f64>) -> Option<f32> {
    let degrees = not_negative(value)?;
    match degrees {
        d if d < 360.0 => Some(d),
        d if d <= 360.0 => Some(0.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000;
    const DAY_MS: i64 = 86_400_000;

    fn raw(fix_at_ms: i64) -> RawFix {
        RawFix { fix_at_ms, lat: 38.7, lng: -9.1, ..RawFix::default() }
    }

    fn judged(raw: &RawFix) -> Judged {
        judge(raw, NOW, 60 * DAY_MS, Source::Native)
    }

    fn accepted(raw: &RawFix) -> Ping {
        match judged(raw) {
            Judged::Accepted(ping) => ping,
            other => panic!("not accepted: {other:?}"),
        }
    }

    #[test]
    fn a_place_that_is_none_is_refused_with_its_code() {
        for (lat, lng, code) in [
            (f64::NAN, 1.0, "position_not_finite"),
            (1.0, f64::INFINITY, "position_not_finite"),
            (90.000_001, 1.0, "lat_out_of_range"),
            (1.0, -180.5, "lng_out_of_range"),
            (0.0, 0.0, "position_null_island"),
        ] {
            let Judged::Rejected(why) = judged(&RawFix { lat, lng, ..raw(NOW) }) else {
                panic!("{code} was let in")
            };
            assert_eq!(why.code(), code);
            assert!(!why.detail().contains("90.000"), "a detail repeats no value");
        }
    }

    #[test]
    fn the_clock_grades_flags_and_refuses_at_its_exact_edges() {
        assert_eq!(accepted(&raw(NOW + AHEAD_FLAGGED_MS)).flags, 0);
        let ahead = accepted(&raw(NOW + AHEAD_FLAGGED_MS + 1));
        assert_eq!(ahead.flags, flags::CLOCK_AHEAD);
        assert!(!ahead.may_be_live());
        assert!(matches!(judged(&raw(NOW + AHEAD_REJECTED_MS)), Judged::Accepted(_)));
        assert_eq!(
            judged(&raw(NOW + AHEAD_REJECTED_MS + 1)),
            Judged::Rejected(Rejection::TooFarAhead)
        );
        assert!(matches!(judged(&raw(NOW - 60 * DAY_MS)), Judged::Accepted(_)));
        assert_eq!(judged(&raw(NOW - 60 * DAY_MS - 1)), Judged::Discarded(Discard::Retention));
        assert_eq!(judged(&raw(i64::MIN)), Judged::Discarded(Discard::Retention));
        assert_eq!(judged(&raw(i64::MAX)), Judged::Rejected(Rejection::TooFarAhead));
    }

    #[test]
    fn minus_one_and_nonsense_mean_unknown_and_never_refuse() {
        for value in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            let ping = accepted(&RawFix {
                accuracy_m: if value > 0.0 { None } else { Some(value) },
                altitude_m: Some(value),
                speed_mps: Some(value),
                course_deg: Some(value),
                battery: Some(value),
                motion: Some("teleporting".into()),
                sent_at_ms: Some(i64::MAX),
                ..raw(NOW)
            });
            assert_eq!(
                (ping.accuracy_m, ping.altitude_m, ping.speed_mps, ping.course_deg, ping.battery),
                (None, None, None, None, None)
            );
            assert_eq!((ping.motion, ping.sent_at_ms), (None, None));
        }
    }

    #[test]
    fn what_is_known_is_kept() {
        let ping = accepted(&RawFix {
            accuracy_m: Some(0.0),
            altitude_m: Some(-12.5),
            speed_mps: Some(3.25),
            course_deg: Some(360.0),
            battery: Some(1.0),
            charging: Some(false),
            motion: Some("in_vehicle".into()),
            mock: Some(true),
            sent_at_ms: Some(NOW),
            ..raw(NOW)
        });
        assert_eq!(ping.accuracy_m, Some(0.0));
        assert_eq!(ping.altitude_m, Some(-12.5));
        assert_eq!(ping.course_deg, Some(0.0));
        assert_eq!(ping.battery, Some(1.0));
        assert_eq!(ping.motion, Some(Motion::Driving));
        assert!(ping.mock);
    }

    #[test]
    fn accuracy_grades() {
        let with = |m| accepted(&RawFix { accuracy_m: Some(m), ..raw(NOW) });
        assert!(with(1_000.0).may_be_live());
        assert!(!with(1_000.5).may_be_live());
        for wide in [1e39, f64::MAX, f64::INFINITY] {
            assert!(!with(wide).may_be_live());
            assert!(with(wide).accuracy_m.is_some_and(f32::is_finite), "storable");
        }
        assert!(with(f64::NAN).may_be_live(), "unknown");
        assert!(accepted(&raw(NOW)).may_be_live());
    }

    #[test]
    fn the_key_is_the_clients_else_the_places() {
        let here = Position::new(38.7, -9.1).unwrap();
        let there = Position::new(38.700_000_1, -9.1).unwrap();
        assert_eq!(ping_key(Some("a"), here), ping_key(Some("a"), there));
        assert_ne!(ping_key(Some("a"), here), ping_key(Some("b"), here));
        assert_eq!(ping_key(None, here), ping_key(Some(""), here));
        assert_ne!(ping_key(None, here), ping_key(None, there));
        // Half a unit of 1e-7 is the same place.
        assert_eq!(ping_key(None, here), ping_key(None, Position::new(38.7 + 4e-8, -9.1).unwrap()));
    }
}
