//! The people with the nearest live fixes, by great-circle distance. Must list the same people in
//! the same order as a loop over everybody, and nobody whom the privacy gate hides.
//!
//! Best-first search over the tree: a node's bound is the least distance to its box. A node is left
//! out when its masks show that nobody below passes the filter.

use super::live_positions::LivePosition;
use crate::{
    OrgIndex, Person,
    abilities::{
        AbilityBits, ReadMasks,
        levels::{UNSTATED, WILLING, Willingness},
    },
    geometry::sphere::{Origin, Unit, arc_km_at_least},
    people::vocabulary::skill_word,
    tree::{ChildEnvelopes, ChildSet, Leaf, PlaceKind, members},
};
use nearhand_domain::{Position, RegionId, ServiceId, StaffId};
use rustc_hash::FxHashSet;
use std::cmp::Ordering;

/// A scope of up to so many people is looked at whole: the tree would lead past all others.
const SMALL_SCOPE: usize = 5_000;

/// Who counts. Conditions count together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NearestFilter {
    /// A skill's code and the least level, 1 to 5.
    pub skill: Option<(String, u8)>,
    /// A service and the least willingness for it.
    pub service: Option<(ServiceId, Willingness)>,
    /// A region and the least willingness for it.
    pub region: Option<(RegionId, Willingness)>,
}

/// Somebody near, and how far away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearPerson {
    /// Their live position.
    pub live: LivePosition,
    /// The great-circle distance in kilometres.
    pub km: f64,
}

impl OrgIndex {
    /// The `limit` people who pass a filter and whose live fixes at `at` (Unix seconds) are nearest
    /// to a position; equal distances by id. With a `scope`, only people in it.
    ///
    /// Live is what [`Self::live_in`] calls so. Cost: the leaves around the position, more where few
    /// pass the filter; O(scope) for a small scope.
    #[must_use]
    pub fn nearest(
        &self,
        from: Position,
        (limit, at): (usize, i64),
        filter: &NearestFilter,
        scope: Option<&FxHashSet<StaffId>>,
    ) -> Vec<NearPerson> {
        self.nearest_with_small_scope(from, (limit, at), filter, (scope, SMALL_SCOPE))
    }

    /// The same. A scope of up to `small` people is looked at whole; only the cost depends on it.
    #[must_use]
    pub fn nearest_with_small_scope(
        &self,
        from: Position,
        (limit, at): (usize, i64),
        filter: &NearestFilter,
        (scope, small): (Option<&FxHashSet<StaffId>>, usize),
    ) -> Vec<NearPerson> {
        let Some(needs) = Needs::new(self, filter).filter(|_| limit > 0) else {
            return Vec::new();
        };
        let mut search = Search { index: self, at, origin: Origin::new(from), best: Vec::new() };
        if let Some(scope) = scope.filter(|scope| scope.len() <= small) {
            for slot in scope.iter().filter_map(|&id| self.slot(id)) {
                search.offer(slot, &needs, limit);
            }
        } else {
            search.walk(Unit::new(from), &needs, limit, scope);
        }
        search.best
    }
}

/// A filter in the codes of one index.
struct Needs {
    skill: Option<(u32, u8)>,
    service: Option<(u32, Willingness)>,
    region: Option<(u32, Willingness)>,
    /// What leaves show of it.
    bits: AbilityBits,
}

impl Needs {
    /// `None`: nobody can pass.
    fn new(index: &OrgIndex, filter: &NearestFilter) -> Option<Self> {
        let words = index.vocabulary();
        let skill = match &filter.skill {
            Some((code, level)) => Some((words.skills.code(skill_word(code).as_str())?, *level)),
            None => None,
        };
        let service = stated(filter.service, |id| words.services.code(&id))?;
        let region = stated(filter.region, |id| words.regions.code(&id))?;
        let mut bits = AbilityBits::default();
        if let Some((code, level)) = skill {
            bits.need_skill(code, level);
        }
        if let Some((code, least)) = service {
            if least >= WILLING {
                bits.need_willingness(code, least);
            } else {
                bits.need_service(code);
            }
        }
        Some(Self { skill, service, region, bits })
    }

    /// Whether somebody below a node may pass.
    fn may_pass(&self, masks: &impl ReadMasks) -> bool {
        self.skill.is_none_or(|(code, level)| masks.skill(code) >= level)
            && self.service.is_none_or(|(code, least)| masks.service(code) >= least)
            && self.region.is_none_or(|(code, least)| masks.region(code) >= least)
    }

    fn pass(&self, person: &Person) -> bool {
        self.skill.is_none_or(|(code, level)| person.skill(code) >= level)
            && self.service.is_none_or(|(code, least)| person.service(code) >= least)
            && self.region.is_none_or(|(code, least)| person.region(code) >= least)
    }
}

/// The code of what is needed; `Some(None)`: everybody passes, `None`: nobody does. What nobody has
/// stated anything about is unstated for all.
#[expect(clippy::option_option, reason = "the two kinds of nothing differ")]
fn stated<I>(
    needed: Option<(I, Willingness)>,
    code: impl Fn(I) -> Option<u32>,
) -> Option<Option<(u32, Willingness)>> {
    let Some((id, least)) = needed else { return Some(None) };
    match code(id) {
        Some(code) => Some(Some((code, least))),
        None => (least <= UNSTATED).then_some(None),
    }
}

struct Search<'a> {
    index: &'a OrgIndex,
    at: i64,
    origin: Origin,
    /// Nearest first.
    best: Vec<NearPerson>,
}

impl Search<'_> {
    fn walk(
        &mut self,
        from: Unit,
        needs: &Needs,
        limit: usize,
        scope: Option<&FxHashSet<StaffId>>,
    ) {
        let index = self.index;
        let corner = from.to_f32();
        index.tree().best_first(
            0,
            |envelopes: &ChildEnvelopes, children: ChildSet, ranking| {
                let chords = envelopes.chords_at_least(corner);
                for child in members(children) {
                    if needs.may_pass(&envelopes.child(child)) {
                        let km = arc_km_at_least(f64::from(chords[child]));
                        ranking.add(child, key(km), ());
                    }
                }
            },
            |leaf: &Leaf, ()| {
                for at in leaf.covering(&needs.bits) {
                    let place = &leaf.places()[at];
                    let near = from.km_at_least(place.at) <= self.farthest(limit);
                    let seen = |slot| scope.is_none_or(|s| s.contains(&index.person(slot).id));
                    if place.kind() == PlaceKind::Ping && near && seen(place.slot()) {
                        self.offer(place.slot(), needs, limit);
                    }
                }
                key(self.farthest(limit))
            },
        );
    }

    /// Lists a person if they pass and are near enough.
    fn offer(&mut self, slot: u32, needs: &Needs, limit: usize) {
        if !needs.pass(self.index.person(slot)) {
            return;
        }
        let Some(live) = self.index.live(slot, self.at) else { return };
        let found = NearPerson { live, km: self.origin.km_to(live.ping.position) };
        let at = self.best.partition_point(|known| known.order(&found).is_lt());
        if at < limit {
            self.best.insert(at, found);
            self.best.truncate(limit);
        }
    }

    /// The distance from which on nobody is listed any more.
    fn farthest(&self, limit: usize) -> f64 {
        self.best.get(limit - 1).map_or(f64::INFINITY, |last| last.km)
    }
}

impl NearPerson {
    fn order(&self, other: &Self) -> Ordering {
        self.km.total_cmp(&other.km).then(self.live.staff.cmp(&other.live.staff))
    }
}

/// A distance as a key of the best-first search: the nearer, the greater. The bits of floats that
/// are not negative have the order of the floats.
fn key(km: f64) -> u64 {
    u64::MAX - km.max(0.0).to_bits()
}
