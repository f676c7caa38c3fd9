//! Traccar Client, the Transistorsoft SDKs and GPSLogger: one reader, since the first has become an
//! app of the second, and the third shares the form of the first.
//!
//! A fix is flat (`lat`, `lon`, `speed`, as a query, a form or JSON), or it has the SDK's shape, with
//! `coords`. See <https://www.traccar.org/osmand/>, the SDK's *HTTP guide*, and GPSLogger's *Custom
//! URL*. A form's `id` and `deviceid` must not be read: the token names the device.

use crate::{
    Delivery, Message, Numbering, Omitted, Refused,
    fields::{KNOT_MPS, fix_at_utc, of_percent, position, scaled},
    form::pairs,
    json::{is_blank, looks_like_json, read_json},
    object::{Many, Object, any_value, bounded, object, scalars, skip_list},
    values::{Flag, Num, When, Word, meaningful},
};
use nearhand_domain::ping::RawFix;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// What differs between the three.
pub(crate) struct Dialect {
    /// Metres per second of the unit of a flat fix's speed.
    speed: f64,
}

/// Flat speeds are in knots; those of the SDK are not.
pub(crate) const TRACCAR: Dialect = Dialect { speed: KNOT_MPS };
/// Everything is in metres per second.
pub(crate) const TRANSISTORSOFT: Dialect = Dialect { speed: 1.0 };
/// Everything is in metres per second.
pub(crate) const GPSLOGGER: Dialect = Dialect { speed: 1.0 };

object!(
    /// A fix, or what is around fixes.
    Entry {
        inner: Inner = "location" | "locations",
        coords: Coords = "coords",
        uuid: Word = "uuid",
        time: When = "timestamp" | "time" | "ts",
        battery: Battery = "battery",
        activity: Activity = "activity",
        moving: Flag = "is_moving",
        mock: Flag = "mock" | "is_mock",
        sample: Flag = "sample",
        lat: Num = "lat" | "latitude",
        lon: Num = "lon" | "lng" | "longitude",
        speed: Num = "speed" | "spd",
        course: Num = "bearing" | "heading" | "course" | "dir",
        altitude: Num = "altitude" | "alt",
        accuracy: Num = "accuracy" | "acc",
        percent: Num = "batt",
        charge: Flag = "charge" | "charging" | "ischarging" | "is_charging",
    }
);

object!(
    /// The SDK's position.
    Coords {
        latitude: Num = "latitude",
        longitude: Num = "longitude",
        accuracy: Num = "accuracy",
        speed: Num = "speed",
        heading: Num = "heading",
        altitude: Num = "altitude",
    }
);

object!(
    /// The SDK's battery.
    Battery { level: Num = "level", is_charging: Flag = "is_charging" }
);

/// The SDK's activity, an object or its word alone.
#[derive(Clone, Debug, Default)]
struct Activity(Word);

object!(
    /// The SDK's activity as an object.
    ActivityObject { kind: Word = "type" }
);

/// What stands under `location`: the SDK's fixes, or a flat fix's `lat,lon`.
#[derive(Clone, Debug, Default)]
enum Inner {
    #[default]
    None,
    Entries(Vec<Entry>),
    Pair(Num, Num),
}

struct InnerVisitor;
struct ActivityVisitor;

impl<'de> Visitor<'de> for InnerVisitor {
    any_value!(Inner);

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Inner, A::Error> {
        bounded(list).map(Inner::Entries)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Inner, A::Error> {
        Ok(Inner::Entries(vec![Entry::deserialize(MapAccessDeserializer::new(map))?]))
    }

    fn visit_str<E>(self, text: &str) -> Result<Inner, E> {
        Ok(pair(text))
    }

    scalars!(Inner::None);
}

impl<'de> Visitor<'de> for ActivityVisitor {
    any_value!(Activity);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Activity, A::Error> {
        let object = ActivityObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Activity(object.kind))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Activity, A::Error> {
        skip_list(list).map(|()| Activity::default())
    }

    fn visit_str<E>(self, word: &str) -> Result<Activity, E> {
        Ok(Activity(Word::of_text(word)))
    }

    scalars!(Activity::default());
}

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InnerVisitor)
    }
}

impl<'de> Deserialize<'de> for Activity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ActivityVisitor)
    }
}

/// `lat,lon`; with decimal commas there are four parts.
fn pair(text: &str) -> Inner {
    let Some(text) = meaningful(text) else { return Inner::None };
    let parts: Vec<&str> = text.split(',').collect();
    match parts[..] {
        [lat, lon] => Inner::Pair(Num::of_text(lat), Num::of_text(lon)),
        [lat, lat_e, lon, lon_e] => Inner::Pair(
            Num::of_text(&format!("{lat}.{lat_e}")),
            Num::of_text(&format!("{lon}.{lon_e}")),
        ),
        _ => Inner::Pair(Num::Wrong, Num::Wrong),
    }
}

/// Reads a request: the query, and a body that is JSON or a form whatever its content type says.
pub(crate) fn read(message: &Message<'_>, dialect: &Dialect) -> Result<Delivery, Refused> {
    let mut reader =
        Reader { dialect, numbering: Numbering::new(message), delivery: Delivery::default() };
    let is_json = looks_like_json(message.body);
    let mut flat = Entry::default();
    flat.add_pairs(message.query.as_bytes());
    if !is_json {
        flat.add_pairs(message.body);
    }
    // A query that says nothing beside a body that does is an address with a tail.
    if flat.is_object() && !(is_json && flat.is_without_position()) {
        reader.take(flat);
    }
    if is_json {
        match read_json::<Many<Entry>>(message.body)? {
            Some(Many(entries)) => entries.into_iter().for_each(|entry| reader.take(entry)),
            None => reader.delivery.omit(Omitted::NotReadable),
        }
    } else if reader.delivery == Delivery::default() && !is_blank(message.body) {
        reader.delivery.omit(Omitted::NotReadable);
    }
    Ok(reader.delivery)
}

struct Reader<'a> {
    dialect: &'a Dialect,
    numbering: Numbering<'a>,
    delivery: Delivery,
}

impl Reader<'_> {
    fn take(&mut self, mut entry: Entry) {
        if let Inner::Entries(entries) = &mut entry.inner {
            for inner in std::mem::take(entries) {
                self.take(inner);
            }
        } else {
            let read = self.fix(entry);
            self.delivery.take(read);
        }
    }

    fn fix(&mut self, entry: Entry) -> Result<RawFix, Omitted> {
        if !entry.is_object() {
            return Err(Omitted::NotAnObject);
        }
        if entry.sample.0 == Some(true) {
            return Err(Omitted::Sample);
        }
        let at = fix_at_utc(entry.time);
        let mut fix =
            if entry.coords.is_object() { entry.coords.fix()? } else { self.flat(&entry)? };
        // SDK fixes and flat ones may say any of these.
        let level = entry.battery.level.known();
        fix.battery = level.or_else(|| of_percent(entry.percent));
        fix.charging = entry.battery.is_charging.0.or(entry.charge.0);
        fix.motion = motion(entry.activity, entry.moving);
        fix.mock = entry.mock.0;
        fix.key = entry.uuid.0;
        Ok(self.numbering.finish(fix, at?))
    }

    fn flat(&self, entry: &Entry) -> Result<RawFix, Omitted> {
        let (lat, lng) = match (entry.lat, entry.lon, &entry.inner) {
            (Num::Missing, Num::Missing, Inner::Pair(lat, lon)) => position(*lat, *lon)?,
            (lat, lon, _) => position(lat, lon)?,
        };
        Ok(RawFix {
            lat,
            lng,
            accuracy_m: entry.accuracy.known(),
            altitude_m: entry.altitude.known(),
            speed_mps: scaled(entry.speed, self.dialect.speed),
            course_deg: entry.course.known(),
            ..RawFix::default()
        })
    }
}

impl Coords {
    fn fix(&self) -> Result<RawFix, Omitted> {
        let (lat, lng) = position(self.latitude, self.longitude)?;
        Ok(RawFix {
            lat,
            lng,
            accuracy_m: self.accuracy.known(),
            altitude_m: self.altitude.known(),
            speed_mps: self.speed.known(),
            course_deg: self.heading.known(),
            ..RawFix::default()
        })
    }
}

impl Entry {
    fn is_without_position(&self) -> bool {
        (self.lat, self.lon) == (Num::Missing, Num::Missing) && matches!(self.inner, Inner::None)
    }

    /// Sets what the pairs say and nothing has said before.
    fn add_pairs(&mut self, text: &[u8]) {
        for (name, value) in pairs(text) {
            let number = |field: &mut Num| {
                if *field == Num::Missing {
                    *field = Num::of_text(&value);
                }
            };
            let flag = |field: &mut Flag| field.0 = field.0.or(Flag::of_text(&value).0);
            match name.to_ascii_lowercase().as_str() {
                "lat" | "latitude" => number(&mut self.lat),
                "lon" | "lng" | "longitude" => number(&mut self.lon),
                "speed" | "spd" => number(&mut self.speed),
                "bearing" | "heading" | "course" | "dir" => number(&mut self.course),
                "altitude" | "alt" => number(&mut self.altitude),
                "accuracy" | "acc" => number(&mut self.accuracy),
                "batt" | "battery" => number(&mut self.percent),
                "charge" | "charging" | "ischarging" | "is_charging" => flag(&mut self.charge),
                "mock" | "is_mock" => flag(&mut self.mock),
                "is_moving" => flag(&mut self.moving),
                "timestamp" | "time" | "ts" if self.time == When::Missing => {
                    self.time = time_of(&value);
                }
                "location" if matches!(self.inner, Inner::None) => self.inner = pair(&value),
                // The token names the device. These two say that it is a report at all.
                "id" | "deviceid" | "timestamp" | "time" | "ts" | "location" => {}
                _ => continue,
            }
            self.is_object = true;
        }
    }
}

/// In a form a `+` is a space: `2027-01-15T09:00:00 01:00`.
fn time_of(text: &str) -> When {
    let text = text.trim();
    match text.get(11..).and_then(|tail| tail.find(' ')) {
        Some(at) => When::of_text(&format!("{}+{}", &text[..11 + at], &text[12 + at..])),
        None => When::of_text(text),
    }
}

/// What the activity says, or else that the phone does not move.
fn motion(activity: Activity, moving: Flag) -> Option<String> {
    let known = activity.0.0.filter(|word| word != "unknown");
    known.or_else(|| (moving.0 == Some(false)).then(|| "stationary".to_owned()))
}
