//! What all event streams have in common: who opens one, its form on the wire, and the task that
//! sends its events. Must not know what a stream tells.
//!
//! A stream ends when its source ends it, when its session ends or its permissions change, after
//! ten minutes, at shutdown, and when its reader is too slow. Clients reconnect with `Last-Event-ID`.

mod reader;
pub(crate) mod tickets;

pub(crate) use reader::{Admitted, Reader};

use crate::{access::caller::Caller, live::stream_limiter::StreamPermit, state::ApiState};
use axum::{
    http::request::Parts,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};
use nearhand_domain::clock;
use std::{convert::Infallible, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at},
};

/// After how much silence `alive` is sent, so that more of it means a broken connection. An event, since
/// browsers hide comments from their pages.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How long a stream lives at most.
const MAX_LIFE: Duration = Duration::from_secs(600);
/// How often the session is checked.
const SESSION_EVERY: Duration = Duration::from_secs(1);
/// How long a full buffer may stay full before the reader is dropped.
const SLOW_READER: Duration = Duration::from_secs(10);
/// Batches in that buffer.
const BUFFER: usize = 16;

/// Why a stream ends. Not sent to the client, who reconnects in any case.
#[derive(Debug)]
pub(crate) struct StreamEnd(pub(crate) &'static str);

/// What an event source answers.
pub(crate) type Sent<T> = Result<T, StreamEnd>;

/// Where the events of one stream come from.
pub(crate) trait EventSource: Send + 'static {
    /// What is heard of a change before it is made into events.
    type Change: Send;

    /// The first events: a snapshot, or what a reader who came back has missed.
    fn start(&mut self) -> impl Future<Output = Sent<Vec<Event>>> + Send;

    /// Waits for a change. May be dropped while it waits, and must lose nothing by that.
    fn changed(&mut self) -> impl Future<Output = Sent<Self::Change>> + Send;

    /// The events of a change.
    fn events(&mut self, change: Self::Change) -> impl Future<Output = Sent<Vec<Event>>> + Send;

    /// Asked once a second, whether the stream may go on. The session is checked besides.
    fn check(&mut self) -> impl Future<Output = Sent<()>> + Send {
        std::future::ready(Ok(()))
    }
}

/// The value of `Last-Event-ID`.
pub(crate) fn last_event_id(parts: &Parts) -> Option<&str> {
    parts.headers.get("last-event-id")?.to_str().ok()
}

/// The task that sends the events of one stream.
struct StreamTask<S> {
    state: ApiState,
    caller: Caller,
    source: S,
    events: mpsc::Sender<Vec<Event>>,
    /// The credentials' generation at the last successful check of the session.
    checked: u64,
    _permit: StreamPermit,
}

impl Admitted {
    /// Begins to send a source's events.
    pub(crate) fn open(self, state: &ApiState, source: impl EventSource) -> Response {
        let (events, received) = mpsc::channel(BUFFER);
        let Self { reader: Reader { caller, checked }, permit } = self;
        let state = state.clone();
        let tasks = state.broadcasters().tasks().clone();
        let task = StreamTask { state, caller, source, events, checked, _permit: permit };
        tasks.spawn(task.run());
        respond(received)
    }
}

fn respond(received: mpsc::Receiver<Vec<Event>>) -> Response {
    let batches = stream::unfold(received, |mut received| async {
        received.recv().await.map(|batch| (batch, received))
    });
    let events = batches.flat_map(|batch| stream::iter(batch.into_iter().map(Ok::<_, Infallible>)));
    let alive = Event::default().event("alive").data("{}");
    let keep_alive = KeepAlive::new().interval(ALIVE_EVERY).event(alive);
    Sse::new(events).keep_alive(keep_alive).into_response()
}

impl<S: EventSource> StreamTask<S> {
    async fn run(mut self) {
        if let Err(StreamEnd(why)) = self.follow().await {
            tracing::debug!(why, "an event stream ended");
        }
    }

    async fn follow(&mut self) -> Sent<()> {
        let events = self.source.start().await?;
        self.send(events).await?;
        let mut session = interval_at(Instant::now() + SESSION_EVERY, SESSION_EVERY);
        session.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = tokio::time::sleep(MAX_LIFE);
        tokio::pin!(end);
        let shutdown = self.state.shutdown().clone();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Err(StreamEnd("shutdown")),
                () = &mut end => return Err(StreamEnd("its time is over")),
                () = self.events.closed() => return Err(StreamEnd("the reader has gone")),
                _ = session.tick() => {
                    self.check_session().await?;
                    self.source.check().await?;
                }
                change = self.source.changed() => {
                    let events = self.source.events(change?).await?;
                    self.send(events).await?;
                }
            }
        }
    }

    async fn send(&mut self, events: Vec<Event>) -> Sent<()> {
        if events.is_empty() {
            return Ok(());
        }
        let sent = self.events.send_timeout(events, SLOW_READER).await;
        sent.map_err(|_| StreamEnd("the reader is too slow or has gone"))
    }

    /// Ends the stream when its session has ended or its permissions have changed.
    async fn check_session(&mut self) -> Sent<()> {
        if self.caller.browser.is_some() && self.caller.expires_at <= clock::now().as_second() {
            return Err(StreamEnd("the session is over"));
        }
        let generation = self.state.credentials().generation();
        let creator = self.caller.api_key.as_ref().map_or(self.caller.staff, |key| key.creator);
        let subjects = [self.caller.session.0, self.caller.staff.0, creator.0];
        let forgotten = self.state.credentials().forgotten_since(&subjects, self.checked);
        if !forgotten && self.state.feed_is_current() {
            return Ok(());
        }
        let live = reader::look_up(&self.state, &self.caller).await;
        let live = live.map_err(|_| StreamEnd("the session cannot be checked"))?;
        let same = live.is_some_and(|now| {
            (now.rights(), now.access_level) == (self.caller.rights(), self.caller.access_level)
        });
        self.checked = generation;
        if same { Ok(()) } else { Err(StreamEnd("the session ended or changed")) }
    }
}
