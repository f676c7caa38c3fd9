//! Numbers of records. Must hold nothing else.

/// A position in a list as a record's number. It saturates, because there is no memory for as many
/// records as would not fit.
pub(crate) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
