//! What phones send, read into one form of a fix: our own format ([`native`]) and those of the apps
//! that exist ([`read`]). And how each app is told to send it here ([`setup`], [`qr`]).
//!
//! Must not do I/O, read a clock, or decide which fixes are wanted: that is `nearhand_domain::ping`.
//!
//! The readers of apps are lenient. A value may come as a number or as a text, and a value that
//! cannot be read costs its field, or its fix if the field is needed. It never costs another fix,
//! because an app whose request is refused sends the same request for ever.

mod entries;
mod epoch;
mod fields;
mod form;
mod json;
mod mend;
pub mod native;
mod object;
mod overland;
mod owntracks;
pub mod qr;
pub mod setup;
mod values;

use nearhand_domain::ping::{RawFix, Source};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write};

/// Most fixes that a request of an app may hold.
pub const MAX_FIXES: usize = 20_000;

/// An app, or a family of apps with one format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// OwnTracks in HTTP mode.
    Owntracks,
    /// Overland.
    Overland,
    /// Traccar Client, and OsmAnd, whose format it took.
    Traccar,
    /// Apps made with the SDKs of Transistorsoft.
    Transistorsoft,
    /// GPSLogger for Android, its custom URL.
    Gpslogger,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Owntracks, Self::Overland, Self::Traccar, Self::Transistorsoft, Self::Gpslogger];

    /// What is stored with each of its pings.
    #[must_use]
    pub fn source(self) -> Source {
        match self {
            Self::Owntracks => Source::Owntracks,
            Self::Overland => Source::Overland,
            Self::Traccar => Source::Traccar,
            Self::Transistorsoft => Source::Transistorsoft,
            Self::Gpslogger => Source::Gpslogger,
        }
    }

    /// The body of a 200 that this app takes for "stored; forget it".
    #[must_use]
    pub fn answer(self) -> &'static str {
        match self {
            Self::Owntracks => "[]",
            Self::Overland => r#"{"result":"ok"}"#,
            Self::Traccar | Self::Transistorsoft | Self::Gpslogger => "{}",
        }
    }
}

/// A request of an app, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// What stands behind `?` in the address, still encoded.
    pub query: &'a str,
    /// The body, unpacked.
    pub body: &'a [u8],
    /// What is taken as the time of a fix that names none, Unix milliseconds. Cut to the minute, it
    /// makes one fix of requests that are repeated within the minute.
    pub undated_at_ms: i64,
}

/// Why something of a request is no fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Omitted {
    /// The request holds nothing.
    Empty,
    /// The body is complete, and neither JSON nor anything else that the app may send.
    NotReadable,
    /// It should be an object and is something else.
    NotAnObject,
    /// A message of another kind, such as a waypoint.
    OtherType,
    /// No position is in it: a heartbeat or an event.
    NoPosition,
    /// Its position cannot be read.
    PositionUnreadable,
    /// Its time cannot be read.
    TimeUnreadable,
    /// A sample that the app took on the way to a fix.
    Sample,
}

impl Omitted {
    /// The word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotReadable => "not_readable",
            Self::NotAnObject => "not_an_object",
            Self::OtherType => "other_type",
            Self::NoPosition => "no_position",
            Self::PositionUnreadable => "position_unreadable",
            Self::TimeUnreadable => "time_unreadable",
            Self::Sample => "sample",
        }
    }
}

/// What a request holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// Its fixes, unchecked, in the order they came.
    pub fixes: Vec<RawFix>,
    /// How much of it is no fix, by reason.
    pub omitted: BTreeMap<Omitted, usize>,
}

impl Delivery {
    fn omit(&mut self, why: Omitted) {
        *self.omitted.entry(why).or_default() += 1;
    }

    fn take(&mut self, read: Result<RawFix, Omitted>) {
        match read {
            Ok(fix) => self.fixes.push(fix),
            Err(why) => self.omit(why),
        }
    }
}

/// Why nothing of a request can be taken. Everything else is taken as far as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The body ends before it is complete: the rest got lost on the way.
    CutShort,
    /// There are more than [`MAX_FIXES`].
    TooMany,
}

/// Reads a request of an app. O(n); a number of fixes beyond the most is never held in memory.
///
/// # Errors
/// When the body is cut short or holds too many fixes.
pub fn read(client: Client, message: &Message<'_>) -> Result<Delivery, Refused> {
    let mut delivery = match client {
        Client::Owntracks => owntracks::read(message)?,
        Client::Overland => overland::read(message)?,
        Client::Traccar => entries::read(message, &entries::TRACCAR)?,
        Client::Transistorsoft => entries::read(message, &entries::TRANSISTORSOFT)?,
        Client::Gpslogger => entries::read(message, &entries::GPSLOGGER)?,
    };
    if delivery.fixes.len() + delivery.omitted.values().sum::<usize>() > MAX_FIXES {
        return Err(Refused::TooMany);
    }
    if delivery.fixes.is_empty() && delivery.omitted.is_empty() {
        delivery.omit(Omitted::Empty);
    }
    Ok(delivery)
}

/// Gives fixes their place and, where they have none, their time and their identity.
struct Numbering<'a> {
    message: &'a Message<'a>,
    /// The hash of the request, once it is needed.
    hash: Option<String>,
    next: usize,
}

impl<'a> Numbering<'a> {
    fn new(message: &'a Message<'a>) -> Self {
        Self { message, hash: None, next: 0 }
    }

    /// Finishes a fix. Without a time it is identified by the whole request and its place in it.
    fn finish(&mut self, mut fix: RawFix, fix_at_ms: Option<i64>) -> RawFix {
        fix.index = self.next;
        self.next += 1;
        fix.fix_at_ms = fix_at_ms.unwrap_or(self.message.undated_at_ms);
        if fix_at_ms.is_none() && fix.key.is_none() {
            let message = self.message;
            let hash = self.hash.get_or_insert_with(|| hash_of(message));
            fix.key = Some(format!("{hash}:{}", fix.index));
        }
        fix
    }
}

fn hash_of(message: &Message<'_>) -> String {
    let mut hash = Sha256::new();
    hash.update(message.query.as_bytes());
    hash.update([0]);
    hash.update(message.body);
    let mut text = String::from("request:");
    for byte in hash.finalize() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
