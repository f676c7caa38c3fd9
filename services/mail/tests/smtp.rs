//! Mail to a real SMTP server process, `server.py`. Must not need the internet.

#![expect(clippy::unwrap_used, reason = "the helpers of a test are tests too")]

use jiff::{Timestamp, tz::TimeZone};
use nearhand_mail::{Kind, Letter, Mail, Mailer, SendError, SmtpSettings, render};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Lines},
    net::TcpListener,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

const LINK: &str = "https://near.example/accept#nh_inv_secret-token";

/// The server's process. It ends when this is dropped.
struct Server {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
    port: u16,
    ca: PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(mode: &str) -> Self {
        let python = std::env::var_os("NEARHAND_TEST_PYTHON").expect(
            "NEARHAND_TEST_PYTHON must name a Python with services/mail/tests/requirements.txt \
             installed: run the tests through `./dev test`, which sets it",
        );
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server.py"))
            .arg(mode)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("NEARHAND_TEST_PYTHON names no program");
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = said.next().expect("the server ended at its start, see above").unwrap();
        let ready: Value = serde_json::from_str(&first).unwrap();
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        let ca = PathBuf::from(ready["ca"].as_str().unwrap());
        Self { process, said, port, ca, _folder: folder }
    }

    /// A mailer for it. The URL comes without port, such as `smtp://localhost`; `?` and what
    /// follows goes behind the port.
    fn mailer(&self, url: &str) -> Mailer {
        let (address, query) = url.split_once('?').map_or((url, ""), |(url, query)| (url, query));
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{address}:{}{mark}{query}", self.port);
        mailer(&url, Some(self.ca.clone()).filter(|ca| ca.exists()), Duration::from_secs(20))
    }

    /// The next mail that it took.
    fn took(&mut self) -> Value {
        serde_json::from_str(&self.said.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn mailer(url: &str, tls_ca: Option<PathBuf>, timeout: Duration) -> Mailer {
    let from = "Nähe <mail@near.example>".to_owned();
    Mailer::smtp(&SmtpSettings { url: url.into(), from, tls_ca, timeout }).unwrap()
}

fn invitation(to: &str) -> Mail {
    let expires_at: Timestamp = "2026-12-01T14:30:00Z".parse().unwrap();
    let letter = Letter::Invitation {
        organization: "Pflegedienst Grüne Straße und Nachbarn im Süden von Zürich".to_owned(),
        person: "Grace Hopper".to_owned(),
        inviter: None,
        link: LINK.to_owned(),
        expires_at,
        again: false,
    };
    Mail {
        to: to.to_owned(),
        rendered: render(&letter, "de-AT", &TimeZone::UTC).unwrap(),
        message_id: "0198-invitation@near.example".to_owned(),
        kind: Kind::Invitation,
    }
}

/// Checks that an error is safe to log.
fn harmless(error: &SendError) {
    let words = format!("{error} {error:?}");
    for secret in ["secret-token", "near.example", "p:w", "p%3Aw", "wrong-password"] {
        assert!(!words.contains(secret), "{words}");
    }
    assert!(!words.contains('@'), "{words}");
}

/// Jobs run on any thread.
fn movable<F: Future + Send>(future: F) -> F {
    future
}

fn temporary(sent: Result<(), SendError>, part: &str) {
    let error = sent.unwrap_err();
    harmless(&error);
    assert!(!error.is_permanent(), "{error}");
    assert!(error.reason().contains(part), "{part} is not in: {error}");
}

fn permanent(sent: Result<(), SendError>, part: &str) {
    let error = sent.unwrap_err();
    harmless(&error);
    assert!(error.is_permanent(), "{error}");
    assert!(error.reason().contains(part), "{part} is not in: {error}");
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let mut server = Server::start("plain");
    let mail = invitation("grace@example.org");
    let mailer = server.mailer("smtp://127.0.0.1");
    // Twice: an attempt that is repeated has the same id.
    for _ in 0..2 {
        movable(mailer.send(&mail)).await.unwrap();
        let taken = server.took();
        assert_eq!(taken["from"], "mail@near.example");
        assert_eq!(taken["to"], serde_json::json!(["grace@example.org"]));
        assert_eq!(taken["tls"], false);
        assert_eq!(taken["type"], "multipart/alternative");
        let header = |name: &str| taken["headers"][name].as_str().unwrap().to_owned();
        assert_eq!(header("message-id"), "<0198-invitation@near.example>");
        assert_eq!(header("from"), "Nähe <mail@near.example>");
        assert_eq!(header("to"), "grace@example.org");
        assert_eq!(header("subject"), mail.rendered.subject);
        assert_eq!(header("auto-submitted"), "auto-generated");
        assert_eq!(header("content-language"), "de");
        let date = jiff::fmt::rfc2822::parse(&header("date")).unwrap().timestamp();
        let age = nearhand_domain::clock::now().duration_since(date);
        assert!(age.as_secs().abs() < 600, "{date}");
        let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        assert_eq!(lines(taken["text"].as_str().unwrap()), lines(&mail.rendered.text));
        assert_eq!(lines(taken["html"].as_str().unwrap()), lines(&mail.rendered.html));
    }
}

#[tokio::test]
async fn recipients_are_refused_for_good_or_for_now() {
    let server = Server::start("plain");
    let mailer = server.mailer("smtp://localhost");
    permanent(mailer.send(&invitation("gone@example.org")).await, "550 5.1.1 no such person");
    temporary(mailer.send(&invitation("busy@example.org")).await, "451 4.2.1 come again later");
    permanent(mailer.send(&invitation("no address")).await, "recipient's address");
    // The server repeats the link in its answer.
    permanent(mailer.send(&invitation("echo@example.org")).await, "554 5.7.1 refused for …");
}

#[tokio::test]
async fn tls_is_used_from_the_start_or_by_starttls() {
    for (mode, url) in [("tls", "smtps://localhost"), ("starttls", "smtp://127.0.0.1?tls=required")]
    {
        let mut server = Server::start(mode);
        server.mailer(url).send(&invitation("grace@example.org")).await.unwrap();
        assert_eq!(server.took()["tls"], true, "{mode}");
    }
}

#[tokio::test]
async fn an_unknown_authority_or_a_missing_starttls_is_temporary() {
    let other = Server::start("tls");
    let mail = invitation("grace@example.org");
    for (mode, scheme, query) in [("tls", "smtps", ""), ("starttls", "smtp", "?tls=required")] {
        let server = Server::start(mode);
        let url = format!("{scheme}://localhost:{}{query}", server.port);
        let mailer = mailer(&url, Some(other.ca.clone()), Duration::from_secs(20));
        temporary(mailer.send(&mail).await, "certificate");
    }
    let plain = Server::start("plain");
    temporary(plain.mailer("smtp://localhost?tls=required").send(&mail).await, "STARTTLS");
    // The server wants STARTTLS, the settings say no TLS.
    let strict = Server::start("starttls");
    temporary(strict.mailer("smtp://localhost?tls=none").send(&mail).await, "530");
}

#[tokio::test]
async fn a_login_is_done_over_tls() {
    let mut server = Server::start("auth");
    let mail = invitation("grace@example.org");
    let right = server.mailer("smtp://nearhand:p%3Aw%2Fx@localhost?tls=required");
    right.send(&mail).await.unwrap();
    let taken = server.took();
    assert_eq!((&taken["tls"], &taken["user"]), (&Value::from(true), &Value::from("nearhand")));
    // A wrong or missing login is mended in the settings: the mail can be sent then.
    let wrong = server.mailer("smtp://nearhand:wrong-password@localhost?tls=required");
    temporary(wrong.send(&mail).await, "535");
    temporary(server.mailer("smtp://localhost?tls=required").send(&mail).await, "530");
    // Nothing is told to a server without TLS.
    let none = server.mailer("smtp://nearhand:p%3Aw%2Fx@localhost?tls=none");
    temporary(none.send(&mail).await, "");
}

#[tokio::test]
async fn a_server_that_stalls_or_goes_away_is_temporary() {
    let stalling = Server::start("stall");
    let url = format!("smtp://localhost:{}", stalling.port);
    let impatient = mailer(&url, None, Duration::from_millis(700));
    let begun = Instant::now();
    let mail = invitation("grace@example.org");
    temporary(impatient.send(&mail).await, "longer than 0.7 s");
    assert!(begun.elapsed() < Duration::from_secs(10));

    let dropping = Server::start("drop");
    temporary(dropping.mailer("smtp://localhost").send(&mail).await, "");

    // A port that nobody listens at, and a host that does not exist.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}");
    temporary(mailer(&url, None, Duration::from_secs(20)).send(&mail).await, "onnection");
    let nowhere = mailer("smtp://mail.invalid:1?tls=none", None, Duration::from_secs(5));
    temporary(nowhere.send(&mail).await, "");
}

#[tokio::test]
async fn an_accepted_mail_is_sent_though_the_goodbye_stalls() {
    let mut server = Server::start("slow-quit");
    server.mailer("smtp://localhost").send(&invitation("grace@example.org")).await.unwrap();
    assert_eq!(server.took()["to"], serde_json::json!(["grace@example.org"]));
}
