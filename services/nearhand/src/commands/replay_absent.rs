//! `nearhand replay` in a build without the cargo feature `play`: says so, and plays nothing.

use std::ffi::OsString;
use std::process::ExitCode;

/// Arguments of `nearhand replay`, none of which is read.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _ignored: Vec<OsString>,
}

/// Fails.
pub(crate) async fn run(_args: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("this build has no replay: it was made without the cargo feature `play`")
}
