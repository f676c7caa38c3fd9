//! `/healthz` and `/readyz` for everybody, `/metrics` and the details of `/readyz` on a listener of
//! their own for those who watch over the process. No tenant's data.

use crate::{
    http::{problem, request_layer::RequestLayer},
    state::ApiState,
};
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use nearhand_domain::zone;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a dependency may take to answer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the answers of the operators' listener may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Whether a process can serve, and what is missing.
#[derive(Debug, Serialize)]
pub struct Readiness {
    ready: bool,
    checks: Vec<Check>,
    /// Redis keeps less than it should, and that was accepted.
    weaker_durability: Option<String>,
    /// Version and origin of the time zones' rules: the newer of the system's and those built in.
    time_zones: String,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    /// What is wrong.
    detail: Option<String>,
}

impl Readiness {
    /// From the name of each check and what is wrong.
    #[must_use]
    pub fn of<const N: usize>(
        checks: [(&'static str, Option<String>); N],
        weaker_durability: Option<String>,
    ) -> Self {
        let check =
            |(name, detail): (_, Option<String>)| Check { name, ok: detail.is_none(), detail };
        let checks: Vec<Check> = checks.map(check).into();
        let time_zones = zone::rules().to_string();
        Self { ready: checks.iter().all(|check| check.ok), checks, weaker_durability, time_zones }
    }

    fn status(&self) -> StatusCode {
        if self.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    }
}

/// What is wrong with a server, by its name, that should answer this.
pub async fn fault<T, E>(
    server: &str,
    answering: impl Future<Output = Result<T, E>>,
) -> Option<String> {
    match tokio::time::timeout(CHECK_TIMEOUT, answering).await {
        Ok(Ok(_)) => None,
        Ok(Err(_)) => Some(format!("{server} does not answer")),
        Err(_) => Some(format!("{server} takes longer than {} s", CHECK_TIMEOUT.as_secs())),
    }
}

/// Whether the API can serve: PostgreSQL answers, the live index is caught up with the queue.
pub async fn readiness(state: &ApiState) -> Readiness {
    let database = fault("PostgreSQL", state.app().tenantless()).await;
    let index = state.follower().not_ready();
    Readiness::of([("postgresql", database), ("live_index", index)], state.weaker_durability())
}

/// `/healthz`, `/readyz` with details and `/metrics` of a process.
pub fn operators_router<F, Fut>(metrics: PrometheusHandle, check: F) -> Router
where
    F: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Readiness> + Send + 'static,
{
    let ready = move || {
        let checking = check();
        async move {
            let readiness = checking.await;
            (readiness.status(), Json(readiness))
        }
    };
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(ready))
        .route("/metrics", get(move || async move { (text, metrics.render()) }))
        .fallback(async || problem::Problem::not_found())
        .layer(RequestLayer { deadline: DEADLINE })
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "system",
    responses((status = 200, description = "It runs", body = String)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the process can serve.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadinessDocument {
    /// All checks passed.
    ready: bool,
}

/// The process can serve: PostgreSQL answers, the live index is caught up with the queue.
///
/// What is missing is said where the metrics are, on the address of `--metrics-listen`.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "system", responses(
    (status = 200, description = "Ready", body = ReadinessDocument),
    (status = 503, description = "Not ready", body = ReadinessDocument)))]
pub(crate) async fn readyz(State(state): State<ApiState>) -> Response {
    let readiness = readiness(&state).await;
    (readiness.status(), Json(ReadinessDocument { ready: readiness.ready })).into_response()
}
