//! The cases measured: drawn as often as in the ranking contract's worked cases, near people, and
//! bad sets. Must give the same case for the same number on every machine.

use crate::{
    random::Random,
    world::{
        FAR_LANGUAGE, FAR_SERVICE, LANGUAGES, NOW, SEED, SKILLS, World, client, region, service,
    },
};
use nearhand_domain::{CaseId, time::HOUR_S};
use nearhand_recommend::{Case, LicenceNeed, Policy, SkillNeed};

/// Which cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// As in the worked cases.
    Drawn,
    /// Nobody near prefers the service or speaks the language asked for.
    Unlike,
    /// They start at three in the morning, when nearly all sleep.
    Night,
    /// They start while nearly all are booked.
    Booked,
    /// Fewer than five are eligible, each time by the rule of this limit.
    Few(Limit),
}

/// What leaves few people eligible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Nobody near speaks the language required.
    Language,
    /// The highest levels are required, close by.
    Skills,
    /// Only the client's panel is taken, four people.
    Panel,
    /// The drive may not exceed a few hundred metres.
    Travel,
}

impl Limit {
    pub(crate) const ALL: [Self; 4] = [Self::Language, Self::Skills, Self::Panel, Self::Travel];

    /// The word in results' names.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::Skills => "skills",
            Self::Panel => "panel",
            Self::Travel => "travel",
        }
    }
}

impl Set {
    /// A stream of its own for every set.
    fn number(self) -> u64 {
        match self {
            Self::Drawn => 0,
            Self::Unlike => 1,
            Self::Night => 2,
            Self::Booked => 3,
            Self::Few(limit) => 4 + limit as u64,
        }
    }

    /// The word in results' names.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Drawn => "drawn",
            Self::Unlike => "nobody-near-alike",
            Self::Night => "three-in-the-morning",
            Self::Booked => "everyone-booked",
            Self::Few(limit) => limit.name(),
        }
    }
}

/// A case and the policy it is asked with.
pub(crate) fn case(world: &World, set: Set, n: usize) -> (Case, Policy) {
    let stream = u64::MAX / 2 + u64::try_from(n).unwrap_or(0);
    let mut random = Random::new(SEED ^ set.number(), stream);
    let random = &mut random;
    let mut city = cities_pick(random, world);
    let alone = matches!(set, Set::Unlike | Set::Few(_));
    if alone && city.is_multiple_of(100) {
        city += 1;
    }
    let mut case = Case::at(CaseId::from(random.uuid()), world.near(random, city));
    let soon = [None, None, None, None, None, Some(1_800), Some(1_800), Some(7_200), Some(7_200)];
    case.starts_at = random.pick(&soon).map(|after: i64| NOW + after);
    if random.permille(50) {
        case.starts_at = Some(NOW + 25 * HOUR_S);
    }
    case.duration_min = random.pick(&[30, 30, 30, 30, 60, 60, 60, 60, 120]);
    case.urgent = random.permille(300);
    needs(random, city, &mut case);
    people(random, world, city, &mut case);
    match set {
        Set::Drawn => {}
        Set::Unlike => {
            case.services = vec![service(FAR_SERVICE)];
            case.languages = vec![FAR_LANGUAGE.into()];
            case.language_required = false;
        }
        Set::Night => case.starts_at = Some(NOW + 19 * HOUR_S),
        Set::Booked => case.starts_at = Some(NOW + random.pick(&[1_800, 7_200])),
        Set::Few(limit) => require_rare(random, world, city, limit, &mut case),
    }
    let filters = set == Set::Drawn;
    let mut policy = policy(random, filters);
    if let Set::Few(limit) = set {
        // Without it, people of unknown whereabouts are in reach of everything.
        policy.require_location = true;
        policy.max_travel_km = match limit {
            Limit::Language => Some(40.0),
            Limit::Skills => Some(10.0),
            Limit::Panel => None,
            Limit::Travel => Some(0.3),
        };
    }
    (case, policy)
}

/// Requires what few people have.
fn require_rare(random: &mut Random, world: &World, city: usize, limit: Limit, case: &mut Case) {
    match limit {
        Limit::Language => {
            case.languages = vec![FAR_LANGUAGE.into()];
            case.language_required = true;
        }
        Limit::Skills => {
            let best = |skill: &str| SkillNeed { skill: skill.into(), required: 5, preferred: 5 };
            case.skills = SKILLS.map(best).into();
        }
        Limit::Panel => {
            // Without other needs most people fail this rule alone: all of them are judged again.
            *case = Case { starts_at: case.starts_at, ..Case::at(case.id, case.position) };
            case.client = Some(client(city));
            case.panel = world.citizens(random, city, 4);
            case.panel_required = true;
        }
        Limit::Travel => {}
    }
}

fn cities_pick(random: &mut Random, world: &World) -> usize {
    let cities = u64::try_from(world.cities()).unwrap_or(1);
    usize::try_from(random.below(cities)).unwrap_or(0)
}

fn needs(random: &mut Random, city: usize, case: &mut Case) {
    let many = random.pick(&[0, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
    let first = random.below(3);
    case.services = (0..many).map(|n| service((first + n) % 3)).collect();
    let sides =
        random.pick(&[0..0, 0..0, 0..0, 0..0, 0..1, 0..1, 1..2, 1..2, 0..2].map(Sides::from));
    case.regions = (sides.0..sides.1).map(|side| region(city, side)).collect();
    let first = usize::try_from(random.below(3)).unwrap_or(0);
    for n in 0..random.pick(&[0, 0, 0, 0, 0, 1, 1, 1, 2, 2]) {
        let required = random.pick(&[1, 3]);
        let preferred = required + random.pick(&[0, 1, 2]);
        let skill = SKILLS[(first + n) % 3].to_owned();
        case.skills.push(SkillNeed { skill, required, preferred });
    }
    if random.permille(350) {
        case.licences.push(LicenceNeed { code: "PI".into(), jurisdiction: "US-CA".into() });
    }
    let first = usize::try_from(random.below(3)).unwrap_or(0);
    for n in 0..random.pick(&[0, 0, 0, 0, 0, 0, 1, 1, 1, 2]) {
        case.languages.push(LANGUAGES[(first + n) % 3].to_owned());
    }
    case.language_required = !case.languages.is_empty() && random.permille(430);
}

/// First and past-the-last side of a city.
#[derive(Clone, Copy)]
struct Sides(u64, u64);

impl From<std::ops::Range<u64>> for Sides {
    fn from(range: std::ops::Range<u64>) -> Self {
        Self(range.start, range.end)
    }
}

/// Clients, panels and those who said no: people of the city.
fn people(random: &mut Random, world: &World, city: usize, case: &mut Case) {
    if random.permille(200) {
        case.client = Some(client(city));
        case.panel = world.citizens(random, city, 4);
        case.client_excluded = world.citizens(random, city, 1);
    }
    if random.permille(300) {
        case.declined_by = world.citizens(random, city, 1);
    }
    if random.permille(150) {
        case.assigned_to = world.citizens(random, city, 1);
    }
}

fn policy(random: &mut Random, filters: bool) -> Policy {
    let mut policy = Policy::default();
    match random.below(20) {
        0..3 if filters => policy.max_travel_km = Some(40.0),
        3..6 if filters => policy.filter_by_preferences = true,
        6..9 if filters => policy.max_utilisation = Some(0.8),
        9 if filters => policy.require_location = true,
        _ => {}
    }
    policy
}
