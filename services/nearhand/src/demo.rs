//! The demo city of `nearhand up --demo`, as far as this build has it.
//!
//! The city itself is the crate `nearhand-play`, behind the cargo feature `play`. Nothing here fills
//! or moves anything.

use std::path::PathBuf;

use nearhand_console::DemoSlot;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

/// Where the demo is made, and what it tells the console.
#[cfg_attr(not(feature = "play"), expect(dead_code, reason = "this build has no demo"))]
pub(crate) struct DemoSite {
    /// The API's address.
    pub(crate) url: String,
    pub(crate) bootstrap_token: SecretString,
    pub(crate) data_dir: PathBuf,
    /// Whether the console is served.
    pub(crate) has_console: bool,
    /// Where the console finds who may log in.
    pub(crate) logins: DemoSlot,
}

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

/// Fills the API with the demo and moves its phones, until `shutdown`.
#[cfg(feature = "play")]
pub(crate) async fn run(site: DemoSite, shutdown: CancellationToken) -> anyhow::Result<()> {
    let DemoSite { url, bootstrap_token, data_dir, has_console, logins } = site;
    let logins = Box::new(move |known| logins.offer(offered(known)));
    let say = crate::progress::say;
    let site =
        nearhand_play::demo::Site { url, bootstrap_token, data_dir, has_console, logins, say };
    nearhand_play::demo::run(site, shutdown).await
}

/// As the console has them.
#[cfg(feature = "play")]
fn offered(logins: nearhand_play::demo::Logins) -> nearhand_console::Demo {
    use secrecy::ExposeSecret;
    let one = |login: nearhand_play::client::Login| nearhand_console::DemoLogin {
        password: login.password.expose_secret().to_owned(),
        login: login.login,
    };
    nearhand_console::Demo {
        organization: logins.organization,
        admin: one(logins.admin),
        scheduler: one(logins.scheduler),
        worker: logins.worker.map(one),
    }
}

/// There is no demo in this build.
#[cfg(not(feature = "play"))]
pub(crate) async fn run(_site: DemoSite, _shutdown: CancellationToken) -> anyhow::Result<()> {
    ensure_built()
}
