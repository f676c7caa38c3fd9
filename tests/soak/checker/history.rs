//! Holds every stored ping against the log: none lost, none doubled, none that nobody sent, each at its
//! place.

use super::Findings;
use crate::{
    expected::Whether,
    ledger::{Entry, PhoneLog},
    scene::{Identity, Scene},
};
use futures::TryStreamExt;
use jiff::Timestamp;
use sqlx::Connection;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

const ALL: &str = "SELECT device_id, staff_id, (extract(epoch FROM fix_at) * 1000)::bigint, key, \
    ST_Y(position), ST_X(position), count(*) OVER (PARTITION BY device_id, fix_at, key) FROM pings";
/// Places are equal when they are this near, degrees: less than a tenth of a millimetre.
const SAME_DEG: f64 = 1e-9;

type Row = (Uuid, Uuid, i64, Uuid, f64, f64, i64);

/// The history, held against the log.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Fixes that were acknowledged and must be stored.
    pub(crate) acknowledged: u64,
    /// Fixes that were acknowledged and must be kept out: their time lay more than a day ahead.
    pub(crate) kept_out: u64,
    pub(crate) stored: u64,
    /// Acknowledged, not stored, and no fault may excuse it.
    pub(crate) lost: u64,
    /// Acknowledged, not stored, but in the queue when it was emptied.
    pub(crate) emptied: u64,
    /// Stored more than once.
    pub(crate) doubled: u64,
    /// Stored although nobody sent it, it was refused, or elsewhere.
    pub(crate) wrong: u64,
    /// Of each person, the newest stored fix that must be live, and all that may be: times in
    /// milliseconds.
    pub(crate) live: HashMap<Uuid, Newest>,
}

/// What may be a person's live position.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    /// It is at least as new as this.
    pub(crate) at_least_ms: Option<i64>,
    /// It is one of these.
    pub(crate) any_of_ms: HashSet<i64>,
}

/// A phone's part of the log by the identity of its fixes.
struct Known {
    log: Arc<PhoneLog>,
    fixes: HashMap<(i64, Uuid), (Entry, bool)>,
}

pub(super) async fn check(scene: &Scene, findings: &mut Findings) -> anyhow::Result<History> {
    let mut known: HashMap<Uuid, Known> = HashMap::new();
    for log in scene.fleet.logs() {
        let entries = log.entries().into_iter();
        let fixes = entries.map(|entry| ((entry.fix_at_ms, entry.key), (entry, false))).collect();
        known.insert(log.device, Known { log, fixes });
    }
    let mut history = History::default();
    let mut db = scene.stack.servers.sql().await?;
    let mut rows = sqlx::query_as::<_, Row>(ALL).fetch(&mut db);
    while let Some(row) = rows.try_next().await? {
        history.stored += 1;
        if let Some(finding) = history.hold(&row, &mut known) {
            findings.add(finding);
        }
    }
    drop(rows);
    db.close().await?;
    for phone in known.values() {
        for (entry, is_stored) in phone.fixes.values() {
            if let Some(finding) = history.look_for(&phone.log, entry, *is_stored, &scene.emptied) {
                findings.add(finding);
            }
        }
    }
    Ok(history)
}

impl History {
    /// Holds a row against the log; says what is wrong with it.
    fn hold(&mut self, row: &Row, known: &mut HashMap<Uuid, Known>) -> Option<String> {
        let (device, staff, fix_at_ms, key, lat, lng, times) = *row;
        let Some(phone) = known.get_mut(&device) else {
            self.wrong += 1;
            return Some(format!("a fix of {} of a device that is no phone", time(fix_at_ms)));
        };
        let what = format!("{} fix of {} of device {device}", phone.log.app, time(fix_at_ms));
        let Some((entry, is_stored)) = phone.fixes.get_mut(&(fix_at_ms, key)) else {
            let same_time = phone.fixes.keys().any(|(at, _)| *at == fix_at_ms);
            self.doubled += u64::from(same_time);
            self.wrong += u64::from(!same_time);
            let why = if same_time { "doubled under another key" } else { "sent by nobody" };
            return Some(format!("{why}: {what}"));
        };
        let again = std::mem::replace(is_stored, true) || times > 1;
        self.doubled += u64::from(again);
        let is_here = (entry.lat - lat).abs() < SAME_DEG && (entry.lng - lng).abs() < SAME_DEG;
        let why = match entry.stored {
            _ if again => "doubled",
            Whether::No => "stored although it was refused",
            _ if !is_here => "stored elsewhere",
            _ if staff != phone.log.staff => "stored for somebody else",
            _ => return None,
        };
        self.wrong += u64::from(!again);
        Some(format!("{why}: {what}"))
    }

    /// Looks for a fix of the log; says if it is lost.
    fn look_for(
        &mut self,
        log: &PhoneLog,
        entry: &Entry,
        is_stored: bool,
        emptied: &HashSet<Identity>,
    ) -> Option<String> {
        if entry.acknowledged.is_some() {
            self.acknowledged += u64::from(entry.stored == Whether::Yes);
            self.kept_out += u64::from(entry.stored == Whether::No);
        }
        if is_stored {
            let newest = self.live.entry(log.staff).or_default();
            if entry.live == Whether::Yes {
                newest.at_least_ms = newest.at_least_ms.max(Some(entry.fix_at_ms));
            }
            if entry.live != Whether::No {
                newest.any_of_ms.insert(entry.fix_at_ms);
            }
            return None;
        }
        let acknowledged = entry.acknowledged.filter(|_| entry.stored == Whether::Yes)?;
        if emptied.contains(&(log.device, entry.fix_at_ms, entry.key)) {
            self.emptied += 1;
            return None;
        }
        self.lost += 1;
        let (app, at, device) = (log.app, time(entry.fix_at_ms), log.device);
        let ago = acknowledged.elapsed().as_secs();
        Some(format!("lost: {app} fix of {at} of device {device}, acknowledged {ago} s ago"))
    }
}

fn time(fix_at_ms: i64) -> String {
    Timestamp::from_millisecond(fix_at_ms).map_or_else(|_| fix_at_ms.to_string(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_play::apps::App;
    use std::time::Instant;

    const AT: i64 = 1_800_000_000_000;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn known(stored: Whether) -> HashMap<Uuid, Known> {
        let log = Arc::new(PhoneLog::new(id(1), id(2), App::Overland));
        let (lat, lng, acknowledged) = (38.7, -9.1, Some(Instant::now()));
        let live = Whether::Yes;
        let entry = Entry { fix_at_ms: AT, key: id(3), lat, lng, stored, live, acknowledged };
        HashMap::from([(id(2), Known { log, fixes: [((AT, id(3)), (entry, false))].into() })])
    }

    #[test]
    fn what_is_stored_as_it_was_sent_is_no_finding() {
        let (mut history, mut known) = (History::default(), known(Whether::Yes));
        let row = (id(2), id(1), AT, id(3), 38.7, -9.1, 1);
        assert_eq!(history.hold(&row, &mut known), None);
        assert_eq!((history.doubled, history.wrong), (0, 0));
    }

    #[test]
    fn what_was_acknowledged_and_is_not_stored_is_lost_unless_its_queue_was_emptied() {
        let known = known(Whether::Yes);
        let phone = &known[&id(2)];
        let (entry, _) = phone.fixes[&(AT, id(3))];
        let none = HashSet::new();
        let emptied = HashSet::from([(id(2), AT, id(3))]);
        let of = |entry: Entry, is_stored, emptied: &HashSet<Identity>| {
            let mut history = History::default();
            history.look_for(&phone.log, &entry, is_stored, emptied);
            (history.acknowledged, history.lost, history.emptied)
        };
        assert_eq!(of(entry, true, &none), (1, 0, 0));
        assert_eq!(of(entry, false, &none), (1, 1, 0));
        assert_eq!(of(entry, false, &emptied), (1, 0, 1));
        assert_eq!(of(Entry { acknowledged: None, ..entry }, false, &none), (0, 0, 0));
        assert_eq!(of(Entry { stored: Whether::Open, ..entry }, false, &none), (0, 0, 0));
        assert_eq!(of(Entry { stored: Whether::No, ..entry }, false, &none), (0, 0, 0));
    }

    #[test]
    fn each_kind_of_wrong_row_is_found() {
        let of = |row: Row, stored| {
            let (mut history, mut known) = (History::default(), known(stored));
            let finding = history.hold(&row, &mut known).expect("a finding");
            (history.doubled, history.wrong, finding)
        };
        let right = (id(2), id(1), AT, id(3), 38.7, -9.1, 1);
        let (yes, no) = (Whether::Yes, Whether::No);
        for (row, stored, doubled, wrong, word) in [
            ((id(9), id(1), AT, id(3), 38.7, -9.1, 1), yes, 0, 1, "no phone"),
            ((id(2), id(1), AT, id(4), 38.7, -9.1, 1), yes, 1, 0, "another key"),
            ((id(2), id(1), AT + 1, id(3), 38.7, -9.1, 1), yes, 0, 1, "nobody"),
            ((id(2), id(1), AT, id(3), 38.7, -9.1, 2), yes, 1, 0, "doubled"),
            ((id(2), id(1), AT, id(3), 38.8, -9.1, 1), yes, 0, 1, "elsewhere"),
            ((id(2), id(9), AT, id(3), 38.7, -9.1, 1), yes, 0, 1, "somebody else"),
            (right, no, 0, 1, "refused"),
        ] {
            let (twice, odd, finding) = of(row, stored);
            assert_eq!((twice, odd), (doubled, wrong), "{finding}");
            assert!(finding.contains(word), "{finding}");
            assert!(!finding.contains("38.7"), "a finding names no place: {finding}");
        }
    }
}
