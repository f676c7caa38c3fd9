//! Recommendations as they were answered: what was asked, and the answer, of which the part about each
//! person is sealed under that person's key. Must change nothing once it is written.
//!
//! Where the key of one person is gone, the whole answer can no longer be read.

use crate::{StorageError, Tx, audit, convert::corrupt};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{DepartmentId, OrganizationId, RecommendationId, StaffId};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use std::collections::HashMap;
use uuid::Uuid;

/// A person, and the part of an answer that is about them.
pub type PersonPart = (StaffId, Vec<u8>);

/// An answer to be kept.
#[derive(Clone, Debug)]
pub struct NewRecommendation {
    /// Tenant.
    pub organization: OrganizationId,
    /// A fresh identifier: its instant decides on the partition.
    pub id: RecommendationId,
    /// When it was answered.
    pub created_at: Timestamp,
    /// Who asked.
    pub created_by: StaffId,
    /// Whose eyes it is for.
    pub seen_by: SeenBy,
    /// What was asked.
    pub request: Value,
    /// The part of the answer that is about nobody in particular.
    pub head: Vec<u8>,
    /// The part about each person, in the order of the answer.
    pub people: Vec<PersonPart>,
}

/// What a caller had to be allowed to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenBy {
    /// Exact positions.
    pub exact: bool,
    /// Exact homes.
    pub homes: bool,
    /// The departments to which their view was limited; `None`: everybody.
    pub departments: Option<Vec<DepartmentId>>,
}

/// An answer that was kept.
#[derive(Clone, Debug)]
pub struct StoredRecommendation {
    /// Which.
    pub id: RecommendationId,
    /// When it was answered.
    pub created_at: Timestamp,
    /// Who asked.
    pub created_by: StaffId,
    /// Whose eyes it is for.
    pub seen_by: SeenBy,
    /// What was asked.
    pub request: Value,
    /// The part of the answer that is about nobody in particular.
    pub head: Vec<u8>,
    people: Vec<StaffId>,
    sealed: Vec<Vec<u8>>,
    keys: Vec<Option<Vec<u8>>>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    created_at: jiff_sqlx::Timestamp,
    created_by: Uuid,
    exact: bool,
    homes: bool,
    departments: Option<Vec<Uuid>>,
    request: Value,
    head: Vec<u8>,
    people: Vec<Uuid>,
    sealed: Vec<Vec<u8>>,
    keys: Vec<Option<Vec<u8>>>,
}

/// Writes answers of the organisation to which the transaction is bound, in two statements. Returns
/// those that were left out, because a person listed has been forgotten meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    answers: &[&NewRecommendation],
) -> Result<Vec<RecommendationId>, StorageError> {
    let keys = keys_of(tx, answers).await?;
    let mut written = Vec::with_capacity(answers.len());
    let mut left_out = Vec::new();
    for answer in answers {
        match seal(answer, &keys)? {
            Some(sealed) => written.push((answer, sealed)),
            None => left_out.push(answer.id),
        }
    }
    if written.is_empty() {
        return Ok(left_out);
    }
    let mut query = QueryBuilder::<Postgres>::new(
        "INSERT INTO recommendations (organization_id, id, created_at, created_by, exact, homes, \
         departments, request, head, people, sealed) ",
    );
    let rows = written.len();
    query.push_values(written, |mut row, (answer, sealed)| {
        let SeenBy { exact, homes, departments } = &answer.seen_by;
        row.push_bind(answer.organization.0)
            .push_bind(answer.id.0)
            .push_bind(answer.created_at.to_sqlx())
            .push_bind(answer.created_by.0)
            .push_bind(exact)
            .push_bind(homes)
            .push_bind(
                departments.as_ref().map(|ids| ids.iter().map(|id| id.0).collect::<Vec<_>>()),
            )
            .push_bind(&answer.request)
            .push_bind(&answer.head)
            .push_bind(answer.people.iter().map(|(staff, _)| staff.0).collect::<Vec<_>>())
            .push_bind(sealed);
    });
    // Only the usual statement is worth being kept ready.
    query.build().persistent(rows == 1).execute(&mut **tx).await?;
    Ok(left_out)
}

/// An answer; `None` where there is none.
///
/// # Errors
/// When the database fails.
pub async fn get(
    tx: &mut Tx,
    id: RecommendationId,
) -> Result<Option<StoredRecommendation>, StorageError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT r.id, r.created_at, r.created_by, r.exact, r.homes, r.departments, r.request, \
         r.head, r.people, r.sealed, ARRAY(SELECT k.key \
           FROM unnest(r.people) WITH ORDINALITY AS p (id, place) \
           LEFT JOIN person_keys AS k ON k.staff_id = p.id ORDER BY p.place) AS keys \
         FROM recommendations AS r WHERE r.id = $1",
    )
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(StoredRecommendation::from))
}

impl StoredRecommendation {
    /// What is about each person, in order; `None` once the key of one of them has been destroyed.
    ///
    /// # Errors
    /// When the bytes were not sealed so.
    pub fn open(&self) -> Result<Option<Vec<PersonPart>>, StorageError> {
        let mut opened = Vec::with_capacity(self.people.len());
        for ((staff, sealed), key) in self.people.iter().zip(&self.sealed).zip(&self.keys) {
            let Some(key) = key else { return Ok(None) };
            let cipher = audit::cipher_with(key)?;
            opened.push((*staff, audit::open_bytes(&cipher, self.id.0.as_bytes(), sealed)?));
        }
        if opened.len() != self.people.len() {
            return Err(corrupt("recommendation", "has people without a sealed part"));
        }
        Ok(Some(opened))
    }
}

/// The keys of everybody listed.
async fn keys_of(
    tx: &mut Tx,
    answers: &[&NewRecommendation],
) -> Result<HashMap<Uuid, Vec<u8>>, StorageError> {
    let listed = answers.iter().flat_map(|answer| &answer.people);
    let mut people: Vec<Uuid> = listed.map(|(staff, _)| staff.0).collect();
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<(Uuid, Vec<u8>)> =
        sqlx::query_as("SELECT staff_id, key FROM person_keys WHERE staff_id = ANY($1)")
            .bind(people)
            .fetch_all(&mut **tx)
            .await?;
    Ok(keys.into_iter().collect())
}

/// The sealed parts of an answer; `None` where a key is gone.
fn seal(
    answer: &NewRecommendation,
    keys: &HashMap<Uuid, Vec<u8>>,
) -> Result<Option<Vec<Vec<u8>>>, StorageError> {
    let mut sealed = Vec::with_capacity(answer.people.len());
    for (staff, bytes) in &answer.people {
        let Some(key) = keys.get(&staff.0) else { return Ok(None) };
        let cipher = audit::cipher_with(key)?;
        sealed.push(audit::seal_bytes(&cipher, answer.id.0.as_bytes(), bytes)?);
    }
    Ok(Some(sealed))
}

impl From<Row> for StoredRecommendation {
    fn from(row: Row) -> Self {
        let departments = row.departments.map(|ids| ids.into_iter().map(DepartmentId).collect());
        Self {
            id: RecommendationId(row.id),
            created_at: row.created_at.to_jiff(),
            created_by: StaffId(row.created_by),
            seen_by: SeenBy { exact: row.exact, homes: row.homes, departments },
            request: row.request,
            head: row.head,
            people: row.people.into_iter().map(StaffId).collect(),
            sealed: row.sealed,
            keys: row.keys,
        }
    }
}
