//! Keeping columns and posting lists at what people can do and where they are shown. Must leave
//! the tree alone.

use crate::{
    OrgIndex, Person,
    columns::{Test, ones},
    places::{Place, Shown},
    placing::shown_places,
    postings::{List, Verdict},
    signature::{Profile, Signature},
};

/// What lists have of somebody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted {
    /// Levels of skills, a bit each.
    skills: u64,
    places: [Option<Place>; 2],
}

impl OrgIndex {
    /// What lists should have of a person as the record stands.
    pub(crate) fn noted(&self, slot: u32) -> Noted {
        let skills = self.columns.profile(slot).signature.skills();
        Noted { skills, places: listed_places(self.person(slot), slot) }
    }

    /// Notes what a person can do; nothing, if they are not active.
    pub(crate) fn note(&mut self, slot: u32, profile: Option<Profile>) {
        let before = self.noted(slot);
        match profile {
            Some(profile) => {
                let placeless = self.people[slot as usize].start.is_none();
                self.columns.set(slot, profile, placeless);
            }
            None => self.columns.clear(slot),
        }
        self.relist(slot, &before);
        let after = self.columns.profile(slot).signature.skills();
        ones(before.skills ^ after).for_each(|ability| self.keep_list(ability));
    }

    /// Makes lists say of a person what the record says, where they say what it said before.
    pub(crate) fn relist(&mut self, slot: u32, before: &Noted) {
        let listed = self.postings.listed();
        let skills = self.columns.profile(slot).signature.skills();
        if (before.skills | skills) & listed == 0 {
            return;
        }
        let now = self.noted(slot);
        for ability in ones((before.skills | now.skills) & listed) {
            let Some(list) = self.postings.list_mut(ability) else { continue };
            let of = |noted: &Noted, at: usize| {
                noted.places[at].filter(|_| noted.skills >> ability & 1 == 1)
            };
            for at in 0..2 {
                match (of(before, at), of(&now, at)) {
                    (Some(old), Some(new)) if old != new => list.replace(&old, &new),
                    (Some(old), None) => list.remove(&old),
                    (None, Some(new)) => list.insert(&new),
                    _ => {}
                }
            }
        }
    }

    /// Reads what will be needed when a person moves.
    pub(crate) fn warm_lists(&self, slot: u32, to: &Place) -> u64 {
        let noted = self.noted(slot);
        let lists = ones(noted.skills & self.postings.listed());
        let lists = lists.filter_map(|ability| self.postings.list(ability));
        let places = noted.places.iter().flatten().chain([to]);
        let warm = |list: &List| places.clone().fold(0, |sum, place| sum ^ list.warm(place));
        lists.fold(0, |sum, list| sum ^ u64::from(warm(list)))
    }

    /// Makes the list of an ability when few have come to have it, and gives it up when they are
    /// no longer few.
    fn keep_list(&mut self, ability: usize) {
        let told = self.vocabulary.skills.len() <= Signature::EXACT_SKILLS;
        let present = if told { self.columns.present() } else { 0 };
        match self.postings.verdict(ability, self.columns.having(ability), present) {
            Verdict::Keep => {}
            Verdict::Drop => self.postings.put(ability, None),
            Verdict::Make => {
                let slots = self.columns.everybody().passing(&[Test::having(ability)]);
                let places = slots.iter().flat_map(|slot| listed_places(self.person(slot), slot));
                let list = List::of(places.flatten());
                self.postings.put(ability, Some(list));
            }
        }
    }
}

/// Where somebody may be shown.
pub(crate) fn listed_places(person: &Person, slot: u32) -> [Option<Place>; 2] {
    shown_places(person, slot).map(|place| place.filter(|place| place.shown() != Shown::Never))
}
