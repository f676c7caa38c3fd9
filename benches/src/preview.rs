//! `preview`: another policy tried on fifty cases, against the hundred recommendations that it stands
//! for, over HTTP in the same run.

use crate::{
    Options,
    cases::{self, Set},
    http::{self, Connection},
    open_cases,
    report::{self, Target, Times, millis},
    site::Site,
    world::{Mood, World},
};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PEOPLE: usize = 100_000;
const CASES: usize = 50;
/// Candidates compared, and listed by each recommendation.
const LISTED: usize = 20;

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(options.pick(PEOPLE, PEOPLE / 10), Mood::Drawn);
    let data = format!(
        "{}; {CASES} drawn cases, each under two policies; API and worker as processes",
        world.describe()
    );
    report::describe("preview", &data);
    let site = Site::start(options, &world).await?;
    let measured = measure(options, &site, &world).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site, world: &World) -> anyhow::Result<()> {
    let drawn = (0..CASES).map(|n| open_cases::body_of(&cases::case(world, Set::Drawn, n).0));
    let cases = open_cases::create(site, drawn).await?;
    let mut asker = Asker { connection: Connection::open(site.address).await?, site };
    let policy = json!({ "name": "tried", "preset": "fair_share" });
    let policy = asker.ask("/v1/policies", &policy).await?.0["id"].clone();
    let (mut previews, mut apart) = (Times::default(), Times::default());
    let mut with_funnel = 0;
    for round in 0..=options.pick(20, 5) {
        let (took, funnels) = recommend(&mut asker, &cases, &policy).await?;
        let tried = json!({ "policy_id": policy, "case_ids": cases });
        let (preview, preview_took) = asker.ask("/v1/policies/preview", &tried).await?;
        let compared = preview["cases"].as_array().context("a preview without cases")?;
        ensure!(compared.len() == CASES, "{} cases were compared", compared.len());
        // The first round warms.
        if round > 0 {
            apart.push(took);
            previews.push(preview_took);
            with_funnel = funnels;
        }
    }
    report::line(&format!(
        "# {} rounds; {with_funnel} of the {} recommendations of a round have a funnel",
        previews.len(),
        2 * CASES
    ));
    let (preview, apart) = (previews.p50(), apart.p50());
    report::value("preview.50-cases.p50", millis(preview), "ms", Target::None);
    report::value("preview.100-recommendations.p50", millis(apart), "ms", Target::None);
    let ratio = preview.as_secs_f64() / apart.as_secs_f64();
    let target = options.target(Target::AtMost(1.0));
    report::ratio("preview.against-recommendations", ratio, target);
    Ok(())
}

/// Every case under both policies, one after another; how long the answers took together, and how
/// many have a funnel, because few are left.
async fn recommend(
    asker: &mut Asker<'_>,
    cases: &[String],
    policy: &Value,
) -> anyhow::Result<(Duration, usize)> {
    let (mut took, mut funnels) = (Duration::ZERO, 0);
    for case in cases {
        for policy in [&Value::Null, policy] {
            let body = json!({ "case_id": case, "limit": LISTED, "policy_id": policy });
            let (answer, one) = asker.ask("/v1/recommendations", &body).await?;
            took += one;
            funnels += usize::from(answer["result"]["funnel"].is_object());
        }
    }
    Ok((took, funnels))
}

/// Asks one thing after another as the admin.
struct Asker<'a> {
    connection: Connection,
    site: &'a Site,
}

impl Asker<'_> {
    /// The answer, and how long it took.
    async fn ask(&mut self, path: &str, body: &Value) -> anyhow::Result<(Value, Duration)> {
        let mut request = Vec::new();
        http::request(&mut request, "POST", path, &self.site.admin, &body.to_string());
        let begin = Instant::now();
        let answer = self.connection.call(&request).await?;
        let took = begin.elapsed();
        Ok((answer.json()?, took))
    }
}
