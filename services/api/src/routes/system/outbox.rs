//! `/dev/outbox`: the mails of an installation without a mail server, as pages. Must be seen from
//! this machine alone: whoever opens a link in a mail acts as its recipient.

use crate::{
    http::{
        local::is_local,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use axum::{
    Router,
    extract::{ConnectInfo, Path, State},
    http::HeaderMap,
    response::Html,
    routing::get,
};
use nearhand_mail::{Outbox, OutboxMail};
use std::{fmt::Write, net::SocketAddr};
use uuid::Uuid;

/// Most mails of the list.
const SHOWN: usize = 200;

/// The addresses of the pages. They are no part of the API's description.
pub(crate) fn pages() -> Router<ApiState> {
    Router::new().route("/dev/outbox", get(list)).route("/dev/outbox/{id}", get(show))
}

async fn list(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> ApiResult<Html<String>> {
    let mails = open(&state, peer, &headers)?.list(SHOWN).await.map_err(unreadable)?;
    let mut rows = String::new();
    for mail in &mails {
        let OutboxMail { id, at, to, subject, .. } = mail;
        let (to, subject) = (escaped(to), escaped(subject));
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "<tr><td>{at:.0}</td><td>{to}</td><td><a href=\"/dev/outbox/{id}\">{subject}</a></td></tr>"
        );
    }
    let empty = if mails.is_empty() { "<p>No mail has been kept yet.</p>" } else { "" };
    let body = format!(
        "<p>There is no mail server: mails are kept here, the newest first. Only this machine sees \
         this page.</p>{empty}<table><thead><tr><th>At</th><th>To</th><th>Subject</th></tr></thead>\
         <tbody>{rows}</tbody></table>"
    );
    Ok(page("Outbox", &body))
}

async fn show(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> ApiResult<Html<String>> {
    let mail = open(&state, peer, &headers)?.read(id).await.map_err(unreadable)?;
    let mail = mail.ok_or_else(Problem::not_found)?;
    let OutboxMail { at, from, to, subject, text, message_id, .. } = &mail;
    let heads = [("From", from), ("To", to), ("Subject", subject), ("Message-ID", message_id)];
    let mut body =
        format!("<p><a href=\"/dev/outbox\">All mails</a></p><dl><dt>At</dt><dd>{at}</dd>");
    for (name, value) in heads {
        let _ = write!(body, "<dt>{name}</dt><dd>{}</dd>", escaped(value));
    }
    let _ = write!(body, "</dl><pre>{}</pre>", linked(text));
    Ok(page(subject, &body))
}

/// The outbox, for a browser on this machine.
fn open<'a>(state: &'a ApiState, peer: SocketAddr, headers: &HeaderMap) -> ApiResult<&'a Outbox> {
    let config = state.config();
    let shown = is_local(peer, headers, config.trusted_proxy_hops);
    config.outbox.as_ref().filter(|_| shown).ok_or_else(Problem::not_found)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: nearhand_mail::OutboxError) -> Problem {
    tracing::error!(%error, "the outbox cannot be read");
    Problem::internal()
}

fn page(title: &str, body: &str) -> Html<String> {
    let title = escaped(title);
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    ))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

/// The text, with its web addresses as links.
fn linked(text: &str) -> String {
    let word = |word: &str| {
        let (address, rest) = word.split_at(word.trim_end().len());
        let address = escaped(address);
        if word.starts_with("http://") || word.starts_with("https://") {
            format!("<a href=\"{address}\">{address}</a>{rest}")
        } else {
            format!("{address}{rest}")
        }
    };
    text.split_inclusive(char::is_whitespace).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_links_and_nothing_else_is_markup() {
        let text = "Hello <b>,\nhttp://127.0.0.1:8080/invite#a\"b\nbye";
        assert_eq!(
            linked(text),
            "Hello &lt;b&gt;,\n<a href=\"http://127.0.0.1:8080/invite#a&quot;b\">\
             http://127.0.0.1:8080/invite#a&quot;b</a>\nbye"
        );
    }
}
