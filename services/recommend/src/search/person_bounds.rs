//! Upper bounds of one person's score, before they are judged. Must never be below the score.

use crate::{
    judge::terms,
    search::{
        bounds::Bounds,
        rank_key::{LONGEST_DRIVE_MIN, rank_key},
        travel_bounds::micro_up,
    },
    term::{ONE, Term},
};
use nearhand_index::{
    Person,
    abilities::{Profile, ReadAbilityBits, levels::UNSTATED},
    geometry::sphere::Unit,
};

impl Bounds<'_, '_> {
    /// Micro-points of a person's abilities by their profile, at most; `None` if the profile shows
    /// that they are not eligible.
    pub(super) fn profile_abilities(&self, slot: u32, profile: &Profile) -> Option<u64> {
        let query = self.query;
        let willingness = terms::best_region_willingness(query, |code| profile.region(code));
        if query.policy.filter_by_preferences && willingness.is_some_and(|best| best <= UNSTATED) {
            return None;
        }
        let fluency = terms::best_fluency(query, |code| profile.language(code));
        let words =
            self.tables.region_and_language_points(willingness.unwrap_or(0), fluency.unwrap_or(0));
        Some(self.ability_points(slot, &profile.bits) + words + self.panel_points)
    }

    /// Whether a profile shows more than ability bits: regions or languages that the case asks for.
    pub(super) fn profiles_show_more(&self) -> bool {
        self.query.applies(Term::Region) || self.query.applies(Term::Language)
    }

    /// A person's load in millionths, at least.
    pub(super) fn load_floor(&self, bits: &impl ReadAbilityBits) -> u32 {
        if self.loads_kept { bits.load_floor() } else { 0 }
    }

    /// The rank key of a person with such abilities and a travel term of at most `travel`
    /// millionths.
    pub(super) fn person_key(&self, abilities: u64, travel: u32) -> u64 {
        rank_key(self.person_points(abilities, travel), 0)
    }

    /// The rank key of a person without location.
    pub(super) fn no_location_key(&self, abilities: u64) -> u64 {
        rank_key(self.person_points(abilities, 0), LONGEST_DRIVE_MIN)
    }

    /// The best rank key of a person who is far away.
    pub(super) fn far_key(&self, abilities: u64) -> u64 {
        self.travel.at(self.travel.far_km).rank_key(abilities)
    }

    /// Whether a person has a start and no other place but that and the fix, and both are farther
    /// than a chord in Earth radii.
    pub(super) fn is_beyond(&self, person: &Person, chord: f64) -> bool {
        let far = |at: Unit| self.query.unit.chord_at_least(at) > chord;
        person.has_only_fix_and_start()
            && person.start().is_some()
            && far(person.start_point().unit)
            && (person.ping().is_none() || far(person.ping_point().unit))
    }

    /// The rank key of a person by the nearest place that may count; 0 if they are not eligible
    /// from there.
    pub(super) fn nearest_place_key(&self, slot: u32, abilities: u64) -> u64 {
        let (query, person) = (self.query, self.query.index.person(slot));
        let km = |at: Unit| query.unit.km_at_least(at);
        let job = person.last_job().map(|job| job.position);
        let booked = query.holding_booking(person).and_then(|booking| booking.position);
        let extra = job.into_iter().chain(booked).map(|at| km(Unit::new(at)));
        let start = person.start().map(|_| km(person.start_point().unit));
        let ping = person.ping().map(|_| km(person.ping_point().unit));
        let places = start.into_iter().chain(ping).chain(extra);
        let km = places.fold(f64::INFINITY, f64::min);
        let bits = &query.index.abilities().profile(slot).bits;
        let travel = self.travel.at(km);
        let eligible = self.travel.is_within_limit(km) && bits.covers(&self.needs(travel).bits);
        let located = if eligible { travel.rank_key(abilities) } else { 0 };
        // Without a start, and with a fix that may not count, they may have no location.
        if person.start().is_some() {
            located
        } else {
            located.max(self.no_location_key(abilities))
        }
    }

    /// The travel term of a person in millionths, at most. Cost: no haversine, and at most one power
    /// of two.
    pub(super) fn travel_at_most(&self, person: &Person) -> u32 {
        let query = self.query;
        if query.holding_booking(person).is_some() {
            return ONE;
        }
        let near = |at: Unit| self.travel.nearness(query.unit.km_at_least(at));
        let ping = query.counted_ping(person);
        let fallback = if query.counted_last_job(person, ping).is_some() {
            1.0
        } else if person.start().is_some() {
            near(person.start_point().unit)
        } else {
            0.0
        };
        let weight = ping.map_or(0.0, |ping| query.ping_weight(ping));
        if weight <= 0.0 {
            return micro_up(fallback);
        }
        micro_up(weight * near(person.ping_point().unit) + (1.0 - weight) * fallback)
    }

    fn person_points(&self, abilities: u64, travel: u32) -> u64 {
        let travel = self.query.points(Term::Travel, travel);
        abilities + travel + self.travel.availability_points(0.0)
    }
}
