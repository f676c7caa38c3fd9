//! Lists whose people come, move and go in any order, held to a plain map.

use super::*;
use crate::{person::PlaceKind, places::Shown};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A list's boxes are no larger than its rows need, and its places are where they are looked for.
fn check(list: &List) {
    assert!(list.edges.is_sorted());
    assert_eq!(list.edges.len() + 1, list.rows.len().max(1));
    for (number, row) in list.rows.iter().enumerate() {
        assert!((1..=ROW).contains(&row.len));
        for (axis, components) in row.axes.iter().enumerate() {
            let components = &components[..row.len];
            assert_eq!(components.iter().min(), Some(&list.low[axis][number]));
            assert_eq!(components.iter().max(), Some(&list.high[axis][number]));
        }
        (0..row.len).for_each(|at| assert_eq!(list.row_of(key(&row.place(at))), number));
    }
}

/// A list's places in order.
pub(in crate::postings) fn sorted(places: impl Iterator<Item = Place>) -> Vec<(u32, [i32; 3])> {
    let mut places: Vec<(u32, [i32; 3])> = places.map(|place| (place.who(), place.at.0)).collect();
    places.sort_unstable();
    places
}

fn unit() -> impl Strategy<Value = Unit> {
    let crowded = (0..6_i32, 0..6_i32).prop_map(|(x, y)| Unit([x, y, SCALE]));
    let anywhere = (-SCALE..=SCALE, -SCALE..=SCALE, -SCALE..=SCALE);
    prop_oneof![crowded, anywhere.prop_map(|(x, y, z)| Unit([x, y, z]))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_list_is_what_it_was_told(
        told in proptest::collection::vec((0..400_u32, 0..4_u8, unit()), 0..1_500),
        from in unit(),
    ) {
        let (mut list, mut map) = (List::default(), BTreeMap::new());
        for (slot, what, at) in told {
            let place = Place::new(at, slot, PlaceKind::Ping, Shown::Sometimes);
            let old = if what > 0 { map.insert(slot, place) } else { map.remove(&slot) };
            match (old, what) {
                (Some(old), 0) => list.remove(&old),
                (None, 0) => list.remove(&place),
                (Some(old), _) => list.replace(&old, &place),
                (None, _) => list.insert(&place),
            }
        }
        let all = sorted(map.into_values());
        let made = List::of(list.places());
        for list in [list, made] {
            check(&list);
            prop_assert_eq!(&sorted(list.places()), &all);
            let Reaches { nearest, farthest } = list.reaches(from);
            for (row, (nearest, farthest)) in list.rows.iter().zip(nearest.into_iter().zip(farthest)) {
                let chords = row.squared_chords(from);
                for (at, chord) in chords.into_iter().enumerate().take(row.len) {
                    let exact = row.place(at).at.chord(from).powi(2);
                    prop_assert!(chord <= at_most(exact), "{} of {}", chord, exact);
                    prop_assert!(nearest <= at_most(exact));
                    prop_assert!(f64::from(farthest) * (1.0 + 1e-6) >= f64::from(chord));
                }
                prop_assert!(chords[row.len..].iter().all(|chord| chord.is_infinite()));
            }
        }
    }
}
