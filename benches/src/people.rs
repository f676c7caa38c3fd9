//! `people`: what an admin waits for, and whether it keeps phones waiting.

use crate::{
    Options,
    http::{self, Connection},
    phones::{Sender, ping_steadily},
    report::{self, Target, Times, micros, millis},
    site::Site,
    world::{Mood, World},
};
use anyhow::ensure;
use nearhand_domain::{DepartmentId, StaffId, TagId, access::PeopleScope};
use nearhand_storage::{
    AppPool, Tx,
    staff::{self, StaffFilter},
};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;

const PEOPLE: usize = 100_000;
/// Rows of a page.
const PAGE: i64 = 50;
/// Pages asked for, each by filters and by keys.
const PAGES: usize = 200;
/// One in so many belongs to the department, and one in so many has the tag.
const DEPARTMENT: i32 = 10;
const TAG: i32 = 7;
const LOGINS: u8 = 50;
const PINGS_A_SECOND: u32 = 1_000;
const PHONES: usize = 1_000;

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(options.pick(PEOPLE, PEOPLE / 10), Mood::Drawn);
    let data = format!(
        "{}; one in {DEPARTMENT} in the department, one in {TAG} with the tag; API and worker as \
         processes",
        world.describe()
    );
    report::describe("people", &data);
    let site = Site::start(options, &world).await?;
    let measured = measure(options, &site).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site) -> anyhow::Result<()> {
    let filter = fill(&mut site.look().await?, site).await?;
    pages(options, site, &filter).await?;
    beside_logins(options, site).await
}

/// Puts people into a department and gives them a tag.
async fn fill(look: &mut PgConnection, site: &Site) -> anyhow::Result<StaffFilter> {
    let (department, tag) = (Uuid::now_v7(), Uuid::now_v7());
    let organization = site.organization;
    for statement in [
        format!(
            "INSERT INTO departments (organization_id, id, name) \
             VALUES ('{organization}', '{department}', 'North')"
        ),
        format!(
            "INSERT INTO tags (organization_id, id, name) \
             VALUES ('{organization}', '{tag}', 'night')"
        ),
        format!(
            "INSERT INTO staff_departments (organization_id, staff_id, department_id, is_primary) \
             SELECT organization_id, id, '{department}', true FROM staff \
             WHERE abs(hashtext(id::text)) % {DEPARTMENT} = 0"
        ),
        format!(
            "INSERT INTO staff_tags (organization_id, staff_id, tag_id) \
             SELECT organization_id, id, '{tag}' FROM staff \
             WHERE abs(hashtext('tag' || id::text)) % {TAG} = 0"
        ),
        "ANALYZE".to_owned(),
    ] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *look).await?;
    }
    Ok(StaffFilter {
        active: Some(true),
        department: Some(DepartmentId(department)),
        tag: Some(TagId(tag)),
        ..StaffFilter::default()
    })
}

/// Pages by filters against the same people by their keys.
async fn pages(options: &Options, site: &Site, filter: &StaffFilter) -> anyhow::Result<()> {
    let pool = site.app_pool().await?;
    let (mut filtered, mut by_key) = (Times::default(), Times::default());
    let mut after = None;
    for _ in 0..PAGES {
        let (page, took) = page(&pool, site, filter, after).await?;
        filtered.push(took);
        let keys = StaffFilter { ids: Some(page.clone()), ..StaffFilter::default() };
        let (same, took) = self::page(&pool, site, &keys, None).await?;
        by_key.push(took);
        ensure!(page == same, "the peer reads other people");
        after = page.last().copied().filter(|_| page.len() == usize::try_from(PAGE).unwrap_or(0));
    }
    let mut tx = pool.tenant(site.organization).await?;
    explain(&mut tx, filter).await?;
    let ratio = micros(filtered.p50()) / micros(by_key.p50());
    report::value("people.page.filtered.p50", micros(filtered.p50()), "us", Target::None);
    report::value("people.page.by-key.p50", micros(by_key.p50()), "us", Target::None);
    report::ratio("people.page.against-keys", ratio, options.target(Target::AtMost(10.0)));
    Ok(())
}

async fn page(
    pool: &AppPool,
    site: &Site,
    filter: &StaffFilter,
    after: Option<StaffId>,
) -> anyhow::Result<(Vec<StaffId>, Duration)> {
    let mut tx = pool.tenant(site.organization).await?;
    let begin = Instant::now();
    let page = staff::list(&mut tx, filter, PeopleScope::Everybody, after, PAGE).await?;
    let took = begin.elapsed();
    tx.rollback().await?;
    Ok((page.into_iter().map(|person| person.id).collect(), took))
}

/// Prints the plan of the statement just prepared on this connection.
async fn explain(tx: &mut Tx, filter: &StaffFilter) -> anyhow::Result<()> {
    staff::list(tx, filter, PeopleScope::Everybody, None, PAGE).await?;
    let name: String = sqlx::query_scalar(
        "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%staff_tags WHERE tag_id = %' \
         AND statement NOT LIKE '%pg_prepared_statements%' \
         ORDER BY prepare_time DESC LIMIT 1",
    )
    .fetch_one(&mut **tx)
    .await?;
    let id = |id: Option<Uuid>| id.unwrap_or_default();
    let ask = format!(
        "EXPLAIN (COSTS OFF) EXECUTE {name} ('{}', true, '{}', '{}', {PAGE})",
        Uuid::nil(),
        id(filter.department.map(|id| id.0)),
        id(filter.tag.map(|id| id.0)),
    );
    report::line("# the plan of a page with three filters:");
    for row in sqlx::raw_sql(AssertSqlSafe(ask)).fetch_all(&mut **tx).await? {
        let line: String = row.try_get(0)?;
        report::line(&format!("#   {line}"));
    }
    Ok(())
}

/// Pings at a steady rate while fifty people log in at once, again and again.
async fn beside_logins(options: &Options, site: &Site) -> anyhow::Result<()> {
    let senders = site.phones.iter().take(PHONES).cloned().zip(0_u64..);
    let senders: Vec<Sender> = senders.map(|(phone, n)| Sender::new(phone, n)).collect();
    let length = Duration::from_secs(options.pick(20, 6));
    let logging_in = log_in_again_and_again(site.address, length);
    let pinging = ping_steadily(site.address, senders, PINGS_A_SECOND, length);
    let (logins, times) = tokio::join!(logging_in, pinging);
    let (mut times, logins) = (times?, logins?);
    report::line(&format!("# {} pings, {logins} logins beside them", times.len()));
    report::value("people.logins.ping.p50", millis(times.p50()), "ms", Target::None);
    let target = options.target(Target::AtMost(50.0));
    report::value("people.logins.ping.p99", millis(times.p99()), "ms", target);
    Ok(())
}

async fn log_in_again_and_again(address: SocketAddr, length: Duration) -> anyhow::Result<u64> {
    let mut people = JoinSet::new();
    for n in 0..LOGINS {
        people.spawn(async move {
            let mut ask = Vec::new();
            let body = r#"{"login":"ada@bench.example","password":"seven tall lighthouses"}"#;
            http::request(&mut ask, "POST", "/v1/sessions", "", body);
            let mut connection =
                Connection::open_from(Ipv4Addr::new(127, 0, 1, n + 1), address).await?;
            let (begin, mut done) = (Instant::now(), 0);
            while begin.elapsed() < length {
                // 503 says that enough passwords are being checked.
                done += u64::from(connection.call(&ask).await?.status == 201);
            }
            anyhow::Ok(done)
        });
    }
    let mut all = 0;
    while let Some(done) = people.join_next().await {
        all += done??;
    }
    Ok(all)
}
