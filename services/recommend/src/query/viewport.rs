//! A viewport that limits the candidates to the people shown inside. Must judge nobody.

use nearhand_index::Rectangle;

/// Where candidates must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// The part of the map.
    pub within: Rectangle,
    /// Whether homes are shown exactly. Otherwise a home counts at the centre of its cell, or the
    /// edge of the viewport would locate it.
    pub exact_homes: bool,
}
