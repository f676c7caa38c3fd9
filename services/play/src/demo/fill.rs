//! Fills the demo's organisation through the public API. What is there already is left alone, so
//! that a start that was killed in the middle is simply gone on with.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::city::DISTRICTS;
use super::people::{self, SERVICES};
use super::{
    calls::{QUEUE, Setting},
    car::car,
    cases::{self, CLIENTS},
    crew::{self, Hand},
    phones::Route,
};
use crate::Say;
use crate::client::{Person, Session, read_private, token_works, write_private};

/// Requests under way at a time.
const AT_A_TIME: usize = 16;
/// What takes longer is told about, and how often.
const TELL: Duration = Duration::from_secs(2);
const DEVICE: &str = "demo phone";
const LEGAL_BASIS: &str = "invented people, demonstration only";
/// People on a client's panel.
const PANEL: usize = 6;
/// A case whose start has passed by so much is closed and made anew.
const STALE: SignedDuration = SignedDuration::from_mins(30);

/// What the phones, the day and the README's lines need.
pub(super) struct Filled {
    /// The phones to simulate.
    pub(super) phones: Vec<Route>,
    /// Everybody but the person of `staff`.
    pub(super) hands: Vec<Hand>,
    /// What every case that arrives belongs to.
    pub(super) setting: Setting,
    /// A person whose phone nobody simulates.
    pub(super) staff: Uuid,
    /// That phone's token.
    pub(super) device: SecretString,
    /// A case many fit.
    pub(super) case: Uuid,
    /// Another, for that person.
    pub(super) first_work: Uuid,
}

#[derive(Deserialize)]
struct Named {
    id: Uuid,
    name: String,
}

#[derive(Deserialize)]
struct CaseSeen {
    id: Uuid,
    title: String,
    starts_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Made {
    id: Uuid,
}

#[derive(Deserialize)]
struct Panel {
    panel: Vec<Uuid>,
}

/// A person with the token of their phone, if they are to be tracked.
type MadePerson = (Uuid, Option<SecretString>, people::Plan);

/// What is remembered between starts.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Remembered {
    organization: Uuid,
    /// Everybody was made with all that belongs to them.
    filled: bool,
    /// Device token by person.
    tokens: HashMap<Uuid, String>,
}

impl Remembered {
    fn read(path: &Path, organization: Uuid) -> anyhow::Result<Self> {
        let read =
            read_private(path)?.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let fresh = Self { organization, ..Self::default() };
        Ok(read.filter(|read| read.organization == organization).unwrap_or(fresh))
    }
}

/// Makes whatever is missing.
pub(super) async fn fill(
    admin: &Session,
    organization: Uuid,
    state: &Path,
    now: Timestamp,
    say: Say,
) -> anyhow::Result<Filled> {
    let mut remembered = Remembered::read(state, organization)?;
    let services =
        named(admin, "/v1/services", SERVICES.iter().map(|name| (*name, json!({ "name": name }))))
            .await?;
    let districts = DISTRICTS.iter().map(|d| (d.name, json!({ "name": d.name, "area": d.area() })));
    let regions = named(admin, "/v1/regions", districts).await?;
    let people = fill_people(admin, &remembered, &services, &regions, now, say).await?;
    let clients = CLIENTS.iter().map(|name| (*name, json!({ "name": name })));
    let clients = named(admin, "/v1/clients", clients).await?;
    let (case, first_work) = fill_cases(admin, &services, &clients, now).await?;
    let queue = named(admin, "/v1/queues", [(QUEUE, json!({ "name": QUEUE }))].into_iter()).await?;
    let tokens = people
        .iter()
        .filter_map(|(id, token, _)| Some((*id, token.as_ref()?.expose_secret().to_owned())));
    remembered.tokens = tokens.collect();
    remembered.filled = true;
    write_private(state, &serde_json::to_vec_pretty(&remembered)?)?;
    let mut people = people.into_iter();
    // The plan begins with the person whose phone is left to the reader.
    let (staff, device) = people
        .next()
        .and_then(|(id, token, _)| Some((id, token?)))
        .ok_or_else(|| anyhow::anyhow!("the demo's first person has no phone"))?;
    let (hands, phones) = hands(people);
    fill_panels(admin, &clients, &hands).await?;
    let queue = queue.first().copied().unwrap_or_default();
    let setting = Setting { services, clients, queue };
    Ok(Filled { phones, hands, setting, staff, device, case, first_work })
}

/// People as the day needs them, and their phones.
fn hands(people: impl Iterator<Item = MadePerson>) -> (Vec<Hand>, Vec<Route>) {
    let mut phones = Vec::new();
    let hand = |(id, token, plan): MadePerson| {
        let car = token.map(|token| {
            let (car, wheel) = car(plan.home);
            phones.push(Route::new(token, plan.home, plan.district, wheel));
            car
        });
        let always = plan.body["working_hours"].is_null();
        Hand { id, username: plan.username, always, car, out: tokio::sync::Mutex::default() }
    };
    let hands = people.map(hand).collect();
    (hands, phones)
}

/// Gives the clients that have nobody on their panel one: each a few of the crew, and the last none.
async fn fill_panels(admin: &Session, clients: &[Uuid], hands: &[Hand]) -> anyhow::Result<()> {
    let crew = crew::choose(hands);
    let panels = crew.chunks(PANEL).take(clients.len().saturating_sub(1));
    for (client, panel) in clients.iter().zip(panels) {
        let path = format!("/v1/clients/{client}");
        let known: Panel = admin.get(&path).await?;
        if known.panel.is_empty() {
            let panel: Vec<Uuid> = panel.iter().map(|hand| hand.id).collect();
            let body = json!({ "panel": panel, "excluded": [] });
            admin.put(&format!("{path}/people"), &body).await?;
        }
    }
    Ok(())
}

/// Makes what a list lacks; returns the ids in the order given.
async fn named(
    admin: &Session,
    path: &str,
    wanted: impl Iterator<Item = (&'static str, Value)>,
) -> anyhow::Result<Vec<Uuid>> {
    let known: Vec<Named> = admin.list(path).await?;
    let mut ids = Vec::new();
    for (name, body) in wanted {
        let id = match known.iter().find(|named| named.name == name) {
            Some(named) => named.id,
            None => admin.create::<Made>(path, &body).await?.id,
        };
        ids.push(id);
    }
    Ok(ids)
}

type Known<'a> = HashMap<&'a str, &'a Person>;

async fn fill_people(
    admin: &Session,
    remembered: &Remembered,
    services: &[Uuid],
    regions: &[Uuid],
    now: Timestamp,
    say: Say,
) -> anyhow::Result<Vec<MadePerson>> {
    let listed: Vec<Person> = admin.list("/v1/staff").await?;
    let known: Known<'_> =
        listed.iter().filter_map(|person| Some((person.username.as_deref()?, person))).collect();
    let (plans, done) = (people::plan(now), AtomicUsize::new(0));
    let count = plans.len();
    let one = |plan: people::Plan| {
        let (known, done) = (known.get(plan.username.as_str()).copied(), &done);
        async move {
            let (id, token) = person(admin, remembered, &plan, known, services, regions).await?;
            done.fetch_add(1, Ordering::Relaxed);
            anyhow::Ok((id, token, plan))
        }
    };
    let work = stream::iter(plans.into_iter().map(one)).buffered(AT_A_TIME).try_collect();
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + TELL, TELL);
    tokio::pin!(work);
    loop {
        tokio::select! {
            people = &mut work => return people,
            _ = ticks.tick() => {
                say(&format!("filling Harbour City: {} of {count} people", done.load(Ordering::Relaxed)));
            }
        }
    }
}

/// Makes a person with all that belongs to them, or finds them; returns their phone's token, if
/// they are to be tracked.
async fn person(
    admin: &Session,
    remembered: &Remembered,
    plan: &people::Plan,
    known: Option<&Person>,
    services: &[Uuid],
    regions: &[Uuid],
) -> anyhow::Result<(Uuid, Option<SecretString>)> {
    let id = match known {
        Some(person) => person.id,
        None => admin.create::<Made>("/v1/staff", &plan.body).await?.id,
    };
    if known.is_none() || !remembered.filled {
        equip(admin, id, plan, services, regions).await?;
    }
    let Some(margin) = plan.tracking else { return Ok((id, None)) };
    if known.is_none_or(|person| !person.tracked && !remembered.filled) {
        admin.permit_tracking(id, LEGAL_BASIS, margin).await?;
    }
    if let Some(token) = remembered.tokens.get(&id) {
        let token = SecretString::from(token.clone());
        if token_works(admin.client(), &token).await? {
            return Ok((id, Some(token)));
        }
    }
    let enrolled = match known {
        Some(_) => admin.enrol(id, DEVICE).await?,
        None => admin.enrol_first(id, DEVICE).await?,
    };
    Ok((id, Some(enrolled)))
}

/// States a person's preferences and absences.
async fn equip(
    admin: &Session,
    id: Uuid,
    plan: &people::Plan,
    services: &[Uuid],
    regions: &[Uuid],
) -> anyhow::Result<()> {
    let stated = |key: &str, ids: &[Uuid], levels: &[(usize, &'static str)]| -> Vec<Value> {
        let entry = |(index, level): &(usize, &str)| {
            Some(json!({ key: ids.get(*index)?, "preference": level }))
        };
        levels.iter().filter_map(entry).collect()
    };
    let preferences = json!({
        "services": stated("service_id", services, &plan.services),
        "regions": stated("region_id", regions, &plan.regions),
    });
    admin.put(&format!("/v1/staff/{id}/work-preferences"), &preferences).await?;
    if let Some((starts_at, ends_at)) = plan.time_off {
        let path = format!("/v1/staff/{id}/time-off");
        let recorded: Items = admin.get(&path).await?;
        if recorded.items.is_empty() {
            let body = json!({ "starts_at": starts_at, "ends_at": ends_at });
            admin.create::<Made>(&path, &body).await?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Items {
    items: Vec<Value>,
}

/// Makes the cases that are missing or whose time has passed; returns the first two.
async fn fill_cases(
    admin: &Session,
    services: &[Uuid],
    clients: &[Uuid],
    now: Timestamp,
) -> anyhow::Result<(Uuid, Uuid)> {
    let plans = cases::plan(now, services, clients);
    let open: Vec<CaseSeen> = admin.list("/v1/cases?status=open").await?;
    let ours = open.into_iter().filter(|case| plans.iter().any(|plan| plan.title == case.title));
    let (stale, current): (Vec<_>, Vec<_>) =
        ours.partition(|case| case.starts_at.is_some_and(|at| at + STALE < now));
    for case in stale {
        admin.patch(&format!("/v1/cases/{}", case.id), &json!({ "status": "done" })).await?;
    }
    let make = |plan: &cases::Plan| {
        let known = current.iter().find(|case| case.title == plan.title).map(|case| case.id);
        let body = plan.body.clone();
        async move {
            match known {
                Some(id) => anyhow::Ok(id),
                None => Ok(admin.create::<Made>("/v1/cases", &body).await?.id),
            }
        }
    };
    let ids: Vec<Uuid> =
        stream::iter(plans.iter().map(make)).buffered(AT_A_TIME).try_collect().await?;
    match ids.as_slice() {
        [first, second, ..] => Ok((*first, *second)),
        _ => anyhow::bail!("the demo has no cases"),
    }
}
