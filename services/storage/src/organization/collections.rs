//! Groups, tags and queues: three tables of one shape, each a name that people belong to. Must
//! raise the version of everybody whose membership goes with a removed one.

use crate::{Conflict, StorageError, Tx, error::OnConstraint, preferences};
use jiff::Timestamp;
use nearhand_domain::OrganizationId;
use sqlx::FromRow;
use uuid::Uuid;

/// Which of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionKind {
    /// People who own or share things.
    Groups,
    /// Words that people are marked with.
    Tags,
    /// Lanes of cases.
    Queues,
}

/// One of them as stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CollectionRecord {
    /// Which.
    pub id: Uuid,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// Unique in its table and organisation without regard to case.
    pub name: String,
    /// When it was made.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
}

/// What is said to one table.
struct Statements {
    insert: &'static str,
    get: &'static str,
    lock: &'static str,
    list: &'static str,
    rename: &'static str,
    members: &'static str,
    delete: &'static str,
    name_key: &'static str,
}

macro_rules! statements {
    ($table:literal, $members:literal, $column:literal) => {
        Statements {
            insert: concat!(
                "INSERT INTO ",
                $table,
                " (organization_id, id, name) VALUES ($1, $2, $3) \
                 RETURNING id, version, name, created_at"
            ),
            get: concat!("SELECT id, version, name, created_at FROM ", $table, " WHERE id = $1"),
            lock: concat!(
                "SELECT id, version, name, created_at FROM ",
                $table,
                " WHERE id = $1 FOR UPDATE"
            ),
            list: concat!(
                "SELECT id, version, name, created_at FROM ",
                $table,
                " WHERE id > $1 ORDER BY id LIMIT $2"
            ),
            rename: concat!(
                "UPDATE ",
                $table,
                " SET name = $2, version = version + 1 WHERE id = $1 \
                 RETURNING id, version, name, created_at"
            ),
            members: concat!("SELECT staff_id FROM ", $members, " WHERE ", $column, " = $1"),
            delete: concat!("DELETE FROM ", $table, " WHERE id = $1"),
            name_key: concat!($table, "_name_key"),
        }
    };
}

const GROUPS: Statements = statements!("groups", "staff_groups", "group_id");
const TAGS: Statements = statements!("tags", "staff_tags", "tag_id");
const QUEUES: Statements = statements!("queues", "staff_queues", "queue_id");

impl CollectionKind {
    fn statements(self) -> &'static Statements {
        match self {
            Self::Groups => &GROUPS,
            Self::Tags => &TAGS,
            Self::Queues => &QUEUES,
        }
    }
}

/// Writes a new one.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    kind: CollectionKind,
    organization: OrganizationId,
    id: Uuid,
    name: &str,
) -> Result<CollectionRecord, StorageError> {
    let Statements { insert, name_key, .. } = kind.statements();
    let made = sqlx::query_as(*insert).bind(organization.0).bind(id).bind(name);
    made.fetch_one(&mut **tx).await.on_constraint(name_key, Conflict::NameTaken)
}

/// One of them.
///
/// # Errors
/// When the database fails.
pub async fn get(
    tx: &mut Tx,
    kind: CollectionKind,
    id: Uuid,
) -> Result<Option<CollectionRecord>, StorageError> {
    Ok(sqlx::query_as(kind.statements().get).bind(id).fetch_optional(&mut **tx).await?)
}

/// The same, locked until the transaction ends: nobody can come to belong to it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Tx,
    kind: CollectionKind,
    id: Uuid,
) -> Result<Option<CollectionRecord>, StorageError> {
    Ok(sqlx::query_as(kind.statements().lock).bind(id).fetch_optional(&mut **tx).await?)
}

/// A page of them in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    kind: CollectionKind,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CollectionRecord>, StorageError> {
    let page = sqlx::query_as(kind.statements().list).bind(after.unwrap_or_default()).bind(limit);
    Ok(page.fetch_all(&mut **tx).await?)
}

/// Gives one, which must be locked, another name.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn rename(
    tx: &mut Tx,
    kind: CollectionKind,
    id: Uuid,
    name: &str,
) -> Result<CollectionRecord, StorageError> {
    let Statements { rename, name_key, .. } = kind.statements();
    let renamed = sqlx::query_as(*rename).bind(id).bind(name).fetch_one(&mut **tx).await;
    renamed.on_constraint(name_key, Conflict::NameTaken)
}

/// Removes one, which must be locked, with everybody's membership, and raises those people's
/// versions. Returns who they were.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    kind: CollectionKind,
    organization: OrganizationId,
    id: Uuid,
) -> Result<Vec<Uuid>, StorageError> {
    let Statements { members, delete, .. } = kind.statements();
    let people: Vec<Uuid> = sqlx::query_scalar(*members).bind(id).fetch_all(&mut **tx).await?;
    preferences::raise_all(tx, organization, &people).await?;
    sqlx::query(*delete).bind(id).execute(&mut **tx).await?;
    Ok(people)
}
