//! What the reader of a stream of own events knows by now. The next events are the difference to it,
//! and it is itself the id of each event. So `Last-Event-ID` continues on any process, after any
//! time, with nothing stored. Must not read anything.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nearhand_domain::StaffId;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most things in an id, of 31 characters each. A reader who knows more gets a snapshot after a break.
const MAX_IN_ID: usize = 100;
/// The form of ids. Another number when the form changes.
const FORM: &str = "1";
/// Bytes of a thing in an id: its kind, its own id, its digest.
const BYTES: usize = 1 + 16 + DIGEST_BYTES;
const DIGEST_BYTES: usize = 6;

/// The kinds of things that a person has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Work that they hold.
    Assignment,
    /// Work that they are asked to take.
    Offer,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Assignment, Self::Offer];

    /// The event of a new thing.
    pub(super) fn begun(self) -> &'static str {
        match self {
            Self::Assignment => "assigned",
            Self::Offer => "offered",
        }
    }

    /// The event of a thing that is different now.
    pub(super) fn changed(self) -> &'static str {
        match self {
            Self::Assignment => "changed",
            Self::Offer => "offer_changed",
        }
    }

    /// Its number in ids. Never given to another kind.
    fn number(self) -> u8 {
        match self {
            Self::Assignment => 1,
            Self::Offer => 2,
        }
    }
}

/// An open thing, as the reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) id: Uuid,
    /// What an event about it says.
    pub(super) json: String,
}

impl Thing {
    pub(super) fn new(kind: Kind, id: Uuid, shown: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self { kind, id, json: serde_json::to_string(shown)? })
    }

    fn digest(&self) -> Digest {
        let whole = Sha256::digest(self.json.as_bytes());
        std::array::from_fn(|at| whole[at])
    }
}

type Digest = [u8; DIGEST_BYTES];

/// The things that a reader knows, as they were when they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(BTreeMap<(Kind, Uuid), Digest>);

/// What a reader does not know yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct News {
    /// Things that are not open any more.
    pub(super) ended: Vec<(Kind, Uuid)>,
    /// Things that are new or different, with the names of their events.
    pub(super) sent: Vec<(&'static str, Thing)>,
}

impl Known {
    /// What a reader of all these knows.
    pub(super) fn of(things: &[Thing]) -> Self {
        let mut known = Self::default();
        things.iter().for_each(|thing| known.learn(thing));
        known
    }

    /// The reader is sent a thing.
    pub(super) fn learn(&mut self, thing: &Thing) {
        self.0.insert((thing.kind, thing.id), thing.digest());
    }

    /// The reader is told that a thing has ended.
    pub(super) fn forget(&mut self, kind: Kind, id: Uuid) {
        self.0.remove(&(kind, id));
    }

    /// The difference to what is open now.
    pub(super) fn news(&self, open: Vec<Thing>) -> News {
        let is_open = |key: &(Kind, Uuid)| open.iter().any(|thing| (thing.kind, thing.id) == *key);
        let ended = self.0.keys().filter(|key| !is_open(key)).copied().collect();
        let event = |thing: Thing| match self.0.get(&(thing.kind, thing.id)) {
            None => Some((thing.kind.begun(), thing)),
            Some(digest) => (*digest != thing.digest()).then_some((thing.kind.changed(), thing)),
        };
        News { ended, sent: open.into_iter().filter_map(event).collect() }
    }

    /// As the id of an event to this reader.
    pub(super) fn id(&self, reader: StaffId) -> String {
        // No digit of base64: it is never read as an id.
        let mut things = "~".to_owned();
        if self.0.len() <= MAX_IN_ID {
            let mut bytes = Vec::with_capacity(self.0.len() * BYTES);
            for ((kind, id), digest) in &self.0 {
                bytes.push(kind.number());
                bytes.extend(id.as_bytes());
                bytes.extend(digest);
            }
            things = URL_SAFE_NO_PAD.encode(bytes);
        }
        format!("{FORM}.{}.{things}", tag(reader))
    }

    /// From the id of an event, if it was one to this reader.
    pub(super) fn from_id(id: &str, reader: StaffId) -> Option<Self> {
        let things = id.strip_prefix(FORM)?.strip_prefix('.')?;
        let things = things.strip_prefix(&tag(reader))?.strip_prefix('.')?;
        let bytes = URL_SAFE_NO_PAD.decode(things).ok()?;
        let (chunks, rest) = bytes.as_chunks::<BYTES>();
        if !rest.is_empty() || chunks.len() > MAX_IN_ID {
            return None;
        }
        let thing = |chunk: &[u8; BYTES]| {
            let (kind, rest) = chunk.split_first()?;
            let kind = Kind::ALL.into_iter().find(|known| known.number() == *kind)?;
            let (id, digest) = rest.split_first_chunk::<16>()?;
            Some(((kind, Uuid::from_bytes(*id)), Digest::try_from(digest).ok()?))
        };
        chunks.iter().map(thing).collect::<Option<_>>().map(Self)
    }
}

/// Tells readers apart: the last digits of an id are random.
fn tag(reader: StaffId) -> String {
    reader.0.simple().to_string().split_off(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(id: Uuid, json: &str) -> Thing {
        Thing { kind: Kind::Assignment, id, json: json.to_owned() }
    }

    #[test]
    fn news_are_what_is_new_different_or_gone() {
        let [kept, changed, gone, new] = [(); 4].map(|()| Uuid::now_v7());
        let known = Known::of(&[thing(kept, "1"), thing(changed, "1"), thing(gone, "1")]);
        let news = known.news(vec![thing(kept, "1"), thing(changed, "2"), thing(new, "1")]);
        assert_eq!(news.ended, [(Kind::Assignment, gone)]);
        assert_eq!(news.sent, [("changed", thing(changed, "2")), ("assigned", thing(new, "1"))]);
    }

    #[test]
    fn a_reader_who_was_told_everything_knows_what_is_open() {
        let ids = [(); 6].map(|()| Uuid::now_v7());
        let all = |words: [&str; 6]| -> Vec<Thing> {
            let is_open = |(_, word): &(Uuid, &str)| !word.is_empty();
            ids.into_iter().zip(words).filter(is_open).map(|(id, w)| thing(id, w)).collect()
        };
        let mut known = Known::default();
        for words in [
            ["1", "1", "", "1", "", ""],
            ["1", "2", "1", "", "", ""],
            ["", "", "", "", "", ""],
            ["2", "1", "1", "1", "1", "1"],
        ] {
            let News { ended, sent } = known.news(all(words));
            ended.into_iter().for_each(|(kind, id)| known.forget(kind, id));
            sent.iter().for_each(|(_, thing)| known.learn(thing));
            assert_eq!(known, Known::of(&all(words)));
            assert_eq!(known.news(all(words)), News { ended: vec![], sent: vec![] });
        }
    }

    #[test]
    fn an_id_says_what_its_reader_knows_and_nobody_else() {
        let [me, other] = [(); 2].map(|()| StaffId::generate());
        for many in [0, 1, MAX_IN_ID] {
            let things: Vec<Thing> = (0..many).map(|_| thing(Uuid::now_v7(), "1")).collect();
            let known = Known::of(&things);
            let id = known.id(me);
            assert!(id.bytes().all(|byte| byte.is_ascii_graphic()) && id.len() < 4_000, "{id}");
            assert_eq!(Known::from_id(&id, me), Some(known));
            assert_eq!(Known::from_id(&id, other), None);
        }
    }

    #[test]
    fn what_is_no_id_continues_nothing() {
        let me = StaffId::generate();
        let id = Known::of(&[thing(Uuid::now_v7(), "1")]).id(me);
        let (head, things) = id.rsplit_once('.').unwrap();
        let unknown = URL_SAFE_NO_PAD.encode([9; BYTES]);
        let too_many: Vec<Thing> = (0..=MAX_IN_ID).map(|_| thing(Uuid::now_v7(), "1")).collect();
        for other in [
            String::new(),
            "abc-0f0f-17".to_owned(),
            format!("2{}", &id[1..]),
            format!("{head}.{}", &things[1..]),
            format!("{head}.{unknown}"),
            format!("{head}.{}", things.repeat(MAX_IN_ID + 1)),
            Known::of(&too_many).id(me),
        ] {
            assert_eq!(Known::from_id(&other, me), None, "{other}");
        }
        assert_eq!(Known::from_id(&format!("{head}."), me), Some(Known::default()));
    }
}
