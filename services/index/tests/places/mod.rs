//! The nearest people, fallbacks and people with a place in a rectangle, held to plain loops. The
//! loops must not read the tree.

use crate::{NOW, gate, live_by_hand, organization, place};
use nearhand_domain::{
    Position, RegionId, ServiceId, StaffId, facts::MockPolicy, preference::Preference,
};
use nearhand_index::{
    FallbackKind, FallbackPlace, NearestFilter, OrgIndex, PersonInput, Rectangle,
    abilities::levels::{PREFERRED, WILLING},
    cells,
    geometry::sphere::haversine_km,
    people::person::{LastJob, Ping},
};
use proptest::{prelude::*, sample::select};
use rustc_hash::FxHashSet;
use uuid::Uuid;

const HOLD_S: i64 = 43_200;
const CENTRES: [(f64, f64); 5] =
    [(45.0, 9.0), (-17.0, 179.9), (89.5, 0.0), (-89.7, 90.0), (0.2, -0.3)];

fn service() -> ServiceId {
    ServiceId::from(Uuid::from_u128(1))
}

fn region() -> RegionId {
    RegionId::from(Uuid::from_u128(2))
}

fn person(around: (f64, f64)) -> impl Strategy<Value = PersonInput> {
    let places = (
        proptest::option::weighted(0.7, place(around)),
        proptest::option::of(place(around)),
        proptest::option::weighted(0.2, place(around)),
        proptest::option::weighted(0.3, (place(around), 0..2 * HOLD_S)),
    );
    let stated = || proptest::option::of(select(Preference::ALL.to_vec()));
    let abilities = (stated(), stated(), 0..=5u8);
    (places, abilities, gate(), any::<u128>(), 0..10u8).prop_map(
        |((ping, home, base, job), (for_service, for_region, level), tracking, id, luck)| {
            let mut parts = PersonInput::new(StaffId::from(Uuid::from_u128(id)));
            parts.ping = ping.map(|position| Ping {
                fix_at_ms: (NOW - 30) * 1_000,
                position,
                accuracy_m: Some(if luck == 1 { 1_001.0 } else { 8.0 }),
                mock: false,
            });
            parts.last_job =
                job.map(|(position, ago)| LastJob { position, completed_at: NOW - ago });
            parts.services = for_service.map(|level| (service(), level)).into_iter().collect();
            parts.regions = for_region.map(|level| (region(), level)).into_iter().collect();
            if level > 0 {
                parts.skills.push(("Camera".into(), level));
            }
            (parts.home, parts.base, parts.tracking, parts.active) =
                (home, base, tracking, luck > 0);
            parts
        },
    )
}

fn world() -> impl Strategy<Value = ((f64, f64), Vec<PersonInput>)> {
    select(CENTRES.to_vec())
        .prop_flat_map(|around| (Just(around), proptest::collection::vec(person(around), 0..160)))
}

/// Whether a person passes a filter.
type Passes = Box<dyn Fn(&PersonInput) -> bool>;

/// Filters, each with the same question asked of a person.
fn filters(at_least: u8) -> Vec<(NearestFilter, Passes)> {
    let least = |level: Option<Preference>, least: Preference| {
        level.map_or(least < Preference::Willing, |level| level >= least)
    };
    let of_service = move |p: &PersonInput, level| least(p.services.first().map(|s| s.1), level);
    let of_region = move |p: &PersonInput, level| least(p.regions.first().map(|r| r.1), level);
    let all = NearestFilter::default();
    let skill = Some(("camera".to_owned(), at_least));
    let skilled = move |p: &PersonInput| p.skills.first().is_some_and(|s| s.1 >= at_least);
    vec![
        (all.clone(), Box::new(|_| true)),
        (NearestFilter { skill: skill.clone(), ..all.clone() }, Box::new(skilled)),
        (
            NearestFilter { service: Some((service(), 1)), ..all.clone() },
            Box::new(move |p| of_service(p, Preference::Avoid)),
        ),
        (
            NearestFilter { service: Some((service(), WILLING)), skill, ..all.clone() },
            Box::new(move |p| of_service(p, Preference::Willing) && skilled(p)),
        ),
        (
            NearestFilter { region: Some((region(), PREFERRED)), ..all.clone() },
            Box::new(move |p| of_region(p, Preference::Preferred)),
        ),
        (
            NearestFilter { service: Some((ServiceId::from(Uuid::nil()), 1)), ..all.clone() },
            Box::new(|_| true),
        ),
        (
            NearestFilter { service: Some((ServiceId::from(Uuid::nil()), WILLING)), ..all.clone() },
            Box::new(|_| false),
        ),
        (NearestFilter { skill: Some(("none".into(), 1)), ..all }, Box::new(|_| false)),
    ]
}

fn fallback_by_hand(parts: &PersonInput) -> Option<(FallbackKind, Position)> {
    if !parts.active || live_by_hand(parts, MockPolicy::Penalise).is_some() {
        return None;
    }
    let job = parts.last_job.filter(|job| NOW - job.completed_at <= HOLD_S);
    let job = job.map(|job| (FallbackKind::LastJob, job.position));
    let home = parts.home.map(|at| (FallbackKind::Home, at));
    job.or(home).or(parts.base.map(|at| (FallbackKind::Base, at)))
}

fn around_them(around: (f64, f64), (height, width): (f64, f64)) -> Rectangle {
    let wrapped = |lng: f64| (lng + 180.0).rem_euclid(360.0) - 180.0;
    Rectangle {
        south: (around.0 - height).max(-90.0),
        west: wrapped(around.1 - width),
        north: (around.0 + height).min(90.0),
        east: wrapped(around.1 + width),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_nearest_are_those_of_a_loop(
        ((_, people), from) in world().prop_flat_map(|w| { let at = w.0; (Just(w), place(at)) }),
        limit in 1usize..40,
        level in 1..=5u8,
        few: bool,
    ) {
        let index = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        let scope: FxHashSet<StaffId> = people.iter().step_by(2).map(|p| p.id).collect();
        for scope in [None, few.then_some(&scope)] {
            for (filter, passes) in filters(level) {
                let fit = people.iter().filter(|p| passes(p));
                let seen = fit.filter(|p| scope.is_none_or(|scope| scope.contains(&p.id)));
                let live = seen.filter_map(|p| Some((p.id, live_by_hand(p, MockPolicy::Penalise)?)));
                let mut expected: Vec<(f64, StaffId)> =
                    live.map(|(id, at)| (haversine_km(from, at), id)).collect();
                expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                expected.truncate(limit);
                let found = index.nearest(from, (limit, NOW), &filter, scope);
                let found: Vec<(f64, StaffId)> =
                    found.iter().map(|near| (near.km, near.live.staff)).collect();
                prop_assert_eq!(&found, &expected, "{:?}", filter);
                let by_tree =
                    index.nearest_with_small_scope(from, (limit, NOW), &filter, (scope, 0));
                let by_tree: Vec<(f64, StaffId)> =
                    by_tree.iter().map(|near| (near.km, near.live.staff)).collect();
                prop_assert_eq!(by_tree, expected, "through the tree: {:?}", filter);
            }
        }
    }

    #[test]
    fn fallbacks_are_those_of_people_without_a_live_fix(
        (around, people) in world(),
        size in (0.01..1.2_f64, 0.01..4.0_f64),
    ) {
        let index = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        let within = around_them(around, size);
        let mut found: Vec<FallbackPlace> = Vec::new();
        index.fallbacks_in(within, NOW, HOLD_S, |place| found.push(place));
        let mut found: Vec<_> =
            found.iter().map(|f| (f.staff, f.kind as u8, f.position.e7(), f.path)).collect();
        found.sort_unstable();
        let by_hand = people.iter().filter_map(|p| Some((p.id, fallback_by_hand(p)?)));
        let mut expected: Vec<_> = by_hand
            .filter(|(_, (_, at))| within.contains(*at))
            .map(|(id, (kind, at))| (id, kind as u8, at.e7(), cells::CellPath::of(at)))
            .collect();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn nobody_with_a_place_inside_is_left_out(
        (around, people) in world(),
        size in (0.01..1.2_f64, 0.01..4.0_f64),
    ) {
        let index = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        let within = around_them(around, size);
        let (near, nearer) = (index.people_in(within.with_cell_margin()), index.people_in(within));
        for parts in people.iter().filter(|parts| parts.active) {
            let slot = index.slot(parts.id).unwrap();
            let live = live_by_hand(parts, MockPolicy::Penalise);
            let start = parts.home.or(parts.base);
            let places = [live, start, parts.last_job.map(|job| job.position)];
            for at in places.into_iter().flatten() {
                prop_assert!(!within.contains(at) || nearer.binary_search(&slot).is_ok());
                let coarse = cells::coarse(at);
                prop_assert!(!within.contains(coarse) || near.binary_search(&slot).is_ok());
            }
        }
    }
}
