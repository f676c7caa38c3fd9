//! Changes over HTTP, all in one order: authenticate, authorise, read the key, replay, validate,
//! act, audit, keep the answer, commit, forget credentials. A handler cannot compile that leaves
//! one of these out.

mod key;
mod outcome;
mod request;
mod transaction;

pub(crate) use key::IDEMPOTENCY_KEY;
pub(crate) use outcome::{ChangeResult, Forget, Outcome};
pub(crate) use request::{Empty, Posted, Updated};
pub(crate) use transaction::Change;
