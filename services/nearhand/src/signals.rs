//! Ctrl-C and SIGTERM, as one stream.
//!
//! Only listens; what to do about it is the subcommand's business.

use std::io;

use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};

/// Requests to end. From [`Self::listen`] on, neither signal kills the process by itself.
#[derive(Debug)]
pub(crate) struct Interrupts {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Interrupts {
    /// Starts listening.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::SIGINT,
            _ = self.terminate.recv() => Signal::SIGTERM,
        }
    }
}

/// The exit status a shell shows for a process that ended by this signal.
pub(crate) fn exit_status(signal: Signal) -> u8 {
    u8::try_from(128 + signal as i32).unwrap_or(1)
}
