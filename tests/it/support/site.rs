//! A whole Nearhand for one test: API on a free port, follower and workers in this process.

use super::{Account, Answer, database::Database, eventually, given};
use nearhand_api::{
    ApiConfig, ApiParts, ApiState, Credentials, FirstPassword, NewOrganization, Origin, Passwords,
    ServeConfig, create_organization,
};
use nearhand_domain::token::{TokenHash, random_bytes};
use nearhand_indexer::{Follower, FollowerConfig, Forget};
use nearhand_photos::Objects;
use nearhand_queue::{Queue, QueueConfig};
use nearhand_runner::{JobsConfig, OfferIndex, OfferJobs, PhotoJobs, RunnerConfig};
use nearhand_storage::organizations;
use reqwest::Method;
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The token every test site takes for its setup.
pub(crate) const BOOTSTRAP: &str = "bootstrap-token-of-the-tests";
/// A password that is accepted.
pub(crate) const PASSWORD: &str = "seven tall lighthouses";

/// A running site.
pub(crate) struct Site {
    pub(crate) database: Database,
    pub(crate) queue: Queue,
    pub(crate) follower: Follower,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    /// Where photos are.
    pub(crate) objects: Option<Objects>,
    /// Their folder, for as long as the site is there.
    folder: TempDir,
    /// What its keys in Redis begin with.
    pub(crate) prefix: String,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

impl Site {
    /// With workers; ready to serve.
    pub(crate) async fn start() -> Self {
        let mut site = Self::without_worker(|_| {}).await;
        site.start_worker().await;
        site
    }

    /// Without workers: what is sent stays in the queue.
    pub(crate) async fn without_worker(change: impl FnOnce(&mut QueueConfig)) -> Self {
        Self::of(Database::create().await, change).await
    }

    /// With what does the steps of offers.
    pub(crate) async fn with_offers() -> Self {
        let mut site = Self::without_worker(|_| {}).await;
        let offers = site.offers();
        site.start_worker_with(|jobs| jobs.with_offers(offers)).await;
        site
    }

    /// What does the steps of offers, by the index of this site.
    pub(crate) fn offers(&self) -> OfferJobs {
        OfferJobs::new(OfferIndex::shared(self.follower.clone()))
    }

    /// The same without a place for photos.
    pub(crate) async fn without_objects() -> Self {
        Self::made_of(Database::create().await, |_| {}, |_| None, api_config()).await
    }

    /// With what makes thumbnails.
    pub(crate) async fn with_photos() -> Self {
        let mut site = Self::without_worker(|_| {}).await;
        let handler = site.objects.clone().map(PhotoJobs::new);
        site.start_worker_with(|jobs| jobs.with_any(handler)).await;
        site
    }

    /// The same on a database that is there already.
    pub(crate) async fn of(database: Database, change: impl FnOnce(&mut QueueConfig)) -> Self {
        let open = |folder: &Path| {
            let address = folder.to_str().expect("a path in UTF-8");
            Some(Objects::open(address, None).expect("a folder"))
        };
        Self::made_of(database, change, open, api_config()).await
    }

    /// Without workers, and with other settings of the API.
    pub(crate) async fn with_api(change: impl FnOnce(&mut ApiConfig)) -> Self {
        let mut api = api_config();
        change(&mut api);
        Self::made_of(Database::create().await, |_| {}, |_| None, api).await
    }

    /// A second API of the same installation: on this database and this queue.
    pub(crate) async fn beside(&self) -> Self {
        let prefix = self.prefix.clone();
        Self::of(self.database.clone(), |config| config.prefix = prefix).await
    }

    async fn made_of(
        database: Database,
        change: impl FnOnce(&mut QueueConfig),
        open: impl FnOnce(&Path) -> Option<Objects>,
        api: ApiConfig,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let objects = open(folder.path());
        let mut config = QueueConfig::new(given("NEARHAND_TEST_REDIS_URL"));
        config.prefix = format!("t{}:", Uuid::now_v7().simple());
        change(&mut config);
        let prefix = config.prefix.clone();
        let queue = Queue::connect(config).await.expect("Redis answers");
        let (shutdown, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let (follower, url) =
            start_api(&database, &queue, (objects.clone(), api), &shutdown, &mut tasks).await;
        let http = super::http_client().build().expect("a client");
        let site =
            Self { database, queue, follower, url, http, objects, prefix, folder, shutdown, tasks };
        eventually("the index is complete", || async {
            site.follower.not_ready().is_none().then_some(())
        })
        .await;
        site
    }

    /// The folder of the photos.
    pub(crate) fn objects_folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts ingest, relay and maintenance, and background jobs that have no handlers.
    pub(crate) async fn start_worker(&mut self) {
        self.start_worker_with(|jobs| jobs).await;
    }

    /// The same with handlers of jobs.
    pub(crate) async fn start_worker_with(&mut self, add: impl FnOnce(JobsConfig) -> JobsConfig) {
        let (queue, pool) = (self.queue.clone(), self.database.worker().await);
        let jobs = add(self.database.jobs().await);
        let stop = self.shutdown.clone();
        self.tasks.spawn(async move {
            nearhand_runner::run(queue, pool, jobs, RunnerConfig::default(), stop).await;
        });
    }

    /// Tells everything to end.
    pub(crate) fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Does the setup; returns the account admin. Phones of tests are now here and now there, and
    /// none of that is to be a jump.
    pub(crate) async fn set_up(&self) -> Account<'_> {
        let admin = self.set_up_with_jumps().await;
        sqlx::query("UPDATE organizations SET jump_limit_mps = 30000")
            .execute(&mut self.database.look().await)
            .await
            .expect("a high limit");
        admin
    }

    /// The same with the limit that organisations begin with.
    pub(crate) async fn set_up_with_jumps(&self) -> Account<'_> {
        let answer =
            self.call(Method::POST, "/v1/setup", None, Some(setup_body())).await.expect(201);
        Account::from_session(self, &answer.body["session"])
    }

    /// Makes a second organisation; returns its account admin.
    pub(crate) async fn create_another_organization(&self) -> Account<'_> {
        use nearhand_domain::text::{Email, Name, Slug, ZoneName};
        let password = PASSWORD.to_owned();
        let hash = tokio::task::spawn_blocking(move || Passwords::hash_now(&password));
        let first = FirstPassword { hash: hash.await.unwrap().unwrap(), expires_at: None };
        let new = NewOrganization {
            name: Name::parse("Other").unwrap(),
            slug: Slug::parse("other").unwrap(),
            zone: ZoneName::parse("UTC").unwrap(),
            first_name: Name::parse("Olga").unwrap(),
            last_name: Name::parse("Other").unwrap(),
            email: Email::parse("ada@harbour.example").unwrap(),
        };
        let origin = Origin { request_id: "test".into(), remote_addr: None, trace_parent: None };
        let mut tx = self.database.app().await.tenantless().await.expect("a transaction");
        create_organization(&mut tx, &new, &first, origin).await.expect("an organisation");
        tx.commit().await.expect("a commit");
        let body = json!({ "organization": "other", "login": "ada@harbour.example",
            "password": PASSWORD });
        let answer = self.call(Method::POST, "/v1/sessions", None, Some(body)).await.expect(201);
        Account::from_session(self, &answer.body)
    }

    /// One request.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.expect("an answer")).await
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// What the API of a site is set to, unless a test says otherwise.
fn api_config() -> ApiConfig {
    // A test may be its own proxy, and come from any address.
    ApiConfig { trusted_proxy_hops: 1, ..ApiConfig::default() }
}

/// A good setup request.
pub(crate) fn setup_body() -> Value {
    json!({
        "bootstrap_token": BOOTSTRAP,
        "organization": { "name": "Harbour Investigations", "time_zone": "UTC" },
        "admin": {
            "first_name": "Ada", "last_name": "Lovelace", "email": "ada@harbour.example",
            "password": PASSWORD,
        },
    })
}

async fn start_api(
    database: &Database,
    queue: &Queue,
    (objects, config): (Option<Objects>, ApiConfig),
    shutdown: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> (Follower, String) {
    let app = database.app().await;
    let mut tx = app.tenantless().await.expect("a transaction");
    let key = organizations::ensure_installation(&mut tx, random_bytes()).await.expect("a key");
    let hash = TokenHash::of(BOOTSTRAP);
    organizations::offer_bootstrap_token(&mut tx, hash, true).await.expect("the token");
    tx.commit().await.expect("a commit");
    let credentials = Arc::new(Credentials::default());
    let forgetting = Arc::clone(&credentials);
    let follower = Follower::new(Box::new(move |forget| match forget {
        Forget::Subject(id) => forgetting.forget(id),
        Forget::All => forgetting.forget_all(),
    }));
    let parts = ApiParts {
        app,
        producer: queue.producer(),
        follower: follower.clone(),
        credentials,
        objects,
        config,
        cursor_key: key,
        weaker_durability: None,
        shutdown: shutdown.clone(),
    };
    let state = ApiState::new(parts).expect("the state");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let is_local = |peer, headers: &_| nearhand_api::is_local(peer, headers, 0);
    let console =
        nearhand_console::router(nearhand_console::Console::default(), Box::new(is_local));
    let (router, stop) = (nearhand_api::router(state, console), shutdown.clone());
    tasks.spawn(async move {
        nearhand_api::serve(listener, router, ServeConfig::default(), stop).await;
    });
    let (running, pool) = (follower.clone(), database.worker().await);
    let (queue, stop) = (queue.clone(), shutdown.clone());
    tasks.spawn(async move { running.run(pool, queue, FollowerConfig::default(), stop).await });
    (follower, url)
}
