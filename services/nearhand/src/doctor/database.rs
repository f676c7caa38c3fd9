//! Whether a given PostgreSQL will do: version, extensions, durability, the role.

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, FromRow};

use super::Finding;
use crate::embedded::{binaries::EXTENSIONS, versions::OLDEST_POSTGRES};

const NAME: &str = "PostgreSQL";

/// What the server says of itself.
#[derive(Debug, FromRow)]
struct Facts {
    version_num: i32,
    version: String,
    role: String,
    is_superuser: bool,
    bypasses_rls: bool,
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    max_connections: i32,
    extensions: Vec<String>,
}

const FACTS: &str = "
    SELECT current_setting('server_version_num')::int AS version_num,
           current_setting('server_version') AS version,
           current_user::text AS role,
           rolsuper AS is_superuser,
           rolbypassrls AS bypasses_rls,
           current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS full_page_writes,
           current_setting('synchronous_commit') AS synchronous_commit,
           current_setting('max_connections')::int AS max_connections,
           ARRAY(SELECT name::text FROM pg_available_extensions) AS extensions
      FROM pg_roles WHERE rolname = current_user";

/// Connects, reads, judges.
pub(super) async fn examine(url: &SecretString) -> Vec<Finding> {
    let options: PgConnectOptions = match url.expose_secret().parse() {
        Ok(options) => options,
        Err(_) => {
            let mend = "Give postgres://ROLE:PASSWORD@HOST:PORT/DATABASE.";
            return vec![Finding::failure(NAME, "the URL cannot be read", mend)];
        }
    };
    match read(&options).await {
        Ok(facts) => judge(&facts),
        Err(error) => vec![Finding::failure(
            NAME,
            format!("{}:{} does not serve us: {error}", options.get_host(), options.get_port()),
            "Check host, port, password, pg_hba.conf, and that the server runs; \
             `nearhand migrate --bootstrap` makes roles and database.",
        )],
    }
}

/// It did not answer in time.
pub(super) fn silent() -> Finding {
    let mend = "Check host, port, firewall, and that the server runs.";
    Finding::failure(NAME, "no answer within 10 s", mend)
}

async fn read(options: &PgConnectOptions) -> Result<Facts, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    let facts = sqlx::query_as(FACTS).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(facts)
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![version(facts), extensions(facts)];
    let weak: Vec<String> = [
        ("fsync", &facts.fsync),
        ("full_page_writes", &facts.full_page_writes),
        ("synchronous_commit", &facts.synchronous_commit),
    ]
    .into_iter()
    .filter(|(_, value)| *value == "off")
    .map(|(name, _)| format!("{name} is off"))
    .collect();
    findings.push(if weak.is_empty() {
        Finding::ok("PostgreSQL durability", "commits are on the disk")
    } else {
        let mend = "Set them to on (ALTER SYSTEM SET …; SELECT pg_reload_conf()): \
                    a power cut may lose what was committed, or all.";
        Finding::failure("PostgreSQL durability", weak.join(", "), mend)
    });
    if facts.is_superuser || facts.bypasses_rls {
        findings.push(Finding::warning(
            "PostgreSQL role",
            format!("{} stands above the tenants' walls", facts.role),
            "Fit for `nearhand migrate --bootstrap` only; other commands refuse it. \
             Give them the URLs of nearhand_owner, nearhand_app and nearhand_worker.",
        ));
    }
    if facts.max_connections < 50 {
        findings.push(Finding::warning(
            "PostgreSQL connections",
            format!("max_connections is {}", facts.max_connections),
            "Raise it to 100, or lower Nearhand's pool sizes.",
        ));
    }
    findings
}

fn version(facts: &Facts) -> Finding {
    if facts.version_num / 10_000 >= i32::try_from(OLDEST_POSTGRES).unwrap_or(i32::MAX) {
        return Finding::ok(NAME, facts.version.clone());
    }
    let mend = format!("Upgrade to PostgreSQL {OLDEST_POSTGRES} or newer.");
    Finding::failure(NAME, facts.version.clone(), mend)
}

fn extensions(facts: &Facts) -> Finding {
    const NAME: &str = "PostgreSQL extensions";
    let is_there = |name: &&str| facts.extensions.iter().any(|known| known == name);
    let missing: Vec<&str> = EXTENSIONS.into_iter().filter(|name| !is_there(name)).collect();
    if missing.is_empty() {
        return Finding::ok(NAME, EXTENSIONS.join(", "));
    }
    let major = facts.version_num / 10_000;
    Finding::failure(
        NAME,
        format!("lacks {}", missing.join(", ")),
        format!(
            "On the database's machine: apt-get install postgresql-{major}-postgis-3 postgresql-contrib; \
             or use the image postgis/postgis."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn facts() -> Facts {
        Facts {
            version_num: 150_018,
            version: "15.18".to_owned(),
            role: "nearhand_owner".to_owned(),
            is_superuser: false,
            bypasses_rls: false,
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            synchronous_commit: "remote_apply".to_owned(),
            max_connections: 100,
            extensions: EXTENSIONS.map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn a_good_server_has_nothing_to_mend() {
        assert!(judge(&facts()).iter().all(|finding| finding.mend.is_none()));
    }

    #[test]
    fn each_fault_is_found_and_has_a_remedy() {
        let faults: [(Facts, Status); 5] = [
            (Facts { version_num: 140_002, ..facts() }, Status::Failure),
            (Facts { extensions: vec!["hstore".to_owned()], ..facts() }, Status::Failure),
            (Facts { fsync: "off".to_owned(), ..facts() }, Status::Failure),
            (Facts { is_superuser: true, ..facts() }, Status::Warning),
            (Facts { max_connections: 20, ..facts() }, Status::Warning),
        ];
        for (facts, expected) in faults {
            let findings = judge(&facts);
            let ill: Vec<_> = findings.iter().filter(|f| f.status != Status::Ok).collect();
            assert_eq!(ill.len(), 1, "{facts:?}");
            assert!(ill.iter().all(|f| f.status == expected && f.mend.is_some()), "{facts:?}");
        }
    }
}
