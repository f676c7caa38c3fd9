//! How the fields of spans and events are written: as the library does on a terminal, and the same
//! without its colours elsewhere, where it would put each ping's span together piece by piece.

use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    field::{RecordFields, VisitOutput},
    fmt::{
        FormatFields,
        format::{DefaultFields, Writer},
    },
};

/// Writes `name=value`, the message first and bare.
pub(crate) struct Fields;

impl<'writer> FormatFields<'writer> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        if writer.has_ansi_escapes() {
            return DefaultFields::new().format_fields(writer, fields);
        }
        let mut plain = Plain { writer, is_first: true, result: Ok(()) };
        fields.record(&mut plain);
        plain.finish()
    }
}

struct Plain<'writer> {
    writer: Writer<'writer>,
    is_first: bool,
    result: fmt::Result,
}

impl Plain<'_> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let separated = if std::mem::take(&mut self.is_first) { "" } else { " " };
        let (name, equals) = match field.name() {
            "message" => ("", ""),
            name => (name.strip_prefix("r#").unwrap_or(name), "="),
        };
        let parts = [separated, name, equals];
        let written = parts.iter().try_for_each(|part| self.writer.write_str(part));
        let written = written.and_then(|()| value(&mut self.writer));
        self.result = self.result.and(written);
    }
}

impl Visit for Plain<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_plain =
            value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
        if field.name() == "message" {
            self.write(field, |writer| writer.write_str(value));
        } else if is_plain {
            let parts = ["\"", value, "\""];
            self.write(field, |writer| parts.iter().try_for_each(|part| writer.write_str(part)));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |writer| write!(writer, "{value:?}"));
    }
}

impl VisitOutput<fmt::Result> for Plain<'_> {
    fn finish(self) -> fmt::Result {
        self.result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(fields: impl for<'w> FormatFields<'w> + Send + Sync + 'static) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .fmt_fields(fields)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request", route = "/v1/pings", request.id = "a\"b\n");
            let _inside = span.enter();
            tracing::info!(n = 7, ok = true, word = "two words", why = %"shown", "it is so");
            tracing::warn!(empty = "");
        });
        String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn what_is_written_is_what_the_library_writes() {
        let ours = written(Fields);
        assert_eq!(ours, written(DefaultFields::new()));
        assert!(ours.contains("request.id=\"a\\\"b\\n\""), "{ours}");
    }
}
