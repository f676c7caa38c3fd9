//! The search by abilities, for those whose way counts for next to nothing: the far, and people
//! without location. Nearly every node of the tree has somebody for each ability; the columns tell
//! who has them all.

use crate::{
    bounds::DRIVE_BITS,
    judge::lot,
    profiles::{Class, Facet},
    search::Search,
};
use nearhand_domain::StaffId;
use nearhand_index::{
    columns::{Crowd, People, Test},
    person::TOGETHER,
};
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

/// So few people are looked at one by one rather than told apart further.
const FEW: usize = 32;
/// Micro-points within which people are taken to be alike, so that many are looked at together.
const ALIKE: u64 = 500_000;

/// People by what their abilities are worth at most: the ablest first, of those alike the one with
/// the least load.
type Ablest = BinaryHeap<(u64, Reverse<u32>, u32)>;

/// People who have not been told apart by all terms, by what their abilities are worth at most.
struct Group {
    abilities: u64,
    people: People,
    /// The class, of which facet, that they are to be told apart by next.
    facet: usize,
    class: usize,
}

/// A walk through a crowd, the ablest first.
struct Walk<'a> {
    crowd: &'a Crowd,
    facets: Vec<Facet>,
    groups: BinaryHeap<Group>,
    ablest: Ablest,
    /// The best rank of somebody without abilities.
    way: u64,
}

impl Search<'_, '_> {
    /// Judges whoever is beyond the reach and can still be listed.
    pub(crate) fn visit_far(&mut self) {
        let crowd = self.query.index.columns().everybody();
        let mut walk = self.walk(crowd, &self.bounds.fit_beyond(), self.bounds.beyond(0));
        while let Some(some) = self.next(&mut walk, 0) {
            self.judge_anywhere(&some);
        }
    }

    /// Judges whoever has no location and can still be listed. They earn nothing for travel, and
    /// come late, when the threshold is high.
    pub(crate) fn visit_placeless(&mut self) {
        let most = self.bounds.nowhere(self.bounds.most_able());
        if most < self.threshold || self.query.policy.require_location {
            return;
        }
        let crowd = self.query.index.columns().placeless();
        let mut walk = self.walk(crowd, &self.bounds.fit_nowhere(), self.bounds.nowhere(0));
        // Of those who can do no more than tie, few have to be judged.
        while let Some(some) = self.next(&mut walk, 1) {
            self.judge_some(some.into_iter());
        }
        let tie = |able: &u64| self.bounds.nowhere(*able) == self.threshold;
        let ties = walk.ablest.into_iter().filter(|(able, ..)| tie(able));
        self.judge_ties(ties.collect());
    }

    /// A walk through those of a crowd who pass some tests and can reach the threshold.
    fn walk<'c>(&self, crowd: &'c Crowd, fit: &[Test], way: u64) -> Walk<'c> {
        let most = self.bounds.most_able();
        let facets = self.bounds.facets();
        let reaches = |class: &&Class| rank(way, most.saturating_sub(class.lost)) >= self.threshold;
        // Whoever loses too much by one term alone is not looked at again.
        let least = facets.iter().filter_map(|facet| facet.0.iter().take_while(reaches).last());
        let least = least.filter_map(|class| class.test.as_ref());
        let people = crowd.passing(fit.iter().chain(least));
        let mut walk =
            Walk { crowd, facets, groups: BinaryHeap::new(), ablest: Ablest::new(), way };
        walk.add(people, most, (0, 0));
        walk
    }

    /// The ablest who have not been judged and whose rank is at least so much above the threshold.
    fn next(&self, walk: &mut Walk<'_>, above: u64) -> Option<Vec<(u32, u64)>> {
        loop {
            let group = walk.groups.peek().map(|group| group.abilities);
            let group = group.filter(|&able| rank(walk.way, able) >= self.threshold);
            let person = walk.ablest.peek().map(|&(able, ..)| able);
            let person = person.filter(|&able| rank(walk.way, able) >= self.threshold + above);
            if person.is_some() && person >= group {
                let least = group.unwrap_or(0).saturating_sub(ALIKE);
                return Some(self.alike(walk, least, above));
            }
            group?;
            self.open(walk);
        }
    }

    /// Some of the ablest, whose abilities are worth no less than `least`.
    fn alike(&self, walk: &mut Walk<'_>, least: u64, above: u64) -> Vec<(u32, u64)> {
        let mut some = Vec::with_capacity(TOGETHER);
        while let Some(&(able, _, slot)) = walk.ablest.peek()
            && some.len() < TOGETHER
            && able >= least
            && rank(walk.way, able) >= self.threshold + above
        {
            some.push((slot, able));
            walk.ablest.pop();
        }
        some
    }

    /// Tells the ablest group apart: by its next class, or person by person.
    fn open(&self, walk: &mut Walk<'_>) {
        let Some(mut group) = walk.groups.pop() else { return };
        if group.people.more_than(FEW) && group.facet < walk.facets.len() {
            return walk.tell_apart(group);
        }
        let some = group.people.take(FEW);
        let columns = self.query.index.columns();
        // Read together, they are waited for once.
        let glimpse = |sum, slot| sum ^ columns.profile(slot).glimpse();
        std::hint::black_box(walk.crowd.slots(&some).fold(0, glimpse));
        for slot in walk.crowd.slots(&some).filter(|slot| !self.seen.contains(slot)) {
            let profile = columns.profile(slot);
            let able = self.bounds.profile(slot, profile).map(|able| able.min(group.abilities));
            let worth = |&able: &u64| rank(walk.way, able) >= self.threshold;
            if let Some(able) = able.filter(worth) {
                let load = self.bounds.load_floor(&profile.signature);
                walk.ablest.push((able, Reverse(load), slot));
            }
        }
        walk.add(group.people, group.abilities, (group.facet, group.class));
    }

    /// Judges people without location who can at best tie with the last one listed: in the order
    /// of ties, by load and lot, so that few have to be.
    fn judge_ties(&mut self, ties: Vec<(u64, Reverse<u32>, u32)>) {
        let query = self.query;
        // Read together, they are waited for once.
        let ids: Vec<StaffId> =
            ties.iter().map(|&(.., slot)| query.index.person(slot).id()).collect();
        let drawn = ties.into_iter().zip(ids).map(|((abilities, Reverse(load), slot), id)| {
            Reverse((load, lot(query.case.id, id).as_prefix(), slot, abilities))
        });
        let mut drawn: BinaryHeap<_> = drawn.collect();
        while let Some(&Reverse((load, lot, ..))) = drawn.peek() {
            let last = self.best.last().map(|last| (last.load_ppm(), last.lot().as_prefix()));
            if last.is_some_and(|last| (load, lot) > last) {
                return;
            }
            let some = std::iter::from_fn(|| drawn.pop()).take(TOGETHER);
            let some: Vec<(u32, u64)> =
                some.map(|Reverse((.., slot, abilities))| (slot, abilities)).collect();
            self.judge_some(some.into_iter());
        }
    }
}

impl Walk<'_> {
    /// Adds people whose abilities are worth no more, and the facet and class to tell them apart by.
    fn add(&mut self, people: People, abilities: u64, next: (usize, usize)) {
        if !people.is_empty() {
            self.groups.push(Group { abilities, people, facet: next.0, class: next.1 });
        }
    }

    /// Tells a group apart by its next class.
    fn tell_apart(&mut self, mut group: Group) {
        let Group { abilities, facet, class, .. } = group;
        let classes = &self.facets[facet].0;
        let Some(test) = &classes[class].test else {
            return self.add(group.people, abilities, (facet + 1, 0));
        };
        let these = self.crowd.split(&mut group.people, test);
        let rest = classes.get(class + 1).map(|next| next.lost - classes[class].lost);
        self.add(these, abilities, (facet + 1, 0));
        if let Some(lost) = rest {
            self.add(group.people, abilities.saturating_sub(lost), (facet, class + 1));
        }
    }
}

/// The best rank of somebody with such abilities, given that of somebody without.
fn rank(way: u64, abilities: u64) -> u64 {
    way + (abilities << DRIVE_BITS)
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Group {}

impl PartialOrd for Group {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Group {
    /// Of groups alike the one told apart furthest comes first.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.abilities, self.facet).cmp(&(other.abilities, other.facet))
    }
}
