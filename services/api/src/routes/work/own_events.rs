//! `/v1/me/events`: one's own open work as server-sent events: a snapshot, then what comes, changes
//! and goes. Must not tell anything of others' work.
//!
//! Whatever changes somebody's work ends with `facts::work::touch`, which reaches every process by
//! the feed. Then the work is read again, and the difference to what this reader knows is sent.
//!
//! A further kind of things is a [`Kind`], a field of [`OwnWork`], and a line each in
//! [`OwnWork::read`], [`OwnWork::things`] and [`ending`]; its changes end with that `touch`, too.

mod known;

use self::known::{Kind, Known, News, Thing};
use super::{assignments::Assignment, offers::OwnOffer};
use crate::{
    access::caller::Caller,
    change::{ChangeResult, Empty, Posted},
    http::{problem::ApiResult, query::QueryOf},
    live::{
        event_stream::{
            EventSource, Reader, Sent, StreamEnd, last_event_id,
            tickets::{self, StreamTicket},
        },
        view::require_ready,
    },
    state::ApiState,
};
use axum::{
    extract::State,
    http::request::Parts,
    response::{Response, sse::Event},
};
use nearhand_domain::{
    AssignmentId, OfferId,
    access::{Action, Object, PeopleScope},
    assignment::AssignmentState,
};
use nearhand_indexer::WorkWatch;
use nearhand_storage::{
    StorageError, Tx,
    assignments::{self, AssignmentFilter},
    offers::{self, OfferRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Most things of a kind. Nobody has so much to do; it bounds what a stream reads and sends.
const MOST: usize = 500;

/// How to enter without a header.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnEventsQuery {
    /// In place of the `authorization` header, which browsers' `EventSource` cannot send. A page of
    /// this site needs none: its cookie opens the stream.
    ticket: Option<String>,
}

/// The first event, unless the stream was continued: all that one has open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnWork {
    /// In order of creation.
    assignments: Vec<Assignment>,
    /// Those that wait for one's answer or for being chosen, in order of creation.
    offers: Vec<OwnOffer>,
    /// There are more than 500 of a kind; the others come as these end.
    truncated: bool,
}

/// What is not one's own any more.
#[derive(Serialize)]
struct Withdrawn {
    id: Uuid,
    /// Why, if it was cancelled with a reason.
    cancel_reason: Option<String>,
}

/// An offer that is not there any more.
#[derive(Serialize)]
struct Gone {
    id: Uuid,
}

/// Streams one's own open work.
///
/// Events: `snapshot`, then `assigned` and `changed` with an assignment as `/v1/me/assignments` shows
/// it, and `withdrawn` with the `id` of one that was cancelled or given to somebody else, and the
/// `cancel_reason`. `offered` and `offer_changed` come with an offer as `/v1/me/offers` shows it, and
/// `offer_ended` when it waits for nothing any more: accepted, declined, timed out or withdrawn. An assignment that is done comes a last time, as `changed` with the state `done`.
/// One's own changes are told as well, so that a second screen follows the first. The switches of
/// `/v1/me/notifications` are for mail: a list that is kept by these events must stay complete.
///
/// Every event has an id that says what the reader knows; sent back as `Last-Event-ID` it brings
/// exactly the difference, by any server. Another id brings a new snapshot. After 15 s of
/// silence comes `alive`.
#[utoipa::path(get, path = "/v1/me/events", operation_id = "stream_own_events", tag = "me",
    params(("last-event-id" = Option<String>, Header, description = "The id of the last event seen")),
    security((), ("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The snapshot's data; events follow until the stream ends",
        body = OwnWork, content_type = "text/event-stream")))]
pub(crate) async fn open(
    State(state): State<ApiState>,
    QueryOf(query): QueryOf<OwnEventsQuery>,
    mut parts: Parts,
) -> ApiResult<Response> {
    require_ready(state.follower())?;
    let reader = Reader::enter(&state, &mut parts, query.ticket.as_deref()).await?;
    let staff = reader.caller.staff;
    reader.caller.require(Action::ActForOneself, Object::staff(staff))?;
    let admitted = reader.admit(&state)?;
    let source = OwnEvents {
        state: state.clone(),
        caller: admitted.reader.caller.clone(),
        // Before the first read, so that no change is missed.
        watch: state.follower().watch_work(staff),
        known: last_event_id(&parts).and_then(|id| Known::from_id(id, staff)),
    };
    Ok(admitted.open(&state, source))
}

/// Makes a ticket for one stream of own events, to be used within a minute.
#[utoipa::path(post, path = "/v1/me/event-tickets", operation_id = "create_own_event_ticket",
    tag = "me", responses((status = 201, description = "Shown once", body = StreamTicket)))]
pub(crate) async fn create_ticket(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    tickets::issue(&state, &caller, allowed, posted).await
}

impl OwnWork {
    async fn read(tx: &mut Tx, caller: &Caller) -> Result<Self, StorageError> {
        let filter = AssignmentFilter {
            staff: Some(caller.staff),
            open: Some(true),
            ..AssignmentFilter::default()
        };
        let most = i64::try_from(MOST).unwrap_or(i64::MAX) + 1;
        let records = assignments::list(tx, &filter, PeopleScope::Everybody, None, most).await?;
        let truncated = records.len() > MOST;
        let show = |record| Assignment::shown_to(caller, record);
        let assignments = records.into_iter().take(MOST).map(show).collect();
        let offered = offers::list_own(tx, caller.staff, Some(true), None, most).await?;
        let truncated = truncated || offered.len() > MOST;
        let show = |record: &OfferRecord| OwnOffer::of(record, caller.staff);
        let offers = offered.iter().take(MOST).filter_map(show).collect();
        Ok(Self { assignments, offers, truncated })
    }

    fn things(&self) -> serde_json::Result<Vec<Thing>> {
        let assignments = self.assignments.iter();
        let assignments =
            assignments.map(|shown| Thing::new(Kind::Assignment, shown.id().0, shown));
        let offers = self.offers.iter();
        let offers = offers.map(|shown| Thing::new(Kind::Offer, shown.id().0, shown));
        assignments.chain(offers).collect()
    }
}

/// The name and the data of the event about a thing that is not open any more.
type Ending = (&'static str, serde_json::Result<String>);

/// How a thing that was open has ended; `None` if it is open again by now: then the next change
/// tells.
async fn ending(
    tx: &mut Tx,
    caller: &Caller,
    (kind, id): (Kind, Uuid),
) -> Result<Option<Ending>, StorageError> {
    match kind {
        Kind::Assignment => {
            let record = assignments::get(tx, AssignmentId(id)).await?;
            // Somebody else's may not be shown, nor why it ended.
            let Some(own) = record.filter(|record| record.staff == caller.staff) else {
                return Ok(Some(withdrawn(id, None)));
            };
            Ok(match own.progress.state {
                AssignmentState::Cancelled => Some(withdrawn(id, own.cancel_reason)),
                AssignmentState::Done => Some((
                    kind.changed(),
                    serde_json::to_string(&Assignment::shown_to(caller, own)),
                )),
                _ => None,
            })
        }
        Kind::Offer => {
            let record = offers::get(tx, OfferId(id)).await?;
            let own = record.and_then(|record| OwnOffer::of(&record, caller.staff));
            Ok(match own {
                Some(own) if own.waits() => None,
                Some(own) => Some(("offer_ended", serde_json::to_string(&own))),
                None => Some(("offer_ended", serde_json::to_string(&Gone { id }))),
            })
        }
    }
}

fn withdrawn(id: Uuid, cancel_reason: Option<String>) -> Ending {
    ("withdrawn", serde_json::to_string(&Withdrawn { id, cancel_reason }))
}

/// The events of one person's own work.
struct OwnEvents {
    state: ApiState,
    caller: Caller,
    watch: WorkWatch,
    /// What the reader knows; nothing before the snapshot.
    known: Option<Known>,
}

impl EventSource for OwnEvents {
    type Change = ();

    async fn start(&mut self) -> Sent<Vec<Event>> {
        self.look().await
    }

    async fn changed(&mut self) -> Sent<()> {
        self.watch.changed().await;
        Ok(())
    }

    async fn events(&mut self, (): ()) -> Sent<Vec<Event>> {
        self.look().await
    }
}

impl OwnEvents {
    /// Reads the work again; what the reader does not know yet.
    async fn look(&mut self) -> Sent<Vec<Event>> {
        let unreadable = |_: StorageError| StreamEnd("the work cannot be read");
        let unwritable = |_: serde_json::Error| StreamEnd("the work cannot be written");
        let mut tx = self.caller.read(&self.state).await.map_err(unreadable)?;
        let work = OwnWork::read(&mut tx, &self.caller).await.map_err(unreadable)?;
        let things = work.things().map_err(unwritable)?;
        let staff = self.caller.staff;
        let event = |name: &str, known: &Known| Event::default().event(name).id(known.id(staff));
        let Some(mut known) = self.known.take() else {
            let known = Known::of(&things);
            let snapshot = event("snapshot", &known).json_data(&work);
            self.known = Some(known);
            return Ok(vec![snapshot.map_err(|_| StreamEnd("a snapshot cannot be written"))?]);
        };
        let News { ended, sent } = known.news(things);
        let mut events = Vec::with_capacity(ended.len() + sent.len());
        for (kind, id) in ended {
            let ending = ending(&mut tx, &self.caller, (kind, id)).await.map_err(unreadable)?;
            if let Some((name, data)) = ending {
                known.forget(kind, id);
                events.push(event(name, &known).data(data.map_err(unwritable)?));
            }
        }
        for (name, thing) in sent {
            known.learn(&thing);
            events.push(event(name, &known).data(thing.json));
        }
        self.known = Some(known);
        Ok(events)
    }
}
