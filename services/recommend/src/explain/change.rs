//! One change that would let somebody in: of the case, of the policy, or of the person. Must say
//! nothing of whereabouts but distances and driving times.

use crate::{
    case::{Case, LicenceNeed},
    policy::Policy,
    rule::Rule,
};
use jiff::Timestamp;
use nearhand_domain::{RegionId, ServiceId};
use serde::Serialize;

/// One change. The first ones are of the case or the policy, and [`Change::apply`] makes them; the
/// others are of the person.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A rule is not judged.
    RuleOff {
        /// The rule.
        rule: Rule,
    },
    /// The policy's `filter_by_preferences` is off.
    FilterByPreferencesOff,
    /// The case's `language_required` is off.
    LanguageNotRequired,
    /// The client's panel is not required.
    PanelNotRequired,
    /// The policy's `require_location` is off.
    LocationNotRequired,
    /// The policy's `max_late_min`.
    MaxLateMin {
        /// The new limit.
        to: f64,
    },
    /// The policy's `max_travel_km`.
    MaxTravelKm {
        /// The new limit.
        to: f64,
    },
    /// The policy's `max_utilisation`.
    MaxUtilisation {
        /// The new limit.
        to: f64,
    },
    /// The level required of skills; 0: not required.
    RequiredSkills {
        /// The skills that change.
        skills: Vec<SkillTo>,
    },
    /// The case starts at another time.
    StartsAt {
        /// The new start.
        to: Timestamp,
    },
    /// The person is active.
    Active,
    /// The person's preference for services.
    Services {
        /// The services that change.
        services: Vec<ServiceId>,
        /// The new preference.
        to: &'static str,
    },
    /// The person's preference for regions.
    Regions {
        /// The regions that change.
        regions: Vec<RegionId>,
        /// The new preference.
        to: &'static str,
    },
    /// The person holds licences.
    LicencesHeld {
        /// The licences that they lack.
        licences: Vec<LicenceNeed>,
        /// From here on at the latest.
        from: Timestamp,
        /// They must not expire before this instant.
        until: Timestamp,
    },
    /// The person's own travel limit.
    OwnMaxTravelKm {
        /// The new limit.
        to: f64,
    },
    /// The drive, from every place that counts.
    EtaMin {
        /// So long at most.
        at_most: f64,
        /// The longest as it is.
        has: f64,
    },
    /// The minutes booked in the week.
    CommittedMin {
        /// So many at most.
        at_most: u32,
        /// As it is.
        has: u32,
    },
    /// The person's level in a skill.
    SkillHeld {
        /// The skill.
        skill: String,
        /// The new level.
        to: u8,
        /// As it is.
        has: u8,
    },
    /// How well the person speaks a language.
    LanguageSpoken {
        /// BCP 47 tag as the case has it.
        language: String,
        /// The new level.
        to: &'static str,
    },
    /// The person is on the client's panel.
    OnPanel,
}

/// A skill and the level required of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillTo {
    /// Its code as the case has it.
    pub skill: String,
    /// The level; 0: not required.
    pub to: u8,
}

impl Change {
    /// Makes the change in a case and a policy. Returns whether it could: changes of a person are no
    /// part of these.
    #[must_use]
    pub fn apply(&self, case: &mut Case, policy: &mut Policy) -> bool {
        match self {
            Self::RuleOff { rule } => case.waived.push(*rule),
            Self::FilterByPreferencesOff => policy.filter_by_preferences = false,
            Self::LanguageNotRequired => case.language_required = false,
            Self::PanelNotRequired => case.panel_required = false,
            Self::LocationNotRequired => policy.require_location = false,
            Self::MaxLateMin { to } => policy.max_late_min = *to,
            Self::MaxTravelKm { to } => policy.max_travel_km = Some(*to),
            Self::MaxUtilisation { to } => policy.max_utilisation = Some(*to),
            Self::RequiredSkills { skills } => {
                for need in &mut case.skills {
                    let change = skills.iter().find(|change| change.skill == need.skill);
                    need.required =
                        change.map_or(need.required, |change| need.required.min(change.to));
                }
            }
            Self::StartsAt { to } => case.starts_at = Some(to.as_second()),
            _ => return false,
        }
        policy.check().is_ok()
    }

    /// The change in English words.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::RuleOff { rule } => format!("rule {} off", rule.code()),
            Self::FilterByPreferencesOff => "filter_by_preferences off".into(),
            Self::LanguageNotRequired => "language not required".into(),
            Self::PanelNotRequired => "panel not required".into(),
            Self::LocationNotRequired => "require_location off".into(),
            Self::MaxLateMin { to } => format!("max_late_min to {to}"),
            Self::MaxTravelKm { to } => format!("max_travel_km to {to}"),
            Self::MaxUtilisation { to } => format!("max_utilisation to {to}"),
            Self::RequiredSkills { skills } => list(skills, |SkillTo { skill, to }| match to {
                0 => format!("skill {skill} not required"),
                _ => format!("required level of skill {skill} to {to}"),
            }),
            Self::StartsAt { to } => format!("start moved to {to}"),
            Self::Active => "person active".into(),
            Self::Services { services, to } => {
                list(services, |service| format!("preference for service {service} to {to}"))
            }
            Self::Regions { regions, to } => {
                list(regions, |region| format!("preference for region {region} to {to}"))
            }
            Self::LicencesHeld { licences, from, until } => list(licences, |licence| {
                let LicenceNeed { code, jurisdiction } = licence;
                format!("licence {code} {jurisdiction} held from {from} until {until}")
            }),
            Self::OwnMaxTravelKm { to } => format!("own travel limit to {to} km"),
            Self::EtaMin { at_most, has } => format!("ETA at most {at_most} min, has {has}"),
            Self::CommittedMin { at_most, has } => {
                format!("workload at most {at_most} min in the week, has {has}")
            }
            Self::SkillHeld { skill, to, has } => format!("skill {skill} at level {to}, has {has}"),
            Self::LanguageSpoken { language, to } => format!("speaks {language} at {to}"),
            Self::OnPanel => "on the client's panel".into(),
        }
    }
}

fn list<T>(of: &[T], words: impl Fn(&T) -> String) -> String {
    of.iter().map(words).collect::<Vec<_>>().join(", ")
}
