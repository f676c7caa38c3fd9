//! Derives keys and words of people who were written before the application did so, or by older
//! rules. Tenant by tenant, since row-level security binds the owner too; repeating it is harmless.

use crate::{MigrationError, doing};
use nearhand_domain::keys::{DERIVED_BY, PersonTexts};
use sqlx::{Acquire, FromRow, PgConnection};
use uuid::Uuid;

/// People derived in one transaction.
const BATCH: i64 = 500;

#[derive(FromRow)]
struct Person {
    id: Uuid,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: String,
    username: Option<String>,
    email: Option<String>,
    account_code: Option<String>,
    is_deleted: bool,
}

/// Derives what is missing, of all tenants.
pub(crate) async fn derive(connection: &mut PgConnection) -> Result<(), MigrationError> {
    let failed = doing("deriving people's keys");
    derive_all(connection).await.map_err(failed)
}

async fn derive_all(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let tenants: Vec<Uuid> = sqlx::query_scalar("SELECT organization_id FROM organization_slugs")
        .fetch_all(&mut *connection)
        .await?;
    for tenant in tenants {
        while derive_batch(connection, tenant).await? {}
    }
    Ok(())
}

/// False when nobody is left.
async fn derive_batch(connection: &mut PgConnection, tenant: Uuid) -> Result<bool, sqlx::Error> {
    let mut tx = connection.begin().await?;
    sqlx::query("SELECT set_config('app.organization_id', $1, true)")
        .bind(tenant.to_string())
        .execute(&mut *tx)
        .await?;
    let people: Vec<Person> = sqlx::query_as(
        "SELECT id, first_name, last_name, display_name, username, email, account_code, \
         deleted_at IS NOT NULL AS is_deleted FROM staff WHERE derived_by < $1 \
         ORDER BY id LIMIT $2 FOR UPDATE",
    )
    .bind(DERIVED_BY)
    .bind(BATCH)
    .fetch_all(&mut *tx)
    .await?;
    for person in &people {
        derive_one(&mut tx, tenant, person).await?;
    }
    tx.commit().await?;
    Ok(!people.is_empty())
}

async fn derive_one(
    tx: &mut PgConnection,
    tenant: Uuid,
    person: &Person,
) -> Result<(), sqlx::Error> {
    let texts = PersonTexts {
        first_name: person.first_name.as_deref(),
        last_name: person.last_name.as_deref(),
        display_name: &person.display_name,
        username: person.username.as_deref(),
        email: person.email.as_deref(),
        account_code: person.account_code.as_deref(),
    };
    let (email, username) = (texts.email_key(), texts.username_key());
    if !person.is_deleted {
        // An e-mail address goes before somebody else's user name, as it did at every login so far.
        sqlx::query(
            "DELETE FROM login_names AS taken USING staff AS other \
             WHERE taken.key = $1 AND taken.staff_id <> $2 AND other.id = taken.staff_id \
             AND other.email_key IS DISTINCT FROM taken.key",
        )
        .bind(&email)
        .bind(person.id)
        .execute(&mut *tx)
        .await?;
        // Of two that have become one the older keeps the login. The other gets theirs by another
        // name, or when it has become free.
        sqlx::query(
            "INSERT INTO login_names (organization_id, key, staff_id) \
             SELECT $1, key, $2 FROM unnest($3::text[]) AS key ON CONFLICT DO NOTHING",
        )
        .bind(tenant)
        .bind(person.id)
        .bind(email.iter().chain(&username).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    }
    let (words, personal): (Vec<String>, Vec<bool>) = texts.words().into_iter().unzip();
    sqlx::query("DELETE FROM staff_words WHERE staff_id = $1")
        .bind(person.id)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO staff_words (organization_id, staff_id, word, personal) \
         SELECT $1, $2, * FROM unnest($3::text[], $4::boolean[])",
    )
    .bind(tenant)
    .bind(person.id)
    .bind(words)
    .bind(personal)
    .execute(&mut *tx)
    .await?;
    // A key that somebody else has stays what it was.
    sqlx::query(
        "UPDATE staff AS s SET derived_by = $2, \
         email_key = CASE WHEN EXISTS (SELECT FROM staff AS other WHERE other.id <> s.id \
           AND other.email_key = $3) THEN s.email_key ELSE $3 END, \
         username_key = CASE WHEN EXISTS (SELECT FROM staff AS other WHERE other.id <> s.id \
           AND other.username_key = $4) THEN s.username_key ELSE $4 END \
         WHERE s.id = $1",
    )
    .bind(person.id)
    .bind(DERIVED_BY)
    .bind(email)
    .bind(username)
    .execute(&mut *tx)
    .await?;
    Ok(())
}
