//! The single change of case or policy that brings back most people. Must look again only at people
//! whom that change may bring back: the funnel has looked at everybody.

use crate::{
    explain::change::{Change, SkillTo},
    judge::location::PlaceAndTime,
    query::Query,
    rounding::whole,
    rule::{Failures, Rule},
};
use nearhand_index::{Person, people::load::MIN_CAPACITY_MIN};
use serde::Serialize;

/// A change that brings people back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestRelaxation {
    /// The rule that it relaxes; the first one in table order if it relaxes two.
    pub rule: Rule,
    /// The change of the case or the policy.
    pub change: Change,
    /// The same in English words.
    pub detail: String,
    /// So many people become eligible. This was counted with the change made.
    pub brings_back: usize,
}

/// The changes that are weighed, and the people whom each may bring back.
#[derive(Debug)]
pub(crate) struct Relaxations(Vec<Relaxation>);

#[derive(Debug)]
struct Relaxation {
    kind: Kind,
    /// The rules that it can make pass.
    rules: Failures,
    /// People who fail nothing else: how far the number has to move for each, and the slot.
    people: Vec<(u64, u32)>,
}

/// What is changed.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Off(Rule),
    Filter,
    Language,
    Panel,
    Location,
    /// In thousandths of minutes.
    Late,
    /// In metres.
    Travel,
    /// In millionths.
    Load,
    /// A skill of the case by its place, in levels below the one required.
    Skill(usize),
}

impl Relaxations {
    /// All that can be weighed for a case, in table order. Nobody offers to take inactive people, or
    /// those who hold the case.
    pub(crate) fn new(query: &Query<'_>) -> Self {
        let mut all = Vec::new();
        let mut add = |kind, rules: &[Rule]| {
            all.push(Relaxation { kind, rules: Failures::of(rules), people: Vec::new() });
        };
        for rule in Rule::ALL {
            match rule {
                Rule::Inactive | Rule::AlreadyAssigned | Rule::RegionNotPreferred => {}
                Rule::NotOnRequiredPanel => add(Kind::Panel, &[rule]),
                Rule::ServiceNotPreferred => {
                    add(Kind::Filter, &[rule, Rule::RegionNotPreferred]);
                }
                Rule::MissingSkill => {
                    (0..query.skills.list.len()).for_each(|at| add(Kind::Skill(at), &[rule]));
                }
                Rule::LanguageMissing => add(Kind::Language, &[rule]),
                Rule::TooLate => add(Kind::Late, &[rule]),
                Rule::BeyondMaxTravel => add(Kind::Travel, &[rule]),
                Rule::NoLocation => add(Kind::Location, &[rule]),
                Rule::AtCapacity => add(Kind::Load, &[rule]),
                _ => add(Kind::Off(rule), &[rule]),
            }
        }
        Self(all)
    }

    /// Takes in a person who fails these rules, judged at this place.
    pub(crate) fn add(
        &mut self,
        query: &Query<'_>,
        slot: u32,
        failed: Failures,
        at: &PlaceAndTime,
    ) {
        if failed.is_empty() {
            return;
        }
        for relaxation in &mut self.0 {
            if failed.without(relaxation.rules).is_empty()
                && let Some(distance) = relaxation.kind.distance(query, slot, at)
            {
                relaxation.people.push((distance, slot));
                return;
            }
        }
    }

    /// The change that brings back most people, where so many are missing; the first in table order
    /// of several. A rule is off, or its number moves just far enough to bring back the missing, or
    /// all if they are fewer.
    pub(crate) fn best(self, query: &Query<'_>, missing: usize) -> Option<BestRelaxation> {
        if missing == 0 {
            return None;
        }
        let mut all = self.0;
        all.retain(|relaxation| !relaxation.people.is_empty());
        let moved = all.iter_mut().map(|relaxation| (relaxation.distance(missing), relaxation));
        let mut offers: Vec<_> = moved
            .map(|(distance, Relaxation { kind, rules, people })| {
                people.retain(|&(needed, _)| needed <= distance);
                (kind.change(query, distance), *rules, &*people)
            })
            .collect();
        offers.sort_by_key(|(.., people)| std::cmp::Reverse(people.len()));
        offers.into_iter().find_map(|(change, rules, people)| {
            let brings_back = counted_again(query, &change, people)?;
            let (rule, detail) = (rules.iter().next()?, change.detail());
            Some(BestRelaxation { rule, change, detail, brings_back })
        })
    }
}

impl Relaxation {
    /// How far the number moves to bring back the missing, or all if they are fewer.
    fn distance(&mut self, missing: usize) -> u64 {
        let last = missing.min(self.people.len()).saturating_sub(1);
        self.people.select_nth_unstable(last).1.0
    }
}

impl Kind {
    /// How far the number has to move for a person whom only this rule removes; 0 without a number,
    /// `None` if no number is enough.
    fn distance(self, query: &Query<'_>, slot: u32, at: &PlaceAndTime) -> Option<u64> {
        let person = query.index.person(slot);
        match self {
            Self::Late => Some(late_milli_min(at)),
            Self::Travel => travel_m(person, at),
            Self::Load => load_ppm(query, slot, person),
            Self::Skill(at) => {
                let mut lacking = query.lacking_skills(person);
                let (only, have) = lacking.next().filter(|_| lacking.next().is_none())?;
                let required = query.skills.list[at].required;
                (only == at).then(|| u64::from(required - have))
            }
            _ => Some(0),
        }
    }

    fn change(self, query: &Query<'_>, distance: u64) -> Change {
        match self {
            Self::Off(rule) => Change::RuleOff { rule },
            Self::Filter => Change::FilterByPreferencesOff,
            Self::Language => Change::LanguageNotRequired,
            Self::Panel => Change::PanelNotRequired,
            Self::Location => Change::LocationNotRequired,
            Self::Late => Change::MaxLateMin { to: thousandths(distance) },
            Self::Travel => Change::MaxTravelKm { to: thousandths(distance) },
            Self::Load => Change::MaxUtilisation { to: millionths(distance) },
            Self::Skill(at) => {
                let need = &query.case.skills[at];
                let less = u8::try_from(distance).unwrap_or(u8::MAX);
                let to =
                    SkillTo { skill: need.skill.clone(), to: need.required.saturating_sub(less) };
                Change::RequiredSkills { skills: vec![to] }
            }
        }
    }
}

impl Query<'_> {
    /// The skills of the case that a person lacks, by their place in it, each with the level there is.
    pub(crate) fn lacking_skills(&self, person: &Person) -> impl Iterator<Item = (usize, u8)> {
        let have = |code: Option<u32>| code.map_or(0, |code| person.skill(code));
        let skills = self.skills.list.iter().enumerate();
        skills
            .map(move |(at, need)| (at, have(need.code), need.required))
            .filter(|&(_, have, required)| have < required)
            .map(|(at, have, _)| (at, have))
    }
}

/// The smallest `max_late_min` that is enough, in thousandths.
pub(crate) fn late_milli_min(at: &PlaceAndTime) -> u64 {
    at.late_ms.unsigned_abs().div_ceil(60)
}

/// The smallest limit of the policy that is enough, in metres; `None` if their own is too small.
pub(crate) fn travel_m(person: &Person, at: &PlaceAndTime) -> Option<u64> {
    let km = at.primary?.km;
    (km <= person.max_travel_km()).then(|| metres_up(km))
}

/// The smallest `max_utilisation` that is enough, in millionths; `None` if nobody with so little
/// capacity can take the case.
pub(crate) fn load_ppm(query: &Query<'_>, slot: u32, person: &Person) -> Option<u64> {
    let load = query.load(slot, person);
    let with_case = u64::from(load.ppm_with(query.case.duration_min));
    (load.capacity_min >= MIN_CAPACITY_MIN).then_some(with_case)
}

/// A distance in metres, rounded up so that the kilometres made of them are enough.
pub(crate) fn metres_up(km: f64) -> u64 {
    let metres = whole(libm::ceil(km * 1_000.0)).unsigned_abs();
    if thousandths(metres) < km { metres + 1 } else { metres }
}

/// A whole number of thousandths as a number.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) fn thousandths(of: u64) -> f64 {
    of as f64 / 1e3
}

/// A whole number of millionths as a number.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) fn millionths(of: u64) -> f64 {
    of as f64 / 1e6
}

/// How many of these people are eligible with a change made; `None` if nobody is.
fn counted_again(query: &Query<'_>, change: &Change, people: &[(u64, u32)]) -> Option<usize> {
    let (mut case, mut policy) = (query.case.clone(), query.policy.clone());
    if !change.apply(&mut case, &mut policy) {
        return None;
    }
    let changed = query.variant(&case, &policy);
    let eligible = people.iter().filter(|&&(_, slot)| changed.failures(slot).0.is_empty());
    Some(eligible.count()).filter(|&count| count > 0)
}
