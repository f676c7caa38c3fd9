//! What a person's phones sent, as CSV and as GPX 1.1, a file of each for every day in UTC.

use super::{Stop, Writer};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use nearhand_storage::data_exports::{self, PingRecord};
use std::fmt::{Display, Write};
use uuid::Uuid;

/// Fixes read at a time.
const PAGE: i64 = 5_000;

const CSV_HEAD: &str = "device_id,fix_at,received_at,sent_at,lat,lng,accuracy_m,altitude_m,speed_mps,\
    course_deg,battery,charging,motion,mock,flags,source\n";
const GPX_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <gpx version=\"1.1\" creator=\"Nearhand\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n\
    <trk><trkseg>\n";
const GPX_TAIL: &str = "</trkseg></trk>\n</gpx>\n";

/// Writes the files of all days on which there are fixes.
pub(super) async fn write(writer: &mut Writer<'_>) -> Result<(), Stop> {
    let mut tx = writer.context.begin().await?;
    let phones = data_exports::phones(&mut tx, writer.person).await?;
    tx.rollback().await?;
    let mut from = Timestamp::UNIX_EPOCH;
    loop {
        let mut tx = writer.context.begin().await?;
        let day = data_exports::next_day(&mut tx, &phones, from).await?;
        tx.rollback().await?;
        let Some((day, span)) = day.and_then(|day| Some((day, span_of(day)?))) else {
            return Ok(());
        };
        writer.begin(&format!("pings/{day}.csv")).await?;
        writer.add(CSV_HEAD.as_bytes()).await?;
        day_as(writer, &phones, span, csv_line).await?;
        writer.begin(&format!("pings/{day}.gpx")).await?;
        writer.add(GPX_HEAD.as_bytes()).await?;
        day_as(writer, &phones, span, gpx_point).await?;
        writer.add(GPX_TAIL.as_bytes()).await?;
        from = span.1;
    }
}

/// From the first instant of a day to that of the next.
fn span_of(day: Date) -> Option<(Timestamp, Timestamp)> {
    let start = |day: Date| day.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    Some((start(day)?, start(day.tomorrow().ok()?)?))
}

async fn day_as(
    writer: &mut Writer<'_>,
    phones: &[Uuid],
    span: (Timestamp, Timestamp),
    line: impl Fn(&mut String, &PingRecord),
) -> Result<(), Stop> {
    let mut last: Option<PingRecord> = None;
    loop {
        let mut tx = writer.context.begin().await?;
        let page = data_exports::pings(&mut tx, phones, span, last.as_ref(), PAGE).await?;
        tx.rollback().await?;
        let mut text = String::with_capacity(page.len() * 160);
        page.iter().for_each(|ping| line(&mut text, ping));
        writer.add(text.as_bytes()).await?;
        let more = i64::try_from(page.len()).is_ok_and(|many| many >= PAGE);
        last = page.into_iter().next_back();
        if !more {
            return Ok(());
        }
    }
}

/// Nothing a phone sends in words gets here but words of ours.
fn csv_line(text: &mut String, ping: &PingRecord) {
    let (fix, received) = (ping.fix.to_jiff(), ping.received.to_jiff());
    let PingRecord { device_id, lat, lng, mock, flags, source, .. } = ping;
    // Writing into a string cannot fail.
    let _ = write!(text, "{device_id},{fix},{received}");
    cell(text, ping.sent_at());
    let _ = write!(text, ",{lat},{lng}");
    for number in [ping.accuracy_m, ping.altitude_m, ping.speed_mps, ping.course_deg, ping.battery]
    {
        cell(text, number);
    }
    cell(text, ping.charging);
    cell(text, ping.motion.as_deref());
    let _ = writeln!(text, ",{mock},{flags},{source}");
}

/// What is unknown is empty.
fn cell(text: &mut String, value: Option<impl Display>) {
    text.push(',');
    if let Some(value) = value {
        let _ = write!(text, "{value}");
    }
}

fn gpx_point(text: &mut String, ping: &PingRecord) {
    let (lat, lng) = (ping.lat, ping.lng);
    let _ = write!(text, "<trkpt lat=\"{lat}\" lon=\"{lng}\">");
    if let Some(altitude) = ping.altitude_m {
        let _ = write!(text, "<ele>{altitude}</ele>");
    }
    let _ = writeln!(text, "<time>{}</time></trkpt>", ping.fix.to_jiff());
}
