//! `/v1/positions/stream`: who is live, as server-sent events: a snapshot, then changes by id.
//!
//! Reads of exact positions are recorded before they are sent, once for each person of a stream.
//! A person who is hidden by now is not shown where they were. A stream ends when the index is
//! rebuilt, when its session ends or may see something else, after ten minutes, and at shutdown;
//! clients come back with `Last-Event-ID`.

use crate::{
    access::{
        caller::{self, Caller},
        credentials::Login,
    },
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::QueryOf,
    },
    live::{
        hub::{Beginning, Moved, PEOPLE_A_HOLD, Seat},
        streams::{Slot, Watcher},
        view::{Shown, View, read_bbox, record_read, require_ready},
    },
    state::ApiState,
};
use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};
use nearhand_domain::{
    OrganizationId, StaffId,
    access::{Action, Object},
    clock,
    token::{PresentedToken, TokenKind},
};
use nearhand_index::LivePosition;
use nearhand_indexer::Follower;
use nearhand_storage::stream_tickets;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at},
};
use utoipa::{IntoParams, ToSchema};

const ROUTE: &str = "/v1/positions/stream";
/// Most people in a snapshot.
const MAX_PEOPLE: usize = 10_000;
/// A comment this often, so that silence means a broken connection.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// Longest life of a stream.
const LIFE: Duration = Duration::from_secs(600);
/// How often the session is looked at.
const SESSION_EVERY: Duration = Duration::from_secs(1);
/// Longest a reader may leave a full buffer standing.
const SLOW_READER: Duration = Duration::from_secs(10);
/// Batches in that buffer.
const BUFFER: usize = 16;
/// Where to look, and how to enter without a header.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// `min_lng,min_lat,max_lng,max_lat` in degrees; everywhere unless given.
    #[param(example = "-9.25,38.65,-9.05,38.80")]
    bbox: Option<String>,
    /// In place of the `authorization` header, which browsers' `EventSource` cannot send.
    ticket: Option<String>,
}

/// The first event, unless the stream was continued.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Snapshot {
    /// By id.
    items: Vec<Shown>,
    /// Equal version, equal content of the index.
    index_version: String,
    /// There are more than 10,000: look at less.
    truncated: bool,
}

#[derive(Serialize)]
struct Gone {
    staff_id: StaffId,
}

/// Streams who is live within a viewport.
///
/// Events: `snapshot`, then `position` for whoever appeared or moved and `gone` with the
/// `staff_id` of whoever vanished. Every event has an id; sent back as `Last-Event-ID` with the
/// same `bbox` it continues the stream, or brings a new snapshot. A comment comes every 15 s.
#[utoipa::path(get, path = "/v1/positions/stream", operation_id = "stream_positions",
    tag = "positions",
    params(("last-event-id" = Option<String>, Header, description = "The id of the last event seen")),
    security((), ("bearer" = [])),
    responses((status = 200, description = "The snapshot's data; events follow until the stream ends",
        body = Snapshot, content_type = "text/event-stream")))]
pub(crate) async fn open(
    State(state): State<ApiState>,
    QueryOf(query): QueryOf<StreamQuery>,
    mut parts: Parts,
) -> ApiResult<Response> {
    let within = query.bbox.as_deref().map(read_bbox).transpose()?;
    require_ready(state.follower())?;
    // Before the session is looked at: what ends it meanwhile must not slip through.
    let checked = state.credentials().generation();
    let caller = match &query.ticket {
        Some(ticket) => redeem(&state, &parts, ticket).await?,
        None => Caller::from_request_parts(&mut parts, &state).await?,
    };
    caller.require(Action::SeePositions, Object::Organization)?;
    let watcher =
        Watcher { organization: caller.organization, staff: caller.staff, session: caller.session };
    let slot = Slot::take(state.streams(), watcher, state.config().max_streams)?;
    let view = View::of(&caller, within);
    let hubs = state.hubs();
    let seat = hubs.join(caller.organization, state.follower(), state.shutdown()).await;
    let seat = seat.ok_or_else(|| {
        Problem::new(Code::NotReady, "the live index is being rebuilt").retry_after(2)
    })?;
    let last = last_event(&parts, seat.hub.epoch(), &view.tag());
    let (events, received) = mpsc::channel(BUFFER);
    let watching = Watching::new(state.clone(), slot, caller, view, seat, events, checked);
    hubs.tasks().spawn(watching.run(last));
    Ok(respond(received))
}

fn respond(received: mpsc::Receiver<Vec<Event>>) -> Response {
    let batches = stream::unfold(received, |mut received| async {
        received.recv().await.map(|batch| (batch, received))
    });
    let events = batches.flat_map(|batch| stream::iter(batch.into_iter().map(Ok::<_, Infallible>)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT_EVERY)).into_response()
}

async fn redeem(state: &ApiState, parts: &Parts, ticket: &str) -> ApiResult<Caller> {
    let token = PresentedToken::parse(ticket).filter(|token| token.kind == TokenKind::Ticket);
    let token = token.ok_or_else(caller::unauthorized)?;
    let mut tx = state.app().tenant(token.organization).await?;
    let live = stream_tickets::redeem(&mut tx, token.hash, clock::now()).await?;
    tx.commit().await?;
    let live = live.ok_or_else(caller::unauthorized)?;
    Caller::of(Arc::new(Login::new(token.organization, &live)), parts, state)
}

/// The number to continue after, if the id is one of this hub and view.
fn last_event(parts: &Parts, epoch: &str, tag: &str) -> Option<u64> {
    let id = parts.headers.get("last-event-id")?.to_str().ok()?;
    let mut words = id.split('-');
    let ours = words.next() == Some(epoch) && words.next() == Some(tag);
    words.next().filter(|_| ours)?.parse().ok()
}

/// The sending side of one stream.
struct Watching {
    state: ApiState,
    caller: Caller,
    view: View,
    tag: String,
    seat: Seat,
    events: mpsc::Sender<Vec<Event>>,
    /// Whose exact positions are about to be sent and not yet recorded.
    unrecorded: FxHashSet<StaffId>,
    recorded: FxHashSet<StaffId>,
    /// The credentials' generation at which the session was last found good.
    checked: u64,
    _slot: Slot,
}

/// Why a stream ends; never told to the client, who comes back in any case.
#[derive(Debug)]
struct Ended(&'static str);

impl Watching {
    fn new(
        state: ApiState,
        slot: Slot,
        caller: Caller,
        view: View,
        seat: Seat,
        events: mpsc::Sender<Vec<Event>>,
        checked: u64,
    ) -> Self {
        Self {
            state,
            caller,
            view,
            tag: view.tag(),
            seat,
            events,
            unrecorded: FxHashSet::default(),
            recorded: FxHashSet::default(),
            checked,
            _slot: slot,
        }
    }

    async fn run(mut self, last: Option<u64>) {
        if let Err(Ended(why)) = self.follow(last).await {
            tracing::debug!(why, "an event stream ended");
        }
    }

    async fn follow(&mut self, last: Option<u64>) -> Result<(), Ended> {
        let begun = self.begin(last).await?;
        let mut session = interval_at(Instant::now() + SESSION_EVERY, SESSION_EVERY);
        session.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = tokio::time::sleep(LIFE);
        tokio::pin!(end);
        let shutdown = self.state.shutdown().clone();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Err(Ended("shutdown")),
                () = &mut end => return Err(Ended("its time is over")),
                () = self.events.closed() => return Err(Ended("the reader has gone")),
                _ = session.tick() => self.check_session().await?,
                batch = self.seat.batches.recv() => {
                    let batch = batch.map_err(|_| Ended("the reader is too slow"))?;
                    if batch.is_empty() {
                        return Err(Ended("the index was rebuilt"));
                    }
                    let new = batch.iter().filter(|moved| moved.sequence > begun);
                    let hidden = self.hidden(new.clone().map(|moved| moved.staff));
                    let events = self.changes(new, &hidden);
                    self.send(events).await?;
                }
            }
        }
    }

    /// Sends the snapshot or what was missed; returns the number of the last change in it.
    async fn begin(&mut self, last: Option<u64>) -> Result<u64, Ended> {
        let (hub, view) = (Arc::clone(&self.seat.hub), self.view);
        let (follower, organization) = (self.state.follower().clone(), self.caller.organization);
        let look = move || {
            let (sequence, beginning) = hub.begin(last);
            let hidden = |staff: Vec<StaffId>| hidden(&follower, organization, &staff);
            match beginning {
                Beginning::Snapshot(mut people) => {
                    let hidden = hidden(people.iter().map(|live| live.staff).collect());
                    people
                        .retain(|live| view.place(live).is_some() && !hidden.contains(&live.staff));
                    people.sort_unstable_by_key(|live| live.staff);
                    (sequence, Beginning::Snapshot(people), hidden)
                }
                Beginning::Changes(missed) => {
                    let hidden = hidden(missed.iter().map(|moved| moved.staff).collect());
                    (sequence, Beginning::Changes(missed), hidden)
                }
            }
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let (sequence, beginning, hidden) = looked.map_err(|_| Ended("looking failed"))?;
        let events = match beginning {
            Beginning::Snapshot(people) => vec![self.snapshot(people, sequence)?],
            Beginning::Changes(missed) => {
                self.missed(&missed, last.unwrap_or(sequence), sequence, &hidden)
            }
        };
        self.send(events).await?;
        Ok(sequence)
    }

    /// What a reader who comes back is told: of each person seen in this view meanwhile where they
    /// are now, and nothing of where they were. Only the last event moves the reader on, so that
    /// one who is cut off again gets all of it again.
    fn missed(
        &mut self,
        missed: &[Moved],
        last: u64,
        sequence: u64,
        hidden: &FxHashSet<StaffId>,
    ) -> Vec<Event> {
        let now = clock::now().as_second();
        let (mut seen, mut latest) = (FxHashSet::default(), FxHashMap::default());
        for change in missed {
            let places =
                |live: Option<LivePosition>| live.is_some_and(|l| self.view.place(&l).is_some());
            if places(change.before) || places(change.after) {
                seen.insert(change.staff);
            }
            latest.insert(change.staff, change.after);
        }
        let mut told: Vec<StaffId> = seen.into_iter().collect();
        told.sort_unstable();
        let end = told.len();
        let mut events = Vec::with_capacity(end);
        for (nth, staff) in told.into_iter().enumerate() {
            let id = if nth + 1 == end { sequence } else { last };
            let after = latest.get(&staff).copied().flatten();
            let shown =
                after.filter(|_| !hidden.contains(&staff)).and_then(|l| self.shown(&l, now));
            events.extend(match shown {
                Some(shown) => self.event("position", id, &shown),
                None => self.event("gone", id, &Gone { staff_id: staff }),
            });
        }
        events
    }

    /// Which of these people are hidden at this moment.
    fn hidden(&self, staff: impl Iterator<Item = StaffId>) -> FxHashSet<StaffId> {
        let staff: Vec<StaffId> = staff.collect();
        hidden(self.state.follower(), self.caller.organization, &staff)
    }

    fn snapshot(&mut self, mut people: Vec<LivePosition>, sequence: u64) -> Result<Event, Ended> {
        let truncated = people.len() > MAX_PEOPLE;
        people.truncate(MAX_PEOPLE);
        let now = clock::now().as_second();
        let items = people.iter().filter_map(|live| self.shown(live, now)).collect();
        let index = self.state.follower().index();
        let version =
            index.with_org(self.caller.organization, nearhand_index::OrgIndex::index_version);
        let index_version = version.unwrap_or_default().to_string();
        let snapshot = Snapshot { items, index_version, truncated };
        self.event("snapshot", sequence, &snapshot).ok_or(Ended("a snapshot cannot be written"))
    }

    /// The events of changes that matter to this view.
    fn changes<'m>(
        &mut self,
        moved: impl Iterator<Item = &'m Moved>,
        hidden: &FxHashSet<StaffId>,
    ) -> Vec<Event> {
        let now = clock::now().as_second();
        let mut events = Vec::new();
        for change in moved {
            let place = |live: Option<LivePosition>| live.and_then(|live| self.view.place(&live));
            let shown = change.after.filter(|live| !hidden.contains(&live.staff));
            let (before, after) = (place(change.before), place(shown));
            // Whoever may not see exactly is told when the cell changes, and not before.
            if before == after && (!self.view.exact || after.is_none()) {
                continue;
            }
            let event = match shown.filter(|_| after.is_some()) {
                Some(live) => self
                    .shown(&live, now)
                    .and_then(|shown| self.event("position", change.sequence, &shown)),
                None => self.event("gone", change.sequence, &Gone { staff_id: change.staff }),
            };
            events.extend(event);
        }
        events
    }

    fn shown(&mut self, live: &LivePosition, now: i64) -> Option<Shown> {
        let place = self.view.place(live)?;
        if self.view.exact && !self.recorded.contains(&live.staff) {
            self.unrecorded.insert(live.staff);
        }
        Some(self.view.show(live, place, self.state.follower(), now))
    }

    fn event(&self, name: &str, sequence: u64, data: &impl Serialize) -> Option<Event> {
        let id = format!("{}-{}-{sequence}", self.seat.hub.epoch(), self.tag);
        Event::default().event(name).id(id).json_data(data).ok()
    }

    /// Sends events, after those seen exactly for the first time have been recorded.
    async fn send(&mut self, events: Vec<Event>) -> Result<(), Ended> {
        self.record().await?;
        if events.is_empty() {
            return Ok(());
        }
        let sent = self.events.send_timeout(events, SLOW_READER).await;
        sent.map_err(|_| Ended("the reader is too slow or has gone"))
    }

    /// Records whose exact positions are about to be shown.
    async fn record(&mut self) -> Result<(), Ended> {
        if self.unrecorded.is_empty() {
            return Ok(());
        }
        let people: Vec<StaffId> = self.unrecorded.iter().copied().collect();
        let recorded = record_read(&self.state, &self.caller, ROUTE, &people).await;
        recorded.map_err(|_| Ended("reads cannot be recorded"))?;
        self.recorded.extend(self.unrecorded.drain());
        Ok(())
    }

    /// Ends the stream when its session has ended or may see something else now.
    async fn check_session(&mut self) -> Result<(), Ended> {
        let generation = self.state.credentials().generation();
        let subjects = [self.caller.session.0, self.caller.staff.0];
        let forgotten = self.state.credentials().forgotten_since(&subjects, self.checked);
        if !forgotten && self.state.feed_is_current() {
            return Ok(());
        }
        let asked = async {
            let mut tx = self.state.app().tenant(self.caller.organization).await?;
            stream_tickets::live_session(&mut tx, self.caller.session, clock::now()).await
        };
        let live = asked.await.map_err(|_| Ended("the session cannot be checked"))?;
        let live = live.map(|live| Login::new(self.caller.organization, &live));
        let same = live.is_some_and(|now| {
            (now.permissions, now.access_level)
                == (self.caller.permissions, self.caller.access_level)
        });
        self.checked = generation;
        if same { Ok(()) } else { Err(Ended("the session ended or changed")) }
    }
}

/// Which of these people are hidden now, whatever was known of them a moment ago.
fn hidden(
    follower: &Follower,
    organization: OrganizationId,
    staff: &[StaffId],
) -> FxHashSet<StaffId> {
    let now = clock::now().as_second();
    let mut hidden: FxHashSet<StaffId> = FxHashSet::default();
    for chunk in staff.chunks(PEOPLE_A_HOLD) {
        let looked = follower.index().with_org(organization, |index| {
            let is_live =
                |id: StaffId| index.slot(id).and_then(|slot| index.live(slot, now)).is_some();
            hidden.extend(chunk.iter().copied().filter(|&id| !is_live(id)));
        });
        if looked.is_none() {
            hidden.extend(chunk);
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn only_ids_of_this_hub_and_view_continue() {
        let last = |id: &str| {
            let request = Request::builder().header("last-event-id", id).body(()).unwrap();
            last_event(&request.into_parts().0, "abc", "0f0f")
        };
        assert_eq!(last("abc-0f0f-17"), Some(17));
        for other in ["", "17", "abd-0f0f-17", "abc-0f0e-17", "abc-0f0f-x", "abc-0f0f"] {
            assert_eq!(last(other), None, "{other}");
        }
    }
}
