//! A session that stays alive: its access token is exchanged before it ends.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nearhand_domain::clock;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::{Call, Client, Error, secret};

/// A token with less time left is exchanged first.
const LEFT: SignedDuration = SignedDuration::from_secs(60);

/// Who logs in.
#[derive(Clone)]
pub struct Login {
    /// The organisation's slug; not needed while there is only one.
    pub organization: Option<String>,
    /// E-mail address or user name.
    pub login: String,
    /// Password.
    pub password: SecretString,
}

/// A session's tokens, as the API gives them.
#[derive(Debug, Deserialize)]
pub(crate) struct Tokens {
    /// Tenant.
    pub(crate) organization_id: uuid::Uuid,
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    access_expires_at: Timestamp,
    #[serde(deserialize_with = "secret")]
    refresh_token: SecretString,
    /// The password is temporary: only a new one can be set.
    pub(crate) must_change_password: bool,
}

struct Current {
    access: SecretString,
    /// When it ends, and what renews it; a token given from outside has neither.
    renewal: Option<(Timestamp, SecretString)>,
}

/// A person's access to the API.
#[derive(Clone)]
pub struct Session {
    client: Client,
    login: Option<Arc<Login>>,
    current: Arc<Mutex<Current>>,
}

impl From<Tokens> for Current {
    fn from(tokens: Tokens) -> Self {
        Self {
            access: tokens.access_token,
            renewal: Some((tokens.access_expires_at, tokens.refresh_token)),
        }
    }
}

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// If the API refuses or does not answer.
    pub async fn open(client: &Client, login: Login) -> Result<Self, Error> {
        let tokens = log_in(client, &login).await?;
        Ok(Self::held(client, tokens.into(), Some(login)))
    }

    /// A session opened already, renewed by logging in again should it be lost.
    pub(crate) fn of_tokens(client: &Client, tokens: Tokens, login: Login) -> Self {
        Self::held(client, tokens.into(), Some(login))
    }

    /// A session of an access token that cannot be renewed here. The token is tried at once, so that
    /// a bad one is noticed before any work.
    ///
    /// # Errors
    /// If the API refuses the token or does not answer.
    pub async fn of_token(client: &Client, token: SecretString) -> Result<Self, Error> {
        let session = Self::held(client, Current { access: token, renewal: None }, None);
        session.call(Method::GET, "/v1/me").await?.done().await?;
        Ok(session)
    }

    fn held(client: &Client, current: Current, login: Option<Login>) -> Self {
        Self {
            client: client.clone(),
            login: login.map(Arc::new),
            current: Arc::new(Mutex::new(current)),
        }
    }

    /// The API.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// An access token with at least a minute left, if it can be renewed.
    ///
    /// # Errors
    /// If it had to be renewed and the API refused.
    pub(crate) async fn token(&self) -> Result<SecretString, Error> {
        let mut current = self.current.lock().await;
        if let Some((expires_at, refresh)) = &current.renewal
            && clock::now() + LEFT >= *expires_at
        {
            *current = self.renewed(refresh).await?.into();
        }
        Ok(current.access.clone())
    }

    /// A fresh access token, whatever the present one has left.
    ///
    /// # Errors
    /// If the API refused.
    pub(crate) async fn renew(&self) -> Result<SecretString, Error> {
        let mut current = self.current.lock().await;
        if let Some((_, refresh)) = &current.renewal {
            *current = self.renewed(refresh).await?.into();
        }
        Ok(current.access.clone())
    }

    async fn renewed(&self, refresh: &SecretString) -> Result<Tokens, Error> {
        let body = json!({ "refresh_token": refresh.expose_secret() });
        let exchange = self.client.call(Method::POST, "/v1/sessions/refresh").json(&body).read();
        match (exchange.await, &self.login) {
            (Err(error), Some(login)) if error.is_unauthorized() => {
                log_in(&self.client, login).await
            }
            (result, _) => result,
        }
    }

    /// Begins a request in this session.
    ///
    /// # Errors
    /// If the token had to be renewed and the API refused.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: impl Into<String>,
    ) -> Result<Call<'_>, Error> {
        let token = self.token().await?;
        Ok(self.client.call(method, path).bearer(&token))
    }
}

/// One login.
///
/// # Errors
/// If the API refuses or does not answer.
pub(crate) async fn log_in(client: &Client, login: &Login) -> Result<Tokens, Error> {
    let mut body = json!({ "login": login.login, "password": login.password.expose_secret() });
    if let Some(slug) = &login.organization {
        body["organization"] = json!(slug);
    }
    client.call(Method::POST, "/v1/sessions").json(&body).read().await
}
