//! Mails of a site as its people get them, and the links in them.

use super::{Answer, Site, eventually};
use nearhand_domain::{
    OrganizationId,
    token::{TokenKind, mint},
};
use nearhand_mail::{Kind, Mailer, Outbox, OutboxMail};
use nearhand_runner::{EraseJobs, JobsConfig, MailJobs};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const FROM: &str = "Nearhand <mail@nearhand.example>";
/// The base of all links.
pub(crate) const PUBLIC_URL: &str = "https://people.example";

/// The outbox of a site whose worker sends mails.
pub(crate) struct Mailbox {
    outbox: Outbox,
    folder: TempDir,
}

impl Mailbox {
    /// Starts the worker of a site.
    pub(crate) async fn start(site: &mut Site) -> Self {
        Self::start_with(site, |jobs| jobs).await
    }

    /// The same with further handlers of jobs.
    pub(crate) async fn start_with(
        site: &mut Site,
        add: impl FnOnce(JobsConfig) -> JobsConfig,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mailer = Mailer::outbox(folder.path(), FROM).expect("an outbox");
        let mails = MailJobs::new(mailer, PUBLIC_URL);
        site.start_worker_with(|jobs| add(jobs.with(mails))).await;
        let outbox = Outbox::open(folder.path(), FROM).expect("an outbox");
        Self { outbox, folder }
    }

    /// The same with what erases people.
    pub(crate) async fn start_erasing(
        site: &mut Site,
        add: impl FnOnce(JobsConfig) -> JobsConfig,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(folder.path(), FROM).expect("an outbox");
        let mailer = Mailer::outbox(folder.path(), FROM).expect("an outbox");
        let mails = MailJobs::new(mailer, PUBLIC_URL);
        let erase = EraseJobs::new(&site.queue, mails.outbox());
        site.start_worker_with(|jobs| add(jobs.with(mails).with(erase))).await;
        Self { outbox, folder }
    }

    /// The files of all mails, as they are.
    pub(crate) fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder");
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    /// All mails of a kind to an address, oldest first.
    pub(crate) async fn mails(&self, to: &str, kind: Kind) -> Vec<OutboxMail> {
        let mut mails = self.outbox.list(1_000).await.expect("mails");
        mails.retain(|mail| mail.to == to && mail.kind == kind);
        mails.reverse();
        mails
    }

    /// Waits for the mail of a kind to an address with this number, 1 and up.
    pub(crate) async fn nth(&self, to: &str, kind: Kind, number: usize) -> OutboxMail {
        eventually("the mail comes", async || {
            self.mails(to, kind).await.into_iter().nth(number - 1)
        })
        .await
    }
}

/// The secret in the link of a mail, which leads to this page.
pub(crate) fn secret(mail: &OutboxMail, page: &str) -> String {
    let start = format!("{PUBLIC_URL}{page}#");
    let (_, rest) = mail.text.split_once(&start).expect("a link");
    let is_secret = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let secret: String = rest.chars().take_while(|c| is_secret(*c)).collect();
    assert!(mail.html.contains(&format!("{start}{secret}")), "both parts have the same link");
    secret
}

/// Links whose secret the mail's job has drawn.
#[derive(Clone, Copy)]
pub(crate) enum Link {
    Invitation,
    Reset,
    EmailChange,
    Offer,
}

/// Draws the secret of a person's newest link, as the mail's job does.
pub(crate) async fn draw(site: &Site, link: Link, staff: &str) -> String {
    let (kind, statement) = match link {
        Link::Invitation => (
            TokenKind::Invitation,
            "UPDATE invitations SET secret_hash = $2 WHERE id = \
             (SELECT id FROM invitations WHERE staff_id = $1 ORDER BY id DESC LIMIT 1)",
        ),
        Link::Reset => (
            TokenKind::Reset,
            "UPDATE password_resets SET secret_hash = $2 WHERE id = \
             (SELECT id FROM password_resets WHERE staff_id = $1 ORDER BY id DESC LIMIT 1)",
        ),
        Link::EmailChange => (
            TokenKind::EmailChange,
            "UPDATE email_changes SET secret_hash = $2 WHERE id = \
             (SELECT id FROM email_changes WHERE staff_id = $1 ORDER BY id DESC LIMIT 1)",
        ),
        Link::Offer => (
            TokenKind::Offer,
            "UPDATE offer_people SET secret_hash = $2 WHERE (offer_id, staff_id) = \
             (SELECT offer_id, staff_id FROM offer_people WHERE staff_id = $1 \
             ORDER BY offer_id DESC LIMIT 1)",
        ),
    };
    let mut db = site.database.look().await;
    let staff: Uuid = staff.parse().expect("an id");
    let organization: Uuid = sqlx::query_scalar("SELECT organization_id FROM staff WHERE id = $1")
        .bind(staff)
        .fetch_one(&mut db)
        .await
        .expect("a person");
    let (token, hash) = mint(kind, OrganizationId(organization));
    let drawn = sqlx::query(statement).bind(staff).bind(hash.0.as_slice()).execute(&mut db).await;
    assert_eq!(drawn.expect("a secret").rows_affected(), 1, "there is a link");
    token
}

/// One POST without a session, from an address of its own: the throttle of others is not concerned.
pub(crate) async fn post_from(site: &Site, address: &str, path: &str, body: Value) -> Answer {
    let request = site.http.post(format!("{}{path}", site.url)).json(&body);
    let request = request.header("x-forwarded-for", address);
    Answer::read(request.send().await.expect("an answer")).await
}

/// The same from an address that nobody has used.
pub(crate) async fn post_fresh(site: &Site, path: &str, body: Value) -> Answer {
    let [.., a, b, c] = *Uuid::new_v4().as_bytes();
    post_from(site, &format!("10.{a}.{b}.{c}"), path, body).await
}

/// Accepts an invitation.
pub(crate) async fn accept(site: &Site, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    post_fresh(site, "/v1/invitations/accept", body).await
}

/// Runs a statement about one person.
pub(crate) async fn set(site: &Site, statement: &'static str, staff: &str) {
    let staff: Uuid = staff.parse().expect("an id");
    let mut db = site.database.look().await;
    sqlx::query(statement).bind(staff).execute(&mut db).await.expect("a statement");
}

/// A problem document without what differs from request to request.
pub(crate) fn said(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body["request_id"] = Value::Null;
    body
}
