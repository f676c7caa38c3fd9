//! OwnTracks in HTTP mode: one JSON object a request, of which only `location` is a fix.
//!
//! See <https://owntracks.org/booklet/tech/json>. Must not store a waypoint or a region's event as a
//! place where somebody is.

use crate::{
    Delivery, Message, Numbering, Omitted, Refused,
    fields::{KMH_MPS, fix_at, of_percent, position, scaled},
    json::{is_blank, read_json},
    object::{Many, Object, object},
    values::{Num, When, Word},
};
use nearhand_domain::ping::RawFix;

object!(
    /// A message.
    Report {
        kind: Word = "_type",
        id: Word = "_id",
        lat: Num = "lat",
        lon: Num = "lon",
        tst: When = "tst",
        created_at: When = "created_at",
        acc: Num = "acc",
        alt: Num = "alt",
        vel: Num = "vel",
        cog: Num = "cog",
        batt: Num = "batt",
        bs: Num = "bs",
    }
);

/// Reads a request. A list of messages is taken as well.
pub(crate) fn read(message: &Message<'_>) -> Result<Delivery, Refused> {
    let mut delivery = Delivery::default();
    if is_blank(message.body) {
        return Ok(delivery);
    }
    let Some(Many(reports)) = read_json::<Many<Report>>(message.body)? else {
        delivery.omit(Omitted::NotReadable);
        return Ok(delivery);
    };
    let mut numbering = Numbering::new(message);
    for report in reports {
        delivery.take(fix(report, &mut numbering));
    }
    Ok(delivery)
}

/// Without a type, a position is one: other servers take it so, and the app forgets it in any case.
fn fix(report: Report, numbering: &mut Numbering<'_>) -> Result<RawFix, Omitted> {
    if !report.is_object() {
        return Err(Omitted::NotAnObject);
    }
    if report.kind.0.as_deref().is_some_and(|kind| kind != "location") {
        return Err(Omitted::OtherType);
    }
    let (lat, lng) = position(report.lat, report.lon)?;
    let at = fix_at(report.tst)?;
    let fix = RawFix {
        lat,
        lng,
        accuracy_m: report.acc.known(),
        altitude_m: report.alt.known(),
        speed_mps: scaled(report.vel, KMH_MPS),
        course_deg: report.cog.known(),
        battery: of_percent(report.batt),
        charging: charging(report.bs),
        sent_at_ms: report.created_at.known(),
        key: report.id.0,
        ..RawFix::default()
    };
    Ok(numbering.finish(fix, at))
}

/// The battery's state: 0 unknown, 1 unplugged, 2 charging, 3 full and plugged in.
fn charging(state: Num) -> Option<bool> {
    state.known().filter(|state| (1.0..=3.0).contains(state)).map(|state| state > 1.0)
}
