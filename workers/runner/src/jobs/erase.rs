//! Removes what is left of a person who has been erased: their history, their dead letters, their mails
//! in the outbox. Each step may be repeated, so that a killed worker's job is simply done again.

use super::{Handler, JobContext, Outcome, Schedule};
use nearhand_domain::{StaffId, clock, jobs::EraseJob};
use nearhand_mail::{Outbox, OutboxMail};
use nearhand_queue::{DeadLetters, Queue};
use nearhand_storage::{
    StorageError,
    erasure::{self, Remains},
    jobs::{self, Ending},
};
use serde_json::json;
use std::time::Duration;

/// About how many pings are deleted in one transaction.
const PINGS_AT_ONCE: i32 = 20_000;

/// Erases people of all organisations.
#[derive(Clone)]
pub struct EraseJobs {
    letters: DeadLetters,
    outbox: Option<Outbox>,
}

/// What came of deleting the history.
enum History {
    /// So many pings went, in all tries together.
    Gone(i32),
    /// The process ends.
    Interrupted,
}

impl EraseJobs {
    /// Looks for their dead letters in this queue, and for their mails in the folder where they are
    /// kept, if there is one.
    #[must_use]
    pub fn new(queue: &Queue, outbox: Option<Outbox>) -> Self {
        Self { letters: queue.dead_letters(), outbox }
    }
}

impl Handler for EraseJobs {
    type Payload = EraseJob;
    const CONCURRENCY: usize = 1;
    const TIMEOUT: Duration = Duration::from_hours(2);
    /// More than three days in all.
    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(1), longest: Duration::from_hours(1), attempts: 100 };

    async fn handle(&self, job: EraseJob, context: &JobContext) -> Result<Outcome, StorageError> {
        let mut tx = context.begin().await?;
        let watched = jobs::start(&mut tx, job.job, clock::now()).await?;
        let remains = erasure::remains(&mut tx, job.staff).await?;
        tx.commit().await?;
        let Some(remains) = remains else {
            finish(&job, watched.map_or(0, |job| job.done), context).await?;
            return Ok(Outcome::Done);
        };
        let mut tx = context.begin().await?;
        erasure::await_ingest(&mut tx).await?;
        tx.rollback().await?;
        let done = watched.map_or(0, |job| job.done);
        let History::Gone(pings) = delete_history(&job, done, context).await? else {
            return Ok(Outcome::retry("the process ends"));
        };
        let mut tx = context.begin().await?;
        erasure::rest(&mut tx, job.staff).await?;
        tx.commit().await?;
        if let Err(reason) = self.delete_outside(job.staff, remains).await {
            return Ok(Outcome::retry(reason));
        }
        let mut tx = context.begin().await?;
        erasure::ended(&mut tx, job.staff).await?;
        tx.commit().await?;
        finish(&job, pings, context).await?;
        Ok(Outcome::Done)
    }

    async fn give_up(
        &self,
        job: &EraseJob,
        _: &str,
        context: &JobContext,
    ) -> Result<(), StorageError> {
        let mut tx = context.begin().await?;
        let why = "something of the person is left; an operator finds the job with `nearhand jobs`";
        jobs::finish(&mut tx, job.job, clock::now(), &Ending::Failed(why.to_owned())).await?;
        tx.commit().await
    }
}

impl EraseJobs {
    /// What PostgreSQL does not hold. The reason of a failure names nobody.
    async fn delete_outside(&self, staff: StaffId, remains: Remains) -> Result<(), String> {
        let letters = self.letters.remove_of(staff).await.map_err(|error| error.to_string())?;
        let mut mails = 0;
        if let Some(outbox) = &self.outbox {
            let ids = remains.mails.clone();
            let concerned = move |mail: &OutboxMail| is_about(&remains, mail);
            mails = outbox.remove(ids, concerned).await.map_err(|error| error.to_string())?;
        }
        tracing::info!(staff.id = %staff, letters, mails, "an erased person's remains are removed");
        Ok(())
    }
}

/// Whether a mail in the outbox goes to an erased person or names them.
fn is_about(remains: &Remains, mail: &OutboxMail) -> bool {
    let text = mail.text.to_lowercase();
    let is_theirs =
        |address: &String| mail.to.to_lowercase() == *address || has_words(&text, address);
    remains.addresses.iter().any(is_theirs) || has_words(&mail.text, &remains.name)
}

/// Whether a text has these words, and not as a part of longer ones.
fn has_words(text: &str, words: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !words.is_empty()
        && text.match_indices(words).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + words.len()..]);
            !is_part(before.chars().next_back()) && !is_part(after.chars().next())
        })
}

async fn delete_history(
    job: &EraseJob,
    done: i32,
    context: &JobContext,
) -> Result<History, StorageError> {
    let mut done = done;
    loop {
        let mut tx = context.begin().await?;
        let gone = erasure::pings(&mut tx, job.staff, PINGS_AT_ONCE).await?;
        done = done.saturating_add(i32::try_from(gone).unwrap_or(i32::MAX));
        // Nobody can cancel an erasure.
        jobs::progress(&mut tx, job.job, done, None).await?;
        tx.commit().await?;
        if gone == 0 {
            return Ok(History::Gone(done));
        }
        if context.is_stopping() {
            return Ok(History::Interrupted);
        }
    }
}

async fn finish(job: &EraseJob, pings: i32, context: &JobContext) -> Result<(), StorageError> {
    let mut tx = context.begin().await?;
    let ending = Ending::Succeeded(json!({ "pings": pings }));
    jobs::finish(&mut tx, job.job, clock::now(), &ending).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::clock;
    use nearhand_mail::Kind;
    use uuid::Uuid;

    fn mail(to: &str, text: &str) -> OutboxMail {
        OutboxMail {
            id: Uuid::now_v7(),
            at: clock::now(),
            from: "Nearhand <n@x.example>".into(),
            to: to.into(),
            subject: String::new(),
            text: text.into(),
            html: String::new(),
            kind: Kind::Welcome,
            language: "en".into(),
            message_id: String::new(),
        }
    }

    #[test]
    fn mails_to_them_or_with_their_name_are_theirs() {
        let remains = Remains {
            mails: Vec::new(),
            addresses: vec!["grace@x.example".into()],
            name: "Grace Hopper".into(),
        };
        for (mail, theirs) in [
            (mail("Grace@x.example", ""), true),
            (mail("ada@x.example", "Dear Ada, Grace Hopper declined."), true),
            (mail("ada@x.example", "now at GRACE@x.example"), true),
            (mail("ada@x.example", "Dear Grace"), false),
            (mail("ada@x.example", "now at disgrace@x.example"), false),
            (mail("ada@x.example", "the Grace Hoppers"), false),
        ] {
            assert_eq!(is_about(&remains, &mail), theirs, "{}", mail.text);
        }
        assert!(!is_about(&Remains::default(), &mail("ada@x.example", "Dear Ada")));
    }
}
