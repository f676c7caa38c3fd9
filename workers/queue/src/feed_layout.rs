//! Decodes feed entries of the present layout and of the one before. Must not encode: only the present
//! layout is written.
//!
//! Remove the older one with the release after the next change of the layout.

use crate::feed::{CredentialChanged, FEED_VERSION, FeedItem};
use nearhand_domain::{
    OrganizationId, Position, RegionId, ServiceId, StaffId,
    facts::{Fact, LicenceFact, OrganizationFacts, PositionFact, RegionFacts, StaffFacts},
    preference::{LanguageLevel, Preference},
    schedule::WeeklyHours,
    time::Interval,
    tracking::TrackingGate,
};
use serde::Deserialize;

const OLDER_VERSION: &str = "3";

/// An entry, and whether it was of the older layout; `None` where it cannot be read.
pub(crate) fn read(version: &[u8], data: &[u8]) -> Option<(FeedItem, bool)> {
    if version == FEED_VERSION.as_bytes() {
        return postcard::from_bytes(data).ok().map(|item| (item, false));
    }
    if version != OLDER_VERSION.as_bytes() {
        return None;
    }
    postcard::from_bytes(data).ok().map(|item: OlderItem| (item.into(), true))
}

/// Whether an entry contains facts about people.
pub(crate) fn names_people(item: &FeedItem) -> bool {
    match item {
        FeedItem::Facts(facts) => facts.iter().any(|fact| matches!(fact, Fact::Staff(_))),
        FeedItem::Credential(_) | FeedItem::Heartbeat => false,
    }
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
enum OlderItem {
    Facts(Vec<OlderFact>),
    Credential(CredentialChanged),
    Heartbeat,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
enum OlderFact {
    Staff(Box<OlderStaff>),
    Region(RegionFacts),
    Organization(OrganizationFacts),
    Position(PositionFact),
}

/// [`StaffFacts`] without duty.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct OlderStaff {
    organization: OrganizationId,
    staff: StaffId,
    version: i64,
    deleted: bool,
    active: bool,
    display_name: String,
    home: Option<Position>,
    base: Option<Position>,
    services: Vec<(ServiceId, Preference)>,
    regions: Vec<(RegionId, Preference)>,
    skills: Vec<(String, u8)>,
    licences: Vec<LicenceFact>,
    languages: Vec<(String, LanguageLevel)>,
    working_hours: Option<WeeklyHours>,
    time_off: Vec<Interval>,
    max_travel_km: Option<f64>,
    tracking: TrackingGate,
    positions_valid_from: i64,
}

impl From<OlderItem> for FeedItem {
    fn from(item: OlderItem) -> Self {
        match item {
            OlderItem::Facts(facts) => Self::Facts(facts.into_iter().map(Fact::from).collect()),
            OlderItem::Credential(changed) => Self::Credential(changed),
            OlderItem::Heartbeat => Self::Heartbeat,
        }
    }
}

impl From<OlderFact> for Fact {
    fn from(fact: OlderFact) -> Self {
        match fact {
            OlderFact::Staff(facts) => Self::Staff(Box::new((*facts).into())),
            OlderFact::Region(facts) => Self::Region(facts),
            OlderFact::Organization(facts) => Self::Organization(facts),
            OlderFact::Position(fact) => Self::Position(fact),
        }
    }
}

impl From<OlderStaff> for StaffFacts {
    fn from(older: OlderStaff) -> Self {
        Self {
            organization: older.organization,
            staff: older.staff,
            version: older.version,
            deleted: older.deleted,
            active: older.active,
            display_name: older.display_name,
            home: older.home,
            base: older.base,
            services: older.services,
            regions: older.regions,
            skills: older.skills,
            licences: older.licences,
            languages: older.languages,
            working_hours: older.working_hours,
            off_duty: false,
            time_off: older.time_off,
            max_travel_km: older.max_travel_km,
            tracking: older.tracking,
            positions_valid_from: older.positions_valid_from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older() -> OlderStaff {
        OlderStaff {
            organization: OrganizationId::generate(),
            staff: StaffId::generate(),
            version: 7,
            deleted: false,
            active: true,
            display_name: "Grace".into(),
            home: Position::new(38.7, -9.1).ok(),
            base: None,
            services: Vec::new(),
            regions: Vec::new(),
            skills: vec![("camera".into(), 3)],
            licences: Vec::new(),
            languages: Vec::new(),
            working_hours: None,
            time_off: Vec::new(),
            max_travel_km: Some(12.5),
            tracking: TrackingGate::default(),
            positions_valid_from: -5,
        }
    }

    #[test]
    fn both_layouts_are_read_and_no_other() {
        let facts = || Fact::Staff(Box::new(older().into()));
        let written = postcard::to_stdvec(&OlderItem::Facts(vec![
            OlderFact::Staff(Box::new(older())),
            OlderFact::Staff(Box::new(older())),
        ]));
        let (item, is_older) = read(b"3", &written.unwrap()).unwrap();
        assert!(is_older && names_people(&item));
        let FeedItem::Facts(people) = item else { panic!("facts") };
        let [_, Fact::Staff(second)] = people.as_slice() else { panic!("two people") };
        assert_eq!((second.version, second.max_travel_km), (7, Some(12.5)));
        assert_eq!((second.positions_valid_from, second.base), (-5, None));
        let newest = FeedItem::Facts(vec![facts()]);
        let written = postcard::to_stdvec(&newest).unwrap();
        assert_eq!(read(b"4", &written), Some((newest, false)));
        assert_eq!(read(b"5", &written), None);
        let beat = postcard::to_stdvec(&OlderItem::Heartbeat).unwrap();
        assert_eq!(read(b"3", &beat), Some((FeedItem::Heartbeat, true)));
    }
}
