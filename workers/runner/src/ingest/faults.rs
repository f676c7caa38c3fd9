//! Which part of a batch is at fault: halves of halves, until an entry stands alone.

use nearhand_storage::StorageError;
use std::ops::Range;

/// Ranges of a batch still to be tried, first ones first.
#[derive(Debug)]
pub(super) struct Halves(Vec<Range<usize>>);

impl Halves {
    /// Slices of a batch, each of at most `most` pings unless one entry holds more.
    pub(super) fn of(pings: &[usize], most: usize) -> Self {
        let mut slices: Vec<Range<usize>> = Vec::new();
        let mut held = 0;
        for (at, count) in pings.iter().enumerate() {
            match slices.last_mut() {
                Some(slice) if held + count <= most => slice.end = at + 1,
                _ => {
                    slices.push(at..at + 1);
                    held = 0;
                }
            }
            held += count;
        }
        slices.reverse();
        Self(slices)
    }

    /// The next range to try.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        self.0.pop()
    }

    /// Tries a range of at least two again, in halves.
    pub(super) fn split(&mut self, range: Range<usize>) {
        let middle = range.start + range.len() / 2;
        self.0.push(middle..range.end);
        self.0.push(range.start..middle);
    }
}

/// What may be written down of a refusal: the database's words may repeat the values it refused.
pub(super) fn reason(error: &StorageError) -> String {
    match error {
        StorageError::Conflict(conflict) => conflict.to_string(),
        StorageError::Constraint(name) => format!("the constraint {name} was violated"),
        StorageError::Data(sqlx_error) => match sqlx_error.as_database_error() {
            Some(refusal) => {
                format!(
                    "the database refused it with SQLSTATE {}",
                    refusal.code().unwrap_or_default()
                )
            }
            None => "a value does not fit its column".to_owned(),
        },
        StorageError::Corrupt { what, .. } => format!("a stored {what} cannot be read"),
        StorageError::Unavailable(_) | StorageError::WrongRole { .. } => {
            "the database was unavailable".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut halves: Halves) -> Vec<Range<usize>> {
        std::iter::from_fn(|| halves.next()).collect()
    }

    #[test]
    fn slices_hold_at_most_what_they_may_and_no_entry_is_cut() {
        assert_eq!(all(Halves::of(&[1, 1, 1, 1, 1], 2)), [0..2, 2..4, 4..5]);
        assert_eq!(all(Halves::of(&[100, 500, 1, 1], 200)), [0..1, 1..2, 2..4]);
        assert_eq!(all(Halves::of(&[0, 0, 1, 1], 1)), [0..3, 3..4]);
        assert!(all(Halves::of(&[], 9)).is_empty());
    }

    #[test]
    fn halving_finds_the_one_at_fault_and_lets_all_others_through() {
        for guilty in 0..7 {
            let mut halves = Halves::of(&[1; 7], 10);
            let (mut through, mut alone) = (Vec::new(), Vec::new());
            while let Some(range) = halves.next() {
                if !range.contains(&guilty) {
                    through.extend(range);
                } else if range.len() == 1 {
                    alone.push(range.start);
                } else {
                    halves.split(range);
                }
            }
            assert_eq!(alone, [guilty]);
            assert_eq!(through.len(), 6);
        }
    }
}
