//! What is in the archive of a person's data, file by file. The queries are in storage.

use super::{Stop, Writer, pings};
use jiff::Timestamp;
use nearhand_dispatch::kept;
use nearhand_domain::{access::ActorKind, photo::PhotoFile};
use nearhand_photos::Objects;
use nearhand_storage::{
    audit::trail::{self, Personal, TrailEntry},
    data_exports::{self, RankedPart, SECTIONS},
    photos,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Rows of one page.
const PAGE: i64 = 500;

/// Writes all files.
pub(super) async fn write(writer: &mut Writer<'_>, objects: Option<&Objects>) -> Result<(), Stop> {
    writer.begin("README.txt").await?;
    writer.add(readme(writer.export.created_at).as_bytes()).await?;
    for section in SECTIONS {
        let mut tx = writer.context.begin().await?;
        let rows = data_exports::rows(&mut tx, section, writer.person).await?;
        tx.rollback().await?;
        let mut list = List::begin(writer, section.file).await?;
        for row in rows {
            list.add(&row).await?;
        }
        list.end().await?;
    }
    photo(writer, objects).await?;
    ranked(writer).await?;
    reads(writer).await?;
    audit(writer).await?;
    pings::write(writer).await
}

/// A file that holds a JSON array, a row a line.
struct List<'a, 'b> {
    writer: &'a mut Writer<'b>,
    is_empty: bool,
}

impl<'a, 'b> List<'a, 'b> {
    async fn begin(writer: &'a mut Writer<'b>, file: &str) -> Result<Self, Stop> {
        writer.begin(file).await?;
        writer.add(b"[").await?;
        Ok(Self { writer, is_empty: true })
    }

    async fn add(&mut self, row: &Value) -> Result<(), Stop> {
        let separator = if self.is_empty { "\n" } else { ",\n" };
        self.is_empty = false;
        self.writer.add(format!("{separator}{row}").as_bytes()).await
    }

    async fn end(self) -> Result<(), Stop> {
        self.writer.add(b"\n]\n").await
    }
}

/// The photo as it is kept.
async fn photo(writer: &mut Writer<'_>, objects: Option<&Objects>) -> Result<(), Stop> {
    let mut tx = writer.context.begin().await?;
    let photo = photos::get(&mut tx, writer.person).await?;
    tx.rollback().await?;
    let (Some(photo), Some(objects)) = (photo, objects) else { return Ok(()) };
    let key = PhotoFile::Whole.key(writer.context.organization(), photo.id);
    let found = objects.get(&key).await.map_err(|error| Stop::Retry(error.to_string()))?;
    // It may have been replaced meanwhile.
    let Some(bytes) = found else { return Ok(()) };
    let ending = if photo.content_type == "image/png" { "png" } else { "jpg" };
    writer.begin(&format!("photo.{ending}")).await?;
    writer.add(&bytes).await
}

/// Stored recommendations that list the person.
async fn ranked(writer: &mut Writer<'_>) -> Result<(), Stop> {
    let (context, person) = (writer.context, writer.person);
    let mut list = List::begin(writer, "recommendations.json").await?;
    let mut before: Option<Uuid> = None;
    loop {
        let mut tx = context.begin().await?;
        let page = data_exports::ranked(&mut tx, person, before, PAGE).await?;
        tx.rollback().await?;
        let Some(last) = page.last() else { return list.end().await };
        before = Some(last.id.0);
        for one in &page {
            let RankedPart { id, created_at, asked_by, place, head, part } = one;
            let about = kept::shown(person, head, part);
            let row = json!({ "id": id, "created_at": created_at, "asked_by": asked_by,
                "place": place, "about_you": about });
            list.add(&row).await?;
        }
    }
}

/// Who read the person's exact position, and what they read themselves.
async fn reads(writer: &mut Writer<'_>) -> Result<(), Stop> {
    let (context, person) = (writer.context, writer.person);
    let mut list = List::begin(writer, "position-reads.json").await?;
    let mut before = None;
    loop {
        let mut tx = context.begin().await?;
        let page = data_exports::reads(&mut tx, person, before, PAGE).await?;
        tx.rollback().await?;
        let Some((last, _)) = page.last() else { return list.end().await };
        before = Some(*last);
        for (_, row) in &page {
            list.add(row).await?;
        }
    }
}

/// What the audit trail says about the person, and of what they did.
async fn audit(writer: &mut Writer<'_>) -> Result<(), Stop> {
    let (context, person) = (writer.context, writer.person);
    let mut list = List::begin(writer, "audit.json").await?;
    let mut before = None;
    loop {
        let mut tx = context.begin().await?;
        let page = trail::of_person(&mut tx, person, before, PAGE).await?;
        tx.rollback().await?;
        let Some(last) = page.last() else { return list.end().await };
        before = Some(last.id);
        for entry in page {
            list.add(&audited(entry)).await?;
        }
    }
}

fn audited(entry: TrailEntry) -> Value {
    let (before, after) = match entry.personal {
        Personal::Open(values) => trail::sides(&entry.action, values),
        Personal::None | Personal::Sealed | Personal::Erased => (Value::Null, Value::Null),
    };
    let kind = entry.actor.as_ref().map(|actor| match actor.kind {
        ActorKind::Staff => "person",
        ActorKind::ServiceAccount => "service_account",
    });
    json!({ "id": entry.id, "at": entry.at, "actor_id": entry.actor.map(|actor| actor.id),
        "actor_kind": kind, "action": entry.action, "subject_kind": entry.subject_kind,
        "subject_id": entry.subject, "details": entry.details, "before": before, "after": after,
        "request_id": entry.request_id, "your_address": entry.remote_addr })
}

/// What each file is.
fn readme(asked_at: Timestamp) -> String {
    let mut text = format!(
        "Everything that Nearhand holds on you. It was asked for at {asked_at}.\n\n\
         Times are in UTC, positions in degrees (WGS 84), distances in metres. Other people appear \
         by their identifiers only.\n\n"
    );
    for section in SECTIONS {
        let about: Vec<&str> = section.about.split_whitespace().collect();
        text += &format!("{}: {}\n", section.file, about.join(" "));
    }
    text += "photo.jpg or photo.png: your photo, if you have one.\n\
        recommendations.json: stored answers in which you were listed, as far as they are about you.\n\
        position-reads.json: who read your exact position, and what you read yourself.\n\
        audit.json: what was recorded about you and about what you did, with your values before and \
        after.\n\
        pings/DAY.csv: what your phones sent and was kept, a file for each day.\n\
        pings/DAY.gpx: the same as a track, for maps.\n";
    text
}
