//! The search with a policy in which only travel counts: it must list the nearest people, as a plain
//! loop over the people does. The loop must not read the index.

use crate::{
    CENTRES, listed, organization,
    population::{self, NOW, Random},
    position_fact,
};
use nearhand_domain::{
    CaseId, Position, ServiceId, StaffId,
    facts::{Fact, MockPolicy, OrganizationFacts},
    preference::{LanguageLevel, Preference},
    time::Interval,
    tracking::OPEN_END,
};
use nearhand_index::{
    LiveIndex, OrgIndex, PersonInput,
    geometry::sphere::haversine_km,
    people::{person::Ping, person_input::LicenceInput},
};
use nearhand_recommend::{
    Case, Disclosure, Judgement, LicenceNeed, Policy, Query, SkillNeed, Weights,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Far leaves that a search visits before it goes by abilities.
const FAR_LEAVES: [usize; 3] = [1, 3, 64];

fn only_travel() -> Policy {
    let weights = Weights {
        travel: 1,
        service: 0,
        region: 0,
        skill: 0,
        language: 0,
        panel: 0,
        continuity: 0,
        workload: 0,
        availability: 0,
    };
    Policy { weights, ..Policy::default() }
}

/// A person with a fix of this second, which counts fully or not at all, with a start, with both
/// or with neither.
fn person(random: &mut Random, around: (f64, f64)) -> PersonInput {
    let mut parts = PersonInput::new(StaffId::from(random.uuid()));
    parts.active = random.chance(90);
    parts.home = random.chance(70).then(|| population::near(random, around, 0.4));
    parts.base = random.chance(20).then(|| population::near(random, around, 0.4));
    parts.tracking.permissions = match random.below(12) {
        0 => Vec::new(),
        1 => vec![Interval { start: 0, end: NOW - 50 }],
        2 => vec![Interval { start: NOW + 9, end: OPEN_END }],
        _ => vec![Interval { start: 0, end: OPEN_END }],
    };
    if random.chance(10) {
        parts.tracking.pauses.push(Interval { start: NOW, end: NOW + 60 });
    }
    parts.ping = random.chance(60).then(|| Ping {
        fix_at_ms: NOW * 1_000,
        position: population::near(random, around, 0.4),
        accuracy_m: random.pick(&[None, Some(80.0), Some(1_001.0)]),
        mock: false,
    });
    let level = random.pick(&Preference::ALL);
    parts.services.push((population::service(0), level));
    parts.skills.push(("camera".into(), random.pick(&[1, 2, 3, 4, 5])));
    parts
}

/// The place that counts for a person.
fn stands(parts: &PersonInput) -> Option<Position> {
    let allowed = parts.tracking.permissions.iter().any(|permitted| permitted.contains(NOW))
        && !parts.tracking.pauses.iter().any(|pause| pause.contains(NOW));
    let ping = parts.ping.filter(|ping| allowed && ping.accuracy_m != Some(1_001.0));
    ping.map(|ping| ping.position).or(parts.home).or(parts.base)
}

/// Driving times of the people who may be listed, in thousandths of minutes; `None` comes last.
#[expect(clippy::cast_possible_truncation, reason = "drives are far shorter")]
fn by_hand(people: &[PersonInput], case: &Case, policy: &Policy) -> BTreeMap<StaffId, Option<i64>> {
    let fit = |parts: &&PersonInput| {
        parts.active
            && (case.services.is_empty() || parts.services[0].1 != Preference::Never)
            && case.skills.iter().all(|need| parts.skills[0].1 >= need.required)
    };
    let drive = |at: Position| {
        let km = haversine_km(case.position, at);
        libm::rint(km * policy.circuity / policy.speed_kmh * 60.0 * 1_000.0) as i64
    };
    let located = |parts: &PersonInput| (parts.id, stands(parts).map(drive));
    let all = people.iter().filter(fit).map(located);
    all.filter(|(_, drive)| drive.is_some() || !policy.require_location).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_nearest_are_those_a_plain_loop_finds(
        seed: u64,
        many in 0usize..250,
        centre in 0..CENTRES.len(),
        limit in 1usize..60,
    ) {
        let (mut random, around) = (Random(seed), CENTRES[centre]);
        // In some worlds people are so far away that the drive leaves no points for travel.
        let far = (around.0 - around.0.signum() * 3.0, around.1);
        let often = random.pick(&[0, 30, 95]);
        let people = (0..many).map(|_| {
            let around = if random.chance(often) { far } else { around };
            person(&mut random, around)
        });
        let people: Vec<PersonInput> = people.collect();
        let index = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        let mut case = Case::at(CaseId::from(random.uuid()), population::near(&mut random, around, 0.4));
        if random.chance(50) {
            case.services.push(population::service(0));
            let required = random.pick(&[1, 2, 3, 4, 5]);
            case.skills.push(SkillNeed { skill: "camera".into(), required, preferred: required });
        }
        let policy = Policy { require_location: random.chance(50), ..only_travel() };
        let by_hand = by_hand(&people, &case, &policy);
        let last = |drive: &Option<i64>| drive.unwrap_or(i64::MAX);
        let mut nearest: Vec<Option<i64>> = by_hand.values().copied().collect();
        nearest.sort_by_key(last);
        nearest.truncate(limit);
        let query = Query::new(&index, &case, &policy, NOW, Disclosure::Exact);
        for far_leaves in FAR_LEAVES {
            let found = listed(&query.search_with_budget(limit, far_leaves).0);
            let drives: Vec<Option<i64>> = found.iter().map(|(.., drive)| *drive).collect();
            prop_assert_eq!(&drives, &nearest);
            let own: BTreeMap<StaffId, Option<i64>> =
                found.iter().map(|&(staff, _, drive)| (staff, drive)).collect();
            prop_assert_eq!(own.len(), found.len(), "each is listed once");
            for (staff, drive) in own {
                prop_assert_eq!(by_hand.get(&staff), Some(&drive), "it is their own drive");
            }
        }
    }

    #[test]
    fn organisation_facts_give_the_same_index_first_or_last(
        seed: u64,
        many in 0usize..120,
        centre in 0..CENTRES.len(),
        limit in 1usize..120,
    ) {
        let (mut random, around, id) = (Random(seed), CENTRES[centre], CaseId::from(Uuid::nil()));
        let person = |_| population::person(&mut random, around, id);
        let people: Vec<PersonInput> = (0..many).map(person).collect();
        let facts = Fact::Organization(OrganizationFacts {
            organization: organization(),
            version: 1,
            time_zone: "UTC".into(),
            base: random.chance(70).then(|| population::near(&mut random, around, 0.2)),
            mock_policy: random.pick(&[MockPolicy::Accept, MockPolicy::HistoryOnly]),
        });
        let mut late = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        late.apply(&facts, NOW);
        let mut first = OrgIndex::new(organization(), NOW);
        first.apply(&facts, NOW);
        for person in people {
            first.put(person, NOW);
        }
        prop_assert_eq!(late.tree().len(), first.tree().len());
        let case = population::case(&mut random, around, id, &[]);
        for policy in [only_travel(), population::policy(&mut random)] {
            let found = |index: &OrgIndex| {
                listed(&Query::new(index, &case, &policy, NOW, Disclosure::Exact).search(limit))
            };
            prop_assert_eq!(found(&late), found(&first));
        }
    }

    #[test]
    fn moving_people_equals_loading_them_afresh(
        seed: u64,
        many in 1usize..400,
        centre in 0..CENTRES.len(),
        moves in 0usize..800,
        limit in 1usize..20,
    ) {
        let (mut random, around, id) = (Random(seed), CENTRES[centre], CaseId::from(Uuid::nil()));
        let person = |_| population::person(&mut random, around, id);
        let mut people: Vec<PersonInput> = (0..many).map(person).collect();
        let live = LiveIndex::new();
        live.insert(OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW));
        let mut facts = Vec::new();
        for _ in 0..moves {
            let who = usize::try_from(random.below(i64::try_from(many).unwrap())).unwrap();
            let fact = position_fact(&mut random, people[who].id, around);
            let ping = &mut people[who].ping;
            if ping.is_none_or(|ping| fact.fix_at_ms > ping.fix_at_ms) {
                *ping = Some(Ping {
                    fix_at_ms: fact.fix_at_ms,
                    position: fact.position,
                    accuracy_m: fact.accuracy_m,
                    mock: fact.mock,
                });
            }
            facts.push(Fact::Position(fact));
        }
        live.apply(&facts, NOW);
        let loaded = OrgIndex::bulk_load(organization(), people, NOW);
        let case = population::case(&mut random, around, id, &[]);
        for policy in [only_travel(), population::policy(&mut random)] {
            let seen = |index: &OrgIndex| {
                let query = Query::new(index, &case, &policy, NOW, Disclosure::Exact);
                (index.index_version(), index.tree().len(), listed(&query.search(limit)))
            };
            prop_assert_eq!(live.with_org(organization(), seen), Some(seen(&loaded)));
        }
    }

    #[test]
    fn people_listed_have_everything_needed_with_any_number_of_words(
        seed: u64,
        many in 1usize..150,
        services in prop_oneof![
            proptest::collection::vec(0..10u128, 0..3),
            proptest::collection::vec(0..150u128, 0..90),
        ],
        skills in proptest::collection::vec((0..152u32, 1..=5u8), 0..2),
        languages in proptest::collection::vec(0..152u32, 0..3),
        licences in proptest::collection::vec(0..152u32, 0..2),
    ) {
        let mut random = Random(seed);
        let people: Vec<PersonInput> = (0..many).map(|_| of_many_words(&mut random)).collect();
        let index = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        let mut case = Case::at(CaseId::from(random.uuid()), Position::new(45.0, 9.0).unwrap());
        case.services = services.into_iter().map(|n| ServiceId::from(Uuid::from_u128(n))).collect();
        case.skills = skills.into_iter().map(|(n, required)| SkillNeed {
            skill: format!("skill {n}"),
            required,
            preferred: required,
        }).collect();
        case.licences = licences.into_iter().map(|n| LicenceNeed {
            code: format!("licence {n}"),
            jurisdiction: String::new(),
        }).collect();
        case.languages = languages.into_iter().map(|n| format!("l{n}")).collect();
        case.language_required = !case.languages.is_empty();
        let mut eligible: Vec<StaffId> =
            people.iter().filter(|parts| has_all(parts, &case)).map(|parts| parts.id).collect();
        eligible.sort_unstable();
        for policy in [only_travel(), Policy::default()] {
            let query = Query::new(&index, &case, &policy, NOW, Disclosure::Exact);
            for far_leaves in FAR_LEAVES {
                let found = query.search_with_budget(1_000, far_leaves).0;
                let mut found: Vec<StaffId> = found.iter().map(Judgement::staff).collect();
                found.sort_unstable();
                prop_assert_eq!(&found, &eligible);
            }
        }
    }
}

/// A person with more words than ability bits can hold.
fn of_many_words(random: &mut Random) -> PersonInput {
    let mut parts = PersonInput::new(StaffId::from(random.uuid()));
    // Some people are so far away that the bitmap search finds them.
    let lat = if random.chance(50) { 45.0 } else { 55.0 };
    parts.home = Position::new(lat, 9.0).ok();
    // All services, so that their codes are in order.
    for n in 0..150u32 {
        let service = ServiceId::from(Uuid::from_u128(n.into()));
        parts.services.push((service, random.pick(&Preference::ALL)));
        if random.chance(25) {
            parts.skills.push((format!("skill {n}"), random.pick(&[1, 2, 3, 4, 5])));
        }
        if random.chance(33) {
            parts.languages.push((format!("l{n}"), random.pick(&LanguageLevel::ALL)));
        }
        if random.chance(50) {
            parts.licences.push(LicenceInput {
                code: format!("licence {n}"),
                jurisdiction: String::new(),
                valid_from: i64::MIN,
                valid_to: i64::MAX,
            });
        }
    }
    parts
}

fn has_all(parts: &PersonInput, case: &Case) -> bool {
    let never = |id| parts.services.contains(&(id, Preference::Never));
    let skilled = |need: &SkillNeed| {
        parts.skills.iter().any(|(skill, level)| *skill == need.skill && *level >= need.required)
    };
    let licensed = |need: &LicenceNeed| parts.licences.iter().any(|held| held.code == need.code);
    let speaks = |tag: &String| {
        parts.languages.iter().any(|(of, level)| of == tag && *level >= LanguageLevel::B2)
    };
    !case.services.iter().any(|&id| never(id))
        && case.skills.iter().all(skilled)
        && case.licences.iter().all(licensed)
        && (!case.language_required || case.languages.iter().any(speaks))
}
