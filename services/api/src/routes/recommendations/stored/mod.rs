//! Answers that are kept: how they are written, and who may read them again. The storage seals what is
//! about a person; here it is put into bytes, and back into the very answer that was given.

pub(crate) mod group_commit;
mod written;

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
    live::scope::{self, Scope},
    routes::recommendations::{
        answer::{Answer, Basis},
        create::{Ranked, seen_by},
        form::Ask,
    },
    state::ApiState,
};
use jiff::Timestamp;
use nearhand_dispatch::kept::PersonThen;
use nearhand_domain::{RecommendationId, StaffId, access::Action};
use nearhand_recommend::{
    Recommendation,
    packed::{self, Packed},
};
use nearhand_storage::recommendations::{self, NewRecommendation, SeenBy, StoredRecommendation};
use written::Written;

/// An answer that was kept and that the caller may read.
pub(super) struct Opened {
    pub(super) id: RecommendationId,
    pub(super) created_at: Timestamp,
    pub(super) created_by: StaffId,
    pub(super) seen_by: SeenBy,
    pub(super) ask: Ask,
    pub(super) ranked: Ranked,
}

/// An answer as it is kept.
pub(super) fn to_keep(
    caller: &Caller,
    ask: &Ask,
    seen_by: SeenBy,
    now: Timestamp,
    ranked: &Ranked,
) -> ApiResult<NewRecommendation> {
    let cannot = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an answer cannot be kept");
        Problem::internal()
    };
    let packed = packed::pack(&ranked.found).map_err(|error| cannot(&error))?;
    let written = Written::of(ask, &ranked.basis, ranked.settings);
    let listed = packed.candidates.into_iter().zip(&ranked.people);
    Ok(NewRecommendation {
        organization: caller.organization,
        id: RecommendationId::generate(),
        created_at: now,
        created_by: caller.staff,
        seen_by,
        request: serde_json::to_value(written).map_err(|error| cannot(&error))?,
        head: packed.head,
        people: listed.map(|((staff, bytes), then)| (staff, then.write(&bytes))).collect(),
    })
}

/// Waits until an answer is kept, if it is to be.
pub(super) async fn keep(state: &ApiState, answer: Option<NewRecommendation>) -> ApiResult<()> {
    match answer {
        Some(answer) => state.recommendation_writer().write(state, answer).await,
        None => Ok(()),
    }
}

/// An answer that was kept. There is none for callers who may see less than the one who asked: of
/// positions, of homes, or of people.
pub(super) async fn open(
    state: &ApiState,
    caller: &Caller,
    id: RecommendationId,
) -> ApiResult<Opened> {
    let mut tx = caller.read(state).await?;
    let record = recommendations::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    drop(tx);
    if !reaches(&seen_by(caller), &record.seen_by) {
        return Err(Problem::not_found());
    }
    let opened = read(record)?;
    // People may have changed departments since.
    let visible = scope::of(state, caller, Action::Recommend).await?;
    let sees = |scope: Scope| opened.ranked.people.iter().all(|one| scope.contains(&one.staff));
    if visible.is_none_or(sees) { Ok(opened) } else { Err(Problem::not_found()) }
}

/// Whether one who may see so much may see what another was shown.
fn reaches(reader: &SeenBy, shown: &SeenBy) -> bool {
    let people = match (&reader.departments, &shown.departments) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(theirs)) => theirs.iter().all(|department| own.contains(department)),
    };
    people && (reader.exact || !shown.exact) && (reader.homes || !shown.homes)
}

/// Puts a kept answer together again.
fn read(record: StoredRecommendation) -> ApiResult<Opened> {
    let parts = record.open()?.ok_or_else(|| {
        let detail = "somebody it lists has been forgotten for good; ask anew";
        Problem::new(Code::RecommendationErased, detail)
    })?;
    let unreadable = || {
        tracing::error!(recommendation.id = %record.id, "a kept answer cannot be read");
        Problem::internal()
    };
    let mut people = Vec::with_capacity(parts.len());
    let mut candidates = Vec::with_capacity(parts.len());
    for (staff, bytes) in parts {
        let (person, rest) = PersonThen::read(staff, &bytes).ok_or_else(unreadable)?;
        candidates.push((staff, rest.to_vec()));
        people.push(person);
    }
    let packed = Packed { head: record.head.clone(), candidates };
    let found = packed::unpack(&packed).ok_or_else(unreadable)?;
    let written = serde_json::from_value::<Written>(record.request.clone()).ok();
    let (ask, basis, settings) = written.and_then(Written::read).ok_or_else(unreadable)?;
    Ok(Opened {
        id: record.id,
        created_at: record.created_at,
        created_by: record.created_by,
        seen_by: record.seen_by,
        ask,
        ranked: Ranked { found, basis, people, settings },
    })
}

impl Opened {
    /// The answer as it was given.
    pub(super) fn answer(&self) -> Answer {
        shown(&self.ranked)
    }
}

/// A ranking as it is shown, which is still needed.
pub(super) fn shown(ranked: &Ranked) -> Answer {
    let Ranked { found, basis, people, .. } = ranked;
    let (found, basis): (Recommendation, Basis) = (found.clone(), basis.clone());
    Answer::new(found, basis, people.iter().map(|person| person.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::DepartmentId;

    #[test]
    fn nobody_reads_who_may_see_less() {
        let [one, other] = [DepartmentId::generate(), DepartmentId::generate()];
        let all = SeenBy { exact: true, homes: true, departments: None };
        let no_homes = SeenBy { homes: false, ..all.clone() };
        let coarse = SeenBy { exact: false, homes: false, departments: None };
        let both = SeenBy { departments: Some(vec![one, other]), ..all.clone() };
        let narrow = SeenBy { departments: Some(vec![one]), ..all.clone() };
        for (reader, shown) in [(&all, &coarse), (&all, &narrow), (&both, &narrow), (&all, &both)] {
            assert!(reaches(reader, shown), "{reader:?} {shown:?}");
            assert!(reaches(reader, reader));
            assert!(!reaches(shown, reader), "{shown:?} {reader:?}");
        }
        assert!(reaches(&all, &no_homes) && !reaches(&no_homes, &all));
        assert!(reaches(&no_homes, &coarse) && !reaches(&coarse, &no_homes));
        let elsewhere = SeenBy { departments: Some(vec![other]), ..all };
        assert!(!reaches(&narrow, &elsewhere) && !reaches(&elsewhere, &narrow));
    }
}
