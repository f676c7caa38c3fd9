//! Reads the settings of SMTP. Must not connect, and no error contains a password.

use super::{Protection, Server};
use crate::message::sender;
use lettre::transport::smtp::{
    authentication::Credentials,
    client::{Certificate, CertificateStore, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use url::{Host, Url};

/// How long sending a mail may take unless the settings say otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Which mail server, and how to talk to it.
///
/// The URL is one of:
///
/// - `smtps://user:password@host:port`: TLS from the start, port 465 unless given.
/// - `smtp://user:password@host:port`: STARTTLS is required, port 587 unless given. On the machine
///   itself (`localhost`, `127.0.0.0/8`, `::1`) there is no TLS, port 25 unless given.
/// - `smtp://…?tls=none`: no TLS. Refused with a user, except on the machine itself.
/// - `smtp://…?tls=required`: STARTTLS on the machine itself too.
///
/// User and password are percent-encoded and may be left out together.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// The server's URL.
    pub url: SecretString,
    /// The sender, such as `Nearhand <mail@example.org>`.
    pub from: String,
    /// A PEM file of certificate authorities. If given, only they are trusted; if not, those of the
    /// system are.
    pub tls_ca: Option<PathBuf>,
    /// How long sending a mail may take, from connecting to the server's final answer.
    pub timeout: Duration,
}

/// What is wrong with the settings of SMTP.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The URL cannot be read.
    #[error(
        "the mail server's URL is wrong: {0}; it must be smtp://user:password@host:port or \
         smtps://user:password@host:port, with special characters percent-encoded"
    )]
    Url(&'static str),
    /// A password would be sent in the clear.
    #[error(
        "the mail server's URL has a user but no TLS, so the password could be read on its way: \
         take out `tls=none` or the user"
    )]
    PasswordWithoutTls,
    /// The sender is not valid.
    #[error("the sender must be an address such as `Nearhand <mail@example.org>`")]
    From,
    /// The timeout is zero.
    #[error("the timeout of mail must be longer than nothing")]
    Timeout,
    /// The file of authorities cannot be read.
    #[error("the file of certificate authorities {} cannot be read: {source}", path.display())]
    AuthorityFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file of authorities holds none.
    #[error("the file {} holds no valid certificate in PEM format", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
    },
    /// TLS cannot be set up.
    #[error("TLS for mail cannot be set up: {0}")]
    Tls(String),
}

/// What the URL says.
struct Target {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    None,
    Start,
    Whole,
}

pub(super) fn read(settings: &SmtpSettings) -> Result<Server, SettingsError> {
    let Target { host, port, tls, credentials } = target(settings.url.expose_secret())?;
    let from = sender(&settings.from).ok_or(SettingsError::From)?;
    if settings.timeout.is_zero() {
        return Err(SettingsError::Timeout);
    }
    let parameters = || tls_parameters(&host, settings.tls_ca.as_deref());
    let protection = match tls {
        Tls::None => Protection::Plain,
        Tls::Start => Protection::StartTls(parameters()?),
        Tls::Whole => Protection::Tls(parameters()?),
    };
    let hello = ClientId::default();
    Ok(Server { host, port, protection, credentials, from, hello, timeout: settings.timeout })
}

fn target(text: &str) -> Result<Target, SettingsError> {
    let url = Url::parse(text.trim()).map_err(|_| SettingsError::Url("it is no URL"))?;
    let host = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
        Some(Host::Ipv4(ip)) => ip.to_string(),
        Some(Host::Ipv6(ip)) => ip.to_string(),
        _ => return Err(SettingsError::Url("it names no host")),
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(SettingsError::Url("nothing but ?tls= may follow the port"));
    }
    let tls = tls(&url, &host)?;
    let credentials = credentials(&url)?;
    if tls == Tls::None && credentials.is_some() && !is_loopback(&host) {
        return Err(SettingsError::PasswordWithoutTls);
    }
    let usual = match tls {
        Tls::None => 25,
        Tls::Start => 587,
        Tls::Whole => 465,
    };
    Ok(Target { port: url.port().unwrap_or(usual), host, tls, credentials })
}

fn tls(url: &Url, host: &str) -> Result<Tls, SettingsError> {
    match (url.scheme(), url.query()) {
        ("smtps", None) => Ok(Tls::Whole),
        ("smtp", None) if is_loopback(host) => Ok(Tls::None),
        ("smtp", None | Some("tls=required")) => Ok(Tls::Start),
        ("smtp", Some("tls=none")) => Ok(Tls::None),
        ("smtps", Some(_)) => Err(SettingsError::Url("smtps:// takes nothing after a `?`")),
        ("smtp", Some(_)) => {
            Err(SettingsError::Url("after `?` it takes tls=none or tls=required alone"))
        }
        _ => Err(SettingsError::Url("it begins with neither smtp:// nor smtps://")),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SettingsError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        let text = text.map_err(|_| SettingsError::Url("user or password is not UTF-8"))?;
        // A NUL would end the user name early (RFC 4616).
        if text.contains('\0') {
            return Err(SettingsError::Url("user or password contains a NUL"));
        }
        Ok(text.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(SettingsError::Url("it has a password and no user")),
        (_, None) => Err(SettingsError::Url("it has a user and no password")),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The provider of cryptography is that of the process, or `ring` if none was set.
fn tls_parameters(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, SettingsError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = authorities {
        builder = builder.certificate_store(CertificateStore::None);
        let pem = fs::read(path)
            .map_err(|source| SettingsError::AuthorityFile { path: path.to_owned(), source })?;
        let none = || SettingsError::Authorities { path: path.to_owned() };
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(none());
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|_| none())?);
        return builder.build_rustls().map_err(|_| none());
    }
    builder.build_rustls().map_err(|error| SettingsError::Tls(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> SmtpSettings {
        SmtpSettings {
            url: url.into(),
            from: "Nearhand <mail@example.org>".to_owned(),
            tls_ca: None,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    #[test]
    fn a_url_says_where_and_how() {
        for (url, host, port, tls, login) in [
            ("smtp://mail.example.org", "mail.example.org", 587, Tls::Start, false),
            ("smtp://u:p@mail.example.org:2525", "mail.example.org", 2525, Tls::Start, true),
            ("smtp://mail.example.org?tls=none", "mail.example.org", 25, Tls::None, false),
            ("smtps://u:p@mail.example.org/", "mail.example.org", 465, Tls::Whole, true),
            ("smtp://u:p@localhost", "localhost", 25, Tls::None, true),
            ("smtp://u:p@127.0.0.9:1?tls=none", "127.0.0.9", 1, Tls::None, true),
            ("smtp://[::1]:1025", "::1", 1025, Tls::None, false),
            ("smtp://localhost?tls=required", "localhost", 587, Tls::Start, false),
            ("smtps://127.0.0.1", "127.0.0.1", 465, Tls::Whole, false),
        ] {
            let target = target(url).unwrap();
            assert_eq!((target.host.as_str(), target.port, target.tls), (host, port, tls), "{url}");
            assert_eq!(target.credentials.is_some(), login, "{url}");
        }
        let encoded = target("smtps://me%40example.org:p%3Aw%2F%C3%A9@h.example").unwrap();
        let expected = Credentials::new("me@example.org".to_owned(), "p:w/é".to_owned());
        assert_eq!(encoded.credentials, Some(expected));
    }

    #[test]
    fn a_wrong_url_is_told_without_its_password() {
        for url in [
            "",
            "mail.example.org",
            "smtp://",
            "smtp:u:hunter2@h",
            "http://u:hunter2@h.example",
            "smtp://u:hunter2@h.example/path",
            "smtp://u:hunter2@h.example?tls=opportunistic",
            "smtp://u:hunter2@h.example?tls=none&tls=required",
            "smtps://u:hunter2@h.example?tls=none",
            "smtp://u:hunter2@h.example#x",
            "smtp://u@h.example",
            "smtp://:hunter2@h.example",
            "smtp://u:hunter2%ff@h.example",
            "smtp://u:hunter2%00@h.example",
            "smtp://u:hunter2@h.example:99999",
            "smtp://u:hunter2@h.example?tls=none",
            "smtp://u:hunter2@localhost.example?tls=none",
        ] {
            let error = target(url).err().unwrap_or_else(|| panic!("{url} was taken"));
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let printed = format!("{:?}", settings("smtp://u:hunter2@h.example"));
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn other_wrong_settings_are_told() {
        let from = SmtpSettings { from: "me".to_owned(), ..settings("smtp://localhost") };
        assert!(matches!(read(&from), Err(SettingsError::From)));
        let never = SmtpSettings { timeout: Duration::ZERO, ..settings("smtp://localhost") };
        assert!(matches!(read(&never), Err(SettingsError::Timeout)));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let with = SmtpSettings { tls_ca: Some(path.clone()), ..settings("smtps://h.example") };
        assert!(matches!(read(&with), Err(SettingsError::AuthorityFile { .. })));
        for wrong in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(&path, wrong).unwrap();
            assert!(matches!(read(&with), Err(SettingsError::Authorities { .. })), "{wrong}");
        }
    }
}
