//! Our own format, `{"pings":[{"fix_at":"…","lat":…,"lng":…}]}`.
//!
//! Unlike the formats of apps it is strict about what a fix needs: whoever writes for it can mend
//! their code, so they are told what is wrong. Must not cost one fix because of another.

use crate::epoch::rfc3339_ms;
use nearhand_domain::ping::RawFix;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Most fixes in a request.
pub const MAX_FIXES: usize = 1_000;

/// What a request holds.
#[derive(Debug, Default)]
pub struct NativeBatch {
    /// Fixes of the right shape.
    pub fixes: Vec<RawFix>,
    /// The others.
    pub unreadable: Vec<Unreadable>,
}

/// A fix of a wrong shape.
#[derive(Debug)]
pub struct Unreadable {
    /// Its place in the request, from 0.
    pub index: usize,
    /// What is wrong with it, without its values.
    pub detail: String,
}

/// Why a request cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no object with a list of `pings`.
    Malformed {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// It holds this many fixes, more than [`MAX_FIXES`].
    TooMany(usize),
}

/// The body.
#[derive(Debug, Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    pings: Vec<&'a RawValue>,
}

/// A fix whose fields are all of the right type.
#[derive(Deserialize)]
struct FixForm<'a> {
    #[serde(borrow)]
    fix_at: Option<Cow<'a, str>>,
    lat: Option<f64>,
    lng: Option<f64>,
    accuracy_m: Option<f64>,
    altitude_m: Option<f64>,
    speed_mps: Option<f64>,
    course_deg: Option<f64>,
    battery: Option<f64>,
    charging: Option<bool>,
    motion: Option<String>,
    mock: Option<bool>,
    #[serde(borrow)]
    sent_at: Option<Cow<'a, str>>,
    key: Option<String>,
}

/// A fix whose fields are looked at one by one: the slower way, for one that is no [`FixForm`].
#[derive(Deserialize)]
struct RawForm<'a> {
    #[serde(borrow)]
    fix_at: Option<&'a RawValue>,
    #[serde(borrow)]
    lat: Option<&'a RawValue>,
    #[serde(borrow)]
    lng: Option<&'a RawValue>,
    #[serde(borrow)]
    accuracy_m: Option<&'a RawValue>,
    #[serde(borrow)]
    altitude_m: Option<&'a RawValue>,
    #[serde(borrow)]
    speed_mps: Option<&'a RawValue>,
    #[serde(borrow)]
    course_deg: Option<&'a RawValue>,
    #[serde(borrow)]
    battery: Option<&'a RawValue>,
    #[serde(borrow)]
    charging: Option<&'a RawValue>,
    #[serde(borrow)]
    motion: Option<&'a RawValue>,
    #[serde(borrow)]
    mock: Option<&'a RawValue>,
    #[serde(borrow)]
    sent_at: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
}

/// Reads the batch; a fix of a wrong shape is rejected alone.
///
/// # Errors
/// When nothing of it can be read.
pub fn read_batch(bytes: &[u8]) -> Result<NativeBatch, Fault> {
    let malformed = |e: serde_json::Error| Fault::Malformed { line: e.line(), column: e.column() };
    let batch: Batch<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
    if batch.pings.len() > MAX_FIXES {
        return Err(Fault::TooMany(batch.pings.len()));
    }
    let mut fixes = Vec::with_capacity(batch.pings.len());
    let mut unreadable = Vec::new();
    for (index, raw) in batch.pings.iter().enumerate() {
        match read_fix(index, raw.get()) {
            Ok(fix) => fixes.push(fix),
            Err(detail) => unreadable.push(Unreadable { index, detail }),
        }
    }
    Ok(NativeBatch { fixes, unreadable })
}

fn read_fix(index: usize, text: &str) -> Result<RawFix, String> {
    let form = match serde_json::from_str::<FixForm<'_>>(text) {
        Ok(form) => form,
        Err(_) => read_leniently(text)?,
    };
    let fix_at = form.fix_at.as_deref().ok_or("`fix_at` is required")?;
    let fix_at = rfc3339_ms(fix_at).ok_or("`fix_at` must be an RFC 3339 time with zone")?;
    Ok(RawFix {
        index,
        fix_at_ms: fix_at,
        lat: form.lat.ok_or("`lat` is required")?,
        lng: form.lng.ok_or("`lng` is required")?,
        accuracy_m: form.accuracy_m,
        altitude_m: form.altitude_m,
        speed_mps: form.speed_mps,
        course_deg: form.course_deg,
        battery: form.battery,
        charging: form.charging,
        motion: form.motion,
        mock: form.mock,
        sent_at_ms: form.sent_at.as_deref().and_then(rfc3339_ms),
        key: form.key,
    })
}

/// Takes a wrong type in a required field for an error, and in any other for unknown.
fn read_leniently(text: &str) -> Result<FixForm<'_>, String> {
    // The parser's own words may quote values, and a value may be a coordinate.
    let form: RawForm<'_> = serde_json::from_str(text)
        .map_err(|error| format!("is no object with known fields (column {})", error.column()))?;
    let fix_at = form.fix_at.map(|raw| {
        let wrong = |_| "`fix_at` must be a text, an RFC 3339 time with zone".to_owned();
        serde_json::from_str(raw.get()).map(Cow::<str>::Owned).map_err(wrong)
    });
    let degrees = |name: &str, raw: Option<&RawValue>| {
        raw.map(|raw| number(raw).ok_or_else(|| format!("`{name}` must be a number"))).transpose()
    };
    Ok(FixForm {
        fix_at: fix_at.transpose()?,
        lat: degrees("lat", form.lat)?,
        lng: degrees("lng", form.lng)?,
        accuracy_m: form.accuracy_m.and_then(number),
        altitude_m: form.altitude_m.and_then(number),
        speed_mps: form.speed_mps.and_then(number),
        course_deg: form.course_deg.and_then(number),
        battery: form.battery.and_then(number),
        charging: known(form.charging),
        motion: known(form.motion),
        mock: known(form.mock),
        sent_at: known(form.sent_at),
        key: known(form.key),
    })
}

/// A number; one that is too large to be held, such as `1e999`, is infinite.
fn number(raw: &RawValue) -> Option<f64> {
    let text = raw.get();
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn known<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_fix_costs_the_others_nothing() {
        let body = br#"{"pings":[
            {"fix_at":"2026-11-21T10:00:00Z","lat":1.5,"lng":2},
            {"fix_at":"yesterday","lat":1.5,"lng":2},
            {"fix_at":"2026-11-21T10:00:00Z","lat":"x","lng":2},
            {"lat":1,"lng":2}, 7,
            {"fix_at":"2026-11-21T12:00:00.123456+02:00","lat":1.5,"lng":2,"battery":null}]}"#;
        let NativeBatch { fixes, unreadable } = read_batch(body).unwrap();
        assert_eq!(fixes.iter().map(|f| f.index).collect::<Vec<_>>(), [0, 5]);
        assert_eq!(unreadable.iter().map(|r| r.index).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(fixes[1].fix_at_ms - fixes[0].fix_at_ms, 123);
    }

    #[test]
    fn a_wrong_type_costs_its_field_and_a_required_one_its_fix() {
        let body = br#"{"pings":[
            {"fix_at":"2026-11-21T10:00:00Z","lat":1.5,"lng":2,"accuracy_m":"5","altitude_m":[],
             "speed_mps":true,"course_deg":{},"battery":"full","charging":"yes","motion":7,
             "mock":0,"sent_at":17,"key":{"a":1},"extra":[1]},
            {"fix_at":"2026-11-21T10:00:00Z","lat":1.5,"lng":2,"accuracy_m":1e999,"battery":"x",
             "speed_mps":3.5,"charging":true,"motion":"walking","mock":true,"key":"k",
             "sent_at":"2026-11-21T10:00:01Z"},
            {"fix_at":"2026-11-21T10:00:00Z","lat":1.5,"lng":2,"sent_at":"just now"},
            {"fix_at":"2026-11-21T10:00:00Z","lat":"1.5","lng":2},
            {"fix_at":"2026-11-21T10:00:00Z","lat":1.5,"lng":null},
            {"fix_at":1700000000,"lat":1.5,"lng":2}]}"#;
        let NativeBatch { fixes, unreadable } = read_batch(body).unwrap();
        let bare =
            RawFix { fix_at_ms: fixes[0].fix_at_ms, lat: 1.5, lng: 2.0, ..RawFix::default() };
        assert_eq!(fixes[0], bare);
        assert_eq!(
            fixes[1],
            RawFix {
                index: 1,
                accuracy_m: Some(f64::INFINITY),
                speed_mps: Some(3.5),
                charging: Some(true),
                motion: Some("walking".to_owned()),
                mock: Some(true),
                key: Some("k".to_owned()),
                sent_at_ms: Some(bare.fix_at_ms + 1_000),
                ..bare.clone()
            }
        );
        assert_eq!(fixes[2], RawFix { index: 2, ..bare });
        let told: Vec<_> = unreadable.iter().map(|r| (r.index, r.detail.as_str())).collect();
        assert_eq!(
            told,
            [
                (3, "`lat` must be a number"),
                (4, "`lng` is required"),
                (5, "`fix_at` must be a text, an RFC 3339 time with zone"),
            ]
        );
    }

    #[test]
    fn garbage_and_too_much_are_refused_whole() {
        for garbage in [&b"{"[..], b"[]", b"{}", b"\x00\xff", b"{\"pings\":7}"] {
            assert!(matches!(read_batch(garbage), Err(Fault::Malformed { .. })), "{garbage:?}");
        }
        let many = format!(r#"{{"pings":[{}]}}"#, vec!["{}"; 1_001].join(","));
        assert_eq!(read_batch(many.as_bytes()).err(), Some(Fault::TooMany(1_001)));
    }
}
