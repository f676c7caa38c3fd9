//! Sending over SMTP. Must not retry, and must not log what it sends.

mod outcome;
mod settings;

use crate::mailer::SendError;
use lettre::{
    Message,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use outcome::Stage;
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::timeout;

pub use settings::{DEFAULT_TIMEOUT, SettingsError, SmtpSettings};

/// How long the server may take to say goodbye once it has accepted the mail.
const GOODBYE: Duration = Duration::from_secs(2);

/// A mail server and how to log in to it. Clones share it. `Debug` prints the server alone.
#[derive(Clone)]
pub struct Smtp(Arc<Server>);

struct Server {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<Credentials>,
    from: Mailbox,
    hello: ClientId,
    timeout: Duration,
}

/// How a connection is protected.
enum Protection {
    /// Not at all.
    Plain,
    /// By STARTTLS before anything else is said.
    StartTls(TlsParameters),
    /// By TLS from its start.
    Tls(TlsParameters),
}

impl Smtp {
    /// Reads the settings. Does not connect.
    ///
    /// # Errors
    /// When a setting is wrong.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SettingsError> {
        settings::read(settings).map(|server| Self(Arc::new(server)))
    }

    pub(crate) fn from(&self) -> &Mailbox {
        &self.0.from
    }

    /// Sends a message in a connection of its own.
    ///
    /// The time for the goodbye is not part of the timeout: the mail has been accepted, and calling
    /// it failed would send it twice.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), SendError> {
        let longest = self.0.timeout;
        let mut connection = timeout(longest, Box::pin(self.0.deliver(message)))
            .await
            .map_err(|_| outcome::too_slow(longest))??;
        if timeout(GOODBYE, connection.quit()).await.is_err() {
            tracing::debug!("the mail server accepted a mail and did not say goodbye");
        }
        Ok(())
    }
}

impl Server {
    /// Gives the connection back once the server has accepted the message.
    async fn deliver(&self, message: &Message) -> Result<AsyncSmtpConnection, SendError> {
        let mut connection =
            self.connect().await.map_err(|error| outcome::judge(Stage::Connect, &error))?;
        connection
            .send(message.envelope(), &message.formatted())
            .await
            .map_err(|error| outcome::judge(Stage::Mail, &error))?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let tls = match &self.protection {
            Protection::Tls(parameters) => Some(parameters.clone()),
            Protection::Plain | Protection::StartTls(_) => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, None, &self.hello, tls, None).await?;
        if let Protection::StartTls(parameters) = &self.protection {
            connection.starttls(parameters.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{})", self.0.host, self.0.port)
    }
}
