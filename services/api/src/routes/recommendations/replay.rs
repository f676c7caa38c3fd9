//! What a replay says: whether an answer is the same now, and what has changed among what it was made
//! of. Must only compare.

use crate::{
    http::problem::{ApiResult, Problem},
    routes::recommendations::{create::Ranked, policy::PolicyRef, stored},
};
use nearhand_dispatch::kept::Versions;
use nearhand_domain::StaffId;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether an answer would be the same now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub(crate) struct ReplayShown {
    /// Whether `result` is the same, byte for byte.
    identical: bool,
    /// Whether it is but for its versions: the same people, with the same places, points and reasons.
    /// Any change of the organisation changes the index version.
    same_ranking: bool,
    /// The index version of the answer.
    #[schema(example = "00000000000000000000000000000000")]
    stored_index_version: String,
    /// The one of now.
    #[schema(example = "00000000000000000000000000000000")]
    index_version: String,
    /// What has changed since, of what the answer was made of.
    changed: ChangedShown,
    /// Who is listed now and was not.
    entered: Vec<ListedShown>,
    /// Who was listed and is not.
    left: Vec<ListedShown>,
}

/// What has changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayChanges)]
struct ChangedShown {
    /// Those who were listed and have changed, in the order of the answer.
    people: Vec<ChangedPerson>,
    /// The case's version; null where it is the same.
    case: Option<ChangedVersion>,
    /// Whether anything else differs that the case carries: the people of its client, those who hold or
    /// declined it, the members of `only`. True as well where the case itself asks for something else.
    case_digest: bool,
    /// The policy; null where it is the same.
    policy: Option<ChangedPolicy>,
    /// The version of the organisation's settings; null where it is the same.
    settings: Option<ChangedVersion>,
}

/// Somebody who has changed.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedPerson {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// Their profile: skills, preferences, hours, absences, home, consent.
    profile: bool,
    /// Their work: bookings, last job, visits.
    work: bool,
    /// Their last position.
    position: bool,
}

/// A version, then and now.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedVersion {
    from: i64,
    to: i64,
}

/// A policy, then and now.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedPolicy {
    from: PolicyRef,
    to: PolicyRef,
}

/// Somebody and their place in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayListed)]
struct ListedShown {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// From 1.
    rank: usize,
}

impl ReplayShown {
    /// Compares an answer with the one of now. `versions` are those of now of the people who were listed;
    /// `None` for those the index no longer knows.
    pub(super) fn of(
        then: &Ranked,
        now: &Ranked,
        versions: &[Option<Versions>],
    ) -> ApiResult<Self> {
        let text = |ranked: &Ranked| {
            serde_json::to_string(&stored::shown(ranked)).map_err(|error| {
                tracing::error!(%error, "an answer cannot be written");
                Problem::internal()
            })
        };
        let as_then = Ranked {
            found: nearhand_recommend::Recommendation {
                index_version: then.found.index_version.clone(),
                ..now.found.clone()
            },
            basis: then.basis.clone(),
            people: now.people.clone(),
            settings: now.settings,
        };
        let stored = text(then)?;
        Ok(Self {
            identical: stored == text(now)?,
            same_ranking: stored == text(&as_then)?,
            stored_index_version: then.found.index_version.clone(),
            index_version: now.found.index_version.clone(),
            changed: ChangedShown::of(then, now, versions),
            entered: only_in(now, then),
            left: only_in(then, now),
        })
    }
}

impl ChangedShown {
    fn of(then: &Ranked, now: &Ranked, versions: &[Option<Versions>]) -> Self {
        let people = then.people.iter().zip(versions).filter_map(|(person, now)| {
            let (was, is) = (person.versions, *now);
            (is != Some(was)).then(|| ChangedPerson {
                staff_id: person.staff,
                profile: is.is_none_or(|is| is.profile != was.profile),
                work: is.is_none_or(|is| is.work != was.work),
                position: is.is_none_or(|is| is.position != was.position),
            })
        });
        let version = |of: &Ranked| of.basis.case.map_or(0, |(_, version)| version);
        let changed = |from: i64, to: i64| (from != to).then_some(ChangedVersion { from, to });
        let (was, is) = (&then.basis.policy, &now.basis.policy);
        Self {
            people: people.collect(),
            case: changed(version(then), version(now)),
            case_digest: then.basis.case_digest != now.basis.case_digest,
            policy: (was != is).then(|| ChangedPolicy { from: was.clone(), to: is.clone() }),
            settings: changed(then.settings, now.settings),
        }
    }
}

/// Those listed in one answer and not in the other.
fn only_in(one: &Ranked, other: &Ranked) -> Vec<ListedShown> {
    let listed = |staff: StaffId| other.people.iter().any(|person| person.staff == staff);
    let candidates = one.found.candidates.iter().filter(|candidate| !listed(candidate.staff));
    candidates
        .map(|candidate| ListedShown { staff_id: candidate.staff, rank: candidate.rank })
        .collect()
}
