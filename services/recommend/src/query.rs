//! A case made ready to judge many people by: words as numbers, instants, weights. Must be used
//! with the very index it was made for.

use crate::{Case, Policy, policy::Weights};
use nearhand_domain::{
    StaffId,
    time::{HOUR_S, Interval},
};
use nearhand_index::{
    OrgIndex,
    load::hour_of,
    masks::{HourSet, WILLING},
    schedules::ScheduleId,
    signature::Signature,
    sphere::{Origin, Unit},
    vocabulary::{licence_word, skill_word},
};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// What the caller may learn of people's whereabouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disclosure {
    /// Exact positions.
    Exact,
    /// Everything is computed from the centres of H3 cells of resolution 7 in place of live,
    /// last-job and home positions.
    Coarse,
}

/// The terms of the score, in the order they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Nearness in driving time.
    Travel,
    /// Preference for the services.
    Service,
    /// Preference for the regions.
    Region,
    /// Skill levels.
    Skill,
    /// Languages.
    Language,
    /// Being on the panel.
    Panel,
    /// Earlier visits to the client.
    Continuity,
    /// Having less to do than others.
    Workload,
    /// Slack in time.
    Availability,
}

impl Term {
    /// All terms.
    pub const ALL: [Self; 9] = [
        Self::Travel,
        Self::Service,
        Self::Region,
        Self::Skill,
        Self::Language,
        Self::Panel,
        Self::Continuity,
        Self::Workload,
        Self::Availability,
    ];
}

/// A skill by number (`None`: nobody has it) with its levels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skill {
    pub(crate) code: Option<u32>,
    pub(crate) required: u8,
    pub(crate) preferred: u8,
}

/// What a person must have to be fit for the case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// Hours of the week to work in.
    pub(crate) hours: HourSet,
    /// Those and everything else, roughly.
    pub(crate) signature: Signature,
}

/// Instants are taken to lie within so many seconds of 1970: more than six thousand years.
const FARTHEST_S: i64 = 200_000_000_000;
/// The longest drive in thousandths of minutes, beyond any start; more is as much.
const LONGEST_ETA: i64 = 10_000_000_000_000;
/// Hours of drive that are told apart.
const LONGEST_DRIVE_H: i64 = 24;

/// A case ready to judge people by.
#[derive(Debug)]
pub struct Query<'a> {
    pub(crate) index: &'a OrgIndex,
    pub(crate) case: &'a Case,
    pub(crate) policy: &'a Policy,
    pub(crate) as_of: i64,
    /// When the answer is shown, in Unix seconds.
    pub(crate) shown_at: i64,
    pub(crate) disclosure: Disclosure,
    pub(crate) origin: Origin,
    pub(crate) unit: Unit,
    /// The start, or now, in Unix seconds.
    pub(crate) start: i64,
    pub(crate) duration_ms: i64,
    /// 2^(−lead/half-life).
    pub(crate) lead_factor: f64,
    pub(crate) services: Vec<Option<u32>>,
    pub(crate) regions: Vec<Option<u32>>,
    pub(crate) skills: Vec<Skill>,
    pub(crate) licences: Vec<Option<u32>>,
    /// All languages that the case's ask for; `None` for each that nobody speaks.
    pub(crate) languages: Vec<Option<u32>>,
    /// The same by the case's languages.
    pub(crate) language_ranges: Vec<Vec<u32>>,
    pub(crate) client: Option<u32>,
    pub(crate) panel: Vec<u32>,
    pub(crate) excluded: Vec<u32>,
    pub(crate) declined: Vec<u32>,
    pub(crate) assigned: Vec<u32>,
    /// The hour whose loads count.
    pub(crate) hour: i64,
    pub(crate) mean_ppm: u32,
    /// Weight by term; `None` where the case does not make it applicable.
    pub(crate) weights: [Option<u32>; 9],
    pub(crate) total_weight: u64,
    pub(crate) max_load_ppm: Option<u64>,
    /// What all the fit have, by whole hours of drive at least; the last stands for more.
    pub(crate) needs: Vec<Needs>,
    /// Points by fit of skill levels, one entry per combination, when there are few.
    pub(crate) skill_u: Vec<u32>,
    /// Shifts far from the present, by schedule and the work's end: many people share a few.
    pub(crate) far_shifts: RefCell<FxHashMap<(ScheduleId, i64), Option<Interval>>>,
}

impl<'a> Query<'a> {
    /// Makes a case ready, for a policy that passes [`Policy::check`]. O(words of the case);
    /// O(people) when `as_of` lies outside the hours whose mean load is kept.
    #[must_use]
    pub fn new(
        index: &'a OrgIndex,
        case: &'a Case,
        policy: &'a Policy,
        as_of: i64,
        disclosure: Disclosure,
    ) -> Self {
        let as_of = as_of.clamp(-FARTHEST_S, FARTHEST_S);
        let start = case.starts_at.map_or(as_of, |at| at.clamp(as_of, FARTHEST_S));
        let words = index.vocabulary();
        let weights = applicable(case, &policy.weights);
        let lead_min = minutes(start - as_of);
        let mut query = Self {
            index,
            case,
            policy,
            as_of,
            shown_at: as_of,
            disclosure,
            origin: Origin::new(case.position),
            unit: Unit::new(case.position),
            start,
            duration_ms: i64::from(case.duration_min) * 60_000,
            lead_factor: libm::exp2(-lead_min / policy.lead_half_life_min),
            services: case.services.iter().map(|id| words.services.code(id)).collect(),
            regions: case.regions.iter().map(|id| words.regions.code(id)).collect(),
            skills: Vec::new(),
            licences: Vec::new(),
            languages: Vec::new(),
            language_ranges: Vec::new(),
            client: case.client.and_then(|id| words.clients.code(&id)),
            panel: slots(index, &case.panel),
            excluded: slots(index, &case.client_excluded),
            declined: slots(index, &case.declined_by),
            assigned: slots(index, &case.assigned_to),
            hour: hour_of(as_of),
            mean_ppm: index.mean_load(hour_of(as_of)),
            weights,
            total_weight: weights.iter().flatten().map(|&w| u64::from(w)).sum(),
            max_load_ppm: policy.max_utilisation.map(ppm),
            needs: Vec::new(),
            skill_u: Vec::new(),
            far_shifts: RefCell::default(),
        };
        query.resolve_needs();
        query.foresee();
        query.skill_u = crate::terms::skill_table(&query);
        query
    }

    /// The same for an answer that is shown at another instant than it is asked for: people who
    /// may not be located then are ranked without their last position.
    #[must_use]
    pub fn shown_at(self, instant: i64) -> Self {
        Self { shown_at: instant.clamp(-FARTHEST_S, FARTHEST_S), ..self }
    }

    fn resolve_needs(&mut self) {
        let words = self.index.vocabulary();
        self.skills.extend(self.case.skills.iter().map(|need| Skill {
            code: words.skills.code(skill_word(&need.skill).as_str()),
            required: need.required,
            preferred: need.preferred,
        }));
        self.licences.extend(self.case.licences.iter().map(|need| {
            words.licences.code(licence_word(&need.code, &need.jurisdiction).as_str())
        }));
        for tag in &self.case.languages {
            let spoken = words.languages_in(tag);
            if spoken.is_empty() {
                self.languages.push(None);
            }
            let new = spoken.iter().map(|&code| Some(code));
            let known = &mut self.languages;
            new.for_each(|code| {
                if !known.contains(&code) {
                    known.push(code);
                }
            });
            self.language_ranges.push(spoken);
        }
    }

    /// Computes what a fit person must have. The search skips index nodes and places without it.
    fn foresee(&mut self) {
        let mut needed = Signature::default();
        for &code in self.services.iter().flatten() {
            if self.policy.filter_by_preferences {
                needed.need_gladness(code, WILLING);
            } else {
                needed.need_service(code);
            }
        }
        for skill in &self.skills {
            if let Some(code) = skill.code {
                needed.need_skill(code, skill.required);
            }
        }
        self.licences.iter().flatten().for_each(|&code| needed.need_licence(code));
        if let (true, &[Some(code)]) = (self.case.language_required, &self.languages[..]) {
            needed.need_language(code);
        }
        let foreseeable = self.index.hours_hold(self.start);
        // As soon as possible, the end depends on the drive: the longer, the more hours.
        let longest_drive = if self.case.starts_at.is_some() { 0 } else { LONGEST_DRIVE_H };
        for drive in 0..=longest_drive {
            let end = self.start + drive * HOUR_S + self.duration_ms / 1_000;
            let mut hours = HourSet::EMPTY;
            if foreseeable {
                hours.insert(self.start, end);
            }
            let mut signature = needed;
            signature.need_hours(&hours);
            self.needs.push(Needs { hours, signature });
        }
    }

    /// Minutes to drive a great-circle distance, in thousandths, rounded half-even.
    pub(crate) fn eta_milli_min(&self, km: f64) -> i64 {
        let minutes = km * self.policy.circuity / self.policy.speed_kmh * 60.0;
        whole(libm::rint(minutes * 1_000.0)).clamp(0, LONGEST_ETA)
    }

    /// D: what a drive of thousandths of minutes leaves of the travel term, 0 to 1.
    pub(crate) fn nearness(&self, eta_milli_min: Option<i64>) -> f64 {
        eta_milli_min.map_or(0.0, |eta| {
            let over = (from_milli(eta) - self.policy.travel_offset_min).max(0.0);
            libm::exp2(-over / self.policy.travel_scale_min)
        })
    }

    /// Micro-points of a term at `u` millionths; 0 where it is not applicable.
    pub(crate) fn points(&self, term: Term, u: u32) -> u64 {
        let weight = u64::from(self.weights[term as usize].unwrap_or(0));
        if weight == 0 || u == 0 {
            return 0;
        }
        (100 * weight * u64::from(u)).checked_div(self.total_weight).unwrap_or(0)
    }

    /// Micro-points of a term for each of its millionths, not rounded.
    pub(crate) fn points_each(&self, term: Term) -> f64 {
        let total: f64 = self.weights.iter().flatten().map(|&weight| f64::from(weight)).sum();
        let weight = f64::from(self.weights[term as usize].unwrap_or(0));
        if total > 0.0 { 100.0 * weight / total } else { 0.0 }
    }

    pub(crate) fn applies(&self, term: Term) -> bool {
        self.weights[term as usize].is_some()
    }
}

fn applicable(case: &Case, weights: &Weights) -> [Option<u32>; 9] {
    [
        Some(weights.travel),
        (!case.services.is_empty()).then_some(weights.service),
        (!case.regions.is_empty()).then_some(weights.region),
        (!case.skills.is_empty()).then_some(weights.skill),
        (!case.languages.is_empty()).then_some(weights.language),
        (!case.panel.is_empty()).then_some(weights.panel),
        case.client.map(|_| weights.continuity),
        Some(weights.workload),
        Some(weights.availability),
    ]
}

fn slots(index: &OrgIndex, ids: &[StaffId]) -> Vec<u32> {
    let mut slots: Vec<u32> = ids.iter().filter_map(|&id| index.slot(id)).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// Seconds as minutes.
pub(crate) fn minutes(seconds: i64) -> f64 {
    from_milli(millis(seconds)) / 60.0
}

/// Seconds as milliseconds.
pub(crate) fn millis(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000)
}

/// Thousandths as a number.
#[expect(clippy::cast_precision_loss, reason = "instants and durations lie far below 2^53")]
pub(crate) fn from_milli(thousandths: i64) -> f64 {
    thousandths as f64 / 1_000.0
}

/// A whole number held in a double.
#[expect(clippy::cast_possible_truncation, reason = "saturating is right for the absurd")]
pub(crate) fn whole(number: f64) -> i64 {
    number as i64
}

/// A share in millionths, rounded half-even.
pub(crate) fn ppm(share: f64) -> u64 {
    u64::try_from(whole(libm::rint(share * 1e6))).unwrap_or(0)
}
