//! The subcommands, one file each: arguments in, library called, words and exit status out.

pub(crate) mod backup;
pub(crate) mod dead_letters;
pub(crate) mod doctor;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod organization;
pub(crate) mod outbox;
#[cfg(feature = "play")]
pub(crate) mod replay;
#[cfg(not(feature = "play"))]
#[path = "replay_absent.rs"]
pub(crate) mod replay;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod servers;
pub(crate) mod up;
pub(crate) mod work;
