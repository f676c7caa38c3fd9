//! People with phones, many at once, by SQL: each enrolment over HTTP draws QR codes, which takes long
//! without optimisation. Must leave them as the API would: announced to the indexes.

use crate::servers::Servers;
use anyhow::ensure;
use nearhand_domain::{
    OrganizationId,
    token::{TokenKind, mint},
};
use sqlx::Connection;
use uuid::Uuid;

/// A person with a phone.
#[derive(Clone, Debug)]
pub(crate) struct Enrolled {
    pub(crate) staff: Uuid,
    pub(crate) device: Uuid,
    pub(crate) token: String,
}

const STAFF: &str = "INSERT INTO staff (organization_id, id, display_name) \
    SELECT $1, id, 'Person ' || nth FROM unnest($2::uuid[]) WITH ORDINALITY AS r (id, nth)";
const DEVICES: &str = "INSERT INTO devices (organization_id, id, staff_id, name, token_hash, \
    created_at) SELECT $1, r.device, r.staff, 'phone', r.hash, now() - interval '30 days' \
    FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS r (staff, device, hash)";
/// Since long ago: returning phones have fixes of that time.
const PERMISSIONS: &str = "INSERT INTO tracking_permissions (organization_id, id, staff_id, \
    legal_basis, granted_at, granted_by) \
    SELECT $1, gen_random_uuid(), id, 'consent', now() - interval '30 days', id \
    FROM unnest($2::uuid[]) AS r (id)";
const ANNOUNCED: &str = "INSERT INTO outbox (organization_id, kind, entity_id) \
    SELECT $1, 'staff', id FROM unnest($2::uuid[]) AS r (id)";

/// Makes so many.
pub(crate) async fn enrol(
    servers: &Servers,
    organization: Uuid,
    count: usize,
) -> anyhow::Result<Vec<Enrolled>> {
    let (mut people, mut hashes) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for _ in 0..count {
        let (token, hash) = mint(TokenKind::Device, OrganizationId(organization));
        people.push(Enrolled { staff: Uuid::now_v7(), device: Uuid::now_v7(), token });
        hashes.push(hash.0.to_vec());
    }
    let staff: Vec<Uuid> = people.iter().map(|person| person.staff).collect();
    let devices: Vec<Uuid> = people.iter().map(|person| person.device).collect();
    let mut db = servers.sql().await?;
    let mut tx = db.begin().await?;
    let made = sqlx::query(STAFF).bind(organization).bind(&staff).execute(&mut *tx).await?;
    ensure!(made.rows_affected() == count as u64, "not all people were made");
    let phones = sqlx::query(DEVICES).bind(organization).bind(&staff).bind(&devices).bind(&hashes);
    phones.execute(&mut *tx).await?;
    for statement in [PERMISSIONS, ANNOUNCED] {
        sqlx::query(statement).bind(organization).bind(&staff).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    db.close().await?;
    Ok(people)
}
