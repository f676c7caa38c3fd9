//! Mails over SMTP, with TLS, by a real server: what it takes, what it refuses, and what waits until
//! it is back.

use crate::support::{
    given,
    processes::{Service, Stack},
    wait::within,
};
use serde_json::{Value, json};
use std::{process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

const SOON: Duration = Duration::from_secs(60);

/// A running mail server, and what it says.
struct Server {
    url: String,
    ca: String,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
    _folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(given("NEARHAND_TEST_PYTHON"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../services/mail/tests/server.py"))
            .arg("starttls")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready: Value =
            serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        let url = format!("smtp://localhost:{}?tls=required", ready["port"]);
        let ca = ready["ca"].as_str().unwrap().to_owned();
        Self { url, ca, lines, _process: process, _folder: folder }
    }

    /// The next mail it takes.
    async fn mail(&mut self) -> String {
        let line = tokio::time::timeout(SOON, self.lines.next_line()).await.expect("a mail");
        line.unwrap().unwrap()
    }
}

/// Restarts the worker with this mail server.
fn use_server(stack: &mut Stack, url: &str, ca: &str) {
    stack.besides.insert("NEARHAND_SMTP_URL", url.to_owned());
    stack.besides.insert("NEARHAND_SMTP_CA", ca.to_owned());
    stack.besides.insert("NEARHAND_MAIL_FROM", "Nearhand <mail@near.example>".to_owned());
    stack.besides.insert("NEARHAND_PUBLIC_URL", "https://near.example".to_owned());
    stack.kill(Service::Worker);
    stack.spawn(Service::Worker);
}

async fn invite(stack: &Stack, email: &str) -> String {
    let person = json!({ "display_name": "Grace", "email": email, "access_level": "full",
        "language": "de", "send_invite": true });
    stack.post("/v1/staff", stack.token(), person).await.expect(201).str("/id").to_owned()
}

/// The mail beside the invitation, once it is as wanted.
async fn mail_is(stack: &Stack, staff: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    within(SOON, "the mail's state", async || {
        let answer = stack.get(&format!("/v1/staff/{staff}/invitation"), stack.token()).await;
        Some(answer.body["mail"].clone()).filter(|mail| wanted(mail))
    })
    .await
}

#[tokio::test]
async fn a_refused_recipient_is_told_beside_the_invitation() {
    let mut stack = Stack::start().await;
    let mut server = Server::start().await;
    use_server(&mut stack, &server.url, &server.ca);
    let good = invite(&stack, "grace@harbour.example").await;
    mail_is(&stack, &good, |mail| mail["state"] == "sent").await;
    let taken = server.mail().await;
    assert!(taken.contains("https://near.example/invite#nh_inv_"), "{taken}");
    let gone = invite(&stack, "gone@harbour.example").await;
    let mail = mail_is(&stack, &gone, |mail| mail["state"] == "failed").await;
    assert!(mail["reason"].as_str().unwrap().contains("550"), "{mail}");
    // They are still there, and so is their invitation: it can be sent again to another address.
    let person = stack.get(&format!("/v1/staff/{gone}"), stack.token()).await.expect(200);
    assert_eq!(person.str("/invitation_mail"), "failed");
    for (state, whose) in [("failed", &gone), ("sent", &good)] {
        let path = format!("/v1/staff?invitation_mail={state}");
        let found = stack.get(&path, stack.token()).await.expect(200);
        let ids: Vec<_> = found.body["items"].as_array().unwrap().iter().collect();
        assert_eq!(ids.len(), 1, "{}", found.text);
        assert_eq!(ids[0]["id"], whose.as_str());
    }
    stack
        .get("/v1/staff?invitation_mail=lost", stack.token())
        .await
        .refused(400, "malformed_query");
}

#[tokio::test]
async fn a_mail_waits_for_a_server_that_is_away_and_is_sent_when_it_is_back() {
    let mut stack = Stack::start().await;
    let mut server = Server::start().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    use_server(&mut stack, &format!("smtp://{nobody}?tls=none"), &server.ca);
    let staff = invite(&stack, "grace@harbour.example").await;
    let waits = |attempts: i64| {
        move |mail: &Value| mail["state"] == "queued" && mail["attempts"] == attempts
    };
    for attempts in 1..=3 {
        let mail = mail_is(&stack, &staff, waits(attempts)).await;
        assert!(mail["reason"].is_string(), "{mail}");
        let next = "SELECT count(*) FROM apalis.jobs WHERE status = 'Pending' AND run_at > now()";
        within(SOON, "it is to be tried again", async || {
            (stack.count(next).await? == 1).then_some(())
        })
        .await;
        if attempts == 3 {
            use_server(&mut stack, &server.url, &server.ca);
        }
        // The time until then goes by.
        sqlx::query("UPDATE apalis.jobs SET run_at = now() WHERE status = 'Pending'")
            .execute(&mut stack.look().await)
            .await
            .unwrap();
    }
    mail_is(&stack, &staff, |mail| mail["state"] == "sent" && mail["attempts"] == 4).await;
    assert!(server.mail().await.contains("/invite#nh_inv_"));
}
