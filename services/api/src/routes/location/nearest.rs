//! `/v1/positions/nearest`: whose live fix is nearest to a place. Only for callers who may see exact
//! positions: distances to several places locate a person. Must record every answer.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::QueryOf,
    },
    live::view::{Shown, View, record_read, require_ready},
    routes::location::positions::read_aside,
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    Position, RegionId, ServiceId, StaffId,
    access::{Action, Object},
    clock,
};
use nearhand_index::{
    LiveIndex, NearPerson, NearestFilter, OrgIndex,
    abilities::levels::{PREFERRED, WILLING, Willingness},
};
use nearhand_storage::{regions, services};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};

const ROUTE: &str = "/v1/positions/nearest";
const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 200;
/// The least willingness of those who have not said `never`.
const NOT_NEVER: Willingness = 1;

/// Near what, and who counts. Conditions count together.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NearestQuery {
    /// Degrees, −90 to 90.
    #[param(example = 38.7071, minimum = -90.0, maximum = 90.0)]
    lat: f64,
    /// Degrees, −180 to 180.
    #[param(example = -9.1355, minimum = -180.0, maximum = 180.0)]
    lng: f64,
    /// Most people.
    #[param(minimum = 1, maximum = 200, default = 20)]
    limit: Option<usize>,
    /// Only people with this skill: `code`, or `code:level` for a level of at least 1 to 5.
    #[param(example = "surveillance:2")]
    skill: Option<String>,
    /// Only people who have not said `never` to this service, by id. `id:willing` and
    /// `id:preferred`: only those who have stated that, or better.
    service_id: Option<String>,
    /// The same for a region.
    region_id: Option<String>,
}

/// Somebody near.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NearPosition {
    /// Great-circle distance.
    #[schema(example = 412.7)]
    distance_m: f64,
    #[serde(flatten)]
    shown: Shown,
}

/// The nearest people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NearestPositions {
    /// Nearest first.
    items: Vec<NearPosition>,
    /// Equal version, equal content of the index.
    #[schema(example = "00000000000000000000000000000000")]
    index_version: String,
}

/// Shows whose live fix is nearest to a place, by great-circle distance.
///
/// Live is what `GET /v1/positions` calls so: tracking is permitted now, and the fix is accurate to
/// 1 km. Needs `positions:read`, and every answer is a recorded read of the people in it.
#[utoipa::path(get, path = "/v1/positions/nearest", operation_id = "find_nearest_positions",
    tag = "positions",
    responses((status = 200, description = "Nearest first", body = NearestPositions)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<NearestQuery>,
) -> ApiResult<Json<NearestPositions>> {
    caller.require(Action::SeeExactPositions, Object::Organization)?;
    caller.require(Action::SeePositions, Object::Organization)?;
    let ask = query.read()?;
    require_known(&state, &caller, &ask.filter).await?;
    require_ready(state.follower())?;
    let view = View::of(&state, &caller, None).await?;
    let (organization, now) = (caller.organization, clock::now().as_second());
    let scope = view.scope.clone();
    let read = move |index: &LiveIndex| {
        let near = |org: &OrgIndex| {
            let (scope, limit) = (scope.as_deref(), (ask.limit, now));
            (org.nearest(ask.from, limit, &ask.filter, scope), org.index_version().to_string())
        };
        let nothing = || near(&OrgIndex::new(organization, now));
        index.with_org(organization, near).unwrap_or_else(nothing)
    };
    let (found, index_version) = read_aside(&state, None, read).await?;
    let people: Vec<StaffId> = found.iter().map(|near| near.live.staff).collect();
    record_read(&state, &caller, ROUTE, &people).await?;
    let show = |near: &NearPerson| NearPosition {
        distance_m: (near.km * 1e6).round() / 1e3,
        shown: view.show(&near.live, near.live.ping.position, state.follower(), now),
    };
    Ok(Json(NearestPositions { items: found.iter().map(show).collect(), index_version }))
}

/// A question that has been read.
struct Ask {
    from: Position,
    limit: usize,
    filter: NearestFilter,
}

impl NearestQuery {
    fn read(self) -> ApiResult<Ask> {
        let from = Position::new(self.lat, self.lng).map_err(|why| {
            Problem::new(Code::MalformedQuery, format!("`lat` and `lng` are no position: {why}"))
        })?;
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::new(Code::MalformedQuery, "`limit` must be 1 to 200"));
        }
        let filter = NearestFilter {
            skill: self.skill.as_deref().map(skill).transpose()?,
            service: stated("service_id", self.service_id.as_deref())?,
            region: stated("region_id", self.region_id.as_deref())?,
        };
        Ok(Ask { from, limit, filter })
    }
}

/// Reads `code` or `code:level`.
fn skill(text: &str) -> ApiResult<(String, u8)> {
    let refused = || {
        let detail = "`skill` must be a code, or a code and a level of 1 to 5, as in `camera:3`";
        Problem::new(Code::MalformedQuery, detail)
    };
    let text = text.trim();
    let (code, level) = match text.rsplit_once(':') {
        Some((code, level)) => (code, level.parse().map_err(|_| refused())?),
        None => (text, 1),
    };
    if code.is_empty() || !(1..=5).contains(&level) {
        return Err(refused());
    }
    Ok((code.to_owned(), level))
}

/// Reads an id, perhaps with the least preference.
fn stated<I: FromStr>(name: &str, text: Option<&str>) -> ApiResult<Option<(I, Willingness)>> {
    let Some(text) = text else { return Ok(None) };
    let (id, least) = match text.split_once(':') {
        None => (text, Some(NOT_NEVER)),
        Some((id, "willing")) => (id, Some(WILLING)),
        Some((id, "preferred")) => (id, Some(PREFERRED)),
        Some((id, _)) => (id, None),
    };
    match (id.parse(), least) {
        (Ok(id), Some(least)) => Ok(Some((id, least))),
        _ => {
            let detail =
                format!("`{name}` must be an id, or an id with `:willing` or `:preferred`");
            Err(Problem::new(Code::MalformedQuery, detail))
        }
    }
}

/// Refuses services and regions that are not there: everybody would pass them.
async fn require_known(state: &ApiState, caller: &Caller, filter: &NearestFilter) -> ApiResult<()> {
    if filter.service.is_none() && filter.region.is_none() {
        return Ok(());
    }
    let mut tx = caller.read(state).await?;
    let service: Option<ServiceId> = filter.service.map(|(id, _)| id);
    if let Some(id) = service
        && services::get(&mut tx, id).await?.is_none()
    {
        return Err(Problem::field("/service_id", "unknown", "there is no such service"));
    }
    let region: Option<RegionId> = filter.region.map(|(id, _)| id);
    if let Some(id) = region
        && regions::get(&mut tx, id).await?.is_none()
    {
        return Err(Problem::field("/region_id", "unknown", "there is no such region"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_say_what_is_wrong() {
        assert_eq!(skill("camera:3").ok(), Some(("camera".to_owned(), 3)));
        assert_eq!(skill("camera").ok(), Some(("camera".to_owned(), 1)));
        for bad in ["", ":2", "camera:", "camera:0", "camera:6", "camera:high"] {
            assert!(skill(bad).is_err(), "{bad}");
        }
        let id = ServiceId::generate();
        let read = |text: &str| stated::<ServiceId>("service_id", Some(text)).ok().flatten();
        assert_eq!(read(&id.to_string()), Some((id, NOT_NEVER)));
        assert_eq!(read(&format!("{id}:willing")), Some((id, WILLING)));
        assert_eq!(read(&format!("{id}:preferred")), Some((id, PREFERRED)));
        assert_eq!(read(&format!("{id}:never")), None);
        assert_eq!(read("camera"), None);
    }
}
