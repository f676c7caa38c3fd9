//! Sends mails. Each try draws a link of its own, so that only the mail that was sent last opens
//! anything; its hash is stored in the transaction that says `sending`. Logs no words and no address.

use super::{Handler, JobContext, Outcome, Schedule};
use jiff::tz::TimeZone;
use nearhand_domain::{
    OrganizationId, clock,
    jobs::MailJob,
    mails::{MailKind, MailState},
    token::{TokenHash, TokenKind, mint},
    zone,
};
use nearhand_mail::{
    AnswerCounts, AssignmentNews, Letter, Mail, Mailer, OfferDetails, Outbox, SendError, render,
};
use nearhand_storage::{
    StorageError,
    mail_contents::{
        self, AssignmentContents, Contents, OfferContents, Recipient, UnansweredContents,
    },
    mails::{self, MailRecord},
};
use std::time::Duration;

/// Sends the mails of all organisations.
#[derive(Clone, Debug)]
pub struct MailJobs {
    mailer: Mailer,
    /// Without a slash at its end.
    public_url: String,
}

/// What is ready to be sent.
struct Ready {
    to: String,
    letter: Letter,
    language: String,
    time_zone: String,
}

impl MailJobs {
    /// `public_url` is the base of every link.
    #[must_use]
    pub fn new(mailer: Mailer, public_url: &str) -> Self {
        Self { mailer, public_url: public_url.trim_end_matches('/').to_owned() }
    }
}

impl Handler for MailJobs {
    type Payload = MailJob;
    const CONCURRENCY: usize = 4;
    /// Longer than a mail server is given.
    const TIMEOUT: Duration = Duration::from_mins(2);
    /// A day and a half in all: a mail server that is away for a day costs no mail.
    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(30), longest: Duration::from_hours(4), attempts: 18 };

    async fn handle(&self, job: MailJob, context: &JobContext) -> Result<Outcome, StorageError> {
        tracing::debug!(mail.id = %job.mail, attempt = job.attempt, "a mail is due");
        let mut tx = context.begin().await?;
        let taken = mails::take(&mut tx, job.mail, job.attempt, clock::now()).await?;
        let Some(mail) = taken else { return Ok(Outcome::Done) };
        let (link, hash) = self.link(context.organization(), mail.kind);
        let recipient = mail_contents::recipient(&mut tx, &mail).await?;
        let contents = mail_contents::contents(&mut tx, &mail, hash, clock::now()).await?;
        let ready = recipient.zip(contents).and_then(|(r, c)| ready(&mail, r, c, link));
        let Some(ready) = ready else {
            let reason = "what it was about has ended or gone";
            let (state, now) = (MailState::Failed, clock::now());
            mails::tried(&mut tx, job.mail, job.attempt, state, Some(reason), now).await?;
            tx.commit().await?;
            return Ok(Outcome::Done);
        };
        tx.commit().await?;
        match self.send(&mail, &ready).await {
            Ok(()) => {
                tell(&job, MailState::Sent, None, context).await?;
                self.forget_erased(&job, context).await
            }
            Err(SendError::Permanent { reason }) => Ok(Outcome::dead(reason)),
            Err(SendError::Temporary { reason }) => {
                tell(&job, MailState::Queued, Some(&reason), context).await?;
                Ok(Outcome::retry(reason))
            }
        }
    }

    async fn give_up(
        &self,
        job: &MailJob,
        reason: &str,
        context: &JobContext,
    ) -> Result<(), StorageError> {
        tell(job, MailState::Failed, Some(reason), context).await
    }
}

impl MailJobs {
    /// The link of a mail, and the hash of the secret in it. The secret is in the fragment, which no
    /// server and no log ever sees.
    fn link(&self, organization: OrganizationId, kind: MailKind) -> (String, TokenHash) {
        let (path, token) = match kind {
            MailKind::Invitation | MailKind::Reinvitation => ("/invite", TokenKind::Invitation),
            MailKind::Recovery => ("/reset", TokenKind::Reset),
            MailKind::EmailChange => ("/confirm-email", TokenKind::EmailChange),
            MailKind::Offered => ("/offer", TokenKind::Offer),
            // These have no secret; what is drawn is not used.
            MailKind::Welcome
            | MailKind::EmailChanged
            | MailKind::ImportFinished
            | MailKind::Assigned
            | MailKind::AssignmentChanged
            | MailKind::Withdrawn
            | MailKind::OfferUnanswered => {
                let (_, hash) = mint(TokenKind::Invitation, organization);
                return (self.public_url.clone(), hash);
            }
        };
        let (secret, hash) = mint(token, organization);
        (format!("{}{path}#{secret}", self.public_url), hash)
    }

    /// The folder that mails are kept in, where there is no mail server.
    #[must_use]
    pub fn outbox(&self) -> Option<Outbox> {
        match &self.mailer {
            Mailer::Outbox(outbox) => Some(outbox.clone()),
            Mailer::Smtp(_) => None,
        }
    }

    /// The person may have been erased while their mail was written: then nobody else removes it from
    /// the folder.
    async fn forget_erased(
        &self,
        job: &MailJob,
        context: &JobContext,
    ) -> Result<Outcome, StorageError> {
        let Some(outbox) = self.outbox() else { return Ok(Outcome::Done) };
        let mut tx = context.begin().await?;
        let mail = mails::get(&mut tx, job.mail).await?;
        tx.rollback().await?;
        if mail.is_some() {
            return Ok(Outcome::Done);
        }
        match outbox.remove(vec![job.mail.0], |_| false).await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => Ok(Outcome::retry(error.to_string())),
        }
    }

    async fn send(&self, mail: &MailRecord, ready: &Ready) -> Result<(), SendError> {
        let zone = zone::get(&ready.time_zone).unwrap_or(TimeZone::UTC);
        let rendered = render(&ready.letter, &ready.language, &zone)
            .map_err(|error| SendError::Permanent { reason: error.to_string() })?;
        let host = self.public_url.split("://").last().unwrap_or_default();
        let host = host.split(['/', ':']).next().filter(|host| !host.is_empty());
        let mail = Mail {
            to: ready.to.clone(),
            kind: ready.letter.kind(),
            rendered,
            // The same for every try: who gets it twice sees it once.
            message_id: format!("{}@{}", mail.id, host.unwrap_or("nearhand.invalid")),
        };
        self.mailer.send(&mail).await
    }
}

async fn tell(
    job: &MailJob,
    state: MailState,
    reason: Option<&str>,
    context: &JobContext,
) -> Result<(), StorageError> {
    let mut tx = context.begin().await?;
    mails::tried(&mut tx, job.mail, job.attempt, state, reason, clock::now()).await?;
    tx.commit().await
}

/// None when there is no address to send it to.
fn ready(mail: &MailRecord, whom: Recipient, contents: Contents, link: String) -> Option<Ready> {
    let Recipient { name: person, email, language, time_zone, organization } = whom;
    let (to, letter) = match contents {
        Contents::Invitation { inviter, expires_at } => {
            let again = mail.kind == MailKind::Reinvitation;
            let letter =
                Letter::Invitation { organization, person, inviter, link, expires_at, again };
            (email, letter)
        }
        Contents::Welcome => (email, Letter::Welcome { organization, person, link }),
        Contents::Recovery { expires_at } => {
            (email, Letter::Recovery { organization, person, link, expires_at })
        }
        Contents::EmailChange { new_email, expires_at } => {
            let new_address = new_email.clone();
            let letter =
                Letter::EmailChange { organization, person, link, new_address, expires_at };
            (Some(new_email), letter)
        }
        Contents::EmailChanged { old_email, new_email } => {
            let new_address_masked = masked(&new_email);
            (old_email, Letter::EmailChanged { organization, person, new_address_masked })
        }
        Contents::Assignment(about) => {
            (email, assignment(mail.kind, about, organization, person, link))
        }
        Contents::Offer(about) => {
            (email, Letter::Offer { organization, person, link, offer: offer(about) })
        }
        Contents::OfferUnanswered(about) => (email, unanswered(about, organization, person, link)),
        Contents::ImportFinished { counts } => {
            let [created, updated, failed] = counts.map(i64::unsigned_abs);
            let subject = mail.subject.map(|id| id.to_string()).unwrap_or_default();
            let link = format!("{link}/v1/imports/{subject}");
            let letter =
                Letter::ImportFinished { organization, person, link, created, updated, failed };
            (email, letter)
        }
    };
    Some(Ready { to: to?, letter, language, time_zone })
}

fn assignment(
    kind: MailKind,
    about: AssignmentContents,
    organization: String,
    person: String,
    link: String,
) -> Letter {
    let news = match kind {
        MailKind::Withdrawn => AssignmentNews::Withdrawn,
        MailKind::AssignmentChanged => AssignmentNews::Changed,
        _ => AssignmentNews::Assigned,
    };
    let AssignmentContents { title, number, starts_at, ends_at, place, reason } = about;
    Letter::Assignment {
        organization,
        person,
        link,
        news,
        title,
        number,
        starts_at,
        ends_at,
        place,
        reason,
    }
}

fn offer(about: OfferContents) -> OfferDetails {
    OfferDetails {
        mode: about.mode,
        title: about.title,
        number: about.number,
        starts_at: about.starts_at,
        duration_min: about.duration_min.unsigned_abs(),
        urgent: about.urgent,
        place: about.place,
        message: about.message,
        respond_by: about.respond_by,
    }
}

fn unanswered(
    about: UnansweredContents,
    organization: String,
    person: String,
    link: String,
) -> Letter {
    let counts = AnswerCounts {
        asked: about.asked.unsigned_abs(),
        available: about.available.unsigned_abs(),
        accepted: about.accepted.unsigned_abs(),
        declined: about.declined.unsigned_abs(),
        timed_out: about.timed_out.unsigned_abs(),
        unreachable: about.unreachable.unsigned_abs(),
    };
    let UnansweredContents { title, number, partly_filled, marked_urgent, .. } = about;
    Letter::OfferUnanswered {
        organization,
        person,
        link,
        title,
        number,
        partly_filled,
        marked_urgent,
        counts,
    }
}

/// `g…@example.org`: enough to know one's own address by.
fn masked(address: &str) -> String {
    let (name, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = name.chars().take(1).collect();
    format!("{first}…@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_masked_to_its_first_letter() {
        assert_eq!(masked("grace@harbour.example"), "g…@harbour.example");
        assert_eq!(masked("ñ@x.example"), "ñ…@x.example");
    }

    #[test]
    fn a_mail_server_away_for_a_day_costs_no_mail() {
        let schedule = MailJobs::SCHEDULE;
        let pauses = (1..schedule.attempts).map(|attempt| schedule.pause(attempt));
        let all: Duration = pauses.sum();
        // Pauses are up to a fifth shorter.
        assert!(all.mul_f64(0.8) > Duration::from_hours(24), "{all:?}");
        assert!(all < Duration::from_hours(40), "{all:?}");
    }
}
