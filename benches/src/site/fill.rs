//! Fills an organisation with drawn people in a few statements, past the API: what is measured
//! begins afterwards.

use crate::world::World;
use nearhand_domain::{
    DeviceId, OrganizationId, Position, StaffId, clock,
    token::{TokenKind, mint},
};
use nearhand_index::PersonInput;
use sqlx::PgConnection;
use std::fmt::Write;
use uuid::Uuid;

/// Rows sent in one piece.
const CHUNK: usize = 20_000;

/// A phone that may send.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    pub(crate) staff: StaffId,
    pub(crate) device: DeviceId,
    pub(crate) token: String,
    pub(crate) at: Position,
    /// Its person has no recorded hours: always available.
    pub(crate) always: bool,
}

/// Tables, the columns given, and their rows in COPY's text form.
struct Tables([(&'static str, String); 9]);

/// Puts everybody in; returns the phones of those who may be tracked.
pub(super) async fn fill(
    connection: &mut PgConnection,
    organization: OrganizationId,
    world: &World,
) -> anyhow::Result<Vec<Phone>> {
    for n in 0..4 {
        sqlx::query("INSERT INTO services (organization_id, id, name) VALUES ($1, $2, $3)")
            .bind(organization.0)
            .bind(crate::world::service(n).0)
            .bind(format!("service {n}"))
            .execute(&mut *connection)
            .await?;
    }
    let mut phones = Vec::new();
    let mut tables = Tables::new();
    for (n, parts) in world.everybody().enumerate() {
        tables.add(organization, n, &parts, &mut phones)?;
        if (n + 1) % CHUNK == 0 {
            tables.send(connection).await?;
        }
    }
    tables.send(connection).await?;
    sqlx::query("ANALYZE").execute(&mut *connection).await?;
    Ok(phones)
}

impl Tables {
    fn new() -> Self {
        let empty = |columns| (columns, String::new());
        Self([
            empty(
                "staff (organization_id, id, display_name, active, home, has_working_hours, max_travel_km)",
            ),
            empty("person_keys (organization_id, staff_id, key)"),
            empty("staff_services (organization_id, staff_id, service_id, preference)"),
            empty("staff_skills (organization_id, staff_id, code, level)"),
            empty("staff_languages (organization_id, staff_id, language, level)"),
            empty("staff_licences (organization_id, staff_id, ordinal, code, jurisdiction)"),
            empty("staff_working_hours (organization_id, staff_id, weekday, start_min, end_min)"),
            empty(
                "tracking_permissions (organization_id, id, staff_id, legal_basis, granted_at, granted_by)",
            ),
            empty("devices (organization_id, id, staff_id, name, token_hash)"),
        ])
    }

    fn add(
        &mut self,
        organization: OrganizationId,
        n: usize,
        parts: &PersonInput,
        phones: &mut Vec<Phone>,
    ) -> anyhow::Result<()> {
        let [staff, keys, services, skills, languages, licences, hours, permissions, devices] =
            self.0.each_mut().map(|(_, rows)| rows);
        let id = parts.id;
        let home = parts.home.map_or_else(
            || "\\N".into(),
            |at| {
                let (x, y) = at.xy();
                format!("SRID=4326;POINT({x} {y})")
            },
        );
        let limit = parts.max_travel_km.map_or_else(|| "\\N".into(), |km| km.to_string());
        let (active, recorded) = (parts.active, parts.working_hours.is_some());
        writeln!(staff, "{organization}\t{id}\tperson {n}\t{active}\t{home}\t{recorded}\t{limit}")?;
        // Changes seal what they record under it. Nothing here is secret.
        let key = id.0.simple();
        writeln!(keys, "{organization}\t{id}\t\\\\x{key}{key}")?;
        for (service, level) in &parts.services {
            writeln!(services, "{organization}\t{id}\t{service}\t{}", level.as_str())?;
        }
        for (skill, level) in &parts.skills {
            writeln!(skills, "{organization}\t{id}\t{skill}\t{level}")?;
        }
        for (language, level) in &parts.languages {
            writeln!(languages, "{organization}\t{id}\t{language}\t{}", level.as_str())?;
        }
        for (ordinal, held) in parts.licences.iter().enumerate() {
            let (code, place) = (&held.code, &held.jurisdiction);
            writeln!(licences, "{organization}\t{id}\t{ordinal}\t{code}\t{place}")?;
        }
        // Ten hours a day, around the clock over everybody.
        for weekday in (1..=7).filter(|_| recorded) {
            let start = n % 24 * 60;
            let end = (start + 600) % 1_440;
            writeln!(hours, "{organization}\t{id}\t{weekday}\t{start}\t{end}")?;
        }
        if parts.tracking.permissions.is_empty() {
            return Ok(());
        }
        let permission = Uuid::now_v7();
        let since = clock::now() - jiff::SignedDuration::from_hours(24);
        writeln!(permissions, "{organization}\t{permission}\t{id}\tconsent\t{since}\t{id}")?;
        if let Some(at) = parts.ping.map(|ping| ping.position).filter(|_| active) {
            let (token, hash) = mint(TokenKind::Device, organization);
            let device = DeviceId::generate();
            let hash = hex(&hash.0);
            writeln!(devices, "{organization}\t{device}\t{id}\tphone\t\\\\x{hash}")?;
            phones.push(Phone { staff: id, device, token, at, always: !recorded });
        }
        Ok(())
    }

    async fn send(&mut self, connection: &mut PgConnection) -> anyhow::Result<()> {
        for (table, rows) in &mut self.0 {
            let mut copy = connection.copy_in_raw(&format!("COPY {table} FROM STDIN")).await?;
            copy.send(std::mem::take(rows).into_bytes()).await?;
            copy.finish().await?;
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
