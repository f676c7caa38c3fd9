//! Bisection of a refused batch: it is halved until the entry at fault is alone. Must not write.

use nearhand_storage::StorageError;
use std::ops::Range;

/// The ranges of a batch that are still to be applied; the first range is the last item.
#[derive(Debug)]
pub(super) struct Bisection(Vec<Range<usize>>);

impl Bisection {
    /// Cuts a batch into ranges of at most `max_pings`, unless one entry holds more.
    pub(super) fn of(pings: &[usize], max_pings: usize) -> Self {
        let mut slices: Vec<Range<usize>> = Vec::new();
        let mut held = 0;
        for (at, count) in pings.iter().enumerate() {
            match slices.last_mut() {
                Some(slice) if held + count <= max_pings => slice.end = at + 1,
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

    /// The next range to apply.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        self.0.pop()
    }

    /// Puts a range of at least two entries back, in halves.
    pub(super) fn split(&mut self, range: Range<usize>) {
        let middle = range.start + range.len() / 2;
        self.0.push(middle..range.end);
        self.0.push(range.start..middle);
    }
}

/// Why the database refused a batch, without its message: that may contain the refused values.
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

    fn all(mut bisection: Bisection) -> Vec<Range<usize>> {
        std::iter::from_fn(|| bisection.next()).collect()
    }

    #[test]
    fn ranges_hold_at_most_max_pings_and_no_entry_is_cut() {
        assert_eq!(all(Bisection::of(&[1, 1, 1, 1, 1], 2)), [0..2, 2..4, 4..5]);
        assert_eq!(all(Bisection::of(&[100, 500, 1, 1], 200)), [0..1, 1..2, 2..4]);
        assert_eq!(all(Bisection::of(&[0, 0, 1, 1], 1)), [0..3, 3..4]);
        assert!(all(Bisection::of(&[], 9)).is_empty());
    }

    #[test]
    fn bisection_isolates_the_entry_at_fault_and_applies_all_others() {
        for guilty in 0..7 {
            let mut bisection = Bisection::of(&[1; 7], 10);
            let (mut through, mut alone) = (Vec::new(), Vec::new());
            while let Some(range) = bisection.next() {
                if !range.contains(&guilty) {
                    through.extend(range);
                } else if range.len() == 1 {
                    alone.push(range.start);
                } else {
                    bisection.split(range);
                }
            }
            assert_eq!(alone, [guilty]);
            assert_eq!(through.len(), 6);
        }
    }
}
