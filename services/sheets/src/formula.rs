//! Cells that a spreadsheet program would compute, made harmless and made whole again.
//!
//! It must not change a cell that is harmless.

use std::borrow::Cow;

/// `cell` with an apostrophe before it, if a spreadsheet program might compute it: if it begins
/// with `=`, `+`, `-`, `@`, a tab, a line break, or the full-width form of one of the signs.
/// Negative numbers and telephone numbers such as `+49…` are among them.
///
/// A cell that already begins with an apostrophe before such a character, or before another
/// apostrophe, gets one more. So [`restore`] gives back exactly `cell`.
#[must_use]
pub fn defuse(cell: &str) -> Cow<'_, str> {
    if starts_formula(cell) || is_marked(cell) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Undoes [`defuse`]: `restore(&defuse(cell)) == cell` for every cell.
#[must_use]
pub fn restore(cell: &str) -> &str {
    if is_marked(cell) { &cell[1..] } else { cell }
}

fn starts_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// An apostrophe before something that [`defuse`] puts one before.
fn is_marked(text: &str) -> bool {
    text.strip_prefix('\'').is_some_and(|rest| rest.starts_with('\'') || starts_formula(rest))
}
