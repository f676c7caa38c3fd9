//! Makes subject, text and HTML of a letter. Must not send or store them.

use crate::{
    dates,
    letter::{AnswerCounts, AssignmentNews, Kind, Letter},
    templates::{self, HTML_LAYOUT, Language, TEXT_LAYOUT},
};
use jiff::tz::TimeZone;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use nearhand_domain::language::canonical;
use std::fmt;

/// A name is cut to so many characters: a longer one is no name, and may be an advertisement.
const LONGEST_VALUE: usize = 200;
/// What a scheduler says to the people asked; the longest that an offer stores.
const LONGEST_MESSAGE: usize = 1_000;

/// A letter in the words of one language. `Debug` does not print the words.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line without control characters.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part, a whole document.
    pub html: String,
    /// Tag of the language it is in, such as `de`.
    pub language: &'static str,
}

/// Why a letter cannot be rendered. Contains no value of the letter.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The link is none that a mail may contain.
    #[error(
        "the link of the {0} mail must begin with http:// or https:// and contain no spaces or \
         control characters: check the public address of the installation"
    )]
    Link(&'static str),
    /// A template is wrong.
    #[error("the {language} template of the {letter} mail is wrong: {source}")]
    Template {
        /// Name of the letter.
        letter: &'static str,
        /// Tag of the language.
        language: &'static str,
        /// What minijinja says.
        source: minijinja::Error,
    },
}

/// Renders a letter in the language of a BCP 47 tag (see [`language_for`]), with times in a zone.
/// Values are escaped in HTML; in every part their control characters are removed, and their line
/// breaks become spaces. Takes well under a millisecond.
///
/// # Errors
/// When the link is not one that a mail may contain, or a template is wrong.
pub fn render(letter: &Letter, language: &str, zone: &TimeZone) -> Result<Rendered, RenderError> {
    let language = find_language(language);
    let letter_name = letter.kind().name();
    if !letter.link().is_none_or(is_web_link) {
        return Err(RenderError::Link(letter_name));
    }
    parts(letter, language, zone).map_err(|source| RenderError::Template {
        letter: letter_name,
        language: language.tag(),
        source,
    })
}

/// The language that mails for a BCP 47 tag are written in: the tag without as many of its last
/// subtags as needed (RFC 4647 §3.4, lookup), `en` when there is none.
#[must_use]
pub fn language_for(tag: &str) -> &'static str {
    find_language(tag).tag()
}

fn find_language(tag: &str) -> Language {
    let tag = canonical(tag).unwrap_or_default();
    let mut range = tag.as_str();
    loop {
        let found = Language::ALL.into_iter().find(|known| known.tag().eq_ignore_ascii_case(range));
        if let Some(language) = found {
            return language;
        }
        let Some((wider, _)) = range.rsplit_once('-') else { return Language::En };
        range = wider;
    }
}

fn parts(
    letter: &Letter,
    language: Language,
    zone: &TimeZone,
) -> Result<Rendered, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let values = values(letter, language, zone);
    let frame = Words::of(&environment, language, None, &values)?;
    let words = Words::of(&environment, language, Some(letter.kind()), &values)?;
    let subject = one_line(&words.get("subject"), usize::MAX);
    let common = context! {
        language => language.tag(),
        subject => &subject,
        opening => paragraphs(&words.get("opening")),
        button => words.get("button").trim().to_owned(),
        closing => paragraphs(&words.get("closing")),
        link_hint => frame.get("link_hint").trim().to_owned(),
        footer => frame.get("footer").trim().to_owned(),
    };
    let (name, source) = TEXT_LAYOUT;
    let layout = environment.template_from_named_str(name, source)?;
    let text = layout.render(context! { link => letter.link(), ..common.clone() })?;
    let (name, source) = HTML_LAYOUT;
    let layout = environment.template_from_named_str(name, source)?;
    let link = letter.link().map(|link| Value::from_safe_string(escape_link(link)));
    let html = layout.render(context! { link, ..common })?;
    Ok(Rendered { subject, text, html, language: language.tag() })
}

/// What the templates of a letter may use.
fn values(letter: &Letter, language: Language, zone: &TimeZone) -> Value {
    let date = |at| dates::format(at, zone, language);
    let clean = |text: &str| one_line(text, LONGEST_VALUE);
    let (organization, person) = letter.names();
    let common = context! { organization => clean(organization), person => clean(person) };
    let own = match letter {
        Letter::Invitation { inviter, expires_at, again, .. } => context! {
            inviter => inviter.as_deref().map(clean), expires_at => date(*expires_at), again,
        },
        Letter::Recovery { expires_at, .. } => context! { expires_at => date(*expires_at) },
        Letter::EmailChange { new_address, expires_at, .. } => context! {
            new_address => clean(new_address), expires_at => date(*expires_at),
        },
        Letter::EmailChanged { new_address_masked, .. } => {
            context! { new_address_masked => clean(new_address_masked) }
        }
        Letter::ImportFinished { created, updated, failed, .. } => {
            context! { created, updated, failed }
        }
        Letter::Assignment { news, title, number, starts_at, ends_at, place, reason, .. } => {
            context! {
                news => match news {
                    AssignmentNews::Assigned => "assigned",
                    AssignmentNews::Changed => "changed",
                    AssignmentNews::Withdrawn => "withdrawn",
                },
                title => clean(title),
                number => clean(number),
                starts_at => date(*starts_at),
                ends_at => date(*ends_at),
                place => place.as_deref().map(clean),
                reason => reason.as_deref().map(clean),
            }
        }
        Letter::Offer { offer, .. } => context! {
            mode => offer.mode.as_str(),
            title => clean(&offer.title),
            number => clean(&offer.number),
            starts_at => offer.starts_at.map(date),
            duration => dates::duration(offer.duration_min),
            urgent => offer.urgent,
            place => offer.place.as_deref().map(clean),
            message => one_line(&offer.message, LONGEST_MESSAGE),
            respond_by => date(offer.respond_by),
        },
        Letter::OfferUnanswered { title, number, partly_filled, marked_urgent, counts, .. } => {
            context! {
                title => clean(title),
                number => clean(number),
                partly_filled,
                marked_urgent,
                counts => answer_counts(counts),
            }
        }
        Letter::Welcome { .. } => context! {},
    };
    context! { ..own, ..common }
}

fn answer_counts(counts: &AnswerCounts) -> Value {
    let AnswerCounts { asked, available, accepted, declined, timed_out, unreachable } = *counts;
    context! { asked, available, accepted, declined, timed_out, unreachable }
}

/// What the blocks of one template say, as plain text.
struct Words<'source>(minijinja::Captured<'source>);

impl<'source> Words<'source> {
    /// The template's name has no ending for which minijinja escapes: the HTML layout escapes.
    fn of(
        environment: &'source Environment<'source>,
        language: Language,
        kind: Option<Kind>,
        values: &Value,
    ) -> Result<Self, minijinja::Error> {
        let name = kind.map_or("frame", Kind::name);
        let source = templates::source(language, kind);
        let template = environment.template_from_named_str(name, source)?;
        Ok(Self(template.render_captured(values.clone())?))
    }

    /// Empty when the template does not set it.
    fn get(&self, name: &str) -> String {
        let value = self.0.state().lookup(name);
        value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// The lines of each paragraph. Blank lines separate paragraphs.
fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    let paragraphs = lines.split(String::is_empty);
    paragraphs.filter(|lines| !lines.is_empty()).map(<[String]>::to_vec).collect()
}

/// The text on one line: no control characters, none that reorder what follows, single spaces.
fn one_line(text: &str, longest: usize) -> String {
    let spaced = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<String> = spaced
        .map(|word| word.chars().filter(|c| !reorders(*c)).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(longest).collect()
}

/// Marks that change the direction of the text after them (Unicode UAX #9, explicit formatting).
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_web_link(link: &str) -> bool {
    let scheme = link.starts_with("https://") || link.starts_with("http://");
    scheme && !link.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Escapes what ends an attribute or begins markup. minijinja would escape slashes too, and some
/// mail programs then no longer see a link.
fn escape_link(link: &str) -> String {
    let mut escaped = String::with_capacity(link.len());
    for c in link.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").field("language", &self.language).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
