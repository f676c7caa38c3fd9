//! The audit trail as it is read: a page at a time, newest first, for lists and for exports alike.
//! Must open sealed values only of those the reader may see.

use crate::{StorageError, Tx};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    StaffId,
    access::{ActorKind, PeopleScope},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

/// An entry's identifier is made within this time of its instant, which is its transaction's.
const MAX_DRIFT: SignedDuration = SignedDuration::from_hours(24);

/// Which entries to read. What is `None` does not count.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TrailFilter {
    /// Only by this person or service account.
    pub actor: Option<Uuid>,
    /// Only upon this subject.
    pub subject: Option<Uuid>,
    /// Only upon subjects of this kind.
    pub subject_kind: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only from this instant on.
    pub from: Option<Timestamp>,
    /// Only before this instant.
    pub to: Option<Timestamp>,
}

/// Who reads.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Whose entries they may see. Of a limited scope: those about people in it, and their own
    /// acts.
    pub scope: PeopleScope<'a>,
    /// Whether they may read personal values.
    pub personal: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct TrailEntry {
    /// Which.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// By whom; `None` is the installation itself.
    pub actor: Option<TrailActor>,
    /// Its word.
    pub action: String,
    /// What it happened to.
    pub subject_kind: String,
    /// Which one.
    pub subject: Uuid,
    /// What the subject is called, if it is a person who is not forgotten.
    pub subject_name: Option<String>,
    /// What is nobody's personal value.
    pub details: Value,
    /// Personal values.
    pub personal: Personal,
    /// As in the response's header and the logs.
    pub request_id: String,
    /// Where the request came from.
    pub remote_addr: Option<String>,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailActor {
    /// Which.
    pub id: Uuid,
    /// Person or service account.
    pub kind: ActorKind,
    /// What they are called, unless they are forgotten.
    pub name: Option<String>,
}

/// Personal values of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Personal {
    /// There are none.
    None,
    /// There are, and the reader may not see them.
    Sealed,
    /// There were; nobody can read them any more.
    Erased,
    /// These.
    Open(Value),
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    at: jiff_sqlx::Timestamp,
    actor_id: Option<Uuid>,
    actor_kind: String,
    actor_name: Option<String>,
    action: String,
    subject_kind: String,
    subject_id: Uuid,
    subject_name: Option<String>,
    request_id: String,
    remote_addr: Option<String>,
    details: Value,
    sealed: Option<Vec<u8>>,
    key_exists: bool,
    key: Option<Vec<u8>>,
}

/// A page of entries, newest first, older than `before` if that is given. Read page after page, the
/// last identifier of each being the next one's `before`, this streams the whole trail.
///
/// # Errors
/// When the database fails, or sealed values cannot be opened.
pub async fn list(
    tx: &mut Tx,
    filter: &TrailFilter,
    reader: Reader<'_>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<TrailEntry>, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT a.id, a.at, a.actor_id, a.actor_kind, COALESCE(p.display_name, c.name) \
         AS actor_name, a.action, a.subject_kind, a.subject_id, s.display_name AS subject_name, \
         a.request_id, a.remote_addr, a.details, a.sealed, k.staff_id IS NOT NULL AS key_exists, \
         CASE WHEN ",
    );
    query.push_bind(reader.personal);
    push_reaches(&mut query, reader.scope, &["a.sealed_for"]);
    query.push(
        " THEN k.key END AS key FROM audit_log AS a \
         LEFT JOIN staff AS p ON a.actor_kind = 'staff' AND p.id = a.actor_id \
         LEFT JOIN service_accounts AS c \
           ON a.actor_kind = 'service_account' AND c.id = a.actor_id \
         LEFT JOIN staff AS s ON a.subject_kind = 'staff' AND s.id = a.subject_id \
         LEFT JOIN person_keys AS k ON k.staff_id = a.sealed_for WHERE a.id < ",
    );
    query.push_bind(before.unwrap_or(Uuid::max()));
    narrow(&mut query, filter);
    push_reaches(&mut query, reader.scope, &["a.subject_id", "a.sealed_for", "a.actor_id"]);
    query.push(" ORDER BY a.id DESC LIMIT ").push_bind(limit);
    let rows = query.build_query_as::<Row>().fetch_all(&mut **tx).await?;
    rows.into_iter().map(entry).collect()
}

/// A page of the entries about a person and by them, newest first, older than `before` if that is
/// given. Only the personal values of this person are opened.
///
/// # Errors
/// When the database fails, or sealed values cannot be opened.
pub async fn of_person(
    tx: &mut Tx,
    person: StaffId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<TrailEntry>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT a.id, a.at, a.actor_id, a.actor_kind, NULL AS actor_name, a.action, \
         a.subject_kind, a.subject_id, NULL AS subject_name, a.request_id, \
         CASE WHEN a.actor_id = $1 THEN a.remote_addr END AS remote_addr, a.details, a.sealed, \
         k.staff_id IS NOT NULL AS key_exists, CASE WHEN a.sealed_for = $1 THEN k.key END AS key \
         FROM audit_log AS a LEFT JOIN person_keys AS k ON k.staff_id = a.sealed_for \
         WHERE (a.actor_id = $1 OR a.subject_id = $1 OR a.sealed_for = $1) AND a.id < $2 \
         ORDER BY a.id DESC LIMIT $3",
    )
    .bind(person.0)
    .bind(before.unwrap_or(Uuid::max()))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(entry).collect()
}

/// Personal values before and after. Most entries hold both sides; others the values of what was
/// made, or of what was removed. The missing side is null.
#[must_use]
pub fn sides(action: &str, mut values: Value) -> (Value, Value) {
    let side =
        |values: &mut Value, name: &str| values.get_mut(name).map_or(Value::Null, Value::take);
    let fields = values.as_object();
    let both = fields.is_some_and(|fields| {
        !fields.is_empty() && fields.keys().all(|name| name == "before" || name == "after")
    });
    if both {
        return (side(&mut values, "before"), side(&mut values, "after"));
    }
    if action.ends_with(".delete") || action.ends_with(".revoke") {
        return (values, Value::Null);
    }
    (Value::Null, values)
}

/// The condition that one of these columns names a person in the scope, where it is limited; the
/// actor's column only the reader themselves.
fn push_reaches(
    query: &mut QueryBuilder<Postgres>,
    scope: PeopleScope<'_>,
    columns: &[&'static str],
) {
    let PeopleScope::Departments { of, or } = scope else { return };
    query.push(" AND (false");
    for column in columns {
        query.push(" OR ").push(column).push(" = ").push_bind(or.0);
        if *column != "a.actor_id" {
            let of: Vec<Uuid> = of.iter().map(|id| id.0).collect();
            query.push(" OR EXISTS (SELECT FROM staff_departments AS d WHERE d.staff_id = ");
            query.push(column).push(" AND d.department_id = ANY(").push_bind(of).push("))");
        }
    }
    query.push(")");
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &TrailFilter) {
    let ids = [(" AND a.actor_id = ", filter.actor), (" AND a.subject_id = ", filter.subject)];
    for (condition, id) in ids {
        if let Some(id) = id {
            query.push(condition).push_bind(id);
        }
    }
    let words = [
        (" AND a.subject_kind = ", filter.subject_kind.clone()),
        (" AND a.action = ", filter.action.clone()),
    ];
    for (condition, word) in words {
        if let Some(word) = word {
            query.push(condition).push_bind(word);
        }
    }
    // Identifiers hold the time, so that the list's own index finds an instant.
    if let Some(from) = filter.from {
        query.push(" AND a.at >= ").push_bind(from.max(Timestamp::UNIX_EPOCH).to_sqlx());
        query.push(" AND a.id >= ").push_bind(first_id(from.saturating_sub(MAX_DRIFT)));
    }
    if let Some(to) = filter.to {
        query.push(" AND a.at < ").push_bind(to.max(Timestamp::UNIX_EPOCH).to_sqlx());
        query.push(" AND a.id <= ").push_bind(first_id(to.saturating_add(MAX_DRIFT)));
    }
}

/// No identifier of this instant or later is smaller (RFC 9562: 48 bits of Unix milliseconds come
/// first).
fn first_id(at: Result<Timestamp, jiff::Error>) -> Uuid {
    let millis = at.map_or(0, |at| at.as_millisecond().max(0));
    Uuid::from_u128(u128::try_from(millis).unwrap_or(0) << 80)
}

fn entry(row: Row) -> Result<TrailEntry, StorageError> {
    let personal = match (&row.sealed, &row.key) {
        (None, _) => Personal::None,
        (Some(_), None) if !row.key_exists => Personal::Erased,
        (Some(_), None) => Personal::Sealed,
        (Some(sealed), Some(key)) => {
            let cipher = super::cipher_with(key)?;
            Personal::Open(super::open(&cipher, row.id.as_bytes(), sealed)?)
        }
    };
    let kind = ActorKind::parse(&row.actor_kind).unwrap_or(ActorKind::Staff);
    let name = row.actor_name;
    Ok(TrailEntry {
        id: row.id,
        at: row.at.to_jiff(),
        actor: row.actor_id.map(|id| TrailActor { id, kind, name }),
        action: row.action,
        subject_kind: row.subject_kind,
        subject: row.subject_id,
        subject_name: row.subject_name,
        details: row.details,
        personal,
        request_id: row.request_id,
        remote_addr: row.remote_addr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_entry_has_two_sides() {
        let both = json!({ "before": { "home": null }, "after": { "home": [1, 2] } });
        let expected = (json!({ "home": null }), json!({ "home": [1, 2] }));
        assert_eq!(sides("staff.update", both), expected);
        let absence = || json!({ "starts_at": "2026-01-01T00:00:00Z" });
        assert_eq!(sides("time_off.create", absence()), (Value::Null, absence()));
        assert_eq!(sides("time_off.delete", absence()), (absence(), Value::Null));
    }

    #[test]
    fn identifiers_of_an_instant_lie_between_its_bounds() {
        let (id, now) = (Uuid::now_v7(), nearhand_domain::clock::now());
        let second = SignedDuration::from_secs(1);
        assert!(first_id(now.saturating_sub(second)) < id);
        assert!(id < first_id(now.saturating_add(second)));
        assert_eq!(first_id(Ok(Timestamp::MIN)), Uuid::nil());
    }
}
