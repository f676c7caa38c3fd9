//! HTTP and nothing else: the routes, who may call them, and what they answer.
//!
//! Handlers speak to PostgreSQL through `storage`, to Redis through `queue`, and read the live
//! index that the follower keeps. No SQL here, no ranking, no wire format of the queue.

mod auth;
mod body;
mod changes;
mod codes;
mod credentials;
mod edge;
mod founding;
mod inflate;
mod live_hub;
mod live_view;
mod observe;
mod passwords;
mod problem;
mod query;
mod reply;
mod request_id;
mod router;
mod routes;
mod serve;
mod state;
mod streams;
mod throttle;

pub use codes::Code;
pub use credentials::Credentials;
pub use founding::{FirstPassword, Founding, Origin, found};
pub use passwords::Passwords;
pub use router::{openapi, router};
pub use routes::system::health_router;
pub use serve::serve;
pub use state::{ApiConfig, ApiParts, ApiState};
