//! `pg_dump` and `pg_restore`: finds them and runs them. A program dumps servers of its own major version
//! and older ones. No password is ever an argument, which other users of the machine could read.

use crate::{commands::migrate::password, embedded::binaries::program_folders};
use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// What may stand in the query of a URL for PostgreSQL's programs.
const QUERY: [&str; 6] = ["host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/// A program of PostgreSQL's that fits a server.
pub(crate) fn find(name: &str, server_major: u32) -> anyhow::Result<PathBuf> {
    let folders = program_folders().into_iter();
    let found: Vec<(u32, PathBuf)> = folders
        .map(|folder| folder.join(name))
        .filter(|program| program.is_file())
        .filter_map(|program| Some((major_of(&program)?, program)))
        .collect();
    let newest = found.iter().map(|(major, _)| *major).max();
    // The nearest one: what a newer program writes, an older one may not read.
    let fitting = found.into_iter().filter(|(major, _)| *major >= server_major);
    fitting.min_by_key(|(major, _)| *major).map(|(_, program)| program).with_context(|| {
        let instead = newest.map_or_else(String::new, |major| format!(" (here is {major})"));
        format!(
            "{name} of PostgreSQL {server_major} or newer was not found{instead}; install the \
             package postgresql-client-{server_major}"
        )
    })
}

/// `pg_dump (PostgreSQL) 15.4 (Debian …)`
fn major_of(program: &Path) -> Option<u32> {
    let output = std::process::Command::new(program).arg("--version").output().ok()?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

fn parse_major(printed: &str) -> Option<u32> {
    let (_, version) = printed.split_once(") ")?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A command for a database of the server at `url`.
pub(crate) fn command(
    program: &Path,
    url: &SecretString,
    database: &str,
) -> anyhow::Result<Command> {
    let mut address = reqwest::Url::parse(url.expose_secret())
        .map_err(|_| anyhow::anyhow!("--superuser-url is no URL of PostgreSQL"))?;
    // Of the query only what both sqlx and PostgreSQL's programs know; the password stands apart.
    let known: Vec<(String, String)> = address
        .query_pairs()
        .filter(|(name, _)| QUERY.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let in_query = address.query_pairs().find(|(name, _)| name == "password");
    let in_query = in_query.map(|(_, value)| SecretString::from(value.into_owned()));
    let secret = in_query.or_else(|| password(url));
    // Both can be set on any URL with a host.
    let _ = address.set_password(None);
    address.set_path(database);
    address.set_query(None);
    if !known.is_empty() {
        address.query_pairs_mut().extend_pairs(known);
    }
    let mut command = Command::new(program);
    command.arg(format!("--dbname={address}")).kill_on_drop(true);
    if let Some(secret) = secret {
        command.env("PGPASSWORD", secret.expose_secret());
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_printed() {
        assert_eq!(parse_major("pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("pg_restore (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("something else"), None);
    }

    #[test]
    fn the_password_is_no_argument() {
        let url = SecretString::from("postgres://postgres:p%40ss@h:5433/postgres?sslmode=require");
        let command = command(Path::new("pg_dump"), &url, "nearhand").unwrap();
        let command = command.as_std();
        let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
        assert_eq!(arguments, ["--dbname=postgres://postgres@h:5433/nearhand?sslmode=require"]);
        let secret = command.get_envs().find(|(name, _)| *name == "PGPASSWORD");
        assert_eq!(secret.and_then(|(_, value)| value), Some("p@ss".as_ref()));
        let url = "postgres://postgres@h/postgres?password=hush&statement-cache-capacity=0";
        let command = self::command(Path::new("pg_dump"), &url.into(), "nearhand").unwrap();
        let text = format!("{:?}", command.as_std().get_args());
        assert!(text.contains("postgres@h/nearhand\"") && !text.contains("hush"), "{text}");
    }
}
