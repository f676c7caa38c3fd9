//! The demo city of `nearhand up --demo`, as far as this build has it.
//!
//! The city itself is the crate `nearhand-play`, behind the cargo feature `play`. Nothing here fills
//! or moves anything.

use std::path::PathBuf;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

/// Fails in a build without the demo, so that nothing is started for it.
#[cfg(feature = "play")]
pub(crate) fn ensure_built() -> anyhow::Result<()> {
    Ok(())
}

/// Fails in a build without the demo, so that nothing is started for it.
#[cfg(not(feature = "play"))]
pub(crate) fn ensure_built() -> anyhow::Result<()> {
    anyhow::bail!(
        "this build has no demo: it was made without the cargo feature `play`. \
         Use one that has it (`./dev up --demo`), or leave out --demo"
    )
}

/// Fills the API at `url` with the demo and moves its phones, until `shutdown`.
#[cfg(feature = "play")]
pub(crate) async fn run(
    url: String,
    bootstrap_token: SecretString,
    data_dir: PathBuf,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let say = crate::progress::say;
    let site = nearhand_play::demo::Site { url, bootstrap_token, data_dir, say };
    nearhand_play::demo::run(site, shutdown).await
}

/// There is no demo in this build.
#[cfg(not(feature = "play"))]
pub(crate) async fn run(
    _url: String,
    _bootstrap_token: SecretString,
    _data_dir: PathBuf,
    _shutdown: CancellationToken,
) -> anyhow::Result<()> {
    ensure_built()
}
