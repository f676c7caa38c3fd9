//! The tree is held to a plain list.

use super::*;
use crate::{leaf::LEAF_MAX, masks::HourSet, siblings::each};
use nearhand_domain::Position;
use proptest::prelude::*;

fn masks_of(slot: u32) -> Masks {
    let mut masks = Masks::unstated(HourSet::EMPTY, 0);
    masks.set_skill(slot % 7, 1 + (slot % 5) as u8);
    masks
}

fn place(at: Unit, slot: u32) -> Place {
    Place::new(at, slot, PlaceKind::Ping)
}

/// One of a few places that many share, or some place of its own near one of them.
fn unit() -> impl Strategy<Value = Unit> {
    let shared = [[SCALE, 0, 0], [0, -SCALE, 0], [-SCALE / 2, SCALE / 3, SCALE / 2], [1, 1, 1]];
    (proptest::sample::select(shared.to_vec()), prop_oneof![Just(0), 0..9_000_i32]).prop_map(
        |(at, by)| Unit([at[0] - by * 3, at[1] + by, (at[2] + by * 2).clamp(-SCALE, SCALE)]),
    )
}

/// Whether an envelope covers another.
fn covers(envelope: &Envelope, other: &Envelope) -> bool {
    let mut both = *envelope;
    both.cover(other);
    both == *envelope
}

/// What is known of every part covers everything in it; returns the places found and the leaves.
fn check(tree: &Octree, id: u32) -> (Vec<(u32, Unit)>, usize) {
    let (mut all, mut leaves) = (Vec::new(), 0);
    let cube = tree.cube(id);
    for part in 0..PARTS {
        let envelope = cube.siblings.envelope(part);
        match cube.inside(part) {
            Inside::Nothing => assert_eq!(envelope, Envelope::empty(), "nobody is in there"),
            Inside::Leaf(leaf) => {
                let places = leaf.places();
                assert!((1..=LEAF_MAX).contains(&places.len()), "no leaf is empty or too full");
                for (place, signature) in leaf.signed() {
                    let masks = masks_of(place.slot());
                    assert_eq!(signature, Signature::of(&masks), "a leaf knows its people");
                    let of = Envelope::of(place.at, &masks);
                    assert!(covers(&envelope, &of), "a leaf covers its places");
                    assert_eq!(tree.part_of(place.at, place.slot()), (id, part));
                }
                all.extend(places.iter().map(|place| (place.slot(), place.at)));
                leaves += 1;
            }
            Inside::Cube(inner) => {
                let together = tree.cube(*inner).siblings.together();
                assert!(covers(&envelope, &together), "a cube covers its parts");
                let (places, more) = check(tree, *inner);
                all.extend(places);
                leaves += more;
            }
        }
    }
    let used = |part: &usize| !matches!(cube.inside(*part), Inside::Nothing);
    assert!(each(cube.used).eq((0..PARTS).filter(used)));
    (all, leaves)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn after_any_history_every_place_is_found_and_covered(
        steps in proptest::collection::vec((0..300_u32, 0..4_u8, unit()), 1..1_200),
    ) {
        let (mut tree, mut plain) = (Octree::default(), std::collections::BTreeMap::new());
        for (slot, what, at) in steps {
            match (plain.get(&slot).copied(), what) {
                (None, _) => {
                    tree.insert(place(at, slot), &masks_of(slot), masks_of);
                    plain.insert(slot, at);
                }
                (Some(from), 0) => {
                    tree.remove(from, slot, PlaceKind::Ping, masks_of);
                    plain.remove(&slot);
                }
                (Some(from), 1) => tree.update(&place(from, slot), &masks_of(slot), masks_of),
                (Some(from), _) => {
                    tree.relocate((slot, PlaceKind::Ping), (from, at), masks_of);
                    plain.insert(slot, at);
                }
            }
        }
        let (mut found, leaves) = check(&tree, ROOT);
        found.sort_unstable_by_key(|(slot, _)| *slot);
        prop_assert_eq!(found, plain.clone().into_iter().collect::<Vec<_>>());
        prop_assert_eq!((tree.len(), tree.leaves()), (plain.len(), leaves));
        for (slot, at) in plain {
            tree.remove(at, slot, PlaceKind::Ping, masks_of);
        }
        prop_assert_eq!((tree.len(), tree.leaves()), (0, 0));
        prop_assert_eq!(tree.cubes.len(), 1, "no cube is lost");
        check(&tree, ROOT);
    }
}

#[test]
fn thousands_at_one_place_are_told_apart_by_number() {
    let mut tree = Octree::default();
    let at = Unit([SCALE, 0, 0]);
    (0..5_000).for_each(|slot| tree.insert(place(at, slot), &masks_of(slot), masks_of));
    assert_eq!(check(&tree, ROOT).0.len(), 5_000);
}

#[test]
fn hundreds_of_sites_of_one_person_in_one_house_are_told_apart_by_place() {
    let (mut tree, slot) = (Octree::default(), 7);
    let site = |n: i32| Unit([SCALE - 40, n / 20, n % 20]);
    for n in 0..400 {
        let place = Place::new(site(n), slot, PlaceKind::Booking);
        tree.insert(place, &masks_of(slot), masks_of);
    }
    tree.relocate((slot, PlaceKind::Booking), (site(5), site(405)), masks_of);
    assert_eq!(check(&tree, ROOT).0.len(), 400);
    for n in (0..=405).filter(|n| *n < 400 || *n == 405) {
        tree.remove(site(n), slot, PlaceKind::Booking, masks_of);
    }
    assert_eq!((tree.len(), tree.cubes.len()), (0, 1));
}

#[test]
fn points_that_a_leaf_cannot_hold_take_one_cube_each_however_small() {
    let mut tree = Octree::default();
    let point = |n: u32| Unit::new(Position::new(45.0 + f64::from(n) / 10.0, 9.0).unwrap());
    for slot in 0..100 * 65 {
        tree.insert(place(point(slot % 100), slot), &masks_of(slot), masks_of);
    }
    assert_eq!(check(&tree, ROOT).0.len(), 6_500);
    assert!(tree.cubes.len() < 210, "{}", tree.cubes.len());
    // Whoever is a few metres beside such a point is told apart from those at it.
    let beside = point(50).0.map(|coordinate| coordinate + 1_000);
    tree.insert(place(Unit(beside), 6_500), &masks_of(6_500), masks_of);
    assert_eq!(check(&tree, ROOT).0.len(), 6_501);
    assert!(tree.cubes.len() < 215);
}
