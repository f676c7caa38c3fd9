//! Writes one batch of rows: judges each again, writes new people together and others one by one,
//! and says what became of each. A row that cannot be written keeps no other from it.
//!
//! The order of locks is everybody's: what people belong to, then people by id, then the lock of
//! account admins.

use super::people::{self, LockedMemberships};
use nearhand_domain::{
    access::Actor,
    imports::{RowError, RowOutcome},
};
use nearhand_roster::{Refusal, judge_change, judge_creation};
use nearhand_storage::{
    Conflict, StorageError, Tx,
    audit::{self, AuditContext, AuditEvent},
    imports::{OpenRow, Written},
    staff::{self, StaffRecord},
};

/// What a batch has brought about besides its people.
#[derive(Default)]
struct Done {
    written: Vec<Written>,
    events: Vec<AuditEvent>,
}

/// Writes the rows.
pub(super) async fn apply(
    tx: &mut Tx,
    context: &AuditContext,
    author: &Actor<'_>,
    rows: Vec<OpenRow>,
) -> Result<Vec<Written>, StorageError> {
    let memberships = LockedMemberships::of(tx, &rows).await?;
    let mut done = Done::default();
    let (old, new): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.version.is_some());
    let ids: Vec<_> = old.iter().map(|row| row.record.id).collect();
    let people = staff::lock_many(tx, &ids).await?;
    create(tx, context, author, &memberships, new, &mut done).await?;
    for row in old {
        let before = people.iter().find(|person| person.id == row.record.id);
        update(tx, context, author, &memberships, before, row, &mut done).await?;
    }
    audit::record_many(tx, context, &done.events).await?;
    Ok(done.written)
}

/// New people: all at once, and one by one if that fails.
async fn create(
    tx: &mut Tx,
    context: &AuditContext,
    author: &Actor<'_>,
    memberships: &LockedMemberships,
    rows: Vec<OpenRow>,
    done: &mut Done,
) -> Result<(), StorageError> {
    let mut judged: Vec<(i32, StaffRecord)> = Vec::new();
    for OpenRow { line, mut record, .. } in rows {
        let fits =
            memberships.settle(None, &mut record).and_then(|()| judge_creation(author, &record));
        match fits {
            Ok(()) => judged.push((line, record)),
            Err(refusal) => done.failed(line, refused(refusal)),
        }
    }
    let (lines, records): (Vec<i32>, Vec<StaffRecord>) = judged.into_iter().unzip();
    tx.savepoint().await?;
    match people::create_all(tx, context.organization, &records).await {
        Ok(()) => {
            tx.release_savepoint().await?;
            for (line, record) in lines.into_iter().zip(&records) {
                done.created(line, record);
            }
            return Ok(());
        }
        Err(error) if error.blames_data() => tx.back_to_savepoint().await?,
        Err(error) => return Err(error),
    }
    for (line, record) in lines.into_iter().zip(&records) {
        tx.savepoint().await?;
        match people::create_one(tx, context.organization, record).await {
            Ok(()) => {
                tx.release_savepoint().await?;
                done.created(line, record);
            }
            Err(error) => done.failed(line, taken_back(tx, error).await?),
        }
    }
    Ok(())
}

/// A person who must be locked, if they are still there.
async fn update(
    tx: &mut Tx,
    context: &AuditContext,
    author: &Actor<'_>,
    memberships: &LockedMemberships,
    before: Option<&StaffRecord>,
    row: OpenRow,
    done: &mut Done,
) -> Result<(), StorageError> {
    let Some(before) = before else {
        done.failed(row.line, error(None, "gone", "the person was deleted after the check"));
        return Ok(());
    };
    if Some(before.version) != row.version {
        let detail = "the person was changed after the check; send the file again";
        done.failed(row.line, error(None, "changed_meanwhile", detail));
        return Ok(());
    }
    let mut after = people::upon(before, row.record);
    let fits = memberships
        .settle(Some(before), &mut after)
        .and_then(|()| judge_change(author, before, &after));
    let fits = match fits {
        Ok(()) => people::check(tx, context.organization, before, &after).await?,
        Err(refusal) => Err(refused(refusal)),
    };
    if let Err(why) = fits {
        done.failed(row.line, why);
        return Ok(());
    }
    tx.savepoint().await?;
    match people::change(tx, context.organization, before, &after).await {
        Ok(()) => {
            tx.release_savepoint().await?;
            done.updated(row.line, before, &after);
        }
        Err(error) => done.failed(row.line, taken_back(tx, error).await?),
    }
    Ok(())
}

impl Done {
    fn created(&mut self, line: i32, record: &StaffRecord) {
        let event = AuditEvent::of(nearhand_domain::audit::STAFF_CREATE, record.id);
        self.events.push(staff::changed(event, None, record));
        self.written(line, RowOutcome::Created, Some(record), None);
    }

    fn updated(&mut self, line: i32, before: &StaffRecord, after: &StaffRecord) {
        let event = AuditEvent::of(nearhand_domain::audit::STAFF_UPDATE, after.id);
        self.events.push(staff::changed(event, Some(before), after));
        self.written(line, RowOutcome::Updated, Some(after), None);
    }

    fn failed(&mut self, line: i32, error: RowError) {
        self.written(line, RowOutcome::Failed, None, Some(error));
    }

    fn written(
        &mut self,
        line: i32,
        outcome: RowOutcome,
        person: Option<&StaffRecord>,
        error: Option<RowError>,
    ) {
        let staff = person.map(|person| person.id);
        self.written.push(Written { line, outcome, staff, error });
    }
}

/// Takes a row back whose values are at fault; any other fault is everybody's.
async fn taken_back(tx: &mut Tx, failure: StorageError) -> Result<RowError, StorageError> {
    if !failure.blames_data() {
        return Err(failure);
    }
    tx.back_to_savepoint().await?;
    Ok(match failure {
        StorageError::Conflict(Conflict::EmailTaken) => {
            error(Some("email"), "email_taken", "somebody else has this e-mail address by now")
        }
        StorageError::Conflict(Conflict::UsernameTaken) => {
            error(Some("username"), "username_taken", "somebody else has this user name by now")
        }
        StorageError::Conflict(Conflict::AccountCodeTaken) => {
            let detail = "somebody else has this account code by now";
            error(Some("account_code"), "account_code_taken", detail)
        }
        other => {
            tracing::warn!(error = %other, "a row of an import could not be written");
            error(None, "invalid", "the row could not be written; send the file again")
        }
    })
}

fn refused(Refusal { code, detail }: Refusal) -> RowError {
    error(None, code, detail)
}

pub(super) fn error(column: Option<&str>, code: &str, detail: &str) -> RowError {
    let column = column.map(str::to_owned);
    RowError { column, code: code.to_owned(), detail: detail.to_owned() }
}
