//! The answers to requests that cannot be parsed. hyper gives those by itself, without a body, before
//! there is a request that a route or a layer could see; here they become problem documents on their
//! way to the socket. Every other answer passes as it is.

use crate::http::{
    codes::Code,
    problem::{Problem, ProblemDocument},
    request_id, security,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What hyper answers by itself, and what we say instead.
const ANSWERS: [(&[u8], Code, &str); 3] = [
    (b"HTTP/1.1 400 ", Code::MalformedRequest, "this is no HTTP/1.1 request"),
    (b"HTTP/1.1 414 ", Code::UriTooLong, "send a shorter address"),
    (b"HTTP/1.1 431 ", Code::HeadersTooLarge, "send fewer or shorter headers"),
];

/// A connection whose bare error answers are explained.
pub(crate) struct Explained<S> {
    stream: S,
    /// What is sent instead of a bare answer, and how much of it has been.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S> Explained<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, instead: None }
    }
}

/// The problem document for an answer of hyper's own: it has no body, and no request id, which all
/// of ours have.
fn explanation(answer: &[u8]) -> Option<Vec<u8>> {
    let (_, code, detail) = *ANSWERS.iter().find(|(start, ..)| answer.starts_with(start))?;
    let head = std::str::from_utf8(answer).ok()?;
    let is_bare = head.ends_with("\r\n\r\n") && head.contains("\r\ncontent-length: 0\r\n");
    if !is_bare || head.contains(request_id::HEADER.as_str()) {
        return None;
    }
    Some(whole(code, detail))
}

/// A whole answer, after which the connection ends.
fn whole(code: Code, detail: &str) -> Vec<u8> {
    let mut headers = HeaderMap::new();
    let id = request_id::assign(&mut headers);
    headers.clear();
    let document = ProblemDocument::of(&Problem::new(code, detail), "unmatched", &id);
    // Plain text and numbers have no way to fail.
    let body = serde_json::to_vec(&document).unwrap_or_default();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(request_id::HEADER, id);
    security::add(&mut headers, "unmatched", true);
    let status: StatusCode = code.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut answer = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in &headers {
        answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    answer.extend(b"\r\n");
    answer.extend(body);
    answer
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> Explained<S> {
    /// Sends what there is to be sent instead of `bytes`; nothing when they pass.
    fn poll_instead(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Option<io::Result<usize>>> {
        if self.instead.is_none() {
            self.instead = explanation(bytes).map(|answer| (answer, 0));
        }
        let Some((answer, sent)) = &mut self.instead else { return Poll::Ready(None) };
        while *sent < answer.len() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &answer[*sent..])) {
                Ok(0) => return Poll::Ready(Some(Err(io::ErrorKind::WriteZero.into()))),
                Ok(many) => *sent += many,
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        self.instead = None;
        Poll::Ready(Some(Ok(bytes.len())))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match ready!(self.poll_instead(context, bytes)) {
            Some(sent) => Poll::Ready(sent),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // An answer without a body is one part.
        if let [only] = parts
            && let Some(sent) = ready!(self.poll_instead(context, only))
        {
            return Poll::Ready(sent);
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_answers_are_explained() {
        let bare = |status: &str, more: &str| {
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n{more}\r\n")
        };
        let explained = |answer: String| explanation(answer.as_bytes());
        let answer = explained(bare("431 Request Header Fields Too Large", "")).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert!(body.contains(r#""code":"headers_too_large""#), "{body}");
        assert_eq!(explained(bare("404 Not Found", "")), None);
        assert_eq!(explained(bare("400 Bad Request", "x-request-id: a\r\n")), None);
        assert_eq!(explained("HTTP/1.1 400 Bad Request\r\ncontent-le".to_owned()), None);
    }
}
