//! `/v1/recommendations`: who is near at hand, free, and right for this case, and why.
//!
//! The ranking itself is `recommend`'s; here it is decided who may ask what, and every read of
//! exact positions is recorded before it is answered.

use crate::{
    access::caller::Caller,
    http::{
        body::{Form, JsonBody},
        codes::Code,
        problem::{ApiResult, Problem},
    },
    live::{
        scope::{self, Scope},
        view::{is_wide, record_read, require_ready},
    },
    routes::{
        recommendations::{
            answer::{Answer, Basis, Recommended, conceal, located},
            form::{Ask, RecommendationForm, Subject},
            policy::{chosen_policy, policy_again, policy_of},
            stored,
            trial::Trial,
        },
        work::{cases::not_geocoded, needs_form::hold_services},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_dispatch::{
    Needs, case_of,
    kept::{PersonThen, Versions},
    with_people,
};
use nearhand_domain::{
    CaseId, OrganizationId, StaffId,
    access::{Action, Object, ViewScope},
    clock,
    time::HOUR_S,
};
use nearhand_index::OrgIndex;
use nearhand_recommend::{Case, Disclosure, Policy, Recommendation, Request, Viewport, recommend};
use nearhand_storage::{
    case_people,
    cases::{self, CaseStatus},
    recommendations::SeenBy,
};
use sha2::{Digest, Sha256};
use std::time::Instant;
use uuid::Uuid;

/// For whom and how a request is made ready.
pub(super) struct Asker {
    /// What may be learned.
    pub(super) seen_by: SeenBy,
    /// The only people who may be seen.
    pub(super) scope: Option<Scope>,
    /// What the answer is for.
    pub(super) occasion: Occasion,
}

/// What a request is ranked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// It was asked.
    Asked,
    /// It was asked with other settings than the policy's, whose use is not noted then.
    Tried,
    /// It was asked before: by the same policy, whoever asks again.
    WhyNot,
    /// The same, and the case may be closed by now.
    Replay,
}

/// A request made ready to rank: what for, with whom, and for whom.
pub(super) struct Prepared {
    /// Without its regions: they are the index's to find.
    pub(super) case: Case,
    pub(super) policy: Policy,
    pub(super) basis: Basis,
    pub(super) request: Request,
    pub(super) seen_by: SeenBy,
    /// The only people whom the caller may see.
    pub(super) scope: Option<Scope>,
    /// The only places where candidates may be.
    pub(super) viewport: Option<Viewport>,
}

impl Prepared {
    /// Works out the digest again, after the case has changed.
    pub(super) fn digest_again(&mut self) -> ApiResult<()> {
        self.basis.case_digest = digest(&self.case)?;
        Ok(())
    }
}

/// A ranking, with what the index had of those listed and of the organisation.
pub(super) struct Ranked {
    /// As far as it may be shown.
    pub(super) found: Recommendation,
    pub(super) basis: Basis,
    pub(super) people: Vec<PersonThen>,
    /// The version of the organisation's settings.
    pub(super) settings: i64,
}

/// Ranks people for a case or a place, and says why.
///
/// Callers without `positions:read` get a ranking computed from the centres of H3 cells, and none
/// for a place that is no case. Needs access level `full`. Callers whose view scope is
/// `departments` get the people of their departments, and how many they do not see.
///
/// The exact position of a home is shown only with `staff.pii:read`, else the centre of its cell.
/// Distances and driving times follow `positions:read`: several answers together can give a home
/// away, so each answer with exact values is a recorded read of those it lists.
///
/// With a `bbox`, only people are ranked whose place that counts is shown inside: the last position,
/// the booking before, the last job, or home or base. A home that is shown as its cell's centre
/// counts there. Nobody's score depends on it.
///
/// With `preset`, `settings` or `relax` something is tried: the policy is then called `trial`, or as the
/// preset, and the answer is not kept.
///
/// The answer is kept under its id as long as pings are, unless `store` is false: see `GET
/// /v1/recommendations/{id}`. The id comes once the answer is on disk.
// `Idempotency-Key` is ignored: nothing is created that a repeat could create twice.
#[utoipa::path(post, path = "/v1/recommendations", operation_id = "recommend",
    tag = "recommendations",
    responses((status = 200, description = "Best first", body = Recommended)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(form): JsonBody<RecommendationForm>,
) -> ApiResult<Json<Recommended>> {
    caller.require(Action::Recommend, Object::Organization)?;
    let now = clock::now();
    let (ask, trial) = form.check(|form, e| form.read(now, e))?;
    let prepared = prepare(&state, &caller, ask.clone(), trial, now).await?;
    let seen_by = prepared.seen_by.clone();
    let (ranked, _) = rank(&state, &caller, prepared, Vec::new()).await?;
    let kept =
        if ask.store { Some(stored::to_keep(&caller, &ask, seen_by, now, &ranked)?) } else { None };
    let id = kept.as_ref().map(|kept| kept.id);
    let (shown, keep) = (located(&ranked.found), stored::keep(&state, kept));
    tokio::try_join!(record_read(&state, &caller, "/v1/recommendations", &shown), keep)?;
    Ok(Json(Recommended::new(id, now, Answer::of(ranked))))
}

/// Makes a request ready: the case, who may be a candidate, and what the caller may learn.
pub(super) async fn prepare(
    state: &ApiState,
    caller: &Caller,
    ask: Ask,
    trial: Trial,
    now: Timestamp,
) -> ApiResult<Prepared> {
    let occasion = if trial.is_nothing() { Occasion::Asked } else { Occasion::Tried };
    if occasion == Occasion::Tried {
        caller.require(Action::TryPolicies, Object::Organization)?;
    }
    let seen_by = seen_by(caller);
    if !seen_by.exact && ask.within.is_some() {
        return Err(Problem::new(Code::Forbidden, "`bbox` needs `positions:read`; leave it out"));
    }
    if !seen_by.exact && matches!(ask.subject, Subject::Place(..)) {
        let detail = "a place that is no case needs `positions:read`; create a case instead";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let scope = scope::of(state, caller, Action::Recommend).await?;
    let asker = Asker { seen_by, scope, occasion };
    let mut prepared = prepare_for(state, caller, ask, now.as_second(), asker).await?;
    trial.apply(&mut prepared)?;
    Ok(prepared)
}

/// What a caller may learn.
pub(super) fn seen_by(caller: &Caller) -> SeenBy {
    let exact = caller.may(Action::SeeExactPositions, Object::Organization);
    let narrow = caller.view == ViewScope::Departments;
    SeenBy {
        exact,
        homes: exact && caller.may(Action::ReadPersonalDetails, Object::Organization),
        departments: narrow.then(|| caller.departments.clone()),
    }
}

/// Makes a request ready for an asker, shown at an instant in Unix seconds. That the caller may learn
/// what the asker may is not checked.
pub(super) async fn prepare_for(
    state: &ApiState,
    caller: &Caller,
    ask: Ask,
    shown_at: i64,
    asker: Asker,
) -> ApiResult<Prepared> {
    require_ready(state.follower())?;
    let Asker { seen_by, scope, occasion } = asker;
    let (mut case, case_version) = load(state, caller, ask.subject, occasion).await?;
    if let Some(only) = ask.only {
        let mut tx = caller.read(state).await?;
        case.only = Some(only.members(&mut tx).await?);
    }
    let request = Request {
        as_of: ask.as_of,
        shown_at,
        limit: ask.limit,
        disclosure: if seen_by.exact { Disclosure::Exact } else { Disclosure::Coarse },
        funnel: ask.funnel,
    };
    let (policy, reference) = match occasion {
        Occasion::Asked => policy_of(state, caller, ask.policy).await?,
        Occasion::Tried => {
            let chosen = chosen_policy(state, caller, ask.policy).await?;
            (chosen.policy, chosen.reference)
        }
        Occasion::WhyNot | Occasion::Replay => policy_again(state, caller, ask.policy).await?,
    };
    let basis = Basis {
        as_of: ask.as_of,
        shown_at,
        exact: seen_by.exact,
        policy: reference,
        case: case_version.map(|version| (case.id, version)),
        case_digest: digest(&case)?,
    };
    let viewport = ask.within.map(|within| Viewport { within, exact_homes: seen_by.homes });
    Ok(Prepared { case, policy, basis, request, seen_by, scope, viewport })
}

/// 128 bits that stand for a case with all its people, and for those to whom a request is narrowed.
fn digest(case: &Case) -> ApiResult<String> {
    let Case { only, .. } = case;
    let rest = Case { only: None, ..case.clone() };
    let rest = serde_json::to_vec(&rest).map_err(|error| {
        tracing::error!(%error, "a case cannot be written");
        Problem::internal()
    })?;
    let mut hash = Sha256::new().chain_update(rest);
    if let Some(only) = only {
        let mut only = only.clone();
        only.sort_unstable();
        hash.update([1]);
        only.iter().for_each(|staff| hash.update(staff.0.as_bytes()));
    }
    let hash = hash.finalize();
    Ok(hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// A stored case to rank for, which must be open.
pub(crate) async fn open_case(state: &ApiState, caller: &Caller, id: CaseId) -> ApiResult<Case> {
    load(state, caller, Subject::Case(id), Occasion::Asked).await.map(|(case, _)| case)
}

/// What to rank for, with the version of a stored case. Regions are the index's to find.
async fn load(
    state: &ApiState,
    caller: &Caller,
    subject: Subject,
    occasion: Occasion,
) -> ApiResult<(Case, Option<i64>)> {
    match subject {
        Subject::Case(id) => {
            let (app, organization) = (state.app(), caller.organization);
            let (record, people) = tokio::try_join!(
                cases::look(app, organization, id),
                case_people::look(app, organization, id)
            )?;
            let record = record.ok_or_else(Problem::not_found)?;
            if record.status != CaseStatus::Open && occasion != Occasion::Replay {
                return Err(Problem::new(
                    Code::CaseClosed,
                    "open it again before looking for people",
                ));
            }
            let position = record.position.ok_or_else(|| not_geocoded(record.geocode_status))?;
            let case = case_of(id, position, Needs::from(&record));
            Ok((with_people(case, people.unwrap_or_default()), Some(record.version)))
        }
        Subject::Place(position, mut needs) => {
            if !needs.services.is_empty() {
                let mut tx = caller.read(state).await?;
                hold_services(&mut tx, "/place", &mut needs).await?;
            }
            Ok((case_of(CaseId(Uuid::nil()), position, needs), None))
        }
    }
}

/// Ranks off the async threads: an answer with a funnel looks at everybody, and so does one for
/// another hour. Returns as well the versions that further people have in the index.
pub(super) async fn rank(
    state: &ApiState,
    caller: &Caller,
    prepared: Prepared,
    others: Vec<StaffId>,
) -> ApiResult<(Ranked, Vec<Option<Versions>>)> {
    let Prepared { basis, seen_by, viewport, request, .. } = &prepared;
    let (basis, seen_by) = (basis.clone(), seen_by.clone());
    let wide = request.funnel
        || !prepared.case.waived.is_empty()
        || viewport.is_some_and(|viewport| is_wide(viewport.within))
        || (request.as_of - clock::now().as_second()).abs() > HOUR_S;
    let follower = state.follower().clone();
    let read = move |index: &OrgIndex, prepared: &Prepared| {
        let started = Instant::now();
        let Prepared { case, policy, request, scope, viewport, .. } = prepared;
        let found = recommend(index, case, policy, *request, scope.as_deref(), *viewport);
        let full_scan = if found.funnel.is_some() { "true" } else { "false" };
        metrics::histogram!("nearhand_recommendation_duration_seconds", "funnel" => full_scan)
            .record(started.elapsed().as_secs_f64());
        let listed = found.candidates.iter().map(|candidate| candidate.staff);
        let then = |staff| {
            let name = |version| follower.display_name_at(staff, version).map(|n| n.to_string());
            PersonThen::of(staff, index, name)
        };
        let people = listed.map(then).collect();
        let others = others.iter().map(|&staff| Versions::of(staff, index)).collect();
        (found, people, index.settings_version(), others)
    };
    let (mut found, people, settings, others) =
        look(state, caller.organization, wide, prepared, read).await?;
    conceal(&mut found, &seen_by);
    Ok((Ranked { found, basis, people, settings }, others))
}

/// Looks at the index off the async threads; one `wide` look, which reads everybody, at a time.
pub(super) async fn look<T: Send + 'static>(
    state: &ApiState,
    organization: OrganizationId,
    wide: bool,
    mut prepared: Prepared,
    read: impl Fn(&OrgIndex, &Prepared) -> T + Send + 'static,
) -> ApiResult<T> {
    let follower = state.follower().clone();
    let turn = if wide { state.full_scans().acquire_owned().await.ok() } else { None };
    let as_of = prepared.request.as_of;
    let work = move || {
        let _turn = turn;
        let mut look = |index: &OrgIndex| {
            prepared.case.regions = index.regions_containing(prepared.case.position);
            read(index, &prepared)
        };
        let found = follower.index().with_org(organization, &mut look);
        found.unwrap_or_else(|| look(&OrgIndex::new(organization, as_of)))
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(error = %error, "a ranking failed");
        Problem::internal()
    })
}
