//! The tree is held to a plain list.

use super::*;
use crate::{
    abilities::HourSet,
    tree::{child_envelopes::members, leaf::LEAF_MAX},
};
use nearhand_domain::Position;
use proptest::prelude::*;

fn masks_of(slot: u32) -> Masks {
    let mut masks = Masks::unstated(HourSet::EMPTY, 0);
    masks.set_skill(slot % 7, 1 + (slot % 5) as u8);
    masks
}

/// A person's fix at a point.
fn ping(point: IndexPoint, slot: u32) -> PlaceKey {
    PlaceKey { point, slot, kind: PlaceKind::Ping }
}

fn point(lat: i32, lng: i32) -> IndexPoint {
    IndexPoint::of(Position::from_e7(lat, lng).unwrap())
}

/// One of a few points that many share, or a point of its own near one of them: on the equator,
/// at the antimeridian, at a pole, in a town.
fn points() -> impl Strategy<Value = IndexPoint> {
    let shared = [
        (0, 900_000_000),
        (170_000_000, -1_800_000_000),
        (899_999_000, 5),
        (387_169_000, -91_399_000),
    ];
    (proptest::sample::select(shared.to_vec()), prop_oneof![Just(0), 0..900_i32])
        .prop_map(|((lat, lng), by)| point(lat + by, lng + by * 7))
}

/// Whether an envelope covers another.
fn covers(envelope: &Envelope, other: &Envelope) -> bool {
    let mut both = *envelope;
    both.cover(other);
    both == *envelope
}

/// Every envelope covers what is below it; returns the places found and the number of leaves.
fn check(tree: &CellTree, id: u32) -> (Vec<(u32, Unit)>, usize) {
    let (mut all, mut leaves) = (Vec::new(), 0);
    let node = tree.node(id);
    for child in 0..CHILDREN {
        let envelope = node.envelopes.envelope(child);
        match node.child(child) {
            Child::Empty => {
                assert_eq!(envelope, Envelope::empty(), "an empty child has no envelope");
            }
            Child::Leaf(leaf) => {
                let places = leaf.places();
                assert!((1..=LEAF_MAX).contains(&places.len()), "no leaf is empty or too full");
                for (place, path, bits) in leaf.entries() {
                    let masks = masks_of(place.slot());
                    assert_eq!(bits, AbilityBits::of(&masks), "a leaf knows its people");
                    let of = Envelope::of(place.at, &masks);
                    assert!(covers(&envelope, &of), "a leaf covers its places");
                    let at = ping(IndexPoint { unit: place.at, path }, place.slot());
                    assert_eq!(tree.child_of(&at), (id, child));
                }
                all.extend(places.iter().map(|place| (place.slot(), place.at)));
                leaves += 1;
            }
            Child::Node(inner) => {
                let union = tree.node(*inner).envelopes.union();
                assert!(covers(&envelope, &union), "a node covers its children");
                let (places, more) = check(tree, *inner);
                all.extend(places);
                leaves += more;
            }
        }
    }
    let used = |child: &usize| !matches!(node.child(*child), Child::Empty);
    assert!(members(node.used()).eq((0..CHILDREN).filter(used)));
    (all, leaves)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn after_any_history_every_place_is_found_and_covered(
        steps in proptest::collection::vec((0..300_u32, 0..4_u8, points()), 1..1_200),
    ) {
        let (mut tree, mut plain) = (CellTree::default(), std::collections::BTreeMap::new());
        for (slot, what, at) in steps {
            match (plain.get(&slot).copied(), what) {
                (None, _) => {
                    tree.insert(ping(at, slot), &masks_of(slot), masks_of);
                    plain.insert(slot, at);
                }
                (Some(from), 0) => {
                    tree.remove(ping(from, slot), masks_of);
                    plain.remove(&slot);
                }
                (Some(from), 1) => tree.update(ping(from, slot), &masks_of(slot), masks_of),
                (Some(from), _) => {
                    tree.relocate(ping(from, slot), at, masks_of);
                    plain.insert(slot, at);
                }
            }
        }
        let (mut found, leaves) = check(&tree, ROOT);
        found.sort_unstable_by_key(|(slot, _)| *slot);
        let units = plain.iter().map(|(slot, at)| (*slot, at.unit));
        prop_assert_eq!(found, units.collect::<Vec<_>>());
        prop_assert_eq!((tree.len(), tree.leaves()), (plain.len(), leaves));
        for (slot, at) in plain {
            tree.remove(ping(at, slot), masks_of);
        }
        prop_assert_eq!((tree.len(), tree.leaves()), (0, 0));
        prop_assert_eq!(tree.nodes.len(), 1, "no node is lost");
        check(&tree, ROOT);
    }
}

#[test]
fn thousands_at_one_place_are_told_apart_by_number() {
    let mut tree = CellTree::default();
    let at = point(0, 1);
    (0..5_000).for_each(|slot| tree.insert(ping(at, slot), &masks_of(slot), masks_of));
    assert_eq!(check(&tree, ROOT).0.len(), 5_000);
}

#[test]
fn hundreds_of_sites_of_one_person_in_one_house_are_told_apart_by_place() {
    let (mut tree, slot) = (CellTree::default(), 7);
    let booking = |point| PlaceKey { point, slot, kind: PlaceKind::Booking };
    // All within 20 cm around the middle of one cell.
    let middle =
        h3o::LatLng::from(point(387_169_000, -91_399_000).path.ancestor(h3o::Resolution::Fifteen));
    let middle = Position::new(middle.lat(), middle.lng()).unwrap().e7();
    let site = |n: i32| point(middle.0 + n / 20 - 10, middle.1 + n % 20 - 10);
    assert!((1..=405).all(|n| site(n).path == site(0).path));
    for n in 0..400 {
        tree.insert(booking(site(n)), &masks_of(slot), masks_of);
    }
    tree.relocate(booking(site(5)), site(405), masks_of);
    assert_eq!(check(&tree, ROOT).0.len(), 400);
    for n in (0..=405).filter(|n| *n < 400 || *n == 405) {
        tree.remove(booking(site(n)), masks_of);
    }
    assert_eq!((tree.len(), tree.nodes.len()), (0, 1));
}

#[test]
fn points_that_a_leaf_cannot_hold_take_one_node_each_however_small() {
    let mut tree = CellTree::default();
    let shared = |n: i32| point(450_000_000 + n * 1_000_000, 90_000_000);
    for slot in 0..100 * 65 {
        let n = i32::try_from(slot % 100).unwrap();
        tree.insert(ping(shared(n), slot), &masks_of(slot), masks_of);
    }
    assert_eq!(check(&tree, ROOT).0.len(), 6_500);
    assert!(tree.nodes.len() < 210, "{}", tree.nodes.len());
    // A person some metres beside such a point is told apart from those at it.
    let beside = point(500_000_000 + 500, 90_000_000 + 500);
    tree.insert(ping(beside, 6_500), &masks_of(6_500), masks_of);
    assert_eq!(check(&tree, ROOT).0.len(), 6_501);
    assert!(tree.nodes.len() < 215);
}
