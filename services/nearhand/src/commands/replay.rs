//! `nearhand replay`: plays recorded traces as phones through the public API.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use nearhand_play::apps::App;
use nearhand_play::client::{Client, Login, Session};
use nearhand_play::replay::{self, Options, Pace, RaisedLimit, Who};
use nearhand_play::traces;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::progress::{announced, say};
use crate::signals::{self, Interrupts};

const LONG: &str = "\
Plays recorded traces as phones through the public API.

FILES are GPX 1.0 or 1.1, or text with one fix a line: `latitude longitude occupied unix-seconds`.
Every UTC day of every file becomes one phone, and all days are laid upon one, so that few files \
make many phones; with --no-fold every file is one phone.

Fixes are sent as taken now (that is, when they fall due), unless --keep-times. Above 1x the same \
way is covered in less time, so that speeds look impossible, and the server takes fixes for jumps: \
it keeps them, but does not show them live. --raise-jump-limit raises the organisation's limit to the \
highest, 30,000 m/s, and sets it back at the end.

A phone keeps what was not acknowledged and sends it again: on 429 and 503 after the time the \
server names, on a broken connection after a growing pause. A server killed in the middle \
therefore loses nothing.";

const AFTER: &str = "\
Who plays: an account that may manage people (--login with NEARHAND_PASSWORD, or NEARHAND_TOKEN) \
makes people `Replay 001` and on with tracking permitted and a device each, and finds them again \
next time; or --devices names a file with device tokens.

How long a fix takes to be visible is sampled from GET /v1/positions, if the account may read it.

Points of a file that are wrong (no place, no time, a clock 1,024 weeks off, repeated) are left \
out and counted; so are files that cannot be read, and the others are played.

Exit status: 0 if every fix was sent and taken or, validly, not wanted, whatever points were left \
out; 1 if any was rejected or lost, a file could not be read, or --keep-times met times at which \
tracking was not permitted; 130 after Ctrl-C.

Examples:
  nearhand replay day.gpx --login ada@harbour.example
  nearhand replay cabs/*.txt --speed 600 --json
  nearhand replay day.gpx --as owntracks --login ada@harbour.example
  nearhand replay cabs/*.txt --as-fast-as-accepted --batch 500 --devices tokens.txt";

/// Arguments of `nearhand replay`.
#[derive(Debug, clap::Args)]
#[command(long_about = LONG, after_long_help = AFTER)]
pub(crate) struct Args {
    /// The traces.
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Where the API is.
    #[arg(long, env = "NEARHAND_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// How many times faster than recorded, 1 to 1000.
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    speed: f64,
    /// Send the next batch as soon as the last one is acknowledged.
    #[arg(long, conflicts_with = "speed")]
    as_fast_as_accepted: bool,
    /// Every file is one phone; days are not laid upon one.
    #[arg(long)]
    no_fold: bool,
    /// Send the recorded times; a server discards those older than it keeps.
    #[arg(long)]
    keep_times: bool,
    /// What the phones speak: our own format, or that of an app. Some apps send each fix alone.
    #[arg(long = "as", value_name = "APP", default_value_t = App::Native, value_parser = apps())]
    app: App,
    /// Most fixes in a request, 1 to 1000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
    /// Raise the organisation's limit for jumps meanwhile; takes an account that may change settings.
    #[arg(long)]
    raise_jump_limit: bool,
    /// Play only so many phones.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    phones: Option<u32>,
    /// Most requests under way at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,
    /// Seconds for which one batch is tried again and again before it counts as lost.
    #[arg(long, default_value_t = 600)]
    patience: u64,
    /// E-mail address or user name of an account that may manage people.
    #[arg(long, env = "NEARHAND_LOGIN", requires = "password")]
    login: Option<String>,
    /// Its password; better given in the environment, where others do not see it.
    #[arg(long, env = "NEARHAND_PASSWORD", hide_env_values = true)]
    password: Option<SecretString>,
    /// The organisation's slug; not needed while there is only one.
    #[arg(long, env = "NEARHAND_ORGANIZATION")]
    organization: Option<String>,
    /// An access token instead of a login; good for ten minutes.
    #[arg(long, env = "NEARHAND_TOKEN", hide_env_values = true)]
    token: Option<SecretString>,
    /// A file with device tokens, one a line, instead of making people.
    #[arg(long, value_name = "FILE")]
    devices: Option<PathBuf>,
    /// Where the tokens of the people made are remembered; `.nearhand/replay.json` if there is
    /// such a folder, else nowhere.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// Reads the name of an app; `--help` lists them.
fn apps() -> impl TypedValueParser<Value = App> {
    let names = PossibleValuesParser::new(App::ALL.map(App::as_str));
    names.map(|name| App::parse(&name).unwrap_or_default())
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (1.0..=1000.0).contains(speed));
    speed.ok_or_else(|| "must be a number from 1 to 1000".to_owned())
}

/// Plays; fails if a fix was rejected or lost.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    let Files { mut tracks, left_out, unreadable } = files(&args)?;
    if let Some(most) = args.phones {
        tracks.truncate(usize::try_from(most)?);
    }
    let client = Client::new(&args.url)?;
    let session = session(&client, &args).await?;
    let who = match (&args.devices, args.state) {
        (Some(path), _) => Who::Devices(path.clone()),
        (None, Some(path)) => Who::People(Some(path)),
        (None, None) => {
            let folder = PathBuf::from(".nearhand");
            Who::People(folder.is_dir().then(|| folder.join("replay.json")))
        }
    };
    let options = Options {
        pace: if args.as_fast_as_accepted {
            Pace::AsFastAsAccepted
        } else {
            Pace::Times(args.speed)
        },
        batch: usize::from(args.batch),
        app: args.app,
        keep_times: args.keep_times,
        patience: Duration::from_secs(args.patience),
        connections: usize::from(args.connections),
    };
    announce(&tracks, &options, client.base());
    let cancel = CancellationToken::new();
    let session = session.as_ref();
    let raised = raise_limit(session, args.raise_jump_limit).await?;
    let playing = async {
        let enrolling = replay::enrol(session, &who, tracks);
        let phones = announced("making people and enrolling their phones", enrolling).await?;
        replay::play(&client, session, phones, options, say, &cancel).await
    };
    let playing = async {
        let played = playing.await;
        if let Some(raised) = raised {
            raised.restore().await.context("the limit for jumps could not be set back")?;
        }
        played
    };
    tokio::pin!(playing);
    let (result, signal) = tokio::select! {
        result = &mut playing => (result, None),
        signal = interrupts.next() => {
            say("ending; what is under way is awaited (Ctrl-C once more to leave at once)");
            cancel.cancel();
            tokio::select! {
                result = &mut playing => (result, Some(signal)),
                signal = interrupts.next() => return Ok(signals::exit_status(signal).into()),
            }
        }
    };
    let (summary, well) = result?;
    let summary = summary.without(left_out, unreadable);
    let unconsented = if args.keep_times { summary.not_permitted() } else { 0 };
    if unconsented > 0 {
        say(&format!(
            "WARNING: {unconsented} fixes were discarded, because tracking was not permitted at \
             their recorded times; play them without --keep-times, or as people who consented before"
        ));
    }
    let text =
        if args.json { serde_json::to_string_pretty(&summary)? + "\n" } else { summary.words() };
    io::stdout().write_all(text.as_bytes())?;
    Ok(match signal {
        Some(signal) => signals::exit_status(signal).into(),
        None if well && unreadable == 0 && unconsented == 0 => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

async fn raise_limit(
    session: Option<&Session>,
    wanted: bool,
) -> anyhow::Result<Option<RaisedLimit>> {
    if !wanted {
        return Ok(None);
    }
    let session = session
        .context("--raise-jump-limit needs an account: give --login and NEARHAND_PASSWORD")?;
    let raised = RaisedLimit::raise(session, say).await;
    Ok(Some(raised.context("the limit for jumps could not be raised")?))
}

/// What is to be played, and what of the files is not.
struct Files {
    tracks: Vec<replay::Track>,
    /// Points by reason.
    left_out: BTreeMap<&'static str, u64>,
    /// Files.
    unreadable: u64,
}

/// Reads all files and tells what is left out of them; fails if nothing is left to play.
fn files(args: &Args) -> anyhow::Result<Files> {
    let mut traces = Vec::with_capacity(args.files.len());
    let (mut left_out, mut unreadable) = (BTreeMap::new(), 0);
    for path in &args.files {
        let trace = match traces::read(path) {
            Ok(trace) => trace,
            // The only file: its error says it all.
            Err(error) if args.files.len() == 1 => return Err(error.into()),
            Err(error) => {
                let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                say(&format!("not played: {error}{cause}"));
                unreadable += 1;
                continue;
            }
        };
        for wrong in &trace.left_out {
            let first = if wrong.line > 0 {
                format!(" (first in line {})", wrong.line)
            } else {
                String::new()
            };
            say(&format!(
                "{}: {} points {} are left out{first}",
                path.display(),
                wrong.count,
                wrong.reason
            ));
            *left_out.entry(wrong.reason.as_str()).or_default() += u64::try_from(wrong.count)?;
        }
        traces.push(trace);
    }
    anyhow::ensure!(!traces.is_empty(), "none of the files can be played");
    Ok(Files { tracks: replay::plan(&traces, !args.no_fold), left_out, unreadable })
}

async fn session(client: &Client, args: &Args) -> anyhow::Result<Option<Session>> {
    if let Some(token) = &args.token {
        let session = Session::of_token(client, token.clone()).await;
        return Ok(Some(session.context("the token cannot be used")?));
    }
    if let (Some(login), Some(password)) = (&args.login, &args.password) {
        let login = Login {
            organization: args.organization.clone(),
            login: login.clone(),
            password: password.clone(),
        };
        return Ok(Some(Session::open(client, login).await.context("could not log in")?));
    }
    anyhow::ensure!(
        args.devices.is_some(),
        "who plays? Give --login and NEARHAND_PASSWORD, or NEARHAND_TOKEN, or --devices FILE"
    );
    Ok(None)
}

fn announce(tracks: &[replay::Track], options: &Options, url: &str) {
    let fixes: usize = tracks.iter().map(|track| track.fixes.len()).sum();
    let length = match options.pace {
        Pace::Times(speed) => {
            let seconds = replay::length(tracks).div_f64(speed).as_secs();
            format!("at {speed}x, about {} min {} s", seconds / 60, seconds % 60)
        }
        Pace::AsFastAsAccepted => "as fast as accepted".to_owned(),
    };
    say(&format!("{fixes} fixes on {} phones to {url}, {length}", tracks.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_lie_in_their_range() {
        assert_eq!(speed("1"), Ok(1.0));
        assert_eq!(speed("62.5"), Ok(62.5));
        for bad in ["0.5", "1001", "NaN", "fast", ""] {
            assert!(speed(bad).is_err(), "{bad}");
        }
    }
}
