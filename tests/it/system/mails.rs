//! Mails as background jobs of real processes: killed in the middle of sending, and through a restart
//! of the database. Each is sent, and none twice.

use crate::support::{
    processes::{Service, Stack},
    wait::within,
};
use nearhand_domain::{
    MailId, OrganizationId, StaffId, clock,
    mails::{MailKind, MailState},
    token::TokenHash,
};
use nearhand_storage::{
    AppPool,
    mails::{self, NewMail},
};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use tokio::{io::AsyncReadExt, net::TcpListener};
use uuid::Uuid;

/// Longer than three missed heartbeats and a start.
const SOON: Duration = Duration::from_secs(30);

/// An organisation whose people are invited.
struct Inviting {
    app: AppPool,
    organization: OrganizationId,
}

impl Inviting {
    async fn of(stack: &Stack) -> Self {
        let mut db = stack.look().await;
        let organization: Uuid = sqlx::query_scalar("SELECT organization_id FROM organizations")
            .fetch_one(&mut db)
            .await
            .expect("an organisation");
        Self { app: stack.app().await, organization: OrganizationId(organization) }
    }

    /// A person with an open invitation, whose mail is queued with it.
    async fn invite(&self, stack: &Stack, number: usize) -> (Uuid, MailId) {
        let body = json!({ "display_name": format!("Person {number}"),
            "email": format!("person-{number}@harbour.example") });
        let staff = stack.post("/v1/staff", stack.token(), body).await.expect(201);
        let staff: StaffId = staff.str("/id").parse().expect("an id");
        let (invitation, now) = (Uuid::now_v7(), clock::now());
        let mut tx = self.app.tenant(self.organization).await.expect("a transaction");
        sqlx::query(
            "INSERT INTO invitations (organization_id, id, staff_id, created_at, expires_at) \
             VALUES ($1, $2, $3, now(), now() + interval '72 hours')",
        )
        .bind(self.organization.0)
        .bind(invitation)
        .bind(staff.0)
        .execute(&mut *tx)
        .await
        .expect("an invitation");
        let mail =
            NewMail { kind: MailKind::Invitation, staff: Some(staff), subject: Some(invitation) };
        let id = mails::queue(&mut tx, self.organization, mail, now).await.expect("a mail");
        tx.commit().await.expect("a commit");
        (invitation, id)
    }

    async fn state(&self, mail: MailId) -> Option<(MailState, i32)> {
        let mut tx = self.app.tenant(self.organization).await.ok()?;
        let mail = mails::get(&mut tx, mail).await.ok()??;
        Some((mail.state, mail.attempts))
    }

    async fn sent(&self, mail: MailId) {
        within(SOON, "the mail is sent", async || {
            let (state, _) = self.state(mail).await?;
            (state == MailState::Sent).then_some(())
        })
        .await;
    }
}

/// The mails in the outbox: message id and text.
async fn outbox(stack: &Stack) -> Vec<(String, String)> {
    let folder = stack.outbox();
    let folder = folder.to_str().unwrap();
    let output = stack.run("outbox", &["--limit", "1000", "--outbox-dir", folder]).await;
    assert!(output.status.success(), "{output:?}");
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut mails = Vec::new();
    for line in listed.lines().filter(|line| line.contains(" invitation ")) {
        let id = line.split(' ').next().unwrap();
        let output = stack.run("outbox", &["show", id, "--outbox-dir", folder]).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let message = text.lines().find_map(|line| line.strip_prefix("message-id: ")).unwrap();
        mails.push((message.to_owned(), text));
    }
    mails
}

fn secret_in(text: &str) -> TokenHash {
    let link = text.split_whitespace().find(|word| word.contains("/invite#")).expect("a link");
    let (base, token) = link.split_once("/invite#").unwrap();
    assert!(base.starts_with("http://"), "{base}");
    TokenHash::of(token)
}

#[tokio::test]
async fn a_worker_killed_while_it_sends_loses_no_mail_and_doubles_none() {
    let mut stack = Stack::start().await;
    // A mail server that takes a connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", silent.local_addr().unwrap());
    stack.besides.insert("NEARHAND_SMTP_URL", url);
    stack.besides.insert("NEARHAND_MAIL_FROM", "Nearhand <mail@near.example>".to_owned());
    stack.besides.insert("NEARHAND_PUBLIC_URL", "https://near.example".to_owned());
    stack.kill(Service::Worker);
    stack.spawn(Service::Worker);
    let inviting = Inviting::of(&stack).await;
    let (invitation, mail) = inviting.invite(&stack, 1).await;
    let (mut connection, _) = within(SOON, "the worker connects", async || {
        tokio::time::timeout(Duration::from_millis(100), silent.accept()).await.ok()?.ok()
    })
    .await;
    assert_eq!(inviting.state(mail).await, Some((MailState::Sending, 1)));
    stack.kill(Service::Worker);
    assert_eq!(connection.read(&mut [0; 16]).await.unwrap_or(0), 0, "it was in the middle");
    stack.besides.clear();
    stack.spawn(Service::Worker);
    inviting.sent(mail).await;
    let mails = outbox(&stack).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(inviting.state(mail).await, Some((MailState::Sent, 1)));
    // The link that was mailed is the one that counts.
    let kept: Vec<u8> = sqlx::query_scalar("SELECT secret_hash FROM invitations WHERE id = $1")
        .bind(invitation)
        .fetch_one(&mut stack.look().await)
        .await
        .unwrap();
    assert_eq!(kept, secret_in(&mails[0].1).0);
    let done = "SELECT count(*) FROM apalis.jobs WHERE job_type = 'mail' AND status = 'Done'";
    within(SOON, "the job is done", async || (stack.count(done).await? == 1).then_some(())).await;
    assert_eq!(stack.count("SELECT count(*) FROM apalis.jobs").await, Some(1));
}

#[tokio::test]
async fn jobs_go_on_after_the_database_has_restarted() {
    let stack = Stack::start().await;
    let inviting = Inviting::of(&stack).await;
    let (_, first) = inviting.invite(&stack, 0).await;
    inviting.sent(first).await;
    let mut queued = BTreeMap::new();
    for number in 1..=20 {
        let (_, mail) = inviting.invite(&stack, number).await;
        queued.insert(mail.to_string(), mail);
    }
    stack.kill(Service::Postgres);
    for mail in queued.values() {
        inviting.sent(*mail).await;
    }
    let mut found = BTreeMap::<String, usize>::new();
    for (message, _) in outbox(&stack).await {
        let mail = message.split('@').next().unwrap().to_owned();
        *found.entry(mail).or_default() += 1;
    }
    for mail in queued.keys() {
        assert!(found.contains_key(mail), "{mail} is in the outbox");
    }
}

#[tokio::test]
async fn what_is_no_longer_wanted_is_not_mailed() {
    let stack = Stack::start().await;
    let inviting = Inviting::of(&stack).await;
    stack.kill(Service::Worker);
    let (invitation, mail) = inviting.invite(&stack, 1).await;
    sqlx::query("UPDATE invitations SET revoked_at = now() WHERE id = $1")
        .bind(invitation)
        .execute(&mut stack.look().await)
        .await
        .unwrap();
    let mut stack = stack;
    stack.spawn(Service::Worker);
    within(SOON, "it is given up", async || {
        (inviting.state(mail).await?.0 == MailState::Failed).then_some(())
    })
    .await;
    assert!(outbox(&stack).await.is_empty());
    let dead = "SELECT count(*) FROM apalis.jobs WHERE status <> 'Done'";
    within(SOON, "it is no dead letter", async || (stack.count(dead).await? == 0).then_some(()))
        .await;
}
