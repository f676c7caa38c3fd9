//! Makes a message (RFC 5322) of a mail. Must not send it.

use crate::mailer::{Mail, SendError};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use nearhand_domain::clock;
use std::time::SystemTime;

/// RFC 5322 allows lines of 998 octets; `Message-ID: <>` takes some.
const LONGEST_MESSAGE_ID: usize = 900;

/// Reads a sender such as `Nearhand <mail@example.org>` or `mail@example.org`.
pub(crate) fn sender(text: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = text.trim().parse().ok()?;
    let clean = mailbox.name.as_deref().is_none_or(|name| !name.contains(char::is_control));
    let email = ascii_domain(&mailbox.email)?;
    clean.then_some(Mailbox { name: mailbox.name, email })
}

/// Builds the message. It is ASCII whatever the words are.
///
/// # Errors
/// Permanent, when the recipient's address or the message id is not valid.
pub(crate) fn build(mail: &Mail, from: &Mailbox) -> Result<Message, SendError> {
    let to = recipient(&mail.to)
        .ok_or_else(|| SendError::permanent("the recipient's address is not valid"))?;
    let id = message_id(&mail.message_id).ok_or_else(|| {
        SendError::permanent("the message id must be left@right in printable ASCII")
    })?;
    let header = |name, value: &str| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
    };
    let words = &mail.rendered;
    Message::builder()
        .date(SystemTime::from(clock::now()))
        .message_id(Some(id))
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(words.subject.as_str())
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("Content-Language", words.language))
        .multipart(MultiPart::alternative_plain_html(words.text.clone(), words.html.clone()))
        .map_err(|_| SendError::permanent("the mail has no valid sender or recipient"))
}

/// The id without angle brackets.
pub(crate) fn bare_id(text: &str) -> &str {
    text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text)
}

fn recipient(text: &str) -> Option<Address> {
    if text.contains(|c: char| c.is_control()) {
        return None;
    }
    ascii_domain(&text.parse().ok()?)
}

/// The same address with its domain in ASCII, as servers without SMTPUTF8 want it.
fn ascii_domain(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address.clone());
    }
    let domain = idna::domain_to_ascii(address.domain()).ok()?;
    Address::new(address.user(), domain).ok()
}

/// The id in angle brackets.
fn message_id(text: &str) -> Option<String> {
    let bare = bare_id(text);
    let (left, right) = bare.split_once('@')?;
    let printable = bare.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'));
    let whole = !left.is_empty() && !right.is_empty() && !right.contains('@');
    (printable && whole && bare.len() <= LONGEST_MESSAGE_ID).then(|| format!("<{bare}>"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{letter::Kind, render::Rendered};

    fn mail(to: &str, message_id: &str) -> Mail {
        let rendered = Rendered {
            subject: "Einladung zu Grüne Straße und noch vielem mehr, das eine Zeile füllt 日本"
                .to_owned(),
            text: "Grüße\n".to_owned(),
            html: "<p>Grüße</p>\n".to_owned(),
            language: "de",
        };
        Mail { to: to.to_owned(), rendered, message_id: message_id.to_owned(), kind: Kind::Welcome }
    }

    #[test]
    fn a_message_has_its_headers_and_is_ascii() {
        let from = sender("Nähe <mail@grün.example>").unwrap();
        let message = build(&mail("a@straße.example", "1@near.example"), &from).unwrap();
        let bytes = message.formatted();
        assert!(bytes.is_ascii());
        let text = String::from_utf8(bytes).unwrap();
        for line in [
            "Message-ID: <1@near.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Language: de\r\n",
            "To: a@xn--strae-oqa.example\r\n",
            "<mail@xn--grn-ioa.example>\r\n",
            "Content-Type: multipart/alternative;",
            "MIME-Version: 1.0\r\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(text.contains("\r\nDate: ") || text.starts_with("Date: "));
        assert!(text.split("\r\n").all(|line| line.len() < 998));
    }

    #[test]
    fn a_bad_address_or_id_is_permanent() {
        let from = sender("mail@example.org").unwrap();
        for to in ["", "a", "a@", "@b.example", "a@b.example\r\nRCPT TO:<c@d.example>", "a b@c.d"] {
            let error = build(&mail(to, "1@x"), &from).unwrap_err();
            assert!(error.is_permanent(), "{to}");
            assert!(!error.to_string().contains("b.example"), "{error}");
        }
        for id in ["", "1", "1@", "@x", "1@x\r\nBcc: a", "1@x@y", "é@x", "<1@x>>"] {
            assert!(build(&mail("a@b.example", id), &from).unwrap_err().is_permanent(), "{id}");
        }
        assert!(build(&mail("a@b.example", "<1@x>"), &from).is_ok());
    }

    #[test]
    fn a_sender_may_have_a_name() {
        assert!(sender("Nearhand <mail@example.org>").is_some());
        assert!(sender(" mail@example.org ").is_some());
        for wrong in ["", "Nearhand", "Nearhand <mail>", "a@b.example, c@d.example"] {
            assert!(sender(wrong).is_none(), "{wrong}");
        }
    }
}
