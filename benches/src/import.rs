//! `import`: a file of 10,000 people, checked and committed over HTTP, against one COPY of the same
//! people and of as many audit entries in one transaction.

use crate::{
    Options,
    http::{self, Connection},
    report::{self, Target, millis},
    site::Site,
    world::{Mood, World},
};
use anyhow::{Context, ensure};
use nearhand_domain::OrganizationId;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use std::{
    fmt::Write,
    time::{Duration, Instant},
};
use uuid::Uuid;

const ROWS: usize = 10_000;
/// How long a commit is waited for.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let rows = options.pick(ROWS, ROWS / 10);
    let world = World::new(1_000, Mood::Drawn);
    report::describe("import", &format!("{rows} new people of eight columns, as CSV"));
    let site = Site::start(options, &world).await?;
    let measured = measure(options, &site, rows).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site, rows: usize) -> anyhow::Result<()> {
    let copied = copy(&mut site.look().await?, site.organization, rows).await?;
    let (checked, committed) = import(site, rows).await?;
    report::value("import.copy", millis(copied), "ms", Target::None);
    report::value("import.check", millis(checked), "ms", Target::None);
    report::value("import.commit", millis(committed), "ms", Target::None);
    let ratio = committed.as_secs_f64() / copied.as_secs_f64();
    report::ratio("import.commit-against-copy", ratio, options.target(Target::AtMost(5.0)));
    Ok(())
}

/// The columns of a row, with a name for each of the two ways.
fn row(n: usize, way: &str) -> [String; 8] {
    [
        "Person".to_owned(),
        format!("{way} {n}"),
        format!("{way}-{n}@bench.example"),
        format!("{way}{n}"),
        "employee".to_owned(),
        "limited".to_owned(),
        "en".to_owned(),
        format!("{}", 10 + n % 90),
    ]
}

async fn copy(
    look: &mut PgConnection,
    organization: OrganizationId,
    rows: usize,
) -> anyhow::Result<Duration> {
    let (mut people, mut entries) = (String::new(), String::new());
    for n in 0..rows {
        let [first, last, email, username, kind, level, language, km] = row(n, "copied");
        let (person, entry) = (Uuid::now_v7(), Uuid::now_v7());
        writeln!(
            people,
            "{organization}\t{person}\t{first}\t{last}\t{first} {last}\t{email}\t{email}\t{username}\t\
             {username}\t{kind}\t{level}\t{language}\t{km}"
        )?;
        writeln!(
            entries,
            "{organization}\t{entry}\tstaff.create\tstaff\t{person}\tbench\t\
             {{\"fields\":[\"first_name\",\"last_name\",\"email\"]}}"
        )?;
    }
    let begin = Instant::now();
    let mut tx = look.begin().await?;
    for (table, rows) in [
        (
            "staff (organization_id, id, first_name, last_name, display_name, email, email_key, \
             username, username_key, kind, access_level, language, max_travel_km)",
            people,
        ),
        (
            "audit_log (organization_id, id, action, subject_kind, subject_id, request_id, details)",
            entries,
        ),
    ] {
        let mut copy = tx.copy_in_raw(&format!("COPY {table} FROM STDIN")).await?;
        copy.send(rows.into_bytes()).await?;
        copy.finish().await?;
    }
    tx.commit().await?;
    Ok(begin.elapsed())
}

/// How long the check of the file took, and how long its commit.
async fn import(site: &Site, rows: usize) -> anyhow::Result<(Duration, Duration)> {
    let mut file = String::from(
        "first_name,last_name,email,username,kind,access_level,language,max_travel_km\n",
    );
    for n in 0..rows {
        writeln!(file, "{}", row(n, "imported").join(","))?;
    }
    let mut connection = Connection::open(site.address).await?;
    let mut ask = Vec::new();
    http::request_of(&mut ask, "POST", "/v1/imports", &site.admin, "text/csv", &file);
    let begin = Instant::now();
    let import = connection.call(&ask).await?.json()?;
    let checked = begin.elapsed();
    let count = |pointer: &str| import.pointer(pointer).and_then(Value::as_u64);
    ensure!(count("/counts/create") == u64::try_from(rows).ok(), "{import}");
    let id = import["id"].as_str().context("no id")?;
    let path = format!("/v1/imports/{id}/commit");
    http::request(&mut ask, "POST", &path, &site.admin, "{}");
    let begin = Instant::now();
    let job = connection.call(&ask).await?.json()?;
    let job = job["job_id"].as_str().context("no job")?.to_owned();
    http::request(&mut ask, "GET", &format!("/v1/jobs/{job}"), &site.admin, "");
    loop {
        let job = connection.call(&ask).await?.json()?;
        match job["state"].as_str() {
            Some("succeeded") => break,
            Some("queued" | "running") => {}
            _ => anyhow::bail!("{job}"),
        }
        ensure!(begin.elapsed() < PATIENCE, "the import did not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok((checked, begin.elapsed()))
}
