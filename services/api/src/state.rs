//! What every handler can reach, and the configuration of the API.

use crate::{
    access::{credentials::Credentials, passwords::Passwords, throttle::Throttle},
    http::cursor::Cursors,
    live::{broadcaster::Broadcasters, ping_counters::PingCounters, stream_limiter::StreamLimiter},
    routes::{
        people::{CheckSlots, photo::PhotoProcessor},
        recommendations::RecommendationWriter,
    },
};
use jiff::SignedDuration;
use nearhand_indexer::Follower;
use nearhand_mail::Outbox;
use nearhand_photos::Objects;
use nearhand_queue::Producer;
use nearhand_storage::AppPool;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How far the feed may be behind before credentials held in memory are no longer believed.
const CREDENTIALS_MAX_LAG: Duration = Duration::from_secs(1);
/// How long the relay may be silent before that. It beats several times in this, and with what a
/// change may wait for it, a revocation is noticed within a second or PostgreSQL is asked.
const RELAY_MAX_SILENCE: Duration = Duration::from_millis(500);

/// Most large bodies of apps that are read at a time. Each may need a hundred megabytes.
const LARGE_BODIES: usize = 4;

/// How long a browser's session lives.
#[derive(Clone, Copy, Debug)]
pub struct BrowserLife {
    /// Without being used.
    pub idle: SignedDuration,
    /// In any case.
    pub absolute: SignedDuration,
}

impl BrowserLife {
    /// Of a session that stays when its browser is closed, or of one that does not.
    pub(crate) fn of(config: &ApiConfig, remembered: bool) -> Self {
        if remembered { config.remembered_life } else { config.browser_life }
    }
}

/// The API's settings, with their defaults.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// How long pings are kept: older fixes are acknowledged and dropped.
    pub retention: SignedDuration,
    /// Life of an access token.
    pub access_ttl: SignedDuration,
    /// Life of a session without being refreshed.
    pub refresh_ttl: SignedDuration,
    /// Life of a browser's session.
    pub browser_life: BrowserLife,
    /// Life of a browser's session that stays when the browser is closed.
    pub remembered_life: BrowserLife,
    /// Life of a temporary password.
    pub temporary_password_ttl: SignedDuration,
    /// Proxies in front that may be believed about the client's address.
    pub trusted_proxy_hops: usize,
    /// Origins a browser may call from; none by default.
    pub cors_origins: Vec<String>,
    /// The most event streams at a time.
    pub max_streams: usize,
    /// Most passwords hashed at a time.
    pub password_workers: usize,
    /// Longest a request may take, event streams aside.
    pub request_timeout: Duration,
    /// Mails that were kept in place of being sent; shown to this machine alone. None where there
    /// is a mail server, or others reach the listener.
    pub outbox: Option<Outbox>,
    /// Where people reach this installation, without a slash at its end; else the name that a
    /// request was sent to is taken.
    pub public_url: Option<String>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            retention: SignedDuration::from_hours(60 * 24),
            access_ttl: SignedDuration::from_mins(10),
            refresh_ttl: SignedDuration::from_hours(30 * 24),
            browser_life: BrowserLife {
                idle: SignedDuration::from_hours(2),
                absolute: SignedDuration::from_hours(24),
            },
            remembered_life: BrowserLife {
                idle: SignedDuration::from_hours(7 * 24),
                absolute: SignedDuration::from_hours(30 * 24),
            },
            temporary_password_ttl: SignedDuration::from_hours(72),
            trusted_proxy_hops: 0,
            cors_origins: Vec::new(),
            max_streams: 1_000,
            password_workers: 2,
            request_timeout: Duration::from_secs(30),
            outbox: None,
            public_url: None,
        }
    }
}

/// What the API is made of.
pub struct ApiParts {
    /// Requests' database.
    pub app: AppPool,
    /// Where pings go.
    pub producer: Producer,
    /// The live index and whether it is current.
    pub follower: Follower,
    /// Credentials seen lately; the follower forgets into it.
    pub credentials: Arc<Credentials>,
    /// Where photos are kept; without it there are none.
    pub objects: Option<Objects>,
    /// Settings.
    pub config: ApiConfig,
    /// Seals cursors.
    pub cursor_key: [u8; 32],
    /// What Redis keeps less of than it should, where that was accepted.
    pub weaker_durability: Option<String>,
    /// Ends event streams.
    pub shutdown: CancellationToken,
}

struct Inner {
    parts: ApiParts,
    passwords: Passwords,
    cursors: Cursors,
    photo_processor: PhotoProcessor,
    check_slots: CheckSlots,
    throttle: Throttle,
    stream_limiter: Arc<StreamLimiter>,
    broadcasters: Broadcasters,
    full_scans: Arc<Semaphore>,
    large_bodies: Arc<Semaphore>,
    recommendation_writer: RecommendationWriter,
    counters: PingCounters,
    aside: TaskTracker,
}

/// What every handler can reach; cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

impl ApiState {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When passwords cannot be hashed on this machine.
    pub fn new(parts: ApiParts) -> Result<Self, argon2::password_hash::Error> {
        let passwords = Passwords::new(parts.config.password_workers)?;
        let cursors = Cursors::new(parts.cursor_key);
        let inner = Inner {
            parts,
            passwords,
            cursors,
            photo_processor: PhotoProcessor::default(),
            check_slots: CheckSlots::default(),
            throttle: Throttle::default(),
            stream_limiter: Arc::default(),
            broadcasters: Broadcasters::default(),
            full_scans: Arc::new(Semaphore::new(1)),
            large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)),
            recommendation_writer: RecommendationWriter::default(),
            counters: PingCounters::new(),
            aside: TaskTracker::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    pub(crate) fn app(&self) -> &AppPool {
        &self.0.parts.app
    }

    pub(crate) fn producer(&self) -> &Producer {
        &self.0.parts.producer
    }

    pub(crate) fn follower(&self) -> &Follower {
        &self.0.parts.follower
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.0.parts.credentials
    }

    pub(crate) fn config(&self) -> &ApiConfig {
        &self.0.parts.config
    }

    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.0.parts.shutdown
    }

    pub(crate) fn weaker_durability(&self) -> Option<String> {
        self.0.parts.weaker_durability.clone()
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn cursors(&self) -> &Cursors {
        &self.0.cursors
    }

    /// Where photos are kept.
    pub(crate) fn objects(&self) -> Option<&Objects> {
        self.0.parts.objects.as_ref()
    }

    /// Re-encodes uploaded photos.
    pub(crate) fn photo_processor(&self) -> &PhotoProcessor {
        &self.0.photo_processor
    }

    /// Limits how many import files are checked at a time.
    pub(crate) fn check_slots(&self) -> &CheckSlots {
        &self.0.check_slots
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// Limits the open event streams.
    pub(crate) fn stream_limiter(&self) -> &Arc<StreamLimiter> {
        &self.0.stream_limiter
    }

    /// What became of pings.
    pub(crate) fn counters(&self) -> &PingCounters {
        &self.0.counters
    }

    /// Taken by whoever looks at everybody: updates wait meanwhile, and behind one such reader at
    /// a time they never wait long.
    /// Room for large bodies of apps that are being read.
    pub(crate) fn large_bodies(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.large_bodies)
    }

    pub(crate) fn full_scans(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.full_scans)
    }

    /// Writes recommendations that are kept, many at a time.
    pub(crate) fn recommendation_writer(&self) -> &RecommendationWriter {
        &self.0.recommendation_writer
    }

    /// Short work that must end though its caller hangs up.
    pub(crate) fn aside(&self) -> &TaskTracker {
        &self.0.aside
    }

    /// The broadcasters of position changes, which event streams subscribe to.
    pub(crate) fn broadcasters(&self) -> &Broadcasters {
        &self.0.broadcasters
    }

    /// Whether the feed is current enough, and the relay alive, to believe what is held in memory.
    pub(crate) fn feed_is_current(&self) -> bool {
        let follower = self.follower();
        follower.behind_by() <= CREDENTIALS_MAX_LAG
            && follower.relay_silent_for() <= RELAY_MAX_SILENCE
    }
}
