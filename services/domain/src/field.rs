//! What is wrong with a request, field by field, all of it at once.

use serde::Serialize;

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// RFC 6901 pointer into the request's body.
    pub pointer: String,
    /// Stable machine code.
    pub code: &'static str,
    /// What is wrong and how to mend it.
    pub detail: String,
}

/// Stands for a value that could not be read. Only [`FieldErrors`] makes one, when it takes an
/// error: so a missing value always has its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported(());

/// How many errors an answer holds unless a reader asks for more.
pub const MOST_ERRORS: usize = 50;

/// Collects field errors while a request is read. Keeps the first of them and counts the rest, so
/// that a request full of errors costs no more memory than one with few.
#[derive(Debug)]
pub struct FieldErrors {
    faults: Faults,
    most: usize,
}

/// The errors of a request: the first ones, and how many more there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    kept: Vec<FieldError>,
    left_out: usize,
}

impl Default for FieldErrors {
    fn default() -> Self {
        Self::keeping(MOST_ERRORS)
    }
}

impl FieldErrors {
    /// Keeps at most so many; a report of an import wants all, an answer [`MOST_ERRORS`].
    #[must_use]
    pub fn keeping(most: usize) -> Self {
        Self { faults: Faults::default(), most }
    }

    /// Adds an error.
    pub fn push(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Reported {
        if self.faults.kept.len() < self.most {
            let error = FieldError { pointer: pointer.into(), code, detail: detail.into() };
            self.faults.kept.push(error);
        } else {
            self.faults.left_out += 1;
        }
        Reported(())
    }

    /// Keeps the value of a check, or its error.
    ///
    /// # Errors
    /// When the check failed; its error has been taken.
    pub fn check<T, E: std::fmt::Display>(
        &mut self,
        pointer: &str,
        code: &'static str,
        result: Result<T, E>,
    ) -> Result<T, Reported> {
        result.map_err(|error| self.push(pointer, code, error.to_string()))
    }

    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// The errors that were collected.
    pub fn conclude<T>(self, read: Result<T, Reported>) -> Result<T, Faults> {
        match read {
            Ok(value) if self.faults.total() == 0 => Ok(value),
            _ => Err(self.faults),
        }
    }
}

impl Faults {
    /// How many errors there were beyond those that were kept.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// How many errors there were in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.kept.len() + self.left_out
    }
}

impl From<FieldError> for Faults {
    fn from(error: FieldError) -> Self {
        Self { kept: vec![error], left_out: 0 }
    }
}

impl std::ops::Deref for Faults {
    type Target = [FieldError];

    fn deref(&self) -> &[FieldError] {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_errors_are_kept_and_the_rest_counted() {
        let mut errors = FieldErrors::keeping(2);
        let mut last = errors.push("/a", "invalid", "is wrong");
        for pointer in ["/b", "/c", "/d"] {
            last = errors.push(pointer, "invalid", "is wrong");
        }
        let faults = errors.conclude(Err::<(), _>(last)).unwrap_err();
        let kept: Vec<_> = faults.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((kept.as_slice(), faults.left_out(), faults.total()), (&["/a", "/b"][..], 2, 4));
        // Even where none is kept, an error is an error.
        let mut none = FieldErrors::keeping(0);
        none.push("/a", "invalid", "is wrong");
        assert_eq!(none.conclude(Ok(())).unwrap_err().total(), 1);
    }
}
