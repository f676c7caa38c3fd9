//! `/healthz`, `/readyz`, `/metrics`: for those who watch over it. No tenant's data.

use crate::state::ApiState;
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

/// Whether this process can serve, and what is missing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// All checks passed.
    ready: bool,
    /// Each check: `ok`, or what is wrong.
    checks: Vec<Check>,
    /// Redis keeps less than it should, and that was accepted.
    weaker_durability: Option<String>,
    /// Version and origin of the time zones' rules: the newer of the system's and those built in.
    #[schema(example = "2026e (built in)")]
    time_zones: String,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Check {
    /// What was looked at.
    name: &'static str,
    /// Whether it is as it should be.
    ok: bool,
    /// What is wrong.
    detail: Option<String>,
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "system",
    responses((status = 200, description = "It runs", body = String)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can serve: PostgreSQL answers, the queue answers, the live index is caught up.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "system", responses(
    (status = 200, description = "Ready", body = Readiness),
    (status = 503, description = "Not ready; `checks` says why", body = Readiness)))]
pub(crate) async fn readyz(State(state): State<ApiState>) -> Response {
    let database = tokio::time::timeout(CHECK_TIMEOUT, state.app().tenantless()).await;
    let database = match database {
        Ok(Ok(_)) => None,
        Ok(Err(_)) => Some("PostgreSQL does not answer".to_owned()),
        Err(_) => Some("PostgreSQL takes longer than 2 s".to_owned()),
    };
    let index = state.follower().not_ready();
    let checks = [("postgresql", database), ("live_index", index)].map(|(name, detail)| Check {
        name,
        ok: detail.is_none(),
        detail,
    });
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let weaker_durability = state.weaker_durability();
    let time_zones = zone::rules().to_string();
    let readiness = Readiness { ready, checks: checks.into(), weaker_durability, time_zones };
    (status, Json(readiness)).into_response()
}

/// Health and metrics of a process that serves nothing else. `check` says what is wrong.
pub fn health_router<F, Fut>(metrics: PrometheusHandle, check: F) -> Router
where
    F: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Option<String>> + Send + 'static,
{
    let ready = move || {
        let checking = check();
        async move {
            match tokio::time::timeout(CHECK_TIMEOUT, checking).await {
                Ok(None) => (StatusCode::OK, "ready\n".to_owned()),
                Ok(Some(fault)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")),
                Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "a check takes too long\n".to_owned()),
            }
        }
    };
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(ready))
        .route("/metrics", get(move || async move { rendered(&metrics) }))
}

fn rendered(metrics: &PrometheusHandle) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render())
}

/// Prometheus metrics.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "system",
    responses((status = 200, description = "Prometheus text format", body = String)))]
pub(crate) async fn metrics(State(state): State<ApiState>) -> impl IntoResponse {
    rendered(state.metrics())
}
