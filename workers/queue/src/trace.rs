//! Continues traces: a span of this process becomes a part of the trace that a request brought, over
//! HTTP or through the queue. Costs one comparison while nobody collects traces. Must not send any.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Most other traces that the span of a batch names.
const MAX_LINKS: usize = 32;

/// Whether somebody collects traces.
static COLLECTED: AtomicBool = AtomicBool::new(false);

/// From now on traces are collected.
pub fn collect() {
    COLLECTED.store(true, Ordering::Relaxed);
}

/// Makes a span that has just begun a part of the first of these traces, given as W3C `traceparent`; the
/// others it names as links, 32 at most.
pub fn adopt<'a>(span: &Span, traceparents: impl IntoIterator<Item = &'a str>) {
    if !COLLECTED.load(Ordering::Relaxed) {
        return;
    }
    let mut contexts = traceparents.into_iter().filter_map(parse);
    let Some(first) = contexts.next() else { return };
    // It fails only for a span that began to be recorded before, which is none of ours.
    let _ = span.set_parent(Context::new().with_remote_span_context(first));
    contexts.take(MAX_LINKS).for_each(|other| span.add_link(other));
}

/// `00-<32 hex>-<16 hex>-<2 hex>`
fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_contexts_are_read() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = parse(text).unwrap();
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(context.is_sampled() && context.is_remote());
        for wrong in
            ["", "00", "00-0-0-0", "00-00000000000000000000000000000000-b7ad6b7169203331-01"]
        {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
