//! Keeping columns and posting lists at what people can do and where they are shown. Must leave
//! the tree alone.

use crate::{
    OrgIndex, Person,
    columns::{Test, ones},
    places::{Place, Shown},
    placing::shown_places,
    postings::{LISTED, List, is_rare},
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
        self.drop_lists();
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

    /// Lists those with skills that few have, the rarest first, until about as many places are
    /// listed as there are people: so that lists cost little memory and little of a move.
    ///
    /// O(people): only for an index that is being loaded. Later on lists are kept up, or given up,
    /// but none is made, for readers would wait for that.
    pub(crate) fn make_lists(&mut self) {
        if !self.skills_are_told() {
            return;
        }
        let present = self.columns.present();
        let few = (0..LISTED).map(|ability| (self.columns.having(ability), ability));
        let mut few: Vec<(u32, usize)> =
            few.filter(|&(having, _)| having > 0 && is_rare(having, present)).collect();
        few.sort_unstable();
        let mut room = present as usize;
        for (having, ability) in few {
            let slots = self.columns.everybody().passing(&[Test::having(ability)]);
            let places = slots.iter().flat_map(|slot| listed_places(self.person(slot), slot));
            let places: Vec<Place> = places.flatten().collect();
            // Where most may be shown at either of two places, records have to be read, and a tree
            // leads to fewer of them.
            if places.len() > having as usize / 4 * 5 + 1 {
                continue;
            }
            if places.len() > room {
                return;
            }
            room -= places.len();
            self.postings.put(ability, Some(List::of(places)));
        }
    }

    /// Gives up the lists of abilities that no longer few have, or that signatures no longer tell.
    fn drop_lists(&mut self) {
        let (told, present) = (self.skills_are_told(), self.columns.present());
        for ability in ones(self.postings.listed()) {
            // Not where somebody's record is only being replaced.
            if !told || !is_rare(self.columns.having(ability), present + present / 4 + 1) {
                self.postings.put(ability, None);
            }
        }
    }

    /// Whether signatures tell exactly who has which skill.
    fn skills_are_told(&self) -> bool {
        self.vocabulary.skills.len() <= Signature::EXACT_SKILLS
    }
}

/// Where somebody may be shown.
pub(crate) fn listed_places(person: &Person, slot: u32) -> [Option<Place>; 2] {
    shown_places(person, slot).map(|place| place.filter(|place| place.shown() != Shown::Never))
}
