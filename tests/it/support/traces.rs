//! Looks for what was once known of somebody everywhere it could still be: in every column of every
//! table, in every key of Redis, in every file of a folder.

use super::{Site, given};
use redis::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use std::path::Path;

/// Words that are looked for, each as text, in hexadecimal (as PostgreSQL shows bytes), and a position as
/// the bytes of its coordinates.
pub(crate) struct Needles {
    words: Vec<String>,
    position: [f64; 2],
}

impl Needles {
    pub(crate) fn new(words: &[&str], position: [f64; 2]) -> Self {
        Self { words: words.iter().map(|word| word.to_lowercase()).collect(), position }
    }

    /// As they may stand in what PostgreSQL prints of a row.
    fn printed(&self) -> Vec<String> {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let words = self.words.iter().flat_map(|word| [word.clone(), hex(word.as_bytes())]);
        let numbers = self.position.iter().flat_map(|number| {
            [hex(&number.to_le_bytes()), hex(&number.to_be_bytes()), number.to_string()]
        });
        words.chain(numbers).collect()
    }

    /// Whether bytes hold one of them.
    pub(crate) fn are_in(&self, bytes: &[u8]) -> bool {
        let lower = bytes.to_ascii_lowercase();
        let holds = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
        self.words.iter().any(|word| holds(&lower, word.as_bytes()))
            || self.position.iter().any(|number| {
                let [first, second] = [number.to_le_bytes(), number.to_be_bytes()];
                holds(bytes, &first)
                    || holds(bytes, &second)
                    || holds(bytes, number.to_string().as_bytes())
            })
    }
}

/// The tables in which they are, with how many rows.
pub(crate) async fn in_tables(db: &mut PgConnection, needles: &Needles) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables \
         WHERE table_schema IN ('public', 'apalis') AND table_type = 'BASE TABLE' \
         AND table_name <> 'spatial_ref_sys' ORDER BY 1",
    )
    .fetch_all(&mut *db)
    .await
    .expect("the tables");
    assert!(tables.len() > 60, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let sql = format!(
            "SELECT count(*) FROM {table} AS t WHERE EXISTS (SELECT FROM unnest($1::text[]) AS n \
             WHERE strpos(lower(t::text), n) > 0)"
        );
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(needles.printed())
            .fetch_one(&mut *db)
            .await
            .expect("a count");
        if rows > 0 {
            found.push((table, rows));
        }
    }
    found
}

/// The keys of a site in Redis in which they are.
pub(crate) async fn in_redis(site: &Site, needles: &Needles) -> Vec<String> {
    let client = redis::Client::open(given("NEARHAND_TEST_REDIS_URL")).expect("a URL");
    let mut redis = client.get_multiplexed_async_connection().await.expect("Redis");
    let mut keys = redis::cmd("KEYS");
    let keys: Vec<String> =
        keys.arg(format!("{}*", site.prefix)).query_async(&mut redis).await.expect("keys");
    let mut found = Vec::new();
    for key in keys {
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(&mut redis).await.unwrap();
        let mut read = match kind.as_str() {
            "stream" => redis::cmd("XRANGE"),
            "hash" => redis::cmd("HGETALL"),
            "string" => redis::cmd("GET"),
            // It went meanwhile.
            "none" => continue,
            other => panic!("{key} is a {other}: say how to read it"),
        };
        read.arg(&key);
        if kind == "stream" {
            read.arg("-").arg("+");
        }
        let value: Value = read.query_async(&mut redis).await.expect("a value");
        if holds(&value, needles) {
            found.push(key);
        }
    }
    found
}

fn holds(value: &Value, needles: &Needles) -> bool {
    match value {
        Value::BulkString(bytes) => needles.are_in(bytes),
        Value::SimpleString(text) => needles.are_in(text.as_bytes()),
        Value::Array(values) | Value::Set(values) => values.iter().any(|one| holds(one, needles)),
        Value::Map(pairs) => pairs.iter().any(|(a, b)| holds(a, needles) || holds(b, needles)),
        _ => false,
    }
}

/// The files of a folder, at any depth.
pub(crate) fn files_in(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files_in(&path)) } else { found.push(path) }
    }
    found
}
