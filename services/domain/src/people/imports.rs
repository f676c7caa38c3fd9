//! Tables of people that come in and go out: how far an import has come, what becomes of its rows,
//! what can be exported. No columns and no cells.

use crate::access::words;
use serde::{Deserialize, Serialize};

words! {
    /// How far an import has come.
    ImportState {
        /// Its rows have been checked, nothing has been changed.
        Checked = "checked",
        /// Its rows are being written.
        Committing = "committing",
        /// Its rows have been written.
        Done = "done",
        /// Somebody stopped it; what was written until then stays.
        Cancelled = "cancelled",
        /// It was given up; what was written until then stays.
        Failed = "failed",
    }
}

words! {
    /// What is to be done with a row of an import.
    RowAction {
        /// Create a person.
        Create = "create",
        /// Change a person.
        Update = "update",
        /// Nothing: it says what is so already, or the options leave it out.
        Skip = "skip",
        /// Nothing, because of its errors.
        Error = "error",
    }
}

words! {
    /// What became of a row of an import.
    RowOutcome {
        /// A person was created.
        Created = "created",
        /// A person was changed.
        Updated = "updated",
        /// Nothing was to be done.
        Skipped = "skipped",
        /// It could not be done, or had errors.
        Failed = "failed",
    }
}

words! {
    /// What can be exported.
    ExportKind {
        /// People.
        Staff = "staff",
        /// The audit trail.
        Audit = "audit",
        /// Everything that is held on one person.
        Person = "person",
    }
}

words! {
    /// As what kind of file.
    ExportFormat {
        /// UTF-8 text with commas.
        Csv = "csv",
        /// A workbook of Excel 2007 or newer.
        Xlsx = "xlsx",
        /// An archive of many files.
        Zip = "zip",
    }
}

impl ExportFormat {
    /// The format of a word, if a table can have it.
    #[must_use]
    pub fn of_table(word: &str) -> Option<Self> {
        Self::parse(word).filter(|format| *format != Self::Zip)
    }
}

/// One thing that is wrong with a row. Repeats nothing that the cell holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// The column's name; none when it is the row as a whole.
    pub column: Option<String>,
    /// Stable machine code.
    pub code: String,
    /// What is wrong and how to mend it.
    pub detail: String,
}
