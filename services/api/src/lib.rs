//! HTTP and nothing else: the routes, who may call them, and what they answer.
//!
//! Handlers speak to PostgreSQL through `storage`, to Redis through `queue`, and read the live
//! index that the follower keeps. No SQL here, no ranking, no wire format of the queue.

mod access;
mod change;
mod http;
mod live;
mod openapi;
mod pages;
mod router;
mod routes;
mod state;

pub use access::{credentials::Credentials, passwords::Passwords};
pub use http::{
    codes::Code,
    deadlines::Deadlines,
    local::is_local,
    origin::Origin,
    serve::{ServeConfig, serve},
};
pub use router::{openapi, router};
pub use routes::{
    organization::new_organization::{
        FirstPassword, InvitedAdmin, NewOrganization, create_organization,
        create_organization_with_invitation,
    },
    system::health::{Readiness, fault, operators_router, readiness},
};
pub use state::{ApiConfig, ApiParts, ApiState};
