//! What a failure means for the mail: try again or give up. Must not repeat words of the mail.

use crate::mailer::SendError;
use lettre::transport::smtp::Error;
use std::{error::Error as _, time::Duration};

/// How much of a server's words is kept, in characters.
const LONGEST_WORDS: usize = 160;
/// A longer word may be a token.
const LONGEST_WORD: usize = 32;

/// Where it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the server had heard of the mail: connection, TLS, login.
    Connect,
    /// From `MAIL FROM` on.
    Mail,
}

/// Whether to try again.
///
/// Before the mail is told nothing speaks against the mail itself: a wrong password is mended in
/// the settings, and the mail can then be sent. So can one that the server refuses because it wants
/// a login or TLS first (530 to 538, RFC 4954 §6).
pub(super) fn judge(stage: Stage, error: &Error) -> SendError {
    if let Some(code) = error.status().map(u16::from) {
        let words = error.source().map(ToString::to_string).unwrap_or_default();
        return refused(stage, code, &words);
    }
    if error.is_client() && stage == Stage::Mail {
        return SendError::permanent("the server cannot take addresses that are not ASCII");
    }
    if error.is_response() {
        return SendError::temporary("the server closed the connection or does not speak SMTP");
    }
    // What remains are words of the system, of TLS or of the library, none of the server.
    SendError::temporary(error)
}

/// The server did not answer in time.
pub(super) fn too_slow(timeout: Duration) -> SendError {
    SendError::temporary(format_args!("the server took longer than {} s", timeout.as_secs_f32()))
}

/// The server answered with a code of failure.
fn refused(stage: Stage, code: u16, words: &str) -> SendError {
    if stage == Stage::Connect {
        // The words are left out: answers to a login may repeat it.
        return SendError::temporary(format_args!(
            "the server refused the connection or the login with code {code}: check user, \
             password and address of the mail server"
        ));
    }
    let reason = format!("the server answered {code} {}", harmless(words));
    match code {
        530..=538 => SendError::temporary(format_args!("{reason}: check the mail server's URL")),
        500..=599 => SendError::permanent(reason),
        _ => SendError::temporary(reason),
    }
}

/// A server's words without those that may be a link, a token or an address.
fn harmless(words: &str) -> String {
    let dangerous = |word: &str| {
        word.contains("//") || word.contains(['@', '#']) || word.chars().count() > LONGEST_WORD
    };
    let spaced = words.split(|c: char| c.is_whitespace() || c.is_control());
    let kept: Vec<&str> = spaced
        .filter(|word| !word.is_empty())
        .map(|word| if dangerous(word) { "…" } else { word })
        .collect();
    kept.join(" ").chars().take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_whether_to_try_again() {
        for (stage, code, permanent) in [
            (Stage::Mail, 550, true),
            (Stage::Mail, 552, true),
            (Stage::Mail, 500, true),
            (Stage::Mail, 554, true),
            (Stage::Mail, 530, false),
            (Stage::Mail, 535, false),
            (Stage::Mail, 421, false),
            (Stage::Mail, 451, false),
            (Stage::Mail, 452, false),
            (Stage::Connect, 535, false),
            (Stage::Connect, 554, false),
            (Stage::Connect, 454, false),
        ] {
            let error = refused(stage, code, "no");
            assert_eq!(error.is_permanent(), permanent, "{stage:?} {code}");
            assert!(error.reason().contains(&code.to_string()), "{error}");
        }
    }

    #[test]
    fn words_of_a_server_bring_no_link_token_or_address() {
        let token = "a".repeat(43);
        let words = format!(
            "5.7.1 <grace@example.org>: spam\r\n\u{1b}[31m https://near.example/#{token} {token} #x"
        );
        let error = refused(Stage::Mail, 550, &words);
        assert_eq!(error.reason(), "the server answered 550 5.7.1 … spam [31m … … …");
        let login = refused(Stage::Connect, 535, "user hunter2 is wrong");
        assert!(!login.reason().contains("hunter2"));
        assert!(refused(Stage::Mail, 550, &"no ".repeat(1000)).reason().len() < 220);
    }
}
