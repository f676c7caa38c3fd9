//! Offers: a case is offered to people, who accept or decline. The states of an offer and of the
//! people asked, and what is to be done next. Must not read the clock or know of any table.

use crate::{StaffId, access::words};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

words! {
    /// In which order people are asked.
    OfferMode {
        /// As many as there are free slots, best first; after a decline or a time-out the next.
        Sequential = "sequential",
        /// All at once; the first to accept get the slots.
        Broadcast = "broadcast",
        /// All at once, who could; the scheduler chooses among them.
        Availability = "availability",
    }
}

words! {
    /// How far an offer has come.
    OfferState {
        /// People are asked, or about to be.
        Open = "open",
        /// Answers are in; the scheduler is to choose.
        Deciding = "deciding",
        /// All slots of the case are taken.
        Filled = "filled",
        /// Some accepted, and nobody else can be asked.
        PartlyFilled = "partly_filled",
        /// Nobody accepted.
        Unanswered = "unanswered",
        /// It was taken back, or its case needs nobody any more.
        Cancelled = "cancelled",
    }
}

impl OfferState {
    /// Whether something may still change. What has ended stays as it is.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Deciding)
    }
}

words! {
    /// What became of a person's being asked.
    AskedState {
        /// No answer yet.
        Asked = "asked",
        /// They could do it; the scheduler has not chosen.
        Available = "available",
        /// They have it.
        Accepted = "accepted",
        /// They said no.
        Declined = "declined",
        /// They did not answer in time.
        TimedOut = "timed_out",
        /// The offer ended, or they left, before they answered or were chosen.
        Withdrawn = "withdrawn",
        /// Neither the app nor a mail reaches them; they were not asked.
        Unreachable = "unreachable",
    }
}

words! {
    /// What happens when an offer ends with free slots.
    WhenUnanswered {
        /// The author of the offer gets a mail.
        Notify = "notify",
        /// The same, and the case becomes urgent.
        MarkUrgent = "mark_urgent",
        /// Nothing.
        Close = "close",
    }
}

/// How people are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferTerms {
    /// In which order.
    pub mode: OfferMode,
    /// Most people who are asked in all.
    pub most_people: usize,
    /// How long each may take; `None`: until the deadline.
    pub answer_within: Option<SignedDuration>,
    /// When the whole offer ends, in whole seconds: jobs come by the second.
    pub deadline: Timestamp,
}

/// A person who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub staff: StaffId,
    /// What became of it.
    pub state: AskedState,
    /// An answer must come before.
    pub respond_by: Timestamp,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// How people are asked.
    pub terms: OfferTerms,
    /// How far it has come.
    pub state: OfferState,
    /// Everybody who was asked, in that order. Nobody is twice in it.
    pub asked: Vec<Asked>,
}

/// What an offer must know of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The clock.
    pub now: Timestamp,
    /// Whether the case still needs somebody.
    pub case_open: bool,
    /// How many slots of the case nobody holds.
    pub free_slots: usize,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// They were never asked.
    #[error("you were not asked")]
    NotAsked,
    /// The time to answer is over.
    #[error("the time to answer is over")]
    TooLate,
    /// They declined.
    #[error("you have declined it already; ask the scheduler to assign you all the same")]
    Declined,
    /// They hold it.
    #[error("you have accepted it; ask the scheduler to take it back")]
    Accepted,
    /// Others have all the slots.
    #[error("somebody else was faster: no slot of the case is free any more")]
    Taken,
    /// The offer has ended.
    #[error("the offer was taken back, or the case needs nobody any more")]
    Ended,
    /// The scheduler chose more people than there are free slots.
    #[error("only {0} slots of the case are free")]
    TooMany(usize),
    /// The scheduler chose somebody who is not available.
    #[error("{0} has not said that they could do it")]
    NotAvailable(StaffId),
}

/// The next whole second, or this one.
#[must_use]
pub fn whole_second(at: Timestamp) -> Timestamp {
    let up = i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(at.as_second() + up).unwrap_or(at)
}

impl OfferTerms {
    /// When somebody who is asked at `now` must have answered, in whole seconds.
    fn respond_by(&self, now: Timestamp) -> Timestamp {
        let own = self.answer_within.and_then(|within| now.checked_add(within).ok());
        whole_second(own.map_or(self.deadline, |own| own.min(self.deadline)))
    }
}

impl Offer {
    /// A new one; nobody has been asked.
    #[must_use]
    pub fn new(terms: OfferTerms) -> Self {
        let terms = OfferTerms { deadline: whole_second(terms.deadline), ..terms };
        Self { terms, state: OfferState::Open, asked: Vec::new() }
    }

    /// Does what is due: times people out, ends the offer. Returns how many more people are to be
    /// asked now; afterwards call [`Offer::ask`] for each, and then [`Offer::settle`].
    pub fn advance(&mut self, now: Situation) -> usize {
        if !self.state.is_open() {
            return 0;
        }
        if !now.case_open {
            self.end(OfferState::Cancelled);
            return 0;
        }
        let over = now.now >= self.terms.deadline;
        for asked in &mut self.asked {
            if asked.state == AskedState::Asked && (over || asked.respond_by <= now.now) {
                asked.state = AskedState::TimedOut;
            }
        }
        if now.free_slots == 0 {
            self.end(OfferState::Filled);
        } else if over || self.state == OfferState::Deciding {
            self.conclude();
        }
        self.wanted(now)
    }

    /// How many more people are to be asked.
    fn wanted(&self, now: Situation) -> usize {
        if self.state != OfferState::Open {
            return 0;
        }
        let asked = self.count(|state| state != AskedState::Unreachable);
        let left = self.terms.most_people.saturating_sub(asked);
        match self.terms.mode {
            OfferMode::Sequential => left.min(now.free_slots.saturating_sub(self.waiting())),
            OfferMode::Broadcast | OfferMode::Availability => left,
        }
    }

    /// How many have not answered yet.
    fn waiting(&self) -> usize {
        self.count(|state| state == AskedState::Asked)
    }

    fn count(&self, is: impl Fn(AskedState) -> bool) -> usize {
        self.asked.iter().filter(|asked| is(asked.state)).count()
    }

    /// Asks somebody, or notes that nothing reaches them. False, and nothing is done, if they have
    /// been asked before or nobody is asked any more.
    pub fn ask(&mut self, staff: StaffId, reachable: bool, now: Timestamp) -> bool {
        if self.state != OfferState::Open || self.find(staff).is_some() {
            return false;
        }
        let state = if reachable { AskedState::Asked } else { AskedState::Unreachable };
        self.asked.push(Asked { staff, state, respond_by: self.terms.respond_by(now) });
        true
    }

    /// After asking: ends the offer if nobody is left whose answer could come.
    pub fn settle(&mut self) {
        if self.state == OfferState::Open && self.waiting() == 0 {
            self.conclude();
        }
    }

    /// Accepts for a person, or says that they could do it. True if they have got a slot by it now.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn accept(&mut self, staff: StaffId, now: Situation) -> Result<bool, Refusal> {
        match self.answerable(staff, now)? {
            AskedState::Accepted | AskedState::Available => return Ok(false),
            AskedState::Declined => return Err(Refusal::Declined),
            _ => {}
        }
        if self.terms.mode == OfferMode::Availability {
            self.set(staff, AskedState::Available);
            return Ok(false);
        }
        if now.free_slots == 0 {
            return Err(Refusal::Taken);
        }
        self.set(staff, AskedState::Accepted);
        if now.free_slots == 1 {
            self.end(OfferState::Filled);
        }
        Ok(true)
    }

    /// Declines for a person. True if that is new.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn decline(&mut self, staff: StaffId, now: Situation) -> Result<bool, Refusal> {
        match self.answerable(staff, now)? {
            AskedState::Declined => return Ok(false),
            AskedState::Accepted => return Err(Refusal::Accepted),
            _ => {}
        }
        self.set(staff, AskedState::Declined);
        Ok(true)
    }

    /// The state of somebody whose answer counts.
    fn answerable(&self, staff: StaffId, now: Situation) -> Result<AskedState, Refusal> {
        let asked = self.find(staff).ok_or(Refusal::NotAsked)?;
        match asked.state {
            AskedState::Unreachable => return Err(Refusal::NotAsked),
            AskedState::TimedOut => return Err(Refusal::TooLate),
            AskedState::Withdrawn => {
                let taken = self.state == OfferState::Filled;
                return Err(if taken { Refusal::Taken } else { Refusal::Ended });
            }
            // What was answered stays answered.
            AskedState::Accepted | AskedState::Declined => return Ok(asked.state),
            AskedState::Asked | AskedState::Available => {}
        }
        if !self.state.is_open() || !now.case_open {
            return Err(Refusal::Ended);
        }
        if asked.state == AskedState::Asked && asked.respond_by <= now.now {
            return Err(Refusal::TooLate);
        }
        Ok(asked.state)
    }

    /// The scheduler chooses among those who could do it.
    ///
    /// # Errors
    /// Why not; then nobody is chosen.
    pub fn choose(&mut self, people: &[StaffId], now: Situation) -> Result<(), Refusal> {
        if !self.state.is_open() || !now.case_open {
            return Err(Refusal::Ended);
        }
        if people.len() > now.free_slots {
            return Err(Refusal::TooMany(now.free_slots));
        }
        let available = |staff| self.find(staff).is_some_and(|a| a.state == AskedState::Available);
        if let Some(wrong) = people.iter().find(|staff| !available(**staff)) {
            return Err(Refusal::NotAvailable(*wrong));
        }
        for staff in people {
            self.set(*staff, AskedState::Accepted);
        }
        if people.len() == now.free_slots {
            self.end(OfferState::Filled);
        } else if self.state == OfferState::Deciding {
            self.conclude();
        }
        Ok(())
    }

    /// Takes the offer back from somebody who leaves.
    pub fn withdraw(&mut self, staff: StaffId) {
        let state = self.find(staff).map(|asked| asked.state);
        if matches!(state, Some(AskedState::Asked | AskedState::Available)) {
            self.set(staff, AskedState::Withdrawn);
        }
    }

    /// Takes the whole offer back.
    pub fn cancel(&mut self) {
        if self.state.is_open() {
            self.end(OfferState::Cancelled);
        }
    }

    /// When something is due next without anybody's doing; `None` once it has ended, and while the
    /// scheduler is to choose.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        if self.state != OfferState::Open {
            return None;
        }
        let waiting = self.asked.iter().filter(|asked| asked.state == AskedState::Asked);
        let first = waiting.map(|asked| asked.respond_by).min();
        Some(first.map_or(self.terms.deadline, |first| first.min(self.terms.deadline)))
    }

    /// A person's being asked.
    #[must_use]
    pub fn find(&self, staff: StaffId) -> Option<&Asked> {
        self.asked.iter().find(|asked| asked.staff == staff)
    }

    fn set(&mut self, staff: StaffId, state: AskedState) {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.staff == staff) {
            asked.state = state;
        }
    }

    /// No further answer will come: the scheduler chooses, or it is over.
    fn conclude(&mut self) {
        if self.count(|state| state == AskedState::Available) > 0 {
            self.state = OfferState::Deciding;
        } else if self.count(|state| state == AskedState::Accepted) > 0 {
            self.end(OfferState::PartlyFilled);
        } else {
            self.end(OfferState::Unanswered);
        }
    }

    fn end(&mut self, state: OfferState) {
        self.state = state;
        for asked in &mut self.asked {
            if matches!(asked.state, AskedState::Asked | AskedState::Available) {
                asked.state = AskedState::Withdrawn;
            }
        }
    }
}

#[cfg(test)]
#[path = "offer_tests.rs"]
mod tests;
