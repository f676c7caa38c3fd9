//! Overland: a batch of GeoJSON features, and beside it the live fix while the batch is a backlog.
//!
//! See <https://github.com/aaronpk/Overland-iOS#api>. Its `unique_id` names the phone, not the fix,
//! so it must not become a key.

use crate::{
    Delivery, Message, Numbering, Omitted, Refused,
    fields::{fix_at, position},
    json::{is_blank, read_json},
    object::{Many, Object, any_value, object, scalars, skip_list, skip_map},
    values::{Num, When, Word},
};
use nearhand_domain::ping::{Motion, RawFix};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

object!(
    /// A request.
    Batch { locations: Many<Feature> = "locations", current: Many<Feature> = "current" }
);

object!(
    /// A GeoJSON feature. Events such as `visit` may have no geometry.
    Feature { geometry: Geometry = "geometry", properties: Properties = "properties" }
);

object!(
    /// A GeoJSON point.
    Geometry { coordinates: Pair = "coordinates" }
);

object!(
    /// What Overland knows of a fix.
    Properties {
        timestamp: When = "timestamp",
        speed: Num = "speed",
        course: Num = "course",
        altitude: Num = "altitude",
        accuracy: Num = "horizontal_accuracy",
        motion: Motions = "motion",
        battery_level: Num = "battery_level",
        battery_state: Word = "battery_state",
    }
);

/// Longitude, latitude.
#[derive(Clone, Copy, Debug, Default)]
struct Pair(Num, Num);

/// The first motion that is known: a phone in a car at a red light is both driving and standing.
#[derive(Clone, Copy, Debug, Default)]
struct Motions(Option<Motion>);

struct PairVisitor;
struct MotionsVisitor;

impl<'de> Visitor<'de> for PairVisitor {
    any_value!(Pair);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pair, A::Error> {
        let (lng, lat) = (list.next_element()?, list.next_element()?);
        // A third is the altitude. With four, decimal commas have cut each number in two.
        let (_, fourth) = (list.next_element::<IgnoredAny>()?, list.next_element::<IgnoredAny>()?);
        if fourth.is_some() {
            return skip_list(list).map(|()| Pair(Num::Wrong, Num::Wrong));
        }
        Ok(Pair(lng.unwrap_or_default(), lat.unwrap_or_default()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pair, A::Error> {
        skip_map(map).map(|()| Pair(Num::Wrong, Num::Wrong))
    }

    fn visit_str<E>(self, _: &str) -> Result<Pair, E> {
        Ok(Pair(Num::Wrong, Num::Wrong))
    }

    scalars!(Pair::default());
}

impl<'de> Visitor<'de> for MotionsVisitor {
    any_value!(Motions);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Motions, A::Error> {
        let mut found = Motions(None);
        while found.0.is_none() {
            match list.next_element::<Motions>()? {
                Some(next) => found = next,
                None => return Ok(found),
            }
        }
        skip_list(list)?;
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Motions, A::Error> {
        skip_map(map).map(|()| Motions(None))
    }

    fn visit_str<E>(self, word: &str) -> Result<Motions, E> {
        Ok(Motions(Motion::parse(word)))
    }

    scalars!(Motions(None));
}

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairVisitor)
    }
}

impl<'de> Deserialize<'de> for Motions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MotionsVisitor)
    }
}

/// Reads a request.
pub(crate) fn read(message: &Message<'_>) -> Result<Delivery, Refused> {
    let mut delivery = Delivery::default();
    if is_blank(message.body) {
        return Ok(delivery);
    }
    let batch = read_json::<Batch>(message.body)?.filter(Object::is_object);
    let Some(batch) = batch else {
        delivery.omit(Omitted::NotReadable);
        return Ok(delivery);
    };
    let mut numbering = Numbering::new(message);
    for feature in batch.locations.0.into_iter().chain(batch.current.0) {
        delivery.take(fix(&feature, &mut numbering));
    }
    Ok(delivery)
}

fn fix(feature: &Feature, numbering: &mut Numbering<'_>) -> Result<RawFix, Omitted> {
    if !feature.is_object() {
        return Err(Omitted::NotAnObject);
    }
    let (Pair(lng, lat), properties) = (feature.geometry.coordinates, &feature.properties);
    let (lat, lng) = position(lat, lng)?;
    let at = fix_at(properties.timestamp)?;
    let charging = match properties.battery_state.0.as_deref() {
        Some("charging" | "full") => Some(true),
        Some("unplugged") => Some(false),
        _ => None,
    };
    let fix = RawFix {
        lat,
        lng,
        accuracy_m: properties.accuracy.known(),
        altitude_m: properties.altitude.known(),
        speed_mps: properties.speed.known(),
        course_deg: properties.course.known(),
        battery: properties.battery_level.known(),
        charging,
        motion: properties.motion.0.map(|motion| motion.as_str().to_owned()),
        ..RawFix::default()
    };
    Ok(numbering.finish(fix, at))
}
