//! Background jobs: the queue they wait in, what operators do with it, and the rows that people
//! watch. Decides nothing about when to try again.

mod admin;
mod queue;
mod watched;

pub use admin::{
    QueueState, QueuedJob, QueuedState, discard, inspect, list, purge, queue_states, release,
    retry, retry_all,
};
pub(crate) use queue::look_for_address;
pub use queue::{enqueue, enqueue_many, enqueue_once};
pub use watched::{
    Ending, JobRecord, NewJob, create, finish, get, is_cancelled, lock, progress, request_cancel,
    start,
};
