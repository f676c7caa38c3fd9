//! The peer: the same people in PostGIS, in tables as a careful developer would lay them out for
//! this question alone, with the best indexes for it. Must favour the peer where in doubt.

use crate::world::{FAR_LANGUAGE, LANGUAGES, NOW, SKILLS, World, service};
use anyhow::Context;
use nearhand_domain::Position;
use nearhand_index::{OrgIndex, Person, PersonInput, people::vocabulary::skill_word};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use std::fmt::Write;

const SCHEMA: &str = include_str!("peer/schema.sql");
const INDEXES: &str = include_str!("peer/indexes.sql");
/// Rows sent in one piece.
const CHUNK: usize = 20_000;
/// In a session of its own, as owner, without row-level security.
const SETTINGS: &str = "SET work_mem = '256MB'; SET jit = off; SET random_page_cost = 1.1; \
     SET effective_cache_size = '4GB'; SET maintenance_work_mem = '1GB'; \
     SET plan_cache_mode = force_custom_plan; SET synchronous_commit = off";

/// A database of our own on the server of the environment; dropped at the end.
pub(crate) struct Peer {
    admin: PgConnection,
    name: String,
    pool: PgPool,
}

impl Peer {
    /// Makes the database and its empty tables.
    pub(crate) async fn new(url: &str) -> anyhow::Result<Self> {
        let mut admin = PgConnection::connect(url).await.context("the test database")?;
        let name = format!("nearhand_bench_{}", std::process::id());
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        let options: sqlx::postgres::PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(SETTINGS).await.map(|_| ()) })
            })
            .connect_with(options.database(&name))
            .await?;
        let peer = Self { admin, name, pool };
        sqlx::raw_sql(SCHEMA).execute(&peer.pool).await?;
        Ok(peer)
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Puts everybody in, builds the indexes and reads everything once.
    pub(crate) async fn load(&self, world: &World, index: &OrgIndex) -> anyhow::Result<()> {
        let mut rows = Rows::default();
        for (n, parts) in world.everybody().enumerate() {
            rows.add(n, &parts, index)?;
            if (n + 1) % CHUNK == 0 {
                self.send(&mut rows).await?;
            }
        }
        self.send(&mut rows).await?;
        // One by one, each ending its line: VACUUM refuses company.
        for statement in INDEXES.split_inclusive(";\n") {
            sqlx::raw_sql(statement).execute(&self.pool).await?;
        }
        Ok(())
    }

    async fn send(&self, rows: &mut Rows) -> anyhow::Result<()> {
        let tables = [
            ("people", &mut rows.people),
            ("bookings", &mut rows.bookings),
            ("visits", &mut rows.visits),
            ("region_preferences", &mut rows.regions),
        ];
        let mut connection = self.pool.acquire().await?;
        for (table, text) in tables {
            let mut copy = connection.copy_in_raw(&format!("COPY {table} FROM STDIN")).await?;
            copy.send(std::mem::take(text).into_bytes()).await?;
            copy.finish().await?;
        }
        Ok(())
    }

    /// Drops the database.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        self.pool.close().await;
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin.execute(AssertSqlSafe(drop)).await?;
        Ok(())
    }
}

/// Rows in COPY's text form.
#[derive(Default)]
struct Rows {
    people: String,
    bookings: String,
    visits: String,
    regions: String,
}

impl Rows {
    fn add(&mut self, n: usize, parts: &PersonInput, index: &OrgIndex) -> anyhow::Result<()> {
        let slot = index.slot(parts.id).context("everybody is in the index")?;
        let person = index.person(slot);
        let ping = person.ping().filter(|_| index.tracking_allowed(person, NOW));
        let trust = ping.map(|ping| trust(ping.accuracy_m, ping.mock));
        let licence = parts.licences.first();
        let load = parts.load.unwrap_or_default();
        let columns = [
            n.to_string(),
            parts.id.to_string(),
            parts.active.to_string(),
            point(ping.map(|ping| ping.position)),
            null(ping.map(|ping| ping.fix_at_ms / 1_000)),
            null(trust),
            point(parts.home.or(parts.base)),
            point(parts.last_job.map(|job| job.position)),
            null(parts.last_job.map(|job| job.completed_at)),
            list(&levels(person, index)),
            null(licence.map(|licence| licence.valid_from)),
            null(licence.map(|licence| licence.valid_to)),
            hours(person, index),
            ranges(parts.time_off.iter().map(|off| (off.start, off.end, ')'))),
            load.committed_min.to_string(),
            load.capacity_min.to_string(),
            null(parts.max_travel_km),
        ];
        self.people.push_str(&columns.join("\t"));
        self.people.push('\n');
        for booking in &parts.bookings {
            let (time, place) = (booking.time, point(booking.position));
            let id = booking.id;
            writeln!(self.bookings, "{n}\t{id}\t{}\t{}\t{place}", time.start, time.end)?;
        }
        for (client, at) in &parts.visits {
            writeln!(self.visits, "{client}\t{n}\t{at}")?;
        }
        for (region, level) in &parts.regions {
            let level = willingness(*level as u8);
            writeln!(self.regions, "{region}\t{n}\t{level}")?;
        }
        Ok(())
    }
}

fn trust(accuracy_m: Option<f32>, mock: bool) -> f64 {
    let by_accuracy = match accuracy_m {
        Some(metres) if metres > 1_000.0 => 0.0,
        Some(metres) if metres > 100.0 => 0.5,
        _ => 1.0,
    };
    if mock { by_accuracy / 2.0 } else { by_accuracy }
}

/// 0 never, 1 avoid, 2 unstated, 3 willing, 4 preferred.
fn willingness(level: u8) -> u8 {
    if level <= 2 { level - 1 } else { level }
}

fn null<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "\\N".into(), |value| value.to_string())
}

/// Extended well-known binary in hexadecimal: longitude first.
fn point(at: Option<Position>) -> String {
    let Some(at) = at else { return "\\N".into() };
    let mut text = String::from("0101000020E6100000");
    let (x, y) = at.xy();
    for byte in x.to_le_bytes().into_iter().chain(y.to_le_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    format!("{{{}}}", items.join(","))
}

fn ranges(of: impl Iterator<Item = (i64, i64, char)>) -> String {
    let all: Vec<String> = of.map(|(start, end, close)| format!("[{start},{end}{close}")).collect();
    format!("{{{}}}", all.join(","))
}

fn hours(person: &Person, index: &OrgIndex) -> String {
    let Some(hours) = person.hours() else { return "\\N".into() };
    let all = nearhand_domain::time::Interval { start: NOW - 86_400, end: NOW + 4 * 86_400 };
    index.schedules().with(hours, all, |intervals| {
        ranges(intervals.iter().map(|worked| (worked.start, worked.end, ']')))
    })
}

/// Levels by number: services 1–4, skills 5–7, languages 8–11.
fn levels(person: &Person, index: &OrgIndex) -> Vec<u8> {
    let words = index.vocabulary();
    let mut levels: Vec<u8> = (0..4)
        .map(|n| words.services.code(&service(n)).map_or(2, |code| person.service(code)))
        .collect();
    let skill = |name: &&str| {
        words.skills.code(skill_word(name).as_str()).map_or(0, |code| person.skill(code))
    };
    levels.extend(SKILLS.iter().map(skill));
    let tags = LANGUAGES.iter().chain([&FAR_LANGUAGE]);
    let language = |tag: &&str| {
        let spoken = words.languages_in(tag);
        spoken.into_iter().map(|code| person.language(code)).max().unwrap_or(0)
    };
    levels.extend(tags.map(language));
    levels
}
