//! One folder per area, one file per resource. A handler extracts, calls, and maps; rules live in
//! the domain, SQL in storage.

pub(crate) mod account;
pub(crate) mod location;
pub(crate) mod organization;
pub(crate) mod people;
pub(crate) mod policies;
pub(crate) mod recommendations;
pub(crate) mod system;
pub(crate) mod work;
