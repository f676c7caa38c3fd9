//! A case made ready to judge many people: words as codes of one index, instants, weights. Must be
//! used only with the index it was made for, and must use no module that judges or searches.

pub(crate) mod combinations;
pub(crate) mod needs;
mod points;
pub(crate) mod skills;
mod slot_set;
pub(crate) mod viewport;
mod visible;

use crate::{
    case::{Case, SkillNeed},
    policy::{Policy, Weights},
    query::{
        needs::{Needs, Span, by_drive_hours},
        skills::{RequiredSkill, SkillNeeds},
        slot_set::{SlotSet, slots_of},
        viewport::Viewport,
    },
    rounding::{minutes, ppm},
    rule::Failures,
};
use nearhand_domain::{StaffId, time::Interval};
use nearhand_index::{
    OrgIndex,
    abilities::{AbilityBits, levels::WILLING},
    geometry::sphere::{Origin, Unit},
    people::{
        load::hour_of,
        schedules::ScheduleId,
        vocabulary::{Vocabulary, licence_word, skill_word},
    },
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{OnceCell, RefCell};

/// What the caller may learn of people's whereabouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disclosure {
    /// Exact positions.
    Exact,
    /// Live, last-job and home positions are replaced by the centres of their H3 cells of
    /// resolution 7 before anything is computed from them.
    Coarse,
}

/// Instants are clamped to so many seconds around 1970: more than six thousand years.
const FARTHEST_S: i64 = 200_000_000_000;

/// A case ready to judge people.
#[derive(Debug)]
pub struct Query<'a> {
    pub(crate) index: &'a OrgIndex,
    pub(crate) case: &'a Case,
    pub(crate) policy: &'a Policy,
    /// The instant of asking, in Unix seconds.
    pub(crate) as_of: i64,
    /// The instant of answering, in Unix seconds.
    pub(crate) shown_at: i64,
    pub(crate) disclosure: Disclosure,
    /// The only people the asker may see; `None`: everybody.
    pub(crate) scope: Option<&'a FxHashSet<StaffId>>,
    /// Only people shown inside are listed; `None`: everybody.
    pub(crate) viewport: Option<Viewport>,
    /// Slots of the people inside the viewport, once they have been looked for.
    pub(crate) inside: OnceCell<Vec<u32>>,
    /// The case's position, for exact distances.
    pub(crate) origin: Origin,
    /// The same as a unit vector, for lower bounds of distances.
    pub(crate) unit: Unit,
    /// The start, or now, in Unix seconds.
    pub(crate) start: i64,
    pub(crate) duration_ms: i64,
    /// 2^(−lead/half-life).
    pub(crate) lead_factor: f64,
    /// Codes of the case's services; `None`: nobody ever stated a preference for it.
    pub(crate) services: Vec<Option<u32>>,
    /// Codes of the case's regions; `None` as for services.
    pub(crate) regions: Vec<Option<u32>>,
    pub(crate) skills: SkillNeeds,
    /// Codes of the licences needed; `None`: nobody has it.
    pub(crate) licences: Vec<Option<u32>>,
    /// Codes of all languages that match one of the case's; `None` for one that nobody speaks.
    pub(crate) languages: Vec<Option<u32>>,
    /// The same for each of the case's languages.
    pub(crate) language_ranges: Vec<Vec<u32>>,
    pub(crate) client: Option<u32>,
    /// Slots of the people on the client's panel, ascending. So are the three below.
    pub(crate) panel: Vec<u32>,
    pub(crate) excluded: Vec<u32>,
    pub(crate) declined: Vec<u32>,
    pub(crate) assigned: Vec<u32>,
    /// The only people who may be candidates; `None`: everybody.
    pub(crate) only: Option<SlotSet>,
    /// Rules that are not judged.
    pub(crate) waived: Failures,
    /// Longer drives count as this one, in thousandths of minutes; for a what-if.
    pub(crate) longest_eta: i64,
    /// The hour whose loads count.
    pub(crate) hour: i64,
    /// The organisation's mean load of that hour, in millionths.
    pub(crate) mean_ppm: u32,
    /// Weight by term; `None` where the case does not make it applicable.
    pub(crate) weights: [Option<u32>; 9],
    pub(crate) total_weight: u64,
    pub(crate) max_load_ppm: Option<u64>,
    /// What every eligible person has, by whole hours of drive; the last entry stands for more.
    pub(crate) needs: Vec<Needs>,
    /// Coming hours in which every eligible person is free at some moment; see
    /// [`OrgIndex::coming_hours`].
    pub(crate) free_hours: u64,
    /// Shifts that the index does not keep at hand, by schedule and end of work. Many people share
    /// a few schedules.
    pub(crate) shift_cache: RefCell<FxHashMap<(ScheduleId, i64), Option<Interval>>>,
}

impl<'a> Query<'a> {
    /// Makes a case ready, for a policy that passes [`Policy::check`]. Cost: O(words of the case);
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
        Self::with_mean(index, case, policy, (as_of, disclosure, index.mean_load(hour_of(as_of))))
    }

    /// The same question for another case or policy, at the same instants and for the same asker.
    /// Cost: O(words of the case).
    pub(crate) fn variant<'b>(&self, case: &'b Case, policy: &'b Policy) -> Query<'b>
    where
        'a: 'b,
    {
        let known = (self.as_of, self.disclosure, self.mean_ppm);
        Query::with_mean(self.index, case, policy, known).shown_at(self.shown_at).within(self.scope)
    }

    /// Makes a case ready where the mean load is known.
    fn with_mean(
        index: &'a OrgIndex,
        case: &'a Case,
        policy: &'a Policy,
        (as_of, disclosure, mean_ppm): (i64, Disclosure, u32),
    ) -> Self {
        let start = case.starts_at.map_or(as_of, |at| at.clamp(as_of, FARTHEST_S));
        let words = index.vocabulary();
        let weights = applicable_weights(case, &policy.weights);
        let lead_min = minutes(start - as_of);
        let (languages, language_ranges) = language_codes(words, &case.languages);
        let mut query = Self {
            index,
            case,
            policy,
            as_of,
            shown_at: as_of,
            disclosure,
            scope: None,
            viewport: None,
            inside: OnceCell::new(),
            origin: Origin::new(case.position),
            unit: Unit::new(case.position),
            start,
            duration_ms: i64::from(case.duration_min) * 60_000,
            lead_factor: libm::exp2(-lead_min / policy.lead_half_life_min),
            services: case.services.iter().map(|id| words.services.code(id)).collect(),
            regions: case.regions.iter().map(|id| words.regions.code(id)).collect(),
            skills: SkillNeeds::new(skill_codes(words, case)),
            licences: licence_codes(words, case),
            languages,
            language_ranges,
            client: case.client.and_then(|id| words.clients.code(&id)),
            panel: slots_of(index, &case.panel),
            excluded: slots_of(index, &case.client_excluded),
            declined: slots_of(index, &case.declined_by),
            assigned: slots_of(index, &case.assigned_to),
            only: case.only.as_ref().map(|only| SlotSet::new(index, slots_of(index, only))),
            waived: Failures::of(&case.waived),
            longest_eta: i64::MAX,
            hour: hour_of(as_of),
            mean_ppm,
            weights,
            total_weight: weights.iter().flatten().map(|&w| u64::from(w)).sum(),
            max_load_ppm: policy.max_utilisation.map(ppm),
            needs: Vec::new(),
            free_hours: 0,
            shift_cache: RefCell::default(),
        };
        query.needs = by_drive_hours(query.required_abilities(), query.span());
        // The drive can only make the work end later.
        let end = start + query.duration_ms / 1_000;
        query.free_hours = index.coming_hours(Interval { start, end });
        query
    }

    /// The same for an answer that is shown at a later instant: people who may not be located then
    /// are ranked without their last position.
    #[must_use]
    pub fn shown_at(self, instant: i64) -> Self {
        Self { shown_at: instant.clamp(-FARTHEST_S, FARTHEST_S), ..self }
    }

    /// The same for an asker who may see only these people: nobody else is listed or counted.
    #[must_use]
    pub fn within(self, scope: Option<&'a FxHashSet<StaffId>>) -> Self {
        Self { scope, ..self }
    }

    /// The same for the people shown inside a viewport: nobody else is listed or counted. Call it
    /// last.
    #[must_use]
    pub fn inside(self, viewport: Option<Viewport>) -> Self {
        Self { viewport, inside: OnceCell::new(), ..self }
    }

    /// The ability bits that every eligible person has, without working hours.
    fn required_abilities(&self) -> AbilityBits {
        let mut required = AbilityBits::default();
        for &code in self.services.iter().flatten() {
            if self.policy.filter_by_preferences {
                required.need_willingness(code, WILLING);
            } else {
                required.need_service(code);
            }
        }
        for skill in &self.skills.list {
            if let Some(code) = skill.code {
                required.need_skill(code, skill.required);
            }
        }
        self.licences.iter().flatten().for_each(|&code| required.need_licence(code));
        if let (true, &[Some(code)]) = (self.case.language_required, &self.languages[..]) {
            required.need_language(code);
        }
        required
    }

    fn span(&self) -> Span {
        Span {
            start: self.start,
            duration_s: self.duration_ms / 1_000,
            fixed: self.case.starts_at.is_some(),
            hours_known: self.index.hours_hold(self.start),
        }
    }
}

fn applicable_weights(case: &Case, weights: &Weights) -> [Option<u32>; 9] {
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

fn skill_codes(words: &Vocabulary, case: &Case) -> Vec<RequiredSkill> {
    let skill = |need: &SkillNeed| RequiredSkill {
        code: words.skills.code(skill_word(&need.skill).as_str()),
        required: need.required,
        preferred: need.preferred,
    };
    case.skills.iter().map(skill).collect()
}

fn licence_codes(words: &Vocabulary, case: &Case) -> Vec<Option<u32>> {
    let needs = case.licences.iter();
    needs
        .map(|need| words.licences.code(licence_word(&need.code, &need.jurisdiction).as_str()))
        .collect()
}

/// All languages that match, each once, and those of each tag.
fn language_codes(words: &Vocabulary, tags: &[String]) -> (Vec<Option<u32>>, Vec<Vec<u32>>) {
    let (mut all, mut ranges) = (Vec::new(), Vec::new());
    for tag in tags {
        let spoken = words.languages_in(tag);
        if spoken.is_empty() {
            all.push(None);
        }
        for &code in &spoken {
            if !all.contains(&Some(code)) {
                all.push(Some(code));
            }
        }
        ranges.push(spoken);
    }
    (all, ranges)
}
