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
    ) {
        self.0.push(FieldError { pointer: pointer.into(), code, detail: detail.into() });
    }

    /// Keeps the value of a check, or its error.
    pub fn check<T, E: std::fmt::Display>(
        &mut self,
        pointer: &str,
        code: &'static str,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.push(pointer, code, error.to_string())).ok()
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, or none.
    ///
    /// # Errors
    /// The collected errors, when there are any.
    pub fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
