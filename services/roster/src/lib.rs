//! People as a table: which columns there are, how a person is written into cells and read from
//! them, and whether somebody may write a row. Imports, exports and the template share it.
//!
//! It must not read files, speak to the database or serve HTTP.

mod cells;
mod codec;
mod columns;
mod form;
mod judge;
mod list;
mod name_lookup;

pub use cells::{View, cells, differing};
pub use columns::{CLEAR, COLUMNS, Field, header, names, template_columns};
pub use form::{Row, column_of, form};
pub use judge::{Refusal, judge_change, judge_creation};
pub use name_lookup::{MembershipKind, NameLookup};
