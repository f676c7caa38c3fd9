//! People's facts, in bulk: one statement for the people, one for each table that hangs on them.

use crate::{StorageError, Tx, convert, erasure, instant::Micros};
use nearhand_domain::{
    StaffId,
    facts::{LicenceFact, StaffFacts},
    preference::{LanguageLevel, Preference},
    schedule::{WeeklyHours, WeeklyShift},
    time::Interval,
    tracking::TrackingGate,
};
use sqlx::{FromRow, postgres::PgRow};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(FromRow)]
pub(super) struct StaffRow {
    organization_id: Uuid,
    pub(super) id: Uuid,
    version: i64,
    deleted: bool,
    active: bool,
    display_name: String,
    lat: Option<f64>,
    lng: Option<f64>,
    time_zone: String,
    has_working_hours: bool,
    off_duty: bool,
    max_travel_km: Option<f64>,
    tracking_hours_margin_min: Option<i16>,
    positions_valid_from: Micros,
}

/// The columns of [`StaffRow`], the rest of the statement, and further columns.
macro_rules! select_staff {
    ($rest:literal $(, $more:expr)*) => {
        concat!(
            "SELECT s.organization_id, s.id, s.version, s.deleted_at IS NOT NULL AS deleted, \
             s.active, s.display_name, ST_Y(s.home) AS lat, ST_X(s.home) AS lng, \
             COALESCE(s.time_zone, o.time_zone) AS time_zone, s.has_working_hours, \
             s.off_duty_since IS NOT NULL AS off_duty, s.max_travel_km, COALESCE(s.tracking_hours_margin_min, o.tracking_hours_margin_min) \
             AS tracking_hours_margin_min, s.positions_valid_from",
            $(", ", $more,)*
            " FROM staff AS s JOIN organizations AS o ON o.organization_id = s.organization_id ",
            $rest
        )
    };
}
pub(super) use select_staff;

/// The facts of these people, deleted and erased ones included; unknown ones are left out.
///
/// # Errors
/// When the database fails or a stored value cannot be read.
pub async fn staff(tx: &mut Tx, ids: &[StaffId]) -> Result<Vec<StaffFacts>, StorageError> {
    let rows = rows(tx, ids).await?;
    let some_are_missing = rows.len() < ids.len();
    let mut facts = complete(tx, rows).await?;
    if some_are_missing {
        let tombstones = erasure::tombstones(tx, ids).await?;
        facts.extend(tombstones.into_iter().map(|tombstone| StaffFacts {
            organization: tombstone.organization,
            staff: tombstone.staff,
            version: tombstone.version,
            ..nobody()
        }));
    }
    Ok(facts)
}

async fn rows(tx: &mut Tx, ids: &[StaffId]) -> Result<Vec<StaffRow>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as(select_staff!("WHERE s.id = ANY($1)")).bind(ids).fetch_all(&mut **tx).await?)
}

/// Adds everything that hangs on these people.
pub(super) async fn complete(
    tx: &mut Tx,
    rows: Vec<StaffRow>,
) -> Result<Vec<StaffFacts>, StorageError> {
    let mut people = Assembly::of(rows)?;
    people.add_preferences(tx).await?;
    people.add_abilities(tx).await?;
    people.add_tracking(tx).await?;
    people.add_hours(tx).await?;
    people.add_bases(tx).await?;
    Ok(people.facts)
}

/// People while their facts are gathered.
struct Assembly {
    facts: Vec<StaffFacts>,
    /// Where in `facts` a person stands; the deleted, of whom nothing more is read, are not here.
    at: HashMap<Uuid, usize>,
    ids: Vec<Uuid>,
}

impl Assembly {
    fn of(rows: Vec<StaffRow>) -> Result<Self, StorageError> {
        let mut people =
            Self { facts: Vec::with_capacity(rows.len()), at: HashMap::new(), ids: Vec::new() };
        for row in rows {
            if !row.deleted {
                people.at.insert(row.id, people.facts.len());
                people.ids.push(row.id);
            }
            people.facts.push(bare(row)?);
        }
        Ok(people)
    }

    /// Reads rows that begin with a person's identifier and gives each to its person.
    async fn each<T>(
        &mut self,
        tx: &mut Tx,
        sql: &'static str,
        mut add: impl FnMut(&mut StaffFacts, T) -> Result<(), StorageError>,
    ) -> Result<(), StorageError>
    where
        T: HasPerson + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        if self.ids.is_empty() {
            return Ok(());
        }
        let rows: Vec<T> = sqlx::query_as(sql).bind(&self.ids).fetch_all(&mut **tx).await?;
        for row in rows {
            if let Some(at) = self.at.get(&row.person()) {
                add(&mut self.facts[*at], row)?;
            }
        }
        Ok(())
    }

    async fn add_preferences(&mut self, tx: &mut Tx) -> Result<(), StorageError> {
        self.each(
            tx,
            "SELECT staff_id, service_id, preference FROM staff_services \
             WHERE staff_id = ANY($1) ORDER BY staff_id, service_id",
            |facts, (_, service, word): (Uuid, Uuid, String)| {
                facts.services.push((service.into(), preference(&word)?));
                Ok(())
            },
        )
        .await?;
        self.each(
            tx,
            "SELECT staff_id, region_id, preference FROM staff_regions \
             WHERE staff_id = ANY($1) ORDER BY staff_id, region_id",
            |facts, (_, region, word): (Uuid, Uuid, String)| {
                facts.regions.push((region.into(), preference(&word)?));
                Ok(())
            },
        )
        .await
    }

    async fn add_abilities(&mut self, tx: &mut Tx) -> Result<(), StorageError> {
        self.each(
            tx,
            "SELECT staff_id, code, level FROM staff_skills \
             WHERE staff_id = ANY($1) ORDER BY staff_id, code",
            |facts, (_, code, level): (Uuid, String, i16)| {
                facts.skills.push((code, small(level, "skill level")?));
                Ok(())
            },
        )
        .await?;
        self.each(
            tx,
            "SELECT staff_id, language, level FROM staff_languages \
             WHERE staff_id = ANY($1) ORDER BY staff_id, language",
            |facts, (_, language, word): (Uuid, String, String)| {
                let level = LanguageLevel::parse(&word)
                    .ok_or_else(|| convert::corrupt("language level", "an unknown word"))?;
                facts.languages.push((language, level));
                Ok(())
            },
        )
        .await?;
        self.each(
            tx,
            "SELECT staff_id, code, jurisdiction, valid_from, valid_to FROM staff_licences \
             WHERE staff_id = ANY($1) ORDER BY staff_id, ordinal",
            |facts, (_, code, jurisdiction, from, to): LicenceRow| {
                let (valid_from, valid_to) = (from.map(Into::into), to.map(Into::into));
                facts.licences.push(LicenceFact { code, jurisdiction, valid_from, valid_to });
                Ok(())
            },
        )
        .await
    }

    async fn add_tracking(&mut self, tx: &mut Tx) -> Result<(), StorageError> {
        self.each(
            tx,
            "SELECT staff_id, granted_at, COALESCE(withdrawn_at, 'infinity') \
             FROM tracking_permissions WHERE staff_id = ANY($1) ORDER BY staff_id, granted_at, id",
            |facts, (_, from, to): (Uuid, Micros, Micros)| {
                facts.tracking.permissions.push(permission(from, to));
                Ok(())
            },
        )
        .await?;
        self.each(
            tx,
            "SELECT staff_id, starts_at, ends_at FROM tracking_pauses \
             WHERE staff_id = ANY($1) ORDER BY staff_id, starts_at, id",
            |facts, (_, from, to): (Uuid, Micros, Micros)| {
                facts.tracking.pauses.push(pause(from, to));
                Ok(())
            },
        )
        .await
    }

    async fn add_bases(&mut self, tx: &mut Tx) -> Result<(), StorageError> {
        self.each(
            tx,
            "SELECT m.staff_id, ST_Y(d.base), ST_X(d.base) FROM staff_departments AS m \
             JOIN departments AS d ON d.id = m.department_id \
             WHERE m.staff_id = ANY($1) AND m.is_primary AND d.active",
            |facts, (_, lat, lng): (Uuid, Option<f64>, Option<f64>)| {
                facts.base = convert::position(lat, lng)?;
                Ok(())
            },
        )
        .await
    }

    async fn add_hours(&mut self, tx: &mut Tx) -> Result<(), StorageError> {
        self.each(
            tx,
            "SELECT staff_id, weekday, start_min, end_min FROM staff_working_hours \
             WHERE staff_id = ANY($1) ORDER BY staff_id, weekday, start_min",
            |facts, (_, weekday, start, end): (Uuid, i16, i16, i16)| {
                if let Some(hours) = &mut facts.working_hours {
                    hours.shifts.push(shift(weekday, start, end)?);
                }
                Ok(())
            },
        )
        .await?;
        self.each(
            tx,
            "SELECT staff_id, starts_at, ends_at FROM staff_time_off \
             WHERE staff_id = ANY($1) ORDER BY staff_id, starts_at, id",
            |facts, (_, from, to): (Uuid, Micros, Micros)| {
                facts.time_off.push(Interval { start: from.second(), end: to.second() });
                Ok(())
            },
        )
        .await
    }
}

type LicenceRow = (Uuid, String, String, Option<jiff_sqlx::Date>, Option<jiff_sqlx::Date>);

/// A row that begins with the person it belongs to.
trait HasPerson {
    fn person(&self) -> Uuid;
}

macro_rules! has_person {
    ($($types:ident),*) => {
        impl<$($types),*> HasPerson for (Uuid, $($types),*) {
            fn person(&self) -> Uuid {
                self.0
            }
        }
    };
}
has_person!(A, B);
has_person!(A, B, C);
has_person!(A, B, C, D);

/// Consent, to the second: it counts from the beginning of the second in which it was given, so
/// that a phone enrolled in the same breath is heard, up to the beginning of the one in which it
/// was withdrawn.
pub(super) fn permission(granted: Micros, withdrawn: Micros) -> Interval {
    Interval { start: granted.second(), end: withdrawn.second() }
}

/// A pause, which covers every second it touches.
pub(super) fn pause(from: Micros, to: Micros) -> Interval {
    Interval { start: from.second(), end: to.second_after() }
}

pub(super) fn shift(weekday: i16, start: i16, end: i16) -> Result<WeeklyShift, StorageError> {
    Ok(WeeklyShift {
        weekday: small(weekday, "weekday")?,
        start_min: small(start, "working hours")?,
        end_min: small(end, "working hours")?,
    })
}

/// A person of whom nothing is known but that they are gone.
fn nobody() -> StaffFacts {
    StaffFacts {
        organization: Uuid::nil().into(),
        staff: Uuid::nil().into(),
        version: 0,
        deleted: true,
        active: false,
        display_name: String::new(),
        home: None,
        base: None,
        services: Vec::new(),
        regions: Vec::new(),
        skills: Vec::new(),
        licences: Vec::new(),
        languages: Vec::new(),
        working_hours: None,
        off_duty: false,
        time_off: Vec::new(),
        max_travel_km: None,
        tracking: TrackingGate::default(),
        positions_valid_from: i64::MAX,
    }
}

/// What the person's own row says; of the deleted only that they are.
pub(super) fn bare(row: StaffRow) -> Result<StaffFacts, StorageError> {
    let kept = !row.deleted;
    let tracking = TrackingGate {
        hours_margin_min: match row.tracking_hours_margin_min.filter(|_| kept) {
            Some(margin) => Some(small(margin, "tracking margin")?),
            None => None,
        },
        ..TrackingGate::default()
    };
    let hours = || WeeklyHours { time_zone: row.time_zone.clone(), shifts: Vec::new() };
    Ok(StaffFacts {
        organization: row.organization_id.into(),
        staff: row.id.into(),
        version: row.version,
        deleted: row.deleted,
        active: row.active && kept,
        home: if kept { convert::position(row.lat, row.lng)? } else { None },
        base: None,
        services: Vec::new(),
        regions: Vec::new(),
        skills: Vec::new(),
        licences: Vec::new(),
        languages: Vec::new(),
        working_hours: (kept && row.has_working_hours).then(hours),
        off_duty: kept && row.off_duty,
        time_off: Vec::new(),
        max_travel_km: row.max_travel_km.filter(|_| kept),
        tracking,
        positions_valid_from: row.positions_valid_from.second_after(),
        display_name: if kept { row.display_name } else { String::new() },
    })
}

fn preference(word: &str) -> Result<Preference, StorageError> {
    Preference::parse(word).ok_or_else(|| convert::corrupt("preference", "an unknown word"))
}

fn small<T: TryFrom<i16>>(value: i16, what: &'static str) -> Result<T, StorageError> {
    T::try_from(value).map_err(|_| convert::corrupt(what, "out of range"))
}
