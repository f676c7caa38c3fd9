//! One candidate as bytes: what only they have. What all candidates of an answer share (the terms, what
//! is asked for, the mean load) stands in the answer's [`Frame`]. Must keep to the order that the
//! format has.

use super::bytes::{Reader, Writer};
use crate::{
    explain::{
        Candidate, Location, Method,
        inputs::{Inputs, PREFERENCE_WORDS, SkillLevel, Spoken, Stated, TermResult},
    },
    judge::location::{SlackOf, Source},
    rule::Rule,
    term::Term,
};
use nearhand_domain::{RegionId, ServiceId, StaffId, preference::LanguageLevel};

/// What all candidates of an answer share.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Frame {
    /// The applicable terms with their weights, as listed.
    pub(super) terms: Vec<(Term, u32)>,
    pub(super) services: Vec<ServiceId>,
    pub(super) regions: Vec<RegionId>,
    pub(super) skills: Vec<AskedSkill>,
    pub(super) languages: Vec<String>,
    pub(super) mean_load: u32,
}

/// A skill with the levels asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AskedSkill {
    pub(super) skill: String,
    pub(super) required: u8,
    pub(super) preferred: u8,
}

const SOURCES: [Source; 6] =
    [Source::Booking, Source::Ping, Source::LastJob, Source::Home, Source::Base, Source::None];
const SLACKS: [SlackOf; 3] = [SlackOf::Arrival, SlackOf::NextBooking, SlackOf::ShiftEnd];

/// The first byte: the source in three bits, then flags.
const STAR: u8 = 1 << 3;
const HAS_POSITION: u8 = 1 << 4;
const HAS_AGE: u8 = 1 << 5;
const HAS_ACCURACY: u8 = 1 << 6;

impl Frame {
    /// What a candidate shares with the others.
    pub(super) fn of(candidate: &Candidate) -> Self {
        let mut frame = Self::default();
        for result in &candidate.terms {
            frame.terms.push((result.term, result.weight));
            match &result.inputs {
                Inputs::Services { services } => {
                    frame.services = services.iter().map(|stated| stated.id).collect();
                }
                Inputs::Regions { regions } => {
                    frame.regions = regions.iter().map(|stated| stated.id).collect();
                }
                Inputs::Skills { skills } => {
                    let asked = |level: &SkillLevel| AskedSkill {
                        skill: level.skill.clone(),
                        required: level.required,
                        preferred: level.preferred,
                    };
                    frame.skills = skills.iter().map(asked).collect();
                }
                Inputs::Languages { languages } => {
                    frame.languages =
                        languages.iter().map(|spoken| spoken.language.clone()).collect();
                }
                Inputs::Workload { mean_load_millionths, .. } => {
                    frame.mean_load = *mean_load_millionths;
                }
                Inputs::Travel { .. }
                | Inputs::Panel { .. }
                | Inputs::Continuity { .. }
                | Inputs::Availability { .. } => {}
            }
        }
        frame
    }

    /// The share of the score that `u` millionths of a term are, as the query rounds it.
    fn micropoints(&self, weight: u32, u: u32) -> u64 {
        let total: u64 = self.terms.iter().map(|&(_, weight)| u64::from(weight)).sum();
        (100 * u64::from(weight) * u64::from(u)).checked_div(total).unwrap_or(0)
    }

    /// The candidate's own bytes. The rank, the points and the score are left out, since they
    /// follow.
    pub(super) fn write(&self, candidate: &Candidate) -> Vec<u8> {
        let mut to = Writer::default();
        let location = &candidate.location;
        let set = |flag: u8, on: bool| if on { flag } else { 0 };
        // Nothing is said of the only method there is.
        let Method::Estimate = candidate.method;
        to.byte(
            place(&SOURCES, &location.source)
                | set(STAR, candidate.star)
                | set(HAS_POSITION, location.position.is_some())
                | set(HAS_AGE, location.age_s.is_some())
                | set(HAS_ACCURACY, location.accuracy_m.is_some()),
        );
        location.age_s.into_iter().for_each(|age| to.signed(age));
        location.accuracy_m.into_iter().for_each(|metres| to.raw(&metres.to_le_bytes()));
        location.position.into_iter().flatten().for_each(|degrees| to.raw(&degrees.to_le_bytes()));
        to.optional_float(candidate.distance_km);
        to.optional_float(candidate.eta_min);
        to.float(candidate.ping_weight);
        to.float(candidate.late_by_min);
        to.float(candidate.late_for_next_min);
        let passed = candidate.rules_passed.iter().fold(0, |set, &rule| set | 1 << rule as u64);
        to.number(passed);
        for result in &candidate.terms {
            to.number(u64::from(result.u_millionths));
            write_inputs(&mut to, &result.inputs);
        }
        to.finish()
    }

    /// The candidate at a rank, whose bytes these are.
    pub(super) fn read(&self, rank: usize, staff: StaffId, bytes: &[u8]) -> Option<Candidate> {
        let mut from = Reader::new(bytes);
        let from = &mut from;
        let first = from.byte()?;
        let has = |flag: u8| first & flag != 0;
        let source = *SOURCES.get(usize::from(first & 7))?;
        let age_s = if has(HAS_AGE) { Some(from.signed()?) } else { None };
        let accuracy_m = if has(HAS_ACCURACY) { Some(from.float32()?) } else { None };
        let position =
            if has(HAS_POSITION) { Some([from.float64()?, from.float64()?]) } else { None };
        let mut candidate = Candidate {
            rank,
            staff,
            score_micropoints: 0,
            star: has(STAR),
            location: Location { source, age_s, accuracy_m, position },
            distance_km: from.optional_float()?,
            eta_min: from.optional_float()?,
            method: Method::Estimate,
            ping_weight: from.float()?,
            late_by_min: from.float()?,
            late_for_next_min: from.float()?,
            terms: Vec::with_capacity(self.terms.len()),
            rules_passed: Vec::new(),
        };
        let passed = from.number()?;
        candidate.rules_passed =
            Rule::ALL.into_iter().filter(|&rule| passed & 1 << rule as u64 != 0).collect();
        for &(term, weight) in &self.terms {
            let u_millionths = from.small()?;
            let inputs = self.read_inputs(from, term)?;
            let micropoints = self.micropoints(weight, u_millionths);
            candidate.score_micropoints += micropoints;
            candidate.terms.push(TermResult { term, weight, inputs, u_millionths, micropoints });
        }
        from.is_at_end().then_some(candidate)
    }

    fn read_inputs(&self, from: &mut Reader<'_>, term: Term) -> Option<Inputs> {
        Some(match term {
            Term::Travel => Inputs::Travel {
                ping_eta_min: from.optional_float()?,
                fallback: *SOURCES.get(usize::from(from.byte()?))?,
                fallback_eta_min: from.optional_float()?,
                booking_eta_min: from.optional_float()?,
            },
            Term::Service => Inputs::Services { services: read_stated(from, &self.services)? },
            Term::Region => Inputs::Regions { regions: read_stated(from, &self.regions)? },
            Term::Skill => {
                let level = |asked: &AskedSkill| {
                    let AskedSkill { skill, required, preferred } = asked.clone();
                    Some(SkillLevel { skill, have: from.byte()?, required, preferred })
                };
                Inputs::Skills { skills: self.skills.iter().map(level).collect::<Option<_>>()? }
            }
            Term::Language => {
                let spoken = |language: &String| {
                    let level = match from.byte()? {
                        0 => None,
                        level => Some(*LanguageLevel::ALL.get(usize::from(level) - 1)?),
                    };
                    Some(Spoken { language: language.clone(), level })
                };
                let languages = self.languages.iter().map(spoken).collect::<Option<_>>()?;
                Inputs::Languages { languages }
            }
            Term::Panel => Inputs::Panel { on_panel: from.flag()? },
            Term::Continuity => {
                Inputs::Continuity { visits: from.small()?, weighted_visits: from.float()? }
            }
            Term::Workload => Inputs::Workload {
                committed_min: from.small()?,
                capacity_min: from.small()?,
                load_millionths: from.small()?,
                mean_load_millionths: self.mean_load,
            },
            Term::Availability => Inputs::Availability {
                slack_min: from.optional_float()?,
                limited_by: match from.byte()? {
                    0 => None,
                    of => Some(*SLACKS.get(usize::from(of) - 1)?),
                },
            },
        })
    }
}

fn write_inputs(to: &mut Writer, inputs: &Inputs) {
    match inputs {
        Inputs::Travel { ping_eta_min, fallback, fallback_eta_min, booking_eta_min } => {
            to.optional_float(*ping_eta_min);
            to.byte(place(&SOURCES, fallback));
            to.optional_float(*fallback_eta_min);
            to.optional_float(*booking_eta_min);
        }
        Inputs::Services { services } => write_stated(to, services),
        Inputs::Regions { regions } => write_stated(to, regions),
        Inputs::Skills { skills } => skills.iter().for_each(|level| to.byte(level.have)),
        Inputs::Languages { languages } => {
            let level = |spoken: &Spoken| {
                spoken.level.map_or(0, |level| place(LanguageLevel::ALL.as_slice(), &level) + 1)
            };
            languages.iter().for_each(|spoken| to.byte(level(spoken)));
        }
        Inputs::Panel { on_panel } => to.flag(*on_panel),
        Inputs::Continuity { visits, weighted_visits } => {
            to.number(u64::from(*visits));
            to.float(*weighted_visits);
        }
        Inputs::Workload { committed_min, capacity_min, load_millionths, .. } => {
            for number in [committed_min, capacity_min, load_millionths] {
                to.number(u64::from(*number));
            }
        }
        Inputs::Availability { slack_min, limited_by } => {
            to.optional_float(*slack_min);
            to.byte(limited_by.map_or(0, |of| place(&SLACKS, &of) + 1));
        }
    }
}

fn write_stated<Id>(to: &mut Writer, stated: &[Stated<Id>]) {
    stated.iter().for_each(|stated| to.byte(place(&PREFERENCE_WORDS, &stated.preference)));
}

fn read_stated<Id: Copy>(from: &mut Reader<'_>, ids: &[Id]) -> Option<Vec<Stated<Id>>> {
    let stated = |&id: &Id| {
        let preference = *PREFERENCE_WORDS.get(usize::from(from.byte()?))?;
        Some(Stated { id, preference })
    };
    ids.iter().map(stated).collect()
}

/// The number of a word in its list, each of which holds all there are.
fn place<T: PartialEq>(list: &[T], word: &T) -> u8 {
    let at = list.iter().position(|one| one == word);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}
