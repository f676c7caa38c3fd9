//! Lists, a page at a time: `limit`, a sealed `cursor`, the row beyond the page that tells whether
//! there is another, and `next_cursor`.

use crate::{
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::read_query,
    },
    state::ApiState,
};
use axum::{
    Json,
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use nearhand_domain::OrganizationId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{convert::Infallible, marker::PhantomData};
use utoipa::{
    IntoParams, ToSchema,
    openapi::path::{Parameter, ParameterIn},
};
use uuid::Uuid;

/// Entries on a page unless the client says otherwise.
const DEFAULT_LIMIT: i64 = 50;
/// Most entries on a page.
const MAX_LIMIT: i64 = 200;

/// What every list takes besides its filters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct PageParams {
    /// Entries on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A list without filters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoFilter {}

impl IntoParams for NoFilter {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Vec::new()
    }
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T: ToSchema> {
    items: Vec<T>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// A list that is asked for; `F` are its filters and should deny unknown fields. Nothing of it is
/// judged before [`ListOf::open`], so that access is judged first.
pub(crate) struct ListOf<F = NoFilter> {
    path: String,
    query: String,
    filter: PhantomData<fn() -> F>,
}

impl<F, S: Send + Sync> FromRequestParts<S> for ListOf<F> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { path: parts.uri.path().to_owned(), query, filter: PhantomData })
    }
}

impl<F: DeserializeOwned> ListOf<F> {
    /// Reads limit, cursor and filters. A cursor counts for its organisation, address and filters.
    pub(crate) fn open(
        self,
        state: &ApiState,
        organization: OrganizationId,
    ) -> ApiResult<(Paging, F)> {
        let (paging, filters): (Vec<&str>, Vec<&str>) =
            self.query.split('&').filter(|pair| !pair.is_empty()).partition(|pair| is_paging(pair));
        let params: PageParams = read(&paging)?;
        let filter = read(&filters)?;
        let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::new(Code::MalformedQuery, "`limit` must be 1 to 200"));
        }
        let mut filters = filters;
        filters.sort_unstable();
        let list = format!("{organization}{}?{}", self.path, filters.join("&"));
        let after = state.cursors().open(&list, params.cursor.as_deref())?;
        Ok((Paging { state: state.clone(), list, limit, after }, filter))
    }
}

fn is_paging(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    name == "limit" || name == "cursor"
}

fn read<T: DeserializeOwned>(pairs: &[&str]) -> ApiResult<T> {
    let query = format!("/?{}", pairs.join("&"));
    let uri: Uri = query.parse().map_err(|_| {
        Problem::new(Code::MalformedQuery, "it is no valid query string".to_owned())
    })?;
    read_query(&uri)
}

/// Where a list is continued, and how far.
pub(crate) struct Paging {
    state: ApiState,
    list: String,
    limit: i64,
    after: Option<Uuid>,
}

impl Paging {
    /// The last entry of the page before.
    pub(crate) fn after<I: From<Uuid>>(&self) -> Option<I> {
        self.after.map(I::from)
    }

    /// Where a list continues that has its newest entries first: before this one.
    pub(crate) fn before(&self) -> Option<Uuid> {
        self.after
    }

    /// Entries on this page.
    pub(crate) fn limit(&self) -> i64 {
        self.limit
    }

    /// How many rows to read: one more than are shown tells whether there are more.
    pub(crate) fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// The page made of those rows.
    pub(crate) fn page<R, T: ToSchema>(
        self,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> Uuid,
        show: impl FnMut(R) -> T,
    ) -> Json<Page<T>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        self.page_with(rows, more, id, show)
    }

    /// The page made of rows without the one beyond, and whether there are more.
    pub(crate) fn page_with<R, T: ToSchema>(
        self,
        rows: Vec<R>,
        more: bool,
        id: impl Fn(&R) -> Uuid,
        show: impl FnMut(R) -> T,
    ) -> Json<Page<T>> {
        let last = rows.last().map(id).filter(|_| more);
        Json(Page {
            next_cursor: last.map(|last| self.state.cursors().seal(&self.list, last)),
            items: rows.into_iter().map(show).collect(),
        })
    }
}
