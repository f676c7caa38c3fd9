//! The account admin of a run: sets it up, makes people with phones, and reads what the APIs show.
//! Logs in anew when a session has ended.

use crate::{people::Enrolled, stack::BOOTSTRAP};
use anyhow::{Context, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use uuid::Uuid;

const LOGIN: &str = "ada@harbour.example";
const PASSWORD: &str = "seven tall lighthouses";
/// How long an API that does not answer is asked again.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(100);

/// The admin.
pub(crate) struct Admin {
    pub(crate) organization: Uuid,
    http: Client,
    token: Mutex<String>,
}

impl Admin {
    /// Makes the organisation and its admin.
    pub(crate) async fn set_up(url: &str) -> anyhow::Result<Self> {
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        let body = json!({
            "bootstrap_token": BOOTSTRAP,
            "organization": { "name": "Harbour Investigations", "time_zone": "UTC" },
            "admin": { "first_name": "Ada", "last_name": "Lovelace", "email": LOGIN,
                "password": PASSWORD },
        });
        let answer = http.post(format!("{url}/v1/setup")).json(&body).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        let token = text(&answer, "/session/access_token")?;
        let organization = text(&answer, "/session/organization_id")?.parse()?;
        Ok(Self { organization, http, token: Mutex::new(token) })
    }

    /// Reads a resource.
    pub(crate) async fn get(&self, url: &str, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, url, path, None).await
    }

    /// Sends a body.
    pub(crate) async fn post(&self, url: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, url, path, Some(body)).await
    }

    /// A person who is tracked, with a phone.
    pub(crate) async fn enrol(&self, url: &str, name: &str) -> anyhow::Result<Enrolled> {
        let person = self.post(url, "/v1/staff", &json!({ "display_name": name })).await?;
        let staff = text(&person, "/id")?;
        let basis = json!({ "legal_basis": "consent" });
        self.ask(Method::PUT, url, &format!("/v1/staff/{staff}/tracking"), Some(&basis)).await?;
        let path = format!("/v1/staff/{staff}/devices");
        let phone = self.post(url, &path, &json!({ "name": "phone" })).await?;
        Ok(Enrolled {
            staff: staff.parse()?,
            device: text(&phone, "/device/id")?.parse()?,
            token: text(&phone, "/token")?,
        })
    }

    /// Revokes a phone's token.
    pub(crate) async fn revoke(&self, url: &str, staff: Uuid, device: Uuid) -> anyhow::Result<()> {
        let path = format!("/v1/staff/{staff}/devices/{device}");
        self.ask(Method::DELETE, url, &path, None).await.map(drop)
    }

    /// Asks until the API answers with a success; a refusal for good is an error.
    async fn ask(
        &self,
        method: Method,
        url: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let begun = Instant::now();
        loop {
            let problem = match self.attempt(&method, url, path, body).await? {
                Ok(answer) => return Ok(answer),
                Err(problem) => problem,
            };
            if begun.elapsed() > PATIENCE {
                bail!("{method} {path} was not answered within {PATIENCE:?}: {problem}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads a resource; none if the API does not answer with it at once.
    pub(crate) async fn get_once(&self, url: &str, path: &str) -> Option<Value> {
        self.attempt(&Method::GET, url, path, None).await.ok()?.ok()
    }

    /// One request. The inner error may pass.
    async fn attempt(
        &self,
        method: &Method,
        url: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Result<Value, String>> {
        let token = self.token.lock().await.clone();
        let mut request = self.http.request(method.clone(), format!("{url}{path}"));
        request = request.bearer_auth(&token).header("if-match", "*");
        if let Some(body) = body {
            request = request.json(body);
        }
        let Ok(answer) = request.send().await else { return Ok(Err("no answer".to_owned())) };
        let status = answer.status();
        if status == StatusCode::NO_CONTENT {
            return Ok(Ok(Value::Null));
        }
        if status.is_success() {
            return Ok(answer.json().await.map_err(|_| "the answer broke off".to_owned()));
        }
        if status == StatusCode::UNAUTHORIZED {
            let problem = self.log_in(url, &token).await.err().map(|error| error.to_string());
            return Ok(Err(problem.unwrap_or_else(|| "the session had ended".to_owned())));
        }
        if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
            bail!("{method} {path}: {status} {}", answer.text().await.unwrap_or_default())
        }
        Ok(Err(status.to_string()))
    }

    /// Logs in, unless somebody has meanwhile.
    async fn log_in(&self, url: &str, ended: &str) -> anyhow::Result<()> {
        let mut token = self.token.lock().await;
        if *token != ended {
            return Ok(());
        }
        let body = json!({ "login": LOGIN, "password": PASSWORD });
        let answer = self.http.post(format!("{url}/v1/sessions")).json(&body).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        *token = text(&answer, "/access_token")?;
        Ok(())
    }
}

/// The text at an RFC 6901 pointer.
pub(crate) fn text(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found.with_context(|| format!("an answer without {pointer}"))?.to_owned())
}
