//! Reading an event stream, event by event.

use super::Account;
use serde_json::Value;
use std::time::Duration;

/// Longest wait for an event or the end.
const DEADLINE: Duration = Duration::from_secs(20);

/// A stream being read.
pub(crate) struct Events {
    response: reqwest::Response,
    text: String,
}

/// One event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// Asks for a stream, with the token unless the address has a ticket.
pub(crate) async fn ask(who: &Account<'_>, path: &str, last: Option<&str>) -> reqwest::Response {
    let mut request = who.site.http.get(format!("{}{path}", who.site.url));
    if !path.contains("ticket=") {
        request = request.bearer_auth(&who.token);
    }
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    request.send().await.expect("an answer")
}

impl Events {
    /// Opens a stream, and continues after an event.
    pub(crate) async fn open(who: &Account<'_>, path: &str, last: Option<&str>) -> Self {
        let response = ask(who, path, last).await;
        assert_eq!(response.status().as_u16(), 200);
        Self::of(response)
    }

    /// Of an answer that has begun.
    pub(crate) fn of(response: reqwest::Response) -> Self {
        Self { response, text: String::new() }
    }

    /// The next event; none at the end. Signs of life are passed over.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let next = async {
            loop {
                if let Some((block, rest)) = self.text.split_once("\n\n") {
                    let field = |name: &str| {
                        let line = block.lines().find_map(|line| line.strip_prefix(name));
                        line.map(|value| value.trim_start().to_owned()).unwrap_or_default()
                    };
                    let (name, id, data) = (field("event:"), field("id:"), field("data:"));
                    self.text = rest.to_owned();
                    if !name.is_empty() && name != "alive" {
                        return Some(Event {
                            name,
                            id,
                            data: serde_json::from_str(&data).unwrap(),
                        });
                    }
                } else {
                    let chunk = self.response.chunk().await.ok().flatten()?;
                    self.text.push_str(std::str::from_utf8(&chunk).unwrap());
                }
            }
        };
        tokio::time::timeout(DEADLINE, next).await.expect("an event or the end in time")
    }

    /// Passes over events until one that fits.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if fits(&event) {
                return event;
            }
        }
    }

    /// Passes over what is left; panics unless the stream ends.
    pub(crate) async fn end(&mut self) {
        while self.next().await.is_some() {}
    }
}
