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

/// Collects field errors while a request is read.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Adds an error.
    pub fn push(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Reported {
        self.0.push(FieldError { pointer: pointer.into(), code, detail: detail.into() });
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
    /// All errors that were collected.
    pub fn conclude<T>(self, read: Result<T, Reported>) -> Result<T, Vec<FieldError>> {
        match read {
            Ok(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }
}
