//! The templates, built into the program, and the languages there are. Must not render.
//!
//! A letter is one file per language that sets `subject`, `opening`, `button` and `closing` as
//! plain text: a blank line ends a paragraph, a line break is kept. `frame.j2` sets what all
//! letters of a language share. The two layouts make text and HTML of the same words.

use crate::letter::Kind;

/// A language that mails are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    En,
    De,
    Es,
    Fr,
}

/// The layout of the text part.
pub(crate) const TEXT_LAYOUT: (&str, &str) =
    ("layout.txt.j2", include_str!("../templates/layout.txt.j2"));
/// The layout of the HTML part. Its name makes minijinja escape values.
pub(crate) const HTML_LAYOUT: (&str, &str) =
    ("layout.html.j2", include_str!("../templates/layout.html.j2"));

impl Language {
    pub(crate) const ALL: [Self; 4] = [Self::En, Self::De, Self::Es, Self::Fr];

    /// Its BCP 47 tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Es => "es",
            Self::Fr => "fr",
        }
    }
}

macro_rules! sources {
    ($tag:literal, $kind:expr) => {
        match $kind {
            None => include_str!(concat!("../templates/", $tag, "/frame.j2")),
            Some(Kind::Invitation) => {
                include_str!(concat!("../templates/", $tag, "/invitation.j2"))
            }
            Some(Kind::Welcome) => include_str!(concat!("../templates/", $tag, "/welcome.j2")),
            Some(Kind::Recovery) => include_str!(concat!("../templates/", $tag, "/recovery.j2")),
            Some(Kind::EmailChange) => {
                include_str!(concat!("../templates/", $tag, "/email_change.j2"))
            }
            Some(Kind::EmailChanged) => {
                include_str!(concat!("../templates/", $tag, "/email_changed.j2"))
            }
            Some(Kind::ImportFinished) => {
                include_str!(concat!("../templates/", $tag, "/import_finished.j2"))
            }
            Some(Kind::Assignment) => {
                include_str!(concat!("../templates/", $tag, "/assignment.j2"))
            }
            Some(Kind::Offer) => include_str!(concat!("../templates/", $tag, "/offer.j2")),
            Some(Kind::OfferUnanswered) => {
                include_str!(concat!("../templates/", $tag, "/offer_unanswered.j2"))
            }
        }
    };
}

/// The words of a letter, or with `None` those that all letters of the language share.
pub(crate) fn source(language: Language, kind: Option<Kind>) -> &'static str {
    match language {
        Language::En => sources!("en", kind),
        Language::De => sources!("de", kind),
        Language::Es => sources!("es", kind),
        Language::Fr => sources!("fr", kind),
    }
}
