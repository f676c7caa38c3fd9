//! People and phones of a site, as the tests act for them.

use super::{Answer, Site};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

/// A person with a session.
#[derive(Clone)]
pub(crate) struct Account<'a> {
    pub(crate) site: &'a Site,
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

/// A device of a person.
#[derive(Clone)]
pub(crate) struct Phone<'a> {
    pub(crate) site: &'a Site,
    pub(crate) id: String,
    pub(crate) token: String,
}

impl<'a> Account<'a> {
    /// From the answer of a login or a setup.
    pub(crate) fn from_session(site: &'a Site, session: &Value) -> Self {
        let text = |name: &str| session[name].as_str().expect("a session").to_owned();
        Self {
            site,
            id: text("staff_id"),
            token: text("access_token"),
            refresh_token: text("refresh_token"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.site.call(Method::GET, path, Some(&self.token), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.site.call(Method::POST, path, Some(&self.token), Some(body)).await
    }

    /// A replacement of any version.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.update(Method::PUT, path, Some("*"), body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.site.call(Method::DELETE, path, Some(&self.token), None).await
    }

    /// A change of any version.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.update(Method::PATCH, path, Some("*"), body).await
    }

    /// A change of one version, or of none named.
    pub(crate) async fn update(
        &self,
        method: Method,
        path: &str,
        version: Option<&str>,
        body: Value,
    ) -> Answer {
        let request = self.site.http.request(method, format!("{}{path}", self.site.url));
        let mut request = request.bearer_auth(&self.token).json(&body);
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// A POST under an idempotency key.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        let request = self.site.http.post(format!("{}{path}", self.site.url));
        let request = request.bearer_auth(&self.token).header("idempotency-key", key).json(&body);
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// Replaces a person's photo of any version.
    pub(crate) async fn put_photo(&self, staff: &str, kind: &str, image: Vec<u8>) -> Answer {
        let path = format!("/v1/staff/{staff}/photo");
        let request = self.site.http.put(format!("{}{path}", self.site.url));
        let request = request.bearer_auth(&self.token).header("content-type", kind);
        let request = request.header("if-match", "*").body(image);
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// Asks for an export that nobody begins; returns its job.
    pub(crate) async fn queue_export(&self) -> String {
        use nearhand_domain::{
            JobId, OrganizationId, clock,
            jobs::{ExportJob, JobKind},
        };
        use nearhand_storage::jobs::{self, NewJob};
        let database = &self.site.database;
        let requested_by: uuid::Uuid = self.id.parse().expect("an id");
        let organization: uuid::Uuid =
            sqlx::query_scalar("SELECT organization_id FROM staff WHERE id = $1")
                .bind(requested_by)
                .fetch_one(&mut database.look().await)
                .await
                .expect("the organisation");
        let organization = OrganizationId(organization);
        let id = JobId::generate();
        let (kind, requested_at) = (JobKind::Export, clock::now());
        let job = NewJob { id, kind, total: Some(40), requested_by, requested_at };
        let mut tx = database.app().await.tenant(organization).await.expect("a transaction");
        jobs::create(&mut tx, organization, job).await.expect("a job");
        jobs::enqueue(&mut tx, &ExportJob::new(organization, id), None).await.expect("queued");
        tx.commit().await.expect("a commit");
        id.to_string()
    }

    /// An export whose file has been made; returns its id.
    pub(crate) async fn queue_file(&self) -> String {
        let body = serde_json::json!({ "kind": "staff", "format": "csv" });
        let id = self.post("/v1/exports", body).await.expect(202).str("/id").to_owned();
        sqlx::query("UPDATE exports SET content = 'id' WHERE id = $1")
            .bind(id.parse::<uuid::Uuid>().expect("an id"))
            .execute(&mut self.site.database.look().await)
            .await
            .expect("a file");
        id
    }

    /// An archive of one's own data that has been made; returns its id.
    pub(crate) async fn queue_archive(&self) -> String {
        let body = serde_json::json!({});
        let id = self.post("/v1/me/data-export", body).await.expect(202).str("/id").to_owned();
        let mut db = self.site.database.look().await;
        for statement in [
            "UPDATE exports SET run = id, size = 2 WHERE id = $1",
            "INSERT INTO export_parts (organization_id, export_id, run, part, content) \
             SELECT organization_id, id, id, 0, 'PK' FROM exports WHERE id = $1",
        ] {
            let made = sqlx::query(statement).bind(id.parse::<uuid::Uuid>().expect("an id"));
            made.execute(&mut db).await.expect("an archive");
        }
        id
    }

    /// Creates a person; returns their id.
    pub(crate) async fn create_staff(&self, body: Value) -> String {
        self.post("/v1/staff", body).await.expect(201).str("/id").to_owned()
    }

    /// Creates one of a kind that needs no more than a name; returns its id.
    pub(crate) async fn create_named(&self, path: &str, name: &str) -> String {
        self.post(path, json!({ "name": name })).await.expect(201).str("/id").to_owned()
    }

    /// Creates a person with this role who can log in, and logs them in with a password of their
    /// own.
    pub(crate) async fn create_account(&self, role: &str, level: &str) -> Account<'a> {
        self.create_account_with(role, level, json!({})).await
    }

    /// The same with further fields, such as departments and scopes.
    pub(crate) async fn create_account_with(
        &self,
        role: &str,
        level: &str,
        fields: Value,
    ) -> Account<'a> {
        let email = format!("{role}-{}@harbour.example", uuid::Uuid::now_v7().simple());
        let mut body = json!({
            "first_name": "Grace", "last_name": role, "email": email,
            "admin_role": role, "access_level": level,
        });
        for (name, value) in fields.as_object().expect("fields") {
            body[name] = value.clone();
        }
        let id = self.create_staff(body).await;
        let path = format!("/v1/staff/{id}/password");
        let temporary = self.post(&path, json!({})).await.expect(201).str("/password").to_owned();
        let first = log_in(self.site, &email, &temporary).await.expect(201);
        let first = Account::from_session(self.site, &first.body);
        let own = "nine quiet harbour cranes";
        let change = json!({ "current_password": temporary, "new_password": own });
        first.post("/v1/me/password", change).await.expect(204);
        let session = log_in(self.site, &email, own).await.expect(201);
        Account::from_session(self.site, &session.body)
    }

    /// Permits tracking of a person and enrols a phone of theirs.
    pub(crate) async fn create_phone(&self, staff: &str) -> Phone<'a> {
        let basis = json!({ "legal_basis": "written consent" });
        self.put(&format!("/v1/staff/{staff}/tracking"), basis).await.expect(200);
        let path = format!("/v1/staff/{staff}/devices");
        let answer = self.post(&path, json!({ "name": "a phone" })).await.expect(201);
        let (id, token) = (answer.str("/device/id").to_owned(), answer.str("/token").to_owned());
        Phone { site: self.site, id, token }
    }
}

impl Phone<'_> {
    /// Sends fixes.
    pub(crate) async fn send(&self, pings: Value) -> Answer {
        let body = json!({ "pings": pings });
        self.site.call(Method::POST, "/v1/pings", Some(&self.token), Some(body)).await
    }

    /// Lets everybody's consent begin a day earlier, so that fixes of the past are kept. Before the
    /// first request of a phone, because the gate is cached.
    pub(crate) async fn consent_since_yesterday(&self) {
        let mut look = self.site.database.look().await;
        for statement in [
            "UPDATE tracking_permissions SET granted_at = granted_at - interval '1 day'",
            "UPDATE staff SET version = version + 1",
            "INSERT INTO outbox (organization_id, kind, entity_id) \
             SELECT organization_id, 'staff', id FROM staff",
        ] {
            sqlx::query(statement).execute(&mut look).await.expect("an earlier consent");
        }
    }

    /// Sends one fix of now.
    pub(crate) async fn send_from(&self, lat: f64, lng: f64) -> Answer {
        self.send(json!([{ "fix_at": now(), "lat": lat, "lng": lng, "accuracy_m": 8 }])).await
    }
}

/// Logs in.
pub(crate) async fn log_in(site: &Site, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password });
    site.call(Method::POST, "/v1/sessions", None, Some(body)).await
}

/// Logs in where there are several organisations.
pub(crate) async fn log_in_to(
    site: &Site,
    organization: &str,
    login: &str,
    password: &str,
) -> Answer {
    let body = json!({ "organization": organization, "login": login, "password": password });
    site.call(Method::POST, "/v1/sessions", None, Some(body)).await
}

/// The present instant as phones write it.
pub(crate) fn now() -> String {
    nearhand_domain::clock::now().to_string()
}

/// An instant so many seconds from now.
pub(crate) fn seconds_from_now(seconds: i64) -> String {
    let at: Timestamp = nearhand_domain::clock::now();
    (at + jiff::SignedDuration::from_secs(seconds)).to_string()
}
