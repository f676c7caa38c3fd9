//! The people a caller may see, where their view scope is limited. Must be read anew for every
//! request: memberships change at any time.

use crate::{access::caller::Caller, http::problem::ApiResult, state::ApiState};
use nearhand_domain::{
    StaffId,
    access::{Action, PeopleScope},
};
use nearhand_storage::staff::{self, StaffFilter};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Everybody in a scope. Shared, since an event stream and its looks at the index hold it at once.
pub(crate) type Scope = Arc<FxHashSet<StaffId>>;

/// The people upon whom the caller may take this action; `None`: everybody, which costs nothing.
pub(crate) async fn of(
    state: &ApiState,
    caller: &Caller,
    action: Action,
) -> ApiResult<Option<Scope>> {
    let scope = caller.people_scope(action)?;
    if scope == PeopleScope::Everybody {
        return Ok(None);
    }
    let mut tx = caller.read(state).await?;
    let people = staff::ids(&mut tx, &StaffFilter::default(), scope, i64::MAX).await?;
    Ok(Some(Arc::new(people.into_iter().collect())))
}
