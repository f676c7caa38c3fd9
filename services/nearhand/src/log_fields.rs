//! How the fields of spans and events are written. On a terminal the library writes them. Elsewhere
//! they look the same without colours, and cost less: the library would write each span piece by
//! piece into a text that grows with each piece. The sources of an error are left out.

use std::{
    cell::RefCell,
    fmt::{self, Debug, Write as _},
};
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FormatFields,
        format::{DefaultFields, Writer},
    },
};

/// Writes `name=value`, the message first and bare.
pub(crate) struct Fields;

thread_local! {
    /// The text of all fields, written to a span at once: one allocation instead of five.
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

impl<'writer> FormatFields<'writer> for Fields {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        if writer.has_ansi_escapes() {
            return DefaultFields::new().format_fields(writer, fields);
        }
        TEXT.with(|text| match text.try_borrow_mut() {
            Ok(mut text) => write_fields(&mut text, &mut writer, fields),
            // A value that logs while it is written.
            Err(_) => write_fields(&mut String::new(), &mut writer, fields),
        })
    }
}

fn write_fields(
    text: &mut String,
    writer: &mut Writer<'_>,
    fields: impl RecordFields,
) -> fmt::Result {
    text.clear();
    let mut plain = Plain { text, is_first: true, result: Ok(()) };
    fields.record(&mut plain);
    let result = plain.result;
    result.and_then(|()| writer.write_str(text))
}

struct Plain<'t> {
    text: &'t mut String,
    is_first: bool,
    result: fmt::Result,
}

impl Plain<'_> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        let separated = if std::mem::take(&mut self.is_first) { "" } else { " " };
        let (name, equals) = match field.name() {
            "message" => ("", ""),
            name => (name.strip_prefix("r#").unwrap_or(name), "="),
        };
        let parts = [separated, name, equals];
        let written = parts.iter().try_for_each(|part| self.text.write_str(part));
        let written = written.and_then(|()| value(self.text));
        self.result = self.result.and(written);
    }
}

impl Visit for Plain<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_plain =
            value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
        if field.name() != "message" && is_plain {
            let parts = ["\"", value, "\""];
            self.write(field, |text| parts.iter().try_for_each(|part| text.write_str(part)));
        } else if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            // What the `log` crate adds is shown elsewhere.
            name if name.starts_with("log.") => {}
            "message" => self.write(field, |text| write!(Escaping(text), "{value:?}")),
            _ => self.write(field, |text| write!(text, "{value:?}")),
        }
    }
}

/// Escapes what a terminal would take for a command, as the library does: a message may quote what
/// came from outside.
struct Escaping<'t>(&'t mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        for character in part.chars() {
            match character {
                '\u{1b}' | '\u{07}' | '\u{08}' | '\u{0c}' | '\u{7f}' => {
                    write!(self.0, "\\x{:02x}", u32::from(character))?;
                }
                '\u{80}'..='\u{9f}' => write!(self.0, "\\u{{{:x}}}", u32::from(character))?,
                _ => self.0.push(character),
            }
        }
        Ok(())
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
            tracing::warn!(word = "\u{1b}[1m", "red \u{1b}[31m and {} \u{9b}", "\u{07}");
            tracing::warn!("plain \u{1b}");
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
