//! Settings of mail: a mail server, or a folder in its place, and where links lead.

use anyhow::Context;
use clap::Args;
use nearhand_mail::{DEFAULT_TIMEOUT, Mailer, Outbox, SmtpSettings};
use nearhand_runner::MailJobs;
use secrecy::{ExposeSecret, SecretString};
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

/// The sender where mails only go into the outbox.
const OUTBOX_FROM: &str = "Nearhand <nearhand@localhost.localdomain>";

/// How mail is sent.
#[derive(Clone, Debug, Args)]
pub(crate) struct MailSettings {
    /// The mail server: smtps://user:password@host:port, or smtp://… for STARTTLS. Without one,
    /// mails are kept in --outbox-dir, and `nearhand outbox` shows them.
    #[arg(long, env = "NEARHAND_SMTP_URL", hide_env_values = true)]
    smtp_url: Option<SecretString>,
    /// The sender, such as `Nearhand <mail@example.org>`; needed with a mail server.
    #[arg(long, env = "NEARHAND_MAIL_FROM")]
    mail_from: Option<String>,
    /// A PEM file of certificate authorities that are trusted for the mail server in place of the
    /// system's.
    #[arg(long, env = "NEARHAND_SMTP_CA")]
    smtp_ca: Option<PathBuf>,
    /// Where mails are kept if there is no mail server. `up` keeps them in its data directory.
    #[arg(long, env = "NEARHAND_OUTBOX_DIR")]
    outbox_dir: Option<PathBuf>,
    /// Where people reach this installation: the base of every link, such as
    /// <https://nearhand.example.org>. Needed with a mail server; else the API's address is taken.
    #[arg(long, env = "NEARHAND_PUBLIC_URL", value_parser = public_url)]
    public_url: Option<String>,
}

impl MailSettings {
    /// What sends mails. The folder is used where none was given, the URL where links lead unless it
    /// was said.
    pub(crate) fn jobs(&self, folder: Option<&Path>, api: &str) -> anyhow::Result<MailJobs> {
        let public = self.public_url();
        let Some(url) = self.smtp_url.clone().filter(|url| !url.expose_secret().is_empty()) else {
            let mailer = self.outbox(folder)?;
            return Ok(MailJobs::new(mailer, public.as_deref().unwrap_or(api)));
        };
        let settings = SmtpSettings {
            url,
            from: self.mail_from.clone().filter(|from| !from.is_empty()).context(
                "with --smtp-url, --mail-from is needed: who the mails come from, such as \
                 `Nearhand <mail@example.org>`",
            )?,
            tls_ca: self.smtp_ca.clone().filter(|path| !path.as_os_str().is_empty()),
            timeout: DEFAULT_TIMEOUT,
        };
        let public = public.context(
            "with --smtp-url, --public-url is needed: links in mails lead there, such as \
             https://nearhand.example.org",
        )?;
        Ok(MailJobs::new(Mailer::smtp(&settings).context("--smtp-url cannot be used")?, &public))
    }

    /// Where people reach this installation, if it was said.
    pub(crate) fn public_url(&self) -> Option<String> {
        self.public_url.clone().filter(|url| !url.is_empty())
    }

    /// The outbox that the API shows to this machine: where mails are kept in place of being sent,
    /// nobody else reaches the listener, and no public address says that others come through a proxy.
    pub(crate) fn shown(&self, folder: Option<&Path>, listen: SocketAddr) -> Option<Outbox> {
        let sends = self.smtp_url.as_ref().is_some_and(|url| !url.expose_secret().is_empty());
        let public = self.public_url.as_deref().filter(|url| !url.is_empty());
        if sends || !listen.ip().is_loopback() || !public.is_none_or(is_loopback) {
            return None;
        }
        let chosen = self.outbox_dir.as_deref().filter(|path| !path.as_os_str().is_empty());
        // The worker makes the folder, and says what is wrong with it.
        Outbox::open(chosen.or(folder)?, OUTBOX_FROM).ok()
    }

    fn outbox(&self, folder: Option<&Path>) -> anyhow::Result<Mailer> {
        let chosen = self.outbox_dir.as_deref().filter(|path| !path.as_os_str().is_empty());
        let folder = chosen.or(folder).context(
            "mails have nowhere to go: give a mail server with --smtp-url (NEARHAND_SMTP_URL), or a \
             folder to keep them in with --outbox-dir (NEARHAND_OUTBOX_DIR)",
        )?;
        let from = self.mail_from.as_deref().filter(|from| !from.is_empty());
        let mailer = Mailer::outbox(folder, from.unwrap_or(OUTBOX_FROM))
            .context("--outbox-dir cannot be used")?;
        tracing::info!(folder = %folder.display(), "there is no mail server; mails are kept in a folder");
        Ok(mailer)
    }
}

/// Whether a web address leads to this machine alone.
fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A longer address does not fit into a QR code together with a token.
const LONGEST_URL: usize = 200;

/// A web address without query and fragment; empty counts as not given.
pub(crate) fn public_url(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let url = reqwest::Url::parse(text).map_err(|error| format!("it is no URL: {error}"))?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if url.as_str().len() > LONGEST_URL {
        return Err(format!("at most {LONGEST_URL} characters: it must fit into a QR code"));
    }
    if is_web && is_plain {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    Err("it looks like https://nearhand.example.org".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> MailSettings {
        MailSettings {
            smtp_url: None,
            mail_from: None,
            smtp_ca: None,
            outbox_dir: None,
            public_url: None,
        }
    }

    #[test]
    fn mails_have_somewhere_to_go_or_the_error_says_how() {
        let api = "http://127.0.0.1:8080";
        let refused = settings().jobs(None, api).unwrap_err().to_string();
        assert!(refused.contains("--smtp-url") && refused.contains("--outbox-dir"), "{refused}");
        let folder = tempfile::tempdir().unwrap();
        settings().jobs(Some(folder.path()), api).unwrap();
        let smtp = MailSettings { smtp_url: Some("smtp://localhost".into()), ..settings() };
        let refused = smtp.jobs(Some(folder.path()), api).unwrap_err().to_string();
        assert!(refused.contains("--mail-from"), "{refused}");
        let from = MailSettings { mail_from: Some("a@example.org".into()), ..smtp };
        let refused = from.jobs(Some(folder.path()), api).unwrap_err().to_string();
        assert!(refused.contains("--public-url"), "{refused}");
        let all = MailSettings { public_url: Some("https://n.example".into()), ..from };
        all.jobs(None, api).unwrap();
    }

    #[test]
    fn the_outbox_is_shown_only_where_nobody_else_comes_in() {
        let folder = tempfile::tempdir().unwrap();
        let shown = |public: Option<&str>, listen: &str| {
            let settings = MailSettings { public_url: public.map(str::to_owned), ..settings() };
            settings.shown(Some(folder.path()), listen.parse().unwrap()).is_some()
        };
        let here = "127.0.0.1:8080";
        for public in [None, Some(""), Some("http://localhost:8080"), Some("http://[::1]:8080")] {
            assert!(shown(public, here), "{public:?}");
        }
        for public in ["https://n.example", "http://192.0.2.1", "http://localhost.n.example"] {
            assert!(!shown(Some(public), here), "{public}");
        }
        assert!(!shown(None, "0.0.0.0:8080"));
    }

    #[test]
    fn links_lead_to_a_plain_web_address() {
        assert_eq!(public_url("https://n.example/x/").as_deref(), Ok("https://n.example/x"));
        for wrong in ["n.example", "ftp://n.example", "https://n.example/?a", "https://a@n.example"]
        {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
        assert!(public_url(&format!("https://{}.example", "n".repeat(200))).is_err());
    }
}
