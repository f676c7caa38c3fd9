//! `/v1/positions/stream`: who is live, as server-sent events: a snapshot, then changes by id.
//!
//! Reads of exact positions are recorded before they are sent, once for each person of a stream.
//! Must not show the old position of a person who is hidden by now. Besides the ends of every stream
//! (`live/event_stream`), it ends when the index is rebuilt, and when the reader's scope changes.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::QueryOf,
    },
    live::{
        broadcaster::{Batch, PEOPLE_PER_LOCK, PositionChange, StreamStart, Subscription},
        event_stream::{EventSource, Reader, Sent, StreamEnd, last_event_id},
        scope,
        view::{Shown, View, read_bbox, record_read, require_ready},
    },
    state::ApiState,
};
use axum::{
    extract::State,
    http::request::Parts,
    response::{Response, sse::Event},
};
use nearhand_domain::{
    OrganizationId, StaffId,
    access::{Action, Object},
    clock,
};
use nearhand_index::LivePosition;
use nearhand_indexer::Follower;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

const ROUTE: &str = "/v1/positions/stream";
/// Most people in a snapshot.
const MAX_PEOPLE: usize = 10_000;
/// The people in scope are read at least this often.
const SCOPE_EVERY: Duration = Duration::from_secs(10);

/// Where to look, and how to enter without a header.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// `min_lng,min_lat,max_lng,max_lat` in degrees; everywhere unless given.
    #[param(example = "-9.25,38.65,-9.05,38.80")]
    bbox: Option<String>,
    /// In place of the `authorization` header, which browsers' `EventSource` cannot send. A page of
    /// this site needs none: its cookie opens the stream.
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
/// same `bbox` it continues the stream, or brings a new snapshot. After 15 s of
/// silence comes `alive`, so longer silence means a broken connection.
#[utoipa::path(get, path = "/v1/positions/stream", operation_id = "stream_positions",
    tag = "positions",
    params(("last-event-id" = Option<String>, Header, description = "The id of the last event seen")),
    security((), ("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The snapshot's data; events follow until the stream ends",
        body = Snapshot, content_type = "text/event-stream")))]
pub(crate) async fn open(
    State(state): State<ApiState>,
    QueryOf(query): QueryOf<StreamQuery>,
    mut parts: Parts,
) -> ApiResult<Response> {
    let within = query.bbox.as_deref().map(read_bbox).transpose()?;
    require_ready(state.follower())?;
    let reader = Reader::enter(&state, &mut parts, query.ticket.as_deref()).await?;
    reader.caller.require(Action::SeePositions, Object::Organization)?;
    let admitted = reader.admit(&state)?;
    let reader = &admitted.reader;
    let view = View::of(&state, &reader.caller, within).await?;
    let organization = reader.caller.organization;
    let broadcasters = state.broadcasters();
    let subscription =
        broadcasters.subscribe(organization, state.follower(), state.shutdown()).await;
    let subscription = subscription.ok_or_else(|| {
        Problem::new(Code::NotReady, "the live index is being rebuilt").retry_after(2)
    })?;
    let last = last_event(&parts, subscription.broadcaster.epoch(), &view.tag());
    let source = Positions::new(&state, reader, view, subscription, last);
    Ok(admitted.open(&state, source))
}

/// The number to continue after, if the id is one of this epoch and view.
fn last_event(parts: &Parts, epoch: &str, tag: &str) -> Option<u64> {
    let mut words = last_event_id(parts)?.split('-');
    let ours = words.next() == Some(epoch) && words.next() == Some(tag);
    words.next().filter(|_| ours)?.parse().ok()
}

/// The changes of one reader's view.
struct Positions {
    state: ApiState,
    caller: Caller,
    view: View,
    tag: String,
    subscription: Subscription,
    /// The number of the last change that the reader had before.
    last: Option<u64>,
    /// The number of the last change in the stream's start.
    sent: u64,
    /// People whose exact positions will be sent next; the reads are not recorded yet.
    unrecorded: FxHashSet<StaffId>,
    recorded: FxHashSet<StaffId>,
    /// The credentials' generation and the time at the last read of the people in scope.
    scope_checked: (u64, Instant),
}

impl EventSource for Positions {
    type Change = Batch;

    async fn start(&mut self) -> Sent<Vec<Event>> {
        let events = self.first_events().await?;
        self.record().await?;
        Ok(events)
    }

    async fn changed(&mut self) -> Sent<Batch> {
        let batch = self.subscription.batches.recv().await;
        batch.map_err(|_| StreamEnd("the reader is too slow"))
    }

    async fn events(&mut self, batch: Batch) -> Sent<Vec<Event>> {
        if batch.is_empty() {
            return Err(StreamEnd("the index was rebuilt"));
        }
        let sent = self.sent;
        let new = batch.iter().filter(|moved| moved.sequence > sent);
        let hidden = self.hidden(new.clone().map(|moved| moved.staff));
        let events = self.changes(new, &hidden);
        self.record().await?;
        Ok(events)
    }

    /// Ends the stream when the people in its scope have changed. A change of memberships drops the
    /// cached credentials of the person, so most checks find nothing new and cost nothing.
    async fn check(&mut self) -> Sent<()> {
        if self.view.scope.is_none() {
            return Ok(());
        }
        let generation = self.state.credentials().generation();
        let (checked, at) = self.scope_checked;
        let fresh = at.elapsed() < SCOPE_EVERY && self.state.feed_is_current();
        if generation == checked && fresh {
            return Ok(());
        }
        let now = scope::of(&self.state, &self.caller, Action::SeePositions).await;
        let now = now.map_err(|_| StreamEnd("the people in scope cannot be read"))?;
        self.scope_checked = (generation, Instant::now());
        if now == self.view.scope { Ok(()) } else { Err(StreamEnd("the people in scope changed")) }
    }
}

impl Positions {
    fn new(
        state: &ApiState,
        reader: &Reader,
        view: View,
        subscription: Subscription,
        last: Option<u64>,
    ) -> Self {
        Self {
            state: state.clone(),
            caller: reader.caller.clone(),
            tag: view.tag(),
            view,
            subscription,
            last,
            sent: 0,
            unrecorded: FxHashSet::default(),
            recorded: FxHashSet::default(),
            scope_checked: (reader.checked, Instant::now()),
        }
    }

    /// The snapshot, or the missed changes.
    async fn first_events(&mut self) -> Sent<Vec<Event>> {
        let (broadcaster, view) = (Arc::clone(&self.subscription.broadcaster), self.view.clone());
        let (follower, organization) = (self.state.follower().clone(), self.caller.organization);
        let last = self.last;
        let read = move || {
            let (sequence, start) = broadcaster.stream_start(last);
            let hidden = |staff: Vec<StaffId>| hidden(&follower, organization, &staff);
            match start {
                StreamStart::Snapshot(mut people) => {
                    let hidden = hidden(people.iter().map(|live| live.staff).collect());
                    people
                        .retain(|live| view.place(live).is_some() && !hidden.contains(&live.staff));
                    people.sort_unstable_by_key(|live| live.staff);
                    (sequence, StreamStart::Snapshot(people), hidden)
                }
                StreamStart::Changes(missed) => {
                    let hidden = hidden(missed.iter().map(|moved| moved.staff).collect());
                    (sequence, StreamStart::Changes(missed), hidden)
                }
            }
        };
        let read = tokio::task::spawn_blocking(read).await;
        let (sequence, start, hidden) = read.map_err(|_| StreamEnd("looking failed"))?;
        self.sent = sequence;
        Ok(match start {
            StreamStart::Snapshot(people) => vec![self.snapshot(people, sequence)?],
            StreamStart::Changes(missed) => {
                self.missed(&missed, last.unwrap_or(sequence), sequence, &hidden)
            }
        })
    }

    /// The events for a reader who reconnects: the present position of each person who was in this view
    /// meanwhile, without the positions in between. Only the last event has the new id, so that a
    /// reader who is cut off again gets all of them again.
    fn missed(
        &mut self,
        missed: &[PositionChange],
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
        let mut people: Vec<StaffId> = seen.into_iter().collect();
        people.sort_unstable();
        let end = people.len();
        let mut events = Vec::with_capacity(end);
        for (nth, staff) in people.into_iter().enumerate() {
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

    /// The people of these who are hidden now.
    fn hidden(&self, staff: impl Iterator<Item = StaffId>) -> FxHashSet<StaffId> {
        let staff: Vec<StaffId> = staff.collect();
        hidden(self.state.follower(), self.caller.organization, &staff)
    }

    fn snapshot(&mut self, mut people: Vec<LivePosition>, sequence: u64) -> Sent<Event> {
        let truncated = people.len() > MAX_PEOPLE;
        people.truncate(MAX_PEOPLE);
        let now = clock::now().as_second();
        let items = people.iter().filter_map(|live| self.shown(live, now)).collect();
        let index = self.state.follower().index();
        let version =
            index.with_org(self.caller.organization, nearhand_index::OrgIndex::index_version);
        let index_version = version.unwrap_or_default().to_string();
        let snapshot = Snapshot { items, index_version, truncated };
        self.event("snapshot", sequence, &snapshot).ok_or(StreamEnd("a snapshot cannot be written"))
    }

    /// The events of changes that matter to this view.
    fn changes<'m>(
        &mut self,
        moved: impl Iterator<Item = &'m PositionChange>,
        hidden: &FxHashSet<StaffId>,
    ) -> Vec<Event> {
        let now = clock::now().as_second();
        let mut events = Vec::new();
        for change in moved {
            let in_view = |live: &LivePosition| self.view.place(live).is_some();
            let before = change.before.filter(in_view);
            let after = change.after.filter(|live| !hidden.contains(&live.staff)).filter(in_view);
            let is_same = match (&before, &after) {
                (None, None) => true,
                (Some(before), Some(after)) => self.view.sees_same(before, after),
                _ => false,
            };
            if is_same {
                continue;
            }
            let event = match after {
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
        let id = format!("{}-{}-{sequence}", self.subscription.broadcaster.epoch(), self.tag);
        Event::default().event(name).id(id).json_data(data).ok()
    }

    /// Records the reads of exact positions that will be sent next.
    async fn record(&mut self) -> Sent<()> {
        if self.unrecorded.is_empty() {
            return Ok(());
        }
        let people: Vec<StaffId> = self.unrecorded.iter().copied().collect();
        let recorded = record_read(&self.state, &self.caller, ROUTE, &people).await;
        recorded.map_err(|_| StreamEnd("reads cannot be recorded"))?;
        self.recorded.extend(self.unrecorded.drain());
        Ok(())
    }
}

/// The people of these who are hidden now.
fn hidden(
    follower: &Follower,
    organization: OrganizationId,
    staff: &[StaffId],
) -> FxHashSet<StaffId> {
    let now = clock::now().as_second();
    let mut hidden: FxHashSet<StaffId> = FxHashSet::default();
    for chunk in staff.chunks(PEOPLE_PER_LOCK) {
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
    fn only_ids_of_this_epoch_and_view_continue() {
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
