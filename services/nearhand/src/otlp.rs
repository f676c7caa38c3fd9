//! Traces for a collector that speaks OTLP over HTTP. Only our own spans are sent, without events: they
//! name routes, queues and identifiers, never a position, a token or a name. A collector that is away
//! costs one warning; its spans are dropped.

use anyhow::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tracing::{Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// How long the collector may take for one batch.
const PATIENCE: Duration = Duration::from_secs(3);
/// Stands before the names of all our crates.
const OURS: &str = "nearhand";

/// What sends the spans, until it is told to end.
pub(crate) struct Sender(SdkTracerProvider);

impl Sender {
    /// Sends to the collector at this address, such as <http://127.0.0.1:4318>. Connects to nothing yet.
    pub(crate) fn new(url: &str, process: &str) -> anyhow::Result<Self> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", url.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .context("--otlp-url cannot be used; it looks like http://127.0.0.1:4318")?;
        let resource = Resource::builder_empty()
            .with_service_name(OURS)
            .with_attribute(opentelemetry::KeyValue::new("process.command", process.to_owned()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Telling { exporter, away: AtomicBool::new(false) })
            .with_resource(resource)
            .build();
        nearhand_queue::trace::collect();
        Ok(Self(provider))
    }

    /// What gathers the spans.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(OURS))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_sent))
    }

    /// Sends what has been gathered, and ends.
    pub(crate) async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE));
        // A collector that is away has been told of.
        let _ = ended.await;
    }
}

/// Our spans from `info` up.
fn is_sent(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && *metadata.level() <= LevelFilter::INFO
        && metadata.target().starts_with(OURS)
}

/// Tells once that the collector is away, and once that it is back.
#[derive(Debug)]
struct Telling<E> {
    exporter: E,
    away: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Telling<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        let was_away = self.away.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(_) if !was_away => {
                tracing::warn!(
                    "the collector of traces (--otlp-url) does not answer; spans are dropped"
                );
            }
            Ok(()) if was_away => tracing::info!("the collector of traces answers again"),
            _ => {}
        }
        // What else is said of it would be said for every batch.
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
