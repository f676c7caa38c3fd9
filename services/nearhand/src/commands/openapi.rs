//! `nearhand openapi`: prints the API's description, as it is checked in.

use std::{io::Write, process::ExitCode};

/// Runs it.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", nearhand_api::openapi().to_pretty_json()?)?;
    Ok(ExitCode::SUCCESS)
}
