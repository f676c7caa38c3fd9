//! A rule that removes a person, and the smallest change that lets it pass. Must offer a change of
//! case or policy only if the rule passes with the change made.

use crate::{
    case::{Case, LicenceNeed},
    explain::{
        change::{Change, SkillTo},
        relaxation::{late_milli_min, load_ppm, metres_up, millionths, thousandths, travel_m},
    },
    judge::{judgement::Judgement, terms::or_unstated},
    query::Query,
    rounding::millis,
    rule::Rule,
};
use jiff::Timestamp;
use nearhand_domain::preference::Preference;
use nearhand_index::{Person, people::person::Licence};
use serde::Serialize;

/// A rule that removes a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedRule {
    /// The rule.
    pub rule: Rule,
    /// What the person has and what is needed.
    pub items: Vec<Item>,
    /// The smallest change that lets this rule pass.
    pub change: Change,
    /// Items and change in English words.
    pub detail: String,
}

/// One thing that a rule asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// The service, skill, licence or limit, where the rule asks for several.
    pub of: Option<String>,
    /// What the person has.
    pub has: Value,
    /// What is needed.
    pub needs: Value,
}

/// What somebody has, or what is needed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A number; the item says of what.
    Number(f64),
    /// A word.
    Word(&'static str),
    /// A time.
    Span {
        /// Its first instant; `None`: always.
        from: Option<Timestamp>,
        /// Its end; `None`: for ever.
        until: Option<Timestamp>,
    },
    /// Nothing.
    None,
}

impl Query<'_> {
    /// A rule that removes a judged person.
    pub(crate) fn failed_rule(&self, of: &Judgement, rule: Rule) -> FailedRule {
        let items = self.rule_items(of, rule);
        let change = self.smallest_change(of, rule);
        let words: Vec<String> = items.iter().map(Item::words).collect();
        let detail = format!("{}; passes with: {}", words.join(", "), change.detail());
        FailedRule { rule, items, change, detail }
    }

    /// The smallest change that lets a rule pass; the rule off, if there is no smaller one.
    fn smallest_change(&self, of: &Judgement, rule: Rule) -> Change {
        let change = self.change_of_person(of, rule).or_else(|| {
            let change = self.change_of_question(of, rule)?;
            self.passes(of.slot, rule, &change).then_some(change)
        });
        change.unwrap_or(Change::RuleOff { rule })
    }

    /// Whether a person passes a rule with a change of case or policy made.
    pub(crate) fn passes(&self, slot: u32, rule: Rule, change: &Change) -> bool {
        let (mut case, mut policy) = (self.case.clone(), self.policy.clone());
        change.apply(&mut case, &mut policy)
            && !self.variant(&case, &policy).failures(slot).0.contains(rule)
    }

    /// The change of case or policy that may let a rule pass.
    fn change_of_question(&self, of: &Judgement, rule: Rule) -> Option<Change> {
        let person = self.index.person(of.slot);
        Some(match rule {
            Rule::NotOnRequiredPanel => Change::PanelNotRequired,
            Rule::ServiceNotPreferred | Rule::RegionNotPreferred => Change::FilterByPreferencesOff,
            Rule::MissingSkill => Change::RequiredSkills { skills: self.lowered(person) },
            Rule::LanguageMissing => Change::LanguageNotRequired,
            Rule::TimeOff | Rule::DoubleBooked | Rule::OutsideWorkingHours => {
                Change::StartsAt { to: instant(self.nearest_start(of, rule)?) }
            }
            Rule::TooLate => Change::MaxLateMin { to: thousandths(late_milli_min(&of.at)) },
            Rule::BeyondMaxTravel => {
                Change::MaxTravelKm { to: thousandths(travel_m(person, &of.at)?) }
            }
            Rule::NoLocation => Change::LocationNotRequired,
            Rule::AtCapacity => {
                Change::MaxUtilisation { to: millionths(load_ppm(self, of.slot, person)?) }
            }
            _ => return None,
        })
    }

    /// The change of the person that lets a rule pass, for rules about what a person says or holds.
    fn change_of_person(&self, of: &Judgement, rule: Rule) -> Option<Change> {
        let person = self.index.person(of.slot);
        let case = self.case;
        Some(match rule {
            Rule::Inactive => Change::Active,
            Rule::ServiceNever => Change::Services {
                services: never(&case.services, &self.services, |code| person.service(code)),
                to: Preference::Avoid.as_str(),
            },
            Rule::RegionNever => Change::Regions {
                regions: never(&case.regions, &self.regions, |code| person.region(code)),
                to: Preference::Avoid.as_str(),
            },
            Rule::LicenceMissing => self.held(of, |licences| licences.is_empty()),
            Rule::LicenceExpired => {
                let (start, end_ms) = (self.start, of.at.end_ms);
                let valid = move |licence: &&Licence| {
                    licence.valid_from <= start && end_ms <= millis(licence.valid_to)
                };
                self.held(of, |held| !held.is_empty() && !held.iter().any(valid))
            }
            Rule::BeyondMaxTravel => {
                let km = of.at.primary?.km;
                let within = self.policy.max_travel_km.is_none_or(|limit| km <= limit);
                let to = within.then(|| thousandths(metres_up(km)))?;
                Change::OwnMaxTravelKm { to }
            }
            _ => return None,
        })
    }

    /// The required levels lowered to those that a person has.
    fn lowered(&self, person: &Person) -> Vec<SkillTo> {
        let to = |(at, have): (usize, u8)| SkillTo {
            skill: self.case.skills[at].skill.clone(),
            to: have,
        };
        self.lacking_skills(person).map(to).collect()
    }

    /// The licences to hold, of those that a person holds in this way.
    fn held(&self, of: &Judgement, lacks: impl Fn(&[&Licence]) -> bool) -> Change {
        let person = self.index.person(of.slot);
        let held = |code: Option<u32>| -> Vec<&Licence> {
            code.map_or_else(Vec::new, |code| person.licences(code).collect())
        };
        let needs = self.case.licences.iter().zip(&self.licences);
        let lacking = needs.filter(|&(_, &code)| lacks(&held(code)));
        let licences: Vec<LicenceNeed> = lacking.map(|(need, _)| need.clone()).collect();
        let (from, until) = self.work(of);
        Change::LicencesHeld { licences, from: instant(from), until: instant(until) }
    }

    /// The first second of the work and its end, for a judged person.
    pub(crate) fn work(&self, of: &Judgement) -> (i64, i64) {
        (self.start, -(-of.at.end_ms).div_euclid(1_000))
    }
}

impl Item {
    /// The item in English words.
    fn words(&self) -> String {
        let of = self.of.as_deref().map_or_else(String::new, |of| format!("{of}: "));
        format!("{of}has {}, needs {}", self.has.words(), self.needs.words())
    }
}

impl Value {
    fn words(&self) -> String {
        let or = |at: &Option<Timestamp>, word: &str| at.map_or(word.into(), |at| at.to_string());
        match self {
            Self::Number(number) => number.to_string(),
            Self::Word(word) => (*word).into(),
            Self::Span { from, until } => {
                format!("{} to {}", or(from, "always"), or(until, "for ever"))
            }
            Self::None => "nothing".into(),
        }
    }
}

/// An instant in Unix seconds; the nearest one that can be written.
pub(crate) fn instant(at: i64) -> Timestamp {
    let fallback = if at < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(at).unwrap_or(fallback)
}

/// Those of some services or regions that a person never does.
fn never<Id: Copy>(ids: &[Id], codes: &[Option<u32>], willingness: impl Fn(u32) -> u8) -> Vec<Id> {
    let stated = ids.iter().zip(codes);
    stated.filter(|(_, code)| or_unstated(**code, &willingness) == 0).map(|(&id, _)| id).collect()
}

impl Query<'_> {
    /// The question with another start.
    pub(crate) fn case_at(&self, start: i64) -> Case {
        Case { starts_at: Some(start), ..self.case.clone() }
    }
}
