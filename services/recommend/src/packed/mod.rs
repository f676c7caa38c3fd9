//! An answer as few bytes, and back: what was worked out stays, what follows from it is left out. Must
//! give back exactly the answer that was packed; [`pack`] itself tries it.
//!
//! The format begins with its number. Whoever changes it reads the earlier ones as well: answers are
//! kept for weeks.

mod bytes;
mod candidate;
mod funnel;

use crate::recommend::Recommendation;
use bytes::{Reader, Writer};
use candidate::{AskedSkill, Frame};
use nearhand_domain::{RegionId, ServiceId, StaffId};

/// The number of this format.
const FORMAT: u8 = 1;

/// An answer in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// What is about nobody in particular.
    pub head: Vec<u8>,
    /// What is about each candidate, in the order of the answer.
    pub candidates: Vec<(StaffId, Vec<u8>)>,
}

/// An answer that this format cannot hold: a fault of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer would not come back as it is")]
pub struct Unpackable;

/// Packs an answer, about 100 bytes a candidate. Cost: a few microseconds a candidate.
///
/// # Errors
/// When the answer would not come back exactly.
pub fn pack(answer: &Recommendation) -> Result<Packed, Unpackable> {
    let frame = answer.candidates.first().map(Frame::of).unwrap_or_default();
    let candidates = answer.candidates.iter();
    let packed = Packed {
        head: write_head(answer, &frame).ok_or(Unpackable)?,
        candidates: candidates.map(|one| (one.staff, frame.write(one))).collect(),
    };
    if unpack(&packed).as_ref() == Some(answer) { Ok(packed) } else { Err(Unpackable) }
}

/// The answer that was packed; `None`: these are not its bytes.
#[must_use]
pub fn unpack(packed: &Packed) -> Option<Recommendation> {
    let mut from = Reader::new(&packed.head);
    let (mut answer, frame) = read_head(&mut from)?;
    let candidates = packed.candidates.iter().zip(1..);
    answer.candidates = candidates
        .map(|((staff, bytes), rank)| frame.read(rank, *staff, bytes))
        .collect::<Option<_>>()?;
    from.is_at_end().then_some(answer)
}

fn write_head(answer: &Recommendation, frame: &Frame) -> Option<Vec<u8>> {
    let mut to = Writer::default();
    to.byte(FORMAT);
    to.raw(&u128::from_str_radix(&answer.index_version, 16).ok()?.to_be_bytes());
    to.count(answer.considered);
    to.optional_count(answer.out_of_scope);
    to.optional_count(answer.outside_viewport);
    to.flag(answer.truncated);
    to.count(answer.no_location);
    to.flag(answer.funnel.is_some());
    if let Some(funnel) = &answer.funnel {
        funnel::write(&mut to, funnel)?;
    }
    to.count(frame.terms.len());
    for &(term, weight) in &frame.terms {
        to.byte(term as u8);
        to.number(u64::from(weight));
    }
    to.count(frame.services.len());
    frame.services.iter().for_each(|service| to.id(service.0));
    to.count(frame.regions.len());
    frame.regions.iter().for_each(|region| to.id(region.0));
    to.count(frame.skills.len());
    for AskedSkill { skill, required, preferred } in &frame.skills {
        to.text(skill);
        to.byte(*required);
        to.byte(*preferred);
    }
    to.count(frame.languages.len());
    frame.languages.iter().for_each(|language| to.text(language));
    to.number(u64::from(frame.mean_load));
    Some(to.finish())
}

/// The answer without its candidates, and what these share.
fn read_head(from: &mut Reader<'_>) -> Option<(Recommendation, Frame)> {
    if from.byte()? != FORMAT {
        return None;
    }
    let version = u128::from_be_bytes(from.raw(16)?.try_into().ok()?);
    let answer = Recommendation {
        index_version: format!("{version:032x}"),
        considered: from.count()?,
        out_of_scope: from.optional_count()?,
        outside_viewport: from.optional_count()?,
        truncated: from.flag()?,
        no_location: from.count()?,
        candidates: Vec::new(),
        funnel: if from.flag()? { Some(funnel::read(from)?) } else { None },
    };
    let frame = Frame {
        terms: from.list(|from| {
            let term = crate::term::Term::ALL.get(usize::from(from.byte()?))?;
            Some((*term, from.small()?))
        })?,
        services: from.list(|from| from.id().map(ServiceId))?,
        regions: from.list(|from| from.id().map(RegionId))?,
        skills: from.list(|from| {
            Some(AskedSkill {
                skill: from.text()?,
                required: from.byte()?,
                preferred: from.byte()?,
            })
        })?,
        languages: from.list(Reader::text)?,
        mean_load: from.small()?,
    };
    Some((answer, frame))
}
