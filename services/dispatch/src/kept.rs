//! The part of a stored answer that is about one person: what the index had of them when they were
//! listed (versions and name), in front of the bytes of the candidate. Must not seal anything.

use nearhand_domain::StaffId;
use nearhand_index::OrgIndex;
use nearhand_recommend::packed::{self, Packed};
use serde_json::{Value, json};

/// A person when they were listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonThen {
    /// Who.
    pub staff: StaffId,
    /// What was read of them.
    pub versions: Versions,
    /// What they were called, if that was known.
    pub name: Option<String>,
}

/// The versions of all that ranking reads of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// The profile, with preferences, skills, hours and consent.
    pub profile: i64,
    /// Bookings, last job and visits; 0 without any.
    pub work: i64,
    /// The newest position; `None` without one.
    pub position: Option<i64>,
}

/// A name's length where there is none.
const NO_NAME: u16 = u16::MAX;

impl PersonThen {
    /// A person in the index, which is being read; `name` finds what they are called at a version of
    /// their profile.
    pub fn of(staff: StaffId, index: &OrgIndex, name: impl FnOnce(i64) -> Option<String>) -> Self {
        let versions = Versions::of(staff, index).unwrap_or_default();
        Self { staff, versions, name: name(versions.profile) }
    }

    /// This in front of the candidate's bytes.
    #[must_use]
    pub fn write(&self, candidate: &[u8]) -> Vec<u8> {
        let name = self.name.as_deref().map_or(&[][..], str::as_bytes);
        let length = u16::try_from(name.len()).ok().filter(|length| *length != NO_NAME);
        let length = length.filter(|_| self.name.is_some()).unwrap_or(NO_NAME);
        let name = if length == NO_NAME { &[][..] } else { name };
        let Versions { profile, work, position } = self.versions;
        [
            &profile.to_le_bytes()[..],
            &work.to_le_bytes(),
            &[u8::from(position.is_some())],
            &position.unwrap_or_default().to_le_bytes(),
            &length.to_le_bytes(),
            name,
            candidate,
        ]
        .concat()
    }

    /// What was written, and the candidate's bytes.
    #[must_use]
    pub fn read(staff: StaffId, bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (profile, bytes) = bytes.split_first_chunk()?;
        let (work, bytes) = bytes.split_first_chunk()?;
        let (&[has_position], bytes) = bytes.split_first_chunk()?;
        let (position, bytes) = bytes.split_first_chunk()?;
        let (length, bytes) = bytes.split_first_chunk()?;
        let length = Some(u16::from_le_bytes(*length)).filter(|length| *length != NO_NAME);
        let (name, candidate) = bytes.split_at_checked(usize::from(length.unwrap_or(0)))?;
        let name = String::from_utf8(name.to_vec()).ok()?;
        let position = i64::from_le_bytes(*position);
        let versions = Versions {
            profile: i64::from_le_bytes(*profile),
            work: i64::from_le_bytes(*work),
            position: (has_position != 0).then_some(position),
        };
        Some((Self { staff, versions, name: length.map(|_| name) }, candidate))
    }
}

impl Versions {
    /// Those of a person; `None` for nobody the index knows.
    #[must_use]
    pub fn of(staff: StaffId, index: &OrgIndex) -> Option<Self> {
        let person = index.person(index.slot(staff)?);
        Some(Self {
            profile: person.version(),
            work: person.work_version(),
            position: person.ping_version(),
        })
    }
}

/// A part as a person may read it who asks for everything that is held on them; `None` where these
/// are not its bytes.
#[must_use]
pub fn shown(staff: StaffId, head: &[u8], part: &[u8]) -> Option<Value> {
    let (then, candidate) = PersonThen::read(staff, part)?;
    let packed = Packed { head: head.to_vec(), candidates: vec![(staff, candidate.to_vec())] };
    let found = packed::unpack(&packed)?.candidates.pop()?;
    let mut shown = serde_json::to_value(&found).ok()?;
    // The place in the list is said beside it: here the person stands alone.
    shown.as_object_mut()?.remove("rank");
    Some(json!({ "name": then.name, "candidate": shown }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for name in [None, Some(String::new()), Some("Grace Hopper".to_owned())] {
            for position in [None, Some(i64::MIN), Some(0)] {
                let versions = Versions { profile: 3, work: i64::MAX, position };
                let then = PersonThen { staff: StaffId::generate(), versions, name: name.clone() };
                let bytes = then.write(&[7, 8]);
                let read = PersonThen::read(then.staff, &bytes);
                assert_eq!(read, Some((then.clone(), &[7, 8][..])));
                assert_eq!(PersonThen::read(then.staff, &bytes[..26]), None);
            }
        }
    }
}
