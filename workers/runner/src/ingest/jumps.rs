//! Judges the jumps of a planned batch, and changes the plan accordingly. An ordinary batch goes on
//! from live positions that are read anyway and costs no statement; for the devices of which that is
//! not so, the stored fixes around their new ones are read, for all of them at a time. Must not write
//! pings: it says which stored flags change.

use super::plan::{Person, Plan};
use nearhand_domain::{
    DeviceId, OrganizationId, StaffId,
    facts::PositionFact,
    jumps::{COMPARED_MS, End, TrackFix, Verdict, goes_on, judge},
    ping::{Ping, flags},
};
use nearhand_storage::{
    StorageError, Tx,
    ingest::LiveRow,
    jumps::{self, Changed, Span},
};
use rustc_hash::FxHashMap;

/// So many stored fixes are read on each side of new ones, and then so many times more, until that
/// decides.
const FEW: i64 = 8;
const MORE: i64 = 16;

/// What is to be written besides the plan.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Stored fixes with other flags.
    pub(super) stored: Vec<Changed>,
    /// Whose live position is not the newest of its device any more.
    pub(super) newer_waits: Vec<(OrganizationId, StaffId, DeviceId)>,
}

/// New fixes of one device, in their order.
struct Track {
    organization: OrganizationId,
    staff: StaffId,
    device: DeviceId,
    limit_mps: f64,
    fixes: Vec<TrackFix>,
}

/// Judges all fixes of a plan.
pub(super) async fn judge_all(
    tx: &mut Tx,
    plan: &mut Plan<'_>,
    people: &FxHashMap<StaffId, Person>,
) -> Result<Changes, StorageError> {
    let mut left = Vec::new();
    for track in tracks(plan, people) {
        let newest = people.get(&track.staff).and_then(|person| person.newest);
        let of_device = newest.filter(|(device, _)| *device == track.device);
        if of_device.is_some_and(|(_, fix)| goes_on(track.limit_mps, &fix, &track.fixes)) {
            plan.is_newest(track.staff, track.device, track.fixes.last());
        } else {
            left.extend(track.split_by_days());
        }
    }
    let mut changes = Changes::default();
    let mut verdicts: FxHashMap<DeviceId, Vec<(Track, Verdict)>> = FxHashMap::default();
    let mut most = FEW;
    while !left.is_empty() {
        let spans: Vec<Span> = left.iter().map(Track::span).collect();
        let found = jumps::around(tx, &spans, most).await?;
        let mut wider = Vec::new();
        for (track, found) in left.into_iter().zip(found) {
            if found.too_many {
                // Not judged: they stay good, and the next ones are judged by what is stored.
                changes.newer_waits.push((track.organization, track.staff, track.device));
                continue;
            }
            match judge(track.limit_mps, &track.fixes, &found.around) {
                Some(verdict) => {
                    verdicts.entry(track.device).or_default().push((track, verdict));
                }
                None => wider.push(track),
            }
        }
        if wider.is_empty() {
            wider = together(&mut verdicts);
        }
        left = wider;
        most = most.saturating_mul(MORE);
    }
    let verdicts: Vec<(Track, Verdict)> = verdicts.into_values().flatten().collect();
    apply(plan, people, &verdicts, &mut changes);
    Ok(changes)
}

/// The fixes of each device that are judged.
fn tracks(plan: &Plan<'_>, people: &FxHashMap<StaffId, Person>) -> Vec<Track> {
    let mut tracks: FxHashMap<DeviceId, Track> = FxHashMap::default();
    for row in plan.rows.iter().filter(|row| is_judged(row.ping)) {
        let track = tracks.entry(row.device).or_insert_with(|| Track {
            organization: row.organization,
            staff: row.staff,
            device: row.device,
            limit_mps: people.get(&row.staff).map_or(0.0, |p| f64::from(p.jump_limit_mps)),
            fixes: Vec::new(),
        });
        track.fixes.push(TrackFix {
            at_ms: row.ping.fix_at_ms,
            key: row.ping.key,
            position: row.ping.position,
            accuracy_m: row.ping.accuracy_m,
            received_at_ms: row.received_at_ms,
            flags: 0,
        });
    }
    let mut tracks: Vec<Track> = tracks.into_values().collect();
    for track in &mut tracks {
        track.fixes.sort_by_key(TrackFix::order);
    }
    tracks
}

/// A mock fix, and one that cannot be live, says nothing about where the phone was.
fn is_judged(ping: &Ping) -> bool {
    ping.may_be_live() && !ping.mock
}

impl Track {
    fn span(&self) -> Span {
        let at = |fix: Option<&TrackFix>| fix.map_or(0, |fix| fix.at_ms);
        Span {
            organization: self.organization,
            device: self.device,
            first_ms: at(self.fixes.first()),
            last_ms: at(self.fixes.last()),
        }
    }

    /// Fixes more than a day apart are not compared. So what was stored in between need not be read.
    fn split_by_days(self) -> impl Iterator<Item = Self> {
        let Self { organization, staff, device, limit_mps, fixes } = self;
        let near = |a: &TrackFix, b: &TrackFix| b.at_ms - a.at_ms <= COMPARED_MS;
        let parts: Vec<Vec<TrackFix>> = fixes.chunk_by(near).map(<[_]>::to_vec).collect();
        parts.into_iter().map(move |fixes| Self { organization, staff, device, limit_mps, fixes })
    }
}

/// Parts of one device that were judged apart although they depend on each other; they come back as
/// one, and their verdicts go.
fn together(verdicts: &mut FxHashMap<DeviceId, Vec<(Track, Verdict)>>) -> Vec<Track> {
    let mut joined = Vec::new();
    for parts in verdicts.values_mut() {
        parts.sort_by_key(|(track, _)| track.span().first_ms);
        let is_apart = |two: &[(Track, Verdict)]| match two[0].1.end {
            End::Unchanged(at_ms) => at_ms < two[1].0.span().first_ms,
            End::Newest { looked_on, .. } => !looked_on,
        };
        if parts.windows(2).all(is_apart) {
            continue;
        }
        let mut all = std::mem::take(parts).into_iter().map(|(track, _)| track);
        if let Some(mut first) = all.next() {
            first.fixes.extend(all.flat_map(|track| track.fixes));
            joined.push(first);
        }
    }
    joined
}

/// Puts the marks into the plan, and chooses live positions anew.
fn apply(
    plan: &mut Plan<'_>,
    people: &FxHashMap<StaffId, Person>,
    verdicts: &[(Track, Verdict)],
    changes: &mut Changes,
) {
    let mut good: FxHashMap<StaffId, Vec<LiveRow>> = FxHashMap::default();
    for (track, verdict) in verdicts {
        let changed = verdict.changed.iter();
        changes.stored.extend(changed.map(|flagged| (track.organization, track.device, *flagged)));
        if matches!(verdict.end, End::Newest { settled: false, .. }) {
            changes.newer_waits.push((track.organization, track.staff, track.device));
        }
        plan.flag(track.staff, track.device, &verdict.new);
        let last = verdict.good.map(|fix| live_row(track, &fix));
        good.entry(track.staff).or_default().extend(last);
    }
    for (staff, good) in good {
        let policy = people.get(&staff).map(|person| person.mock_policy).unwrap_or_default();
        plan.choose_live(staff, policy, good);
    }
    for (track, verdict) in verdicts {
        if matches!(verdict.end, End::Newest { settled: true, .. }) {
            plan.is_newest(track.staff, track.device, verdict.good.as_ref());
        }
    }
}

/// The live position that a good fix is, new or stored.
fn live_row(track: &Track, fix: &TrackFix) -> LiveRow {
    LiveRow {
        device: track.device,
        received_at_ms: fix.received_at_ms,
        is_newest: false,
        fact: PositionFact {
            organization: track.organization,
            staff: track.staff,
            fix_at_ms: fix.at_ms,
            position: fix.position,
            accuracy_m: fix.accuracy_m,
            mock: false,
        },
    }
}

/// How many of the plan's fixes are jumps.
pub(super) fn count(plan: &Plan<'_>) -> u64 {
    plan.rows.iter().filter(|row| row.flags & flags::JUMP != 0).count() as u64
}
