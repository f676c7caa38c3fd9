//! What the replay and the demo ask of the API, each call repeated while a fault may pass.

use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Error, Session, persist, secret};

/// How long a passing fault is borne.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// A person, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Person {
    /// Which.
    pub(crate) id: Uuid,
    /// What colleagues see.
    pub(crate) display_name: String,
    /// Unique, where given.
    pub(crate) username: Option<String>,
    /// Whether tracking is permitted at present.
    pub(crate) tracked: bool,
}

#[derive(Deserialize)]
struct Device {
    id: Uuid,
    name: String,
    revoked_at: Option<String>,
}

#[derive(Deserialize)]
struct Enrolled {
    #[serde(deserialize_with = "secret")]
    token: SecretString,
}

impl Session {
    /// Every entry of a list; `path` may hold a query.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Error> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let address = format!("{path}{joint}limit=200{after}");
            let page: Page<T> = self.get(&address).await?;
            items.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(items);
            }
        }
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        persist(PATIENCE, || async { self.call(Method::GET, path).await?.read().await }).await
    }

    /// Creates a resource, once even if the answer is lost on its way.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub(crate) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let key = Uuid::new_v4().to_string();
        persist(PATIENCE, || async {
            let call = self.call(Method::POST, path).await?;
            call.header("idempotency-key", &key).json(body).read().await
        })
        .await
    }

    /// Asks for something that takes no body. Not repeated: its answer may hold a secret.
    ///
    /// # Errors
    /// If the API refuses or does not answer.
    pub(crate) async fn post_empty<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::POST, path).await?.read().await
    }

    /// Replaces a resource, whatever its version.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub(crate) async fn put(&self, path: &str, body: &impl Serialize) -> Result<(), Error> {
        persist(PATIENCE, || async {
            self.call(Method::PUT, path).await?.header("if-match", "*").json(body).done().await
        })
        .await
    }

    /// Changes a resource, whatever its version.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<(), Error> {
        persist(PATIENCE, || async {
            self.call(Method::PATCH, path).await?.header("if-match", "*").json(body).done().await
        })
        .await
    }

    /// Records a person's consent to being tracked, or finds it recorded.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub(crate) async fn permit_tracking(
        &self,
        staff: Uuid,
        legal_basis: &str,
        hours_margin_min: Option<u16>,
    ) -> Result<(), Error> {
        let body = json!({ "legal_basis": legal_basis, "hours_margin_min": hours_margin_min });
        match self.put(&format!("/v1/staff/{staff}/tracking"), &body).await {
            Err(error) if error.is("already_tracked") => Ok(()),
            result => result,
        }
    }

    /// Enrols a device under this name; earlier ones of that name are revoked, as nobody knows
    /// their tokens any more.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub(crate) async fn enrol(&self, staff: Uuid, name: &str) -> Result<SecretString, Error> {
        let path = format!("/v1/staff/{staff}/devices");
        let devices: Vec<Device> = self.list(&path).await?;
        let lost = |device: &Device| device.name == name && device.revoked_at.is_none();
        for device in devices.into_iter().filter(lost) {
            let address = format!("{path}/{}", device.id);
            persist(PATIENCE, || async { self.call(Method::DELETE, &address).await?.done().await })
                .await?;
        }
        self.enrol_first(staff, name).await
    }

    /// Enrols a device of a person who has none of this name.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub(crate) async fn enrol_first(&self, staff: Uuid, name: &str) -> Result<SecretString, Error> {
        let path = format!("/v1/staff/{staff}/devices");
        let body = json!({ "name": name });
        let enrolled: Enrolled = persist(PATIENCE, || async {
            self.call(Method::POST, &path).await?.json(&body).read().await
        })
        .await?;
        Ok(enrolled.token)
    }
}

/// Whether a device token is accepted: an empty batch costs the server nothing.
///
/// # Errors
/// If the API refuses for another reason, or does not answer in time.
pub(crate) async fn token_works(
    client: &super::Client,
    token: &SecretString,
) -> Result<bool, Error> {
    let nothing = json!({ "pings": [] });
    let asked = persist(PATIENCE, || async {
        client.call(Method::POST, "/v1/pings").bearer(token).json(&nothing).done().await
    });
    match asked.await {
        Ok(()) => Ok(true),
        Err(error) if error.is_unauthorized() => Ok(false),
        Err(error) => Err(error),
    }
}
