//! Credentials seen lately, held in memory so that a ping costs no query. The feed says which to
//! forget; while it is behind or nobody writes it, PostgreSQL is asked unless it just was.

use crate::access::{api_keys::ApiKeyUse, browser_use::BrowserUse};
use jiff::Timestamp;
use nearhand_domain::{
    DepartmentId, DeviceId, OrganizationId, SessionId, StaffId,
    access::{AccessLevel, Actor, ActorKind, EditScope, PermissionSet, Rights, ViewScope},
    ping::PersonGate,
    token::TokenHash,
};
use nearhand_storage::{
    browser_sessions::LiveBrowserSession, service_accounts::LiveKey, sessions::LiveSession,
};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Most entries of a generation. When the young one is full it becomes the old one, and what
/// nobody asked for since the last time is forgotten: never all at once, which PostgreSQL would
/// have to answer for with every phone's next ping.
const GENERATION_ENTRIES: usize = 500_000;
/// Longest an entry is believed while the feed says what to forget: a bound on what a fault of
/// ours could cost.
const MAX_AGE: Duration = Duration::from_mins(15);
/// Longest an entry is believed while the feed cannot be relied upon. Less than the second within
/// which a revocation must be noticed, and enough to spare PostgreSQL bursts of one phone.
const MAX_AGE_ALONE: Duration = Duration::from_millis(500);

/// How long after PostgreSQL failed to answer nobody asks it for a phone that is known: else each
/// of its pings would wait for the same silence.
const AWAY_FOR: Duration = Duration::from_secs(1);

/// Most subjects whose last forgetting is remembered.
const MAX_FORGOTTEN: usize = 100_000;

/// A login: who is calling, and what they may do.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// Tenant.
    pub organization: OrganizationId,
    /// Person.
    pub staff: StaffId,
    /// Whether `staff` is a person, or a service account under the same kind of identifier.
    pub kind: ActorKind,
    /// Login, or the API key under the same kind of identifier.
    pub session: SessionId,
    /// What they may do.
    pub permissions: PermissionSet,
    /// How far.
    pub access_level: AccessLevel,
    /// Whom they see.
    pub view: ViewScope,
    /// Whom they may change.
    pub edit: EditScope,
    /// Where they belong.
    pub departments: Vec<DepartmentId>,
    /// Only the password may be changed.
    pub restricted: bool,
    /// Unix second at which the access token, or a browser's session, ends.
    pub expires_at: i64,
    /// Of a service account.
    pub api_key: Option<ApiKeyUse>,
    /// Of a browser's session.
    pub browser: Option<BrowserUse>,
}

impl Login {
    pub(crate) fn new(organization: OrganizationId, live: LiveSession) -> Self {
        Self {
            organization,
            staff: live.staff,
            kind: ActorKind::Staff,
            session: live.session,
            permissions: live.access.permissions,
            access_level: live.access.level,
            view: live.access.view,
            edit: live.access.edit,
            departments: live.access.departments,
            restricted: live.restricted,
            expires_at: live.expires_at.as_second(),
            api_key: None,
            browser: None,
        }
    }

    /// Of a cookie.
    pub(crate) fn of_browser(organization: OrganizationId, live: LiveBrowserSession) -> Self {
        let browser = Some(BrowserUse::new(&live));
        Self { browser, ..Self::new(organization, live.session) }
    }

    /// Of an API key: what its account and the account's creator both may do, as far as the
    /// creator reaches.
    pub(crate) fn of_key(organization: OrganizationId, live: LiveKey) -> Self {
        Self {
            organization,
            staff: StaffId(live.account.0),
            kind: ActorKind::ServiceAccount,
            session: SessionId(live.key.0),
            permissions: live.permissions(),
            access_level: live.creators.level,
            view: live.creators.view,
            edit: live.creators.edit,
            departments: live.creators.departments,
            restricted: false,
            expires_at: live.expires_at.map_or(i64::MAX, Timestamp::as_second),
            api_key: Some(ApiKeyUse::new(live.creator, live.last_used_at)),
            browser: None,
        }
    }

    /// What they may do, and to whom.
    pub(crate) fn rights(&self) -> Rights<'_> {
        Rights {
            permissions: self.permissions,
            view: self.view,
            edit: self.edit,
            departments: &self.departments,
        }
    }

    /// Who acts.
    pub(crate) fn actor(&self) -> Actor<'_> {
        Actor {
            staff: self.staff,
            kind: self.kind,
            level: self.access_level,
            rights: self.rights(),
        }
    }
}

/// A device that may send its person's pings.
#[derive(Clone, Debug)]
pub(crate) struct DeviceActor {
    /// Tenant.
    pub organization: OrganizationId,
    /// Device.
    pub device: DeviceId,
    /// Its person.
    pub staff: StaffId,
    /// When their location may be taken.
    pub gate: PersonGate,
    /// They have been erased: nothing is kept, and the phone is told so.
    pub erased: bool,
}

#[derive(Clone)]
pub(crate) enum Known {
    Session(Arc<Login>),
    Device(Arc<DeviceActor>),
}

impl Known {
    fn subjects(&self) -> impl Iterator<Item = Uuid> {
        let (subjects, creator) = match self {
            Self::Session(login) => {
                let creator = login.api_key.as_ref().map(|key| key.creator.0);
                ([login.session.0, login.staff.0], creator)
            }
            Self::Device(device) => ([device.device.0, device.staff.0], None),
        };
        subjects.into_iter().chain(creator)
    }
}

#[derive(Default)]
struct Generation {
    known: FxHashMap<TokenHash, (Instant, Known)>,
    by_subject: FxHashMap<Uuid, Vec<TokenHash>>,
}

impl Generation {
    fn keep(&mut self, hash: TokenHash, since: Instant, known: Known) {
        for subject in known.subjects() {
            let hashes = self.by_subject.entry(subject).or_default();
            if !hashes.contains(&hash) {
                hashes.push(hash);
            }
        }
        self.known.insert(hash, (since, known));
    }

    fn forget(&mut self, subject: Uuid) {
        for hash in self.by_subject.remove(&subject).unwrap_or_default() {
            self.known.remove(&hash);
        }
    }
}

#[derive(Default)]
struct Entries {
    young: Generation,
    old: Generation,
}

impl Entries {
    fn keep(&mut self, hash: TokenHash, since: Instant, known: Known, most: usize) {
        if self.young.known.len() >= most {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.known.remove(&hash);
        self.young.keep(hash, since, known);
    }

    /// Takes what the old generation knows over into the young one.
    fn renew(&mut self, hash: TokenHash, most: usize) {
        if let Some((since, known)) = self.old.known.remove(&hash) {
            self.keep(hash, since, known, most);
        }
    }
}

/// What was forgotten lately, by the generation in which it was.
#[derive(Default)]
struct Forgotten {
    /// Up to here everybody counts as forgotten.
    all: u64,
    subjects: FxHashMap<Uuid, u64>,
}

/// The cache.
pub struct Credentials {
    entries: RwLock<Entries>,
    generation_entries: usize,
    /// Moves with every forgetting: what was read before it must not be kept after it.
    generation: AtomicU64,
    forgotten: RwLock<Forgotten>,
    /// When PostgreSQL last failed to answer.
    away_since: RwLock<Option<Instant>>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self::of_size(GENERATION_ENTRIES)
    }
}

impl Credentials {
    fn of_size(generation_entries: usize) -> Self {
        Self {
            entries: RwLock::default(),
            generation_entries,
            generation: AtomicU64::default(),
            forgotten: RwLock::default(),
            away_since: RwLock::default(),
        }
    }

    /// Forgets everything known through a session, a device or a person.
    pub fn forget(&self, subject: Uuid) {
        let generation = self.generation.fetch_add(1, Ordering::SeqCst) + 1;
        self.note_forgotten(subject, generation);
        let mut entries = self.entries.write();
        entries.young.forget(subject);
        entries.old.forget(subject);
    }

    /// Forgets everything: the feed was lost, and with it what it would have said.
    pub fn forget_all(&self) {
        let generation = self.generation.fetch_add(1, Ordering::SeqCst) + 1;
        *self.forgotten.write() = Forgotten { all: generation, subjects: FxHashMap::default() };
        *self.entries.write() = Entries::default();
    }

    fn note_forgotten(&self, subject: Uuid, generation: u64) {
        let mut forgotten = self.forgotten.write();
        if forgotten.subjects.len() >= MAX_FORGOTTEN {
            *forgotten = Forgotten { all: generation, subjects: FxHashMap::default() };
        }
        forgotten.subjects.insert(subject, generation);
    }

    /// Whether anything was to be forgotten of one of these since `generation`.
    pub(crate) fn forgotten_since(&self, subjects: &[Uuid], generation: u64) -> bool {
        let forgotten = self.forgotten.read();
        let last = |subject| forgotten.subjects.get(subject).copied().unwrap_or(0);
        forgotten.all > generation || subjects.iter().any(|subject| last(subject) > generation)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// What is known of a token; `fed`: whether the feed can be relied upon.
    pub(crate) fn find(&self, hash: TokenHash, fed: bool) -> Option<Known> {
        let entries = self.entries.read();
        let is_old = !entries.young.known.contains_key(&hash);
        let generation = if is_old { &entries.old } else { &entries.young };
        let (since, known) = generation.known.get(&hash)?;
        let max_age = if fed { MAX_AGE } else { MAX_AGE_ALONE };
        let found = (since.elapsed() < max_age).then(|| known.clone())?;
        drop(entries);
        if is_old {
            self.entries.write().renew(hash, self.generation_entries);
        }
        Some(found)
    }

    /// PostgreSQL failed to answer.
    pub(crate) fn note_away(&self) {
        *self.away_since.write() = Some(Instant::now());
    }

    /// Whether PostgreSQL failed to answer a moment ago.
    pub(crate) fn is_away(&self) -> bool {
        self.away_since.read().is_some_and(|at| at.elapsed() < AWAY_FOR)
    }

    /// Keeps what was read since `generation`, unless something was forgotten meanwhile.
    pub(crate) fn keep(&self, hash: TokenHash, known: &Known, generation: u64) {
        let mut entries = self.entries.write();
        if self.generation() != generation {
            return;
        }
        entries.keep(hash, Instant::now(), known.clone(), self.generation_entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> (TokenHash, Known, StaffId) {
        let staff = StaffId::generate();
        let actor = DeviceActor {
            organization: OrganizationId::generate(),
            device: DeviceId::generate(),
            staff,
            gate: PersonGate::default(),
            erased: false,
        };
        (TokenHash::of(&staff.to_string()), Known::Device(Arc::new(actor)), staff)
    }

    #[test]
    fn only_those_concerned_are_looked_at_again() {
        let cache = Credentials::default();
        let [one, other] = [Uuid::now_v7(), Uuid::now_v7()];
        let before = cache.generation();
        cache.forget(one);
        assert!(cache.forgotten_since(&[other, one], before));
        assert!(!cache.forgotten_since(&[other], before));
        assert!(!cache.forgotten_since(&[one], cache.generation()));
        let before = cache.generation();
        cache.forget_all();
        assert!(cache.forgotten_since(&[other], before));
        assert!(!cache.forgotten_since(&[other], cache.generation()));
    }

    #[test]
    fn a_full_cache_forgets_only_what_nobody_asks_for() {
        let cache = Credentials::of_size(2);
        let keep = |(hash, known, staff): (TokenHash, Known, StaffId)| {
            cache.keep(hash, &known, cache.generation());
            (hash, staff)
        };
        let [(used, staff), (idle, _)] = [keep(device()), keep(device())];
        let third = keep(device()).0;
        assert!([used, third].into_iter().all(|hash| cache.find(hash, true).is_some()));
        let fourth = keep(device()).0;
        assert!(cache.find(idle, true).is_none(), "nobody asked for it in a whole generation");
        for hash in [used, third, fourth] {
            assert!(cache.find(hash, true).is_some());
        }
        cache.forget(staff.0);
        assert!(cache.find(used, true).is_none(), "forgotten in whichever generation it is");
    }

    #[test]
    fn what_is_forgotten_is_gone_and_cannot_slip_back_in() {
        let cache = Credentials::default();
        let (hash, known, staff) = device();
        let before = cache.generation();
        cache.keep(hash, &known, before);
        assert!(cache.find(hash, true).is_some());
        cache.forget(staff.0);
        assert!(cache.find(hash, true).is_none());
        cache.keep(hash, &known, before);
        assert!(cache.find(hash, true).is_none(), "read before the revocation, kept after it");
        cache.keep(hash, &known, cache.generation());
        cache.forget_all();
        assert!(cache.find(hash, true).is_none());
    }
}
