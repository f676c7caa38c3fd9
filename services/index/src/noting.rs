//! Keeping columns and posting lists at what people can do and where they are shown. Must leave
//! the tree alone.

use crate::{
    OrgIndex,
    columns::{Test, ones},
    placing::shown_places,
    postings::{List, Verdict},
    signature::{Profile, Signature},
};

impl OrgIndex {
    /// Notes what a person can do; nothing, if they are not active.
    pub(crate) fn note(&mut self, slot: u32, profile: Option<Profile>) {
        let before = self.columns.profile(slot).signature.skills();
        match profile {
            Some(profile) => {
                let placeless = self.people[slot as usize].start.is_none();
                self.columns.set(slot, profile, placeless);
            }
            None => self.columns.clear(slot),
        }
        let after = self.columns.profile(slot).signature.skills();
        ones(before ^ after).for_each(|ability| self.keep_list(ability));
        self.post(slot, before);
    }

    /// Makes the list of an ability when it has become rare, and gives it up when it no longer is.
    fn keep_list(&mut self, ability: usize) {
        let told = self.vocabulary.skills.len() <= Signature::EXACT_SKILLS;
        let present = if told { self.columns.present() } else { 0 };
        match self.postings.verdict(ability, self.columns.having(ability), present) {
            Verdict::Keep => {}
            Verdict::Drop => self.postings.put(ability, None),
            Verdict::Make => {
                let mut list = List::default();
                for slot in self.columns.everybody().passing(&[Test::having(ability)]).iter() {
                    list.tell(slot, &shown_places(self.person(slot), slot));
                }
                self.postings.put(ability, Some(list));
            }
        }
    }

    /// Lists where a person is shown under the rare abilities they have, and takes them out of
    /// those lists whose abilities they only had before.
    pub(crate) fn post(&mut self, slot: u32, before: u64) {
        let abilities = self.columns.profile(slot).signature.skills();
        let listed = (abilities | before) & self.postings.listed();
        if listed == 0 {
            return;
        }
        let places = shown_places(self.person(slot), slot);
        for ability in ones(listed) {
            let has = abilities >> ability & 1 == 1;
            self.postings.tell(ability, slot, if has { &places } else { &[] });
        }
    }
}
