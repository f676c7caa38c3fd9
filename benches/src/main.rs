//! `nearhand-bench`: measures Nearhand against peers that do the same work in the same run.
//! Must print ratios and percentiles only, and check that peers give the same answers.

mod assign;
mod cases;
mod explain;
mod formats;
mod http;
mod import;
mod ingest;
mod latency;
mod memory;
mod mixed;
mod offers;
mod open_cases;
mod peer;
mod people;
mod phones;
mod preview;
mod random;
mod recommend;
mod report;
mod site;
mod sql;
mod stored;
mod updates;
mod world;

use clap::{Parser, ValueEnum};
use report::Target;
use std::path::PathBuf;

/// Measures Nearhand against peers that do the same work in the same run.
///
/// Each result is one line, `ratio NAME VALUE target TARGET` or `value NAME VALUE UNIT target
/// TARGET`, after a line that describes data and machine. Peers need servers: run it as `nearhand
/// servers --ephemeral -- nearhand-bench all`.
#[derive(Parser)]
#[command(name = "nearhand-bench", version)]
pub(crate) struct Options {
    /// What to measure.
    #[arg(value_enum, default_value = "all")]
    name: Name,
    /// A tenth of the people and fewer questions; all of it in under five minutes. Targets do not
    /// bind then.
    #[arg(long)]
    quick: bool,
    /// PostgreSQL with PostGIS and a superuser: the peer. Without it, ratios to it are left out.
    #[arg(long, env = "NEARHAND_TEST_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Redis, for the benches that run all of Nearhand.
    #[arg(long, env = "NEARHAND_TEST_REDIS_URL", hide_env_values = true)]
    redis_url: Option<String>,
    /// The program those run; the one beside this unless given.
    #[arg(long, env = "NEARHAND_BENCH_PROGRAM")]
    nearhand: Option<PathBuf>,
    /// Show what Nearhand's processes log.
    #[arg(long)]
    verbose: bool,
}

/// The benches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Every bench, each in a process of its own.
    All,
    /// Complete recommendations, all rules and terms, exact top 20 of a million; peers: the linear
    /// scan and the same ranking in SQL.
    Recommend,
    /// Why-not and the full funnel with its best relaxation, of 100,000 and a million; peer: the linear
    /// scan.
    Explain,
    /// A policy tried on fifty cases; peer: the hundred recommendations it stands for.
    Preview,
    /// Work given to people over HTTP beside 1,000 pings a second, and how soon the next recommendation
    /// knows; peer: one INSERT and COMMIT.
    Assign,
    /// Ten thousand offers open at once, and how late each deadline is acted on; peer: the limit that is
    /// wanted.
    Offers,
    /// The same as `recommend` while 50,000 positions a second stream in; peers: the same recommendations
    /// undisturbed, and the rate that is wanted.
    Updates,
    /// Resident memory of the live index of a million.
    Memory,
    /// Pings over HTTP into PostGIS by the real processes, single and in batches of 100; peer: one
    /// client that inserts the same rows directly.
    Ingest,
    /// What an admin waits for: a page of people with three filters; peer: the same rows by their
    /// keys. Pings while fifty people log in at once; peer: the limit that is wanted.
    People,
    /// An import of 10,000 people over HTTP, checked and committed; peer: one COPY of the same people
    /// and of as many audit entries.
    Import,
    /// From a ping's acknowledgement to its commit and to a recommendation that shows it, at 5,000
    /// and 20,000 pings a second, beside 200 recommendations a second.
    Latency,
    /// Reading each app's format; peer: `serde_json` into plain structs of the same bytes.
    Formats,
    /// Phones that speak all formats over HTTP; peer: the same phones with our own format.
    Mixed,
    /// Recommendations over HTTP that are kept; peer: the same ones that are not. What is kept of a
    /// candidate, in bytes.
    Stored,
}

impl Options {
    fn people(&self) -> usize {
        self.pick(1_000_000, 100_000)
    }

    /// One thing in a whole run, another in a quick one.
    fn pick<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }

    /// Targets bind whole runs only.
    fn target(&self, target: Target) -> Target {
        if self.quick { Target::None } else { target }
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let beside = [
        Name::Preview,
        Name::Assign,
        Name::Offers,
        Name::Ingest,
        Name::Mixed,
        Name::Latency,
        Name::People,
        Name::Import,
        Name::Stored,
    ];
    if beside.contains(&options.name) {
        // These share the machine with what they measure, and one thread has no other to wake.
        runtime.worker_threads(1);
    }
    runtime.enable_all().build()?.block_on(run(&options))
}

async fn run(options: &Options) -> anyhow::Result<()> {
    if options.quick {
        report::line("# a quick run: fewer people and questions, no targets");
    }
    match options.name {
        Name::All => run_all(),
        Name::Recommend => recommend::run(options).await,
        Name::Explain => explain::run(options),
        Name::Preview => preview::run(options).await,
        Name::Assign => assign::run(options).await,
        Name::Offers => offers::run(options).await,
        Name::Updates => updates::run(options),
        Name::Memory => memory::run(options),
        Name::Formats => formats::run(options),
        Name::Mixed => mixed::run(options).await,
        Name::Ingest => ingest::run(options).await,
        Name::Latency => latency::run(options).await,
        Name::Stored => stored::run(options).await,
        Name::People => people::run(options).await,
        Name::Import => import::run(options).await,
    }
}

/// Runs every bench in a process of its own, so that none finds the memory of another.
fn run_all() -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    let arguments: Vec<_> = std::env::args_os().skip(1).filter(|a| a != "all").collect();
    for name in Name::value_variants().iter().filter(|name| **name != Name::All) {
        let Some(name) = name.to_possible_value() else { continue };
        let mut command = std::process::Command::new(&program);
        let status = command.arg(name.get_name()).args(&arguments).status()?;
        anyhow::ensure!(status.success(), "{} failed", name.get_name());
    }
    Ok(())
}
