//! The tree is held to a plain list.

use super::*;
use crate::{masks::HourSet, signature::Signature};
use proptest::prelude::*;

fn masks_of(slot: u32) -> Masks {
    let mut masks = Masks::unstated(HourSet::EMPTY, 0);
    masks.set_skill(slot % 7, 1 + (slot % 5) as u8);
    masks
}

fn place(at: Unit, slot: u32) -> Place {
    Place::new(at, slot, PlaceKind::Ping, true, Signature::of(&masks_of(slot)))
}

/// One of a few places that many share, or some place of its own near one of them.
fn unit() -> impl Strategy<Value = Unit> {
    let shared = [[SCALE, 0, 0], [0, -SCALE, 0], [-SCALE / 2, SCALE / 3, SCALE / 2], [1, 1, 1]];
    (proptest::sample::select(shared.to_vec()), prop_oneof![Just(0), 0..9_000_i32]).prop_map(
        |(at, by)| Unit([at[0] - by * 3, at[1] + by, (at[2] + by * 2).clamp(-SCALE, SCALE)]),
    )
}

/// Every node covers everything below it; returns the places found and the leaves.
fn check(tree: &Octree, id: u32, above: Option<&Envelope>) -> (Vec<(u32, Unit)>, usize) {
    let envelope = tree.envelope(id);
    if let Some(above) = above {
        assert!(!{ *above }.cover(envelope), "a parent covers its children");
    }
    match tree.below(id) {
        Below::Places(places) => {
            for place in places {
                let of = Envelope::of(place.at, &masks_of(place.slot()));
                assert!(!{ *envelope }.cover(&of), "a leaf covers its places");
                assert_eq!(tree.leaf_of(place.at, place.slot()), Some(id));
            }
            (places.iter().map(|place| (place.slot(), place.at)).collect(), 1)
        }
        Below::Nodes(children) => {
            let known = children.into_iter().filter(|&child| tree.exists(child));
            let parts = known.map(|child| check(tree, child, Some(envelope)));
            parts.fold((Vec::new(), 0), |(mut all, leaves), (places, more)| {
                all.extend(places);
                (all, leaves + more)
            })
        }
    }
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
                (Some(from), 1) => tree.update(place(from, slot), &masks_of(slot), masks_of),
                (Some(from), _) => {
                    tree.relocate((slot, PlaceKind::Ping), (from, at), masks_of);
                    plain.insert(slot, at);
                }
            }
        }
        let (mut found, leaves) = check(&tree, tree.root(), None);
        found.sort_unstable_by_key(|(slot, _)| *slot);
        prop_assert_eq!(found, plain.clone().into_iter().collect::<Vec<_>>());
        prop_assert_eq!((tree.len(), tree.leaves()), (plain.len(), leaves));
        for (slot, at) in plain {
            tree.remove(at, slot, PlaceKind::Ping, masks_of);
        }
        prop_assert_eq!((tree.len(), tree.leaves()), (0, 1));
        prop_assert_eq!(tree.nodes.len() - tree.free.len(), 1, "no node is lost");
    }
}

#[test]
fn thousands_at_one_place_are_told_apart_by_number() {
    let mut tree = Octree::default();
    let at = Unit([SCALE, 0, 0]);
    (0..5_000).for_each(|slot| tree.insert(place(at, slot), &masks_of(slot), masks_of));
    let deepest = tree.nodes.iter().map(|node| node.places().len()).max().unwrap_or(0);
    assert!(deepest <= LEAF_MAX && check(&tree, ROOT, None).0.len() == 5_000);
}
