//! One file per resource. A handler extracts, calls, and maps; rules live in the domain, SQL in
//! storage.

pub(crate) mod cases;
pub(crate) mod devices;
pub(crate) mod me;
pub(crate) mod needs_form;
pub(crate) mod organization;
pub(crate) mod pings;
pub(crate) mod place;
pub(crate) mod position_counts;
pub(crate) mod positions;
pub(crate) mod recommendation;
pub(crate) mod recommendations;
pub(crate) mod regions;
pub(crate) mod services;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod staff;
pub(crate) mod staff_form;
pub(crate) mod stream;
pub(crate) mod system;
pub(crate) mod time_off;
pub(crate) mod tracking;
pub(crate) mod work_preferences;
