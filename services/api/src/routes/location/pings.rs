//! `POST /v1/pings`: fixes from a phone, answered only once they are on disk. No fix of a batch
//! can spoil the others.

use crate::{
    access::caller::Phone,
    http::{
        body,
        codes::Code,
        inflate::inflate,
        problem::{ApiResult, Problem},
        request_id,
    },
    state::ApiState,
};
use axum::{
    Json,
    extract::{DefaultBodyLimit, Request, State},
    http::header,
};
use jiff::Timestamp;
use nearhand_domain::{
    clock,
    ping::{Door, RawFix, Rejection, Source, admit},
    time::parse_instant,
};
use nearhand_queue::{Parcel, SendError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};
use utoipa::ToSchema;

/// Most fixes in a request.
const MAX_FIXES: usize = 1_000;
/// Largest body, after decompression.
const MAX_BYTES: usize = 1024 * 1024;

/// A batch of fixes.
#[derive(Debug, Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    pings: Vec<&'a RawValue>,
}

/// A batch of fixes.
#[derive(Debug, ToSchema)]
#[schema(as = PingBatch, example = json!({ "pings": [{ "fix_at": "2026-11-24T10:00:00Z",
    "lat": 38.7223, "lng": -9.1393, "accuracy_m": 8.0, "battery": 0.73 }] }))]
pub(crate) struct PingBatchDocument {
    /// 1 to 1,000, in any order.
    #[schema(max_items = 1000)]
    #[expect(dead_code, reason = "describes the body for the OpenAPI document")]
    pings: Vec<FixDocument>,
}

/// A fix. In what is not required, −1, null and values of a wrong type mean unknown.
#[derive(Debug, ToSchema)]
#[schema(as = Fix)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct FixDocument {
    /// When the position was taken.
    #[schema(value_type = String, format = DateTime)]
    fix_at: Timestamp,
    /// Degrees.
    #[schema(example = 38.7223)]
    lat: f64,
    /// Degrees.
    #[schema(example = -9.1393)]
    lng: f64,
    /// Radius in metres.
    accuracy_m: Option<f64>,
    /// Metres above the ellipsoid.
    altitude_m: Option<f64>,
    /// Metres per second.
    speed_mps: Option<f64>,
    /// Degrees clockwise from north.
    course_deg: Option<f64>,
    /// 0 to 1.
    battery: Option<f64>,
    /// Being charged.
    charging: Option<bool>,
    /// `stationary`, `walking`, `running`, `cycling`, `driving`.
    motion: Option<String>,
    /// From a mock provider.
    mock: Option<bool>,
    /// When the phone sent it.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    /// The client's own identifier of this fix: repeats with the same are one.
    key: Option<String>,
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

/// What became of each fix.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PingsReply {
    /// On disk, to be stored.
    accepted: usize,
    /// Repeated within this request.
    duplicates: usize,
    /// Valid but not wanted, by reason.
    discarded: BTreeMap<&'static str, usize>,
    /// Invalid.
    rejected: Vec<RejectedFix>,
}

/// An invalid fix.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RejectedFix {
    /// Its place in the request, from 0.
    index: usize,
    /// Stable machine code.
    code: &'static str,
    /// What is wrong with it.
    detail: String,
}

/// Takes a batch of fixes from a device.
///
/// 2xx means they are on disk. A fix that is wrong is reported and costs the others nothing; a
/// body that cannot be read is 400, more than 1,000 fixes or 1 MiB 413, a full queue 503.
#[utoipa::path(post, path = "/v1/pings", operation_id = "send_pings", tag = "pings",
    request_body = PingBatchDocument,
    responses((status = 200, description = "Safe", body = PingsReply)))]
pub(crate) async fn receive(
    State(state): State<ApiState>,
    Phone(phone): Phone,
    mut request: Request,
) -> ApiResult<Json<PingsReply>> {
    let mut header = |name| request.headers_mut().remove(name);
    let (encoding, traceparent) =
        (header(header::CONTENT_ENCODING), header(request_id::TRACEPARENT));
    // Packed or not.
    DefaultBodyLimit::max(MAX_BYTES).apply(&mut request);
    let bytes = body::read(request, &()).await?;
    let bytes = inflate(encoding.as_ref(), bytes, MAX_BYTES)?;
    let now_ms = clock::now().as_millisecond();
    let (fixes, mut rejected) = read_batch(&bytes)?;
    // The connection's buffer serves the next read if nobody holds a part of it by then.
    drop((bytes, encoding));
    let door = Door {
        now_ms,
        retention_ms: i64::try_from(state.config().retention.as_millis()).unwrap_or(i64::MAX),
        source: Source::Native,
        gate: &phone.gate,
    };
    let admission = admit(&fixes, &door);
    let parcel = Parcel {
        organization: phone.organization,
        device: phone.device,
        staff: phone.staff,
        received_at_ms: now_ms,
        live: &admission.live,
        backlog: &admission.backlog,
        traceparent: traceparent.as_ref().and_then(|value| value.to_str().ok()),
    };
    state.producer().send(&parcel).await.map_err(|error| refused(&error))?;
    state.counters().count(&admission, rejected.len());
    rejected.extend(admission.rejected.iter().map(|r| invalid(r.index, r.why)));
    rejected.sort_by_key(|fix| fix.index);
    Ok(Json(PingsReply {
        accepted: admission.accepted(),
        duplicates: admission.duplicates,
        discarded: admission.discarded.iter().map(|(why, n)| (why.as_str(), *n)).collect(),
        rejected,
    }))
}

fn invalid(index: usize, why: Rejection) -> RejectedFix {
    RejectedFix { index, code: why.code(), detail: why.detail() }
}

/// Why the queue did not take them; the phone keeps its data in every case.
fn refused(error: &SendError) -> Problem {
    match error {
        SendError::Full(lane) => {
            metrics::counter!("nearhand_pings_refused_total", "lane" => lane.as_str()).increment(1);
            Problem::new(Code::QueueFull, "too much is waiting to be stored").retry_after(10)
        }
        SendError::Unconfirmed(_) => {
            let detail = "the queue does not answer; sending the same again is harmless";
            Problem::new(Code::Unavailable, detail).retry_after(2)
        }
    }
}

/// Reads the batch; a fix of a wrong shape is rejected alone.
fn read_batch(bytes: &[u8]) -> ApiResult<(Vec<RawFix>, Vec<RejectedFix>)> {
    let batch: Batch<'_> = serde_json::from_slice(bytes).map_err(|error| {
        let at = format!("line {}, column {}", error.line(), error.column());
        let detail = format!("send {{\"pings\":[…]}}; what came cannot be read at {at}");
        Problem::new(Code::MalformedBody, detail)
    })?;
    if batch.pings.len() > MAX_FIXES {
        let detail = format!("{} fixes; send at most {MAX_FIXES} at a time", batch.pings.len());
        return Err(Problem::new(Code::TooLarge, detail));
    }
    let (mut fixes, mut rejected) = (Vec::with_capacity(batch.pings.len()), Vec::new());
    for (index, raw) in batch.pings.iter().enumerate() {
        match read_fix(index, raw.get()) {
            Ok(fix) => fixes.push(fix),
            Err(detail) => rejected.push(RejectedFix { index, code: "invalid_fix", detail }),
        }
    }
    Ok((fixes, rejected))
}

fn read_fix(index: usize, text: &str) -> Result<RawFix, String> {
    let form = match serde_json::from_str::<FixForm<'_>>(text) {
        Ok(form) => form,
        Err(_) => read_leniently(text)?,
    };
    let fix_at = form.fix_at.as_deref().ok_or("`fix_at` is required")?;
    let fix_at = parse_time_ms(fix_at).ok_or("`fix_at` must be an RFC 3339 time with zone")?;
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
        sent_at_ms: form.sent_at.as_deref().and_then(parse_time_ms),
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

/// An RFC 3339 instant, cut to milliseconds. The parser takes more than that RFC, so the form is
/// checked first: a date, `T`, a time, and `Z` or an offset.
fn parse_time_ms(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shaped = (20..=40).contains(&bytes.len())
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b't' | b' ')
        && !text.contains('[');
    if !shaped {
        return None;
    }
    parse_instant(text).map(Timestamp::as_millisecond)
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
        let (fixes, rejected) = read_batch(body).unwrap();
        assert_eq!(fixes.iter().map(|f| f.index).collect::<Vec<_>>(), [0, 5]);
        assert_eq!(rejected.iter().map(|r| r.index).collect::<Vec<_>>(), [1, 2, 3, 4]);
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
        let (fixes, rejected) = read_batch(body).unwrap();
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
        let told: Vec<_> = rejected.iter().map(|r| (r.index, r.detail.as_str())).collect();
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
            assert_eq!(read_batch(garbage).err().unwrap().code(), Code::MalformedBody);
        }
        let many = format!(r#"{{"pings":[{}]}}"#, vec!["{}"; 1_001].join(","));
        assert_eq!(read_batch(many.as_bytes()).err().unwrap().code(), Code::TooLarge);
    }

    #[test]
    fn only_rfc_3339_is_a_time() {
        assert!(parse_time_ms("2026-11-21T10:00:00Z").is_some());
        assert!(parse_time_ms("2026-11-21T10:00:00.5-07:00").is_some());
        let leap = parse_time_ms("2016-12-31T23:59:60Z").unwrap();
        assert_eq!(leap, parse_time_ms("2016-12-31T23:59:59.999Z").unwrap());
        for bad in ["2026-11-21", "20261121T100000Z", "2026-11-21T10:00:00", "1700000000", ""] {
            assert!(parse_time_ms(bad).is_none(), "{bad}");
        }
    }
}
