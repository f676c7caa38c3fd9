//! Whether a given Redis will do: version, and whether an acknowledged ping is safe in it.

use std::collections::HashMap;

use redis::aio::MultiplexedConnection;
use secrecy::{ExposeSecret, SecretString};

use super::Finding;
use crate::embedded::versions::OLDEST_REDIS;

const NAME: &str = "Redis";
/// Settings under which an acknowledged ping is on the disk and stays in memory.
const NEEDED: [(&str, &str); 3] =
    [("appendonly", "yes"), ("appendfsync", "always"), ("maxmemory-policy", "noeviction")];

/// Connects, reads, judges.
pub(super) async fn examine(url: &SecretString, accept_weaker: bool) -> Vec<Finding> {
    let Ok(client) = redis::Client::open(url.expose_secret()) else {
        let mend = "Give redis://USER:PASSWORD@HOST:PORT/0.";
        return vec![Finding::failure(NAME, "the URL cannot be read", mend)];
    };
    match read(&client).await {
        Ok((info, settings)) => {
            vec![version(&info), role(&info), durability(&settings, accept_weaker)]
        }
        Err(error) => vec![Finding::failure(
            NAME,
            format!("{} does not serve us: {error}", client.get_connection_info().addr()),
            "Check host, port, password, and that the server runs.",
        )],
    }
}

/// It did not answer in time.
pub(super) fn silent() -> Finding {
    let mend = "Check host, port, firewall, and that the server runs.";
    Finding::failure(NAME, "no answer within 10 s", mend)
}

type Settings = HashMap<String, String>;

async fn read(client: &redis::Client) -> redis::RedisResult<(Settings, Settings)> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    let info: String = redis::cmd("INFO").query_async(&mut connection).await?;
    let info = info.lines().filter_map(|line| line.split_once(':'));
    let info = info.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    Ok((info, settings(&mut connection).await?))
}

/// Settings that may be read; hosted servers often forbid `CONFIG`.
async fn settings(connection: &mut MultiplexedConnection) -> redis::RedisResult<Settings> {
    let mut settings = Settings::new();
    for (name, _) in NEEDED {
        let answer: redis::RedisResult<Settings> =
            redis::cmd("CONFIG").arg("GET").arg(name).query_async(connection).await;
        match answer {
            Ok(found) => settings.extend(found),
            Err(error) if error.is_io_error() => return Err(error),
            Err(_) => {}
        }
    }
    Ok(settings)
}

fn version(info: &Settings) -> Finding {
    let version = info.get("valkey_version").or_else(|| info.get("redis_version"));
    let version = version.map_or("unknown version", String::as_str);
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= OLDEST_REDIS) {
        return Finding::ok(NAME, version);
    }
    Finding::failure(NAME, version, format!("Upgrade to Redis {OLDEST_REDIS} or newer."))
}

fn role(info: &Settings) -> Finding {
    const NAME: &str = "Redis role";
    let role = info.get("role").map_or("unknown", String::as_str);
    if role == "master" {
        return Finding::ok(NAME, "primary");
    }
    Finding::failure(NAME, role, "Give the URL of the primary: a replica takes no pings.")
}

fn durability(settings: &Settings, accept_weaker: bool) -> Finding {
    const NAME: &str = "Redis durability";
    let differs = |(name, wanted): &(&str, &str)| {
        let is = settings.get(*name).map_or("unreadable", String::as_str);
        (is != *wanted).then(|| format!("{name} is {is} and should be {wanted}"))
    };
    let differences: Vec<String> = NEEDED.iter().filter_map(differs).collect();
    if differences.is_empty() {
        return Finding::ok(NAME, "an acknowledged ping is on the disk");
    }
    let found = differences.join("; ");
    if accept_weaker {
        let mend = "Accepted by --accept-weaker-durability: acknowledged pings may be lost.";
        return Finding::warning(NAME, found, mend);
    }
    Finding::failure(
        NAME,
        found,
        "Set them (redis-cli CONFIG SET NAME VALUE; CONFIG REWRITE), or accept that acknowledged \
         pings may be lost with --accept-weaker-durability.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn map(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn versions_and_roles_are_judged() {
        assert_eq!(version(&map(&[("redis_version", "7.0.15")])).status, Status::Ok);
        assert_eq!(version(&map(&[("redis_version", "6.2.1")])).status, Status::Failure);
        assert_eq!(version(&map(&[])).status, Status::Failure);
        assert_eq!(role(&map(&[("role", "master")])).status, Status::Ok);
        assert_eq!(role(&map(&[("role", "slave")])).status, Status::Failure);
    }

    #[test]
    fn weaker_durability_must_be_accepted() {
        assert_eq!(durability(&map(&NEEDED), false).status, Status::Ok);
        let weak = map(&[("appendonly", "no"), ("appendfsync", "always")]);
        let finding = durability(&weak, false);
        assert_eq!(finding.status, Status::Failure);
        assert!(finding.found.contains("appendonly is no"));
        assert!(finding.found.contains("maxmemory-policy is unreadable"));
        assert_eq!(durability(&weak, true).status, Status::Warning);
    }
}
