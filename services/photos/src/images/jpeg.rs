//! Tells a cut-off JPEG from a whole one.
//!
//! The decoder fills what is missing with grey and reports no error, so the markers are walked
//! here up to the end marker. It decodes nothing. Format: ITU-T T.81, annex B.

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;

/// True if the end marker follows at least one scan. What stands after it is ignored.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    // The start marker has two bytes and no length.
    let mut rest = bytes.get(2..).unwrap_or_default();
    let mut scanned = false;
    while let Some((marker, after)) = next_marker(rest) {
        match marker {
            END_OF_IMAGE => return scanned,
            // Markers without a length: restarts, start of image, TEM.
            0xd0..=0xd8 | 0x01 => rest = after,
            _ => {
                scanned |= marker == START_OF_SCAN;
                let Some(body) = skip_segment(after) else { return false };
                rest = body;
            }
        }
    }
    false
}

/// Finds the next marker and what follows it. Entropy-coded data before it is passed over:
/// there, 0xff is followed by zero, and 0xff before a marker may be repeated.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match *bytes.get(at + 1)? {
            0x00 => at += 2,
            0xff => at += 1,
            marker => return Some((marker, bytes.get(at + 2..)?)),
        }
    }
}

/// Skips a segment by its length, which counts its own two bytes.
fn skip_segment(bytes: &[u8]) -> Option<&[u8]> {
    let length = u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]);
    bytes.get(usize::from(length).max(2)..)
}
