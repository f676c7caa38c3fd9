//! Changes over HTTP, all in one order: authenticate, authorise, read the key, replay, validate,
//! act, audit, keep the answer, commit, forget credentials. A handler cannot compile that leaves
//! one of these out.

mod key;
mod outcome;
mod request;
mod transaction;
mod upload;

pub(crate) use key::IDEMPOTENCY_KEY;
pub(crate) use outcome::{ChangeResult, Ended, Forget, Outcome, Outcomes};
pub(crate) use request::{Empty, OptionalForm, Posted, Updated};
pub(crate) use transaction::Change;
pub(crate) use upload::{PostedFile, UploadHead, Uploaded};
