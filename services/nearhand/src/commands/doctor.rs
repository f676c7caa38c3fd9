//! `nearhand doctor`: checks what Nearhand needs, and says how to mend what is missing.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use secrecy::SecretString;
use serde::Serialize;

use crate::doctor::{self, Finding, Status, Subject};
use crate::objects::ObjectsSettings;

/// Arguments of `nearhand doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where private servers keep their data.
    #[arg(long, env = "NEARHAND_DATA_DIR", default_value = ".nearhand")]
    data_dir: PathBuf,
    /// A PostgreSQL to check instead of this machine's programs.
    #[arg(long, env = "NEARHAND_DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretString>,
    /// A Redis to check instead of this machine's programs.
    #[arg(long, env = "NEARHAND_REDIS_URL", hide_env_values = true)]
    redis_url: Option<SecretString>,
    #[command(flatten)]
    objects: ObjectsSettings,
    /// Where the API will listen.
    #[arg(long, env = "NEARHAND_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Let Redis hold acknowledged pings less safely than on the disk.
    #[arg(long, env = "NEARHAND_ACCEPT_WEAKER_DURABILITY")]
    accept_weaker_durability: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// The whole answer.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    checks: Vec<Finding>,
}

/// Fails if anything would keep Nearhand from running safely.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let subject = Subject {
        data_dir: args.data_dir,
        database_url: args.database_url,
        redis_url: args.redis_url,
        objects: args.objects,
        listen: args.listen,
        accept_weaker_durability: args.accept_weaker_durability,
    };
    let checks = doctor::examine(&subject).await;
    let ok = checks.iter().all(|finding| finding.status != Status::Failure);
    let text = if args.json {
        serde_json::to_string_pretty(&Report { ok, checks })? + "\n"
    } else {
        describe(&checks)
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn describe(checks: &[Finding]) -> String {
    let width = checks.iter().map(|finding| finding.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in checks {
        let status = match finding.status {
            Status::Ok => "ok     ",
            Status::Hint => "hint   ",
            Status::Warning => "warning",
            Status::Failure => "FAILURE",
        };
        text.push_str(&format!("{status}  {:width$}  {}\n", finding.name, finding.found));
        for line in finding.mend.iter().flat_map(|mend| mend.lines()) {
            text.push_str(&format!("         {:width$}  → {line}\n", ""));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_stand_below_what_they_mend() {
        let finding = Finding {
            name: "Redis",
            status: Status::Failure,
            found: "not found".to_owned(),
            mend: Some("Install it.\nOr not.".to_owned()),
        };
        let text = describe(&[finding]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.first(), Some(&"FAILURE  Redis  not found"));
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().skip(1).all(|line| line.contains('→')));
    }
}
