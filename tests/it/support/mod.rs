//! What every story needs: a database of its own made from a template, a key prefix of its own,
//! the API on a free port, and workers in this process or as children that can be killed.

pub(crate) mod account;
pub(crate) mod answer;
pub(crate) mod assigned;
pub(crate) mod browser;
pub(crate) mod database;
pub(crate) mod departments;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod mailbox;
pub(crate) mod offers;
pub(crate) mod pictures;
pub(crate) mod processes;
pub(crate) mod queued;
pub(crate) mod site;
pub(crate) mod traces;
pub(crate) mod wait;
pub(crate) mod wire;

pub(crate) use account::{Account, Phone};
pub(crate) use answer::Answer;
pub(crate) use site::Site;
pub(crate) use wait::eventually;
pub(crate) use wire::Wire;

/// An HTTP client to be.
pub(crate) fn http_client() -> reqwest::ClientBuilder {
    // The client is built without a TLS provider of its own; each process installs one once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// A setting that `./dev test` gives.
#[expect(clippy::disallowed_methods, reason = "the edge of the tests")]
pub(crate) fn given(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; run the tests by `./dev test`"))
}
