//! `nearhand-soak`: runs a whole installation as real processes under load, does to it what bad days
//! do, and checks that what was acknowledged is what is stored.
//!
//! `./dev soak` builds and starts it. It must not reach into the product but by what an operator has:
//! HTTP, SQL, Redis, signals.

mod admin;
mod chaos;
mod checker;
mod expected;
mod faults;
mod figures;
mod flat;
mod ledger;
mod load;
mod memory;
mod people;
mod phone;
mod plan;
mod scene;
mod servers;
mod settled;
mod stack;
mod witness;

use anyhow::Context;
use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use plan::Options;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            figures::line(&format!("soak: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// True when nothing was found.
fn run(options: &Options) -> anyhow::Result<bool> {
    // Each phone keeps a connection; the processes that are started get the same limit.
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    // The HTTP client is built without a TLS provider of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let work = async {
            if options.flat.is_some() {
                Box::pin(flat::run(options)).await
            } else {
                Box::pin(chaos::run(options)).await
            }
        };
        tokio::select! {
            result = work => result,
            _ = interrupt.recv() => None.context("stopped by Ctrl-C"),
            _ = terminate.recv() => None.context("stopped by SIGTERM"),
        }
    })
}
