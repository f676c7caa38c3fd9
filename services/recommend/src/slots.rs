//! Sets of people by number.

use rustc_hash::FxHashSet;

/// A few people of an index: hundreds, of whom a set of bits over everybody would have to be
/// cleared for each case.
pub(crate) type Slots = FxHashSet<u32>;
