//! Raises the organisation's limit for jumps while traces are played faster than they were recorded,
//! and sets it back. Must not change any other setting.

use crate::Say;
use crate::client::{Error, Session};
use serde::Deserialize;
use serde_json::json;

/// The highest limit there is, in metres a second.
const HIGHEST_MPS: u16 = 30_000;
const SETTINGS: &str = "/v1/organization";

#[derive(Deserialize)]
struct Settings {
    jump_limit_mps: u16,
}

/// The limit as it was before.
pub struct RaisedLimit {
    session: Session,
    before_mps: u16,
    say: Say,
}

impl RaisedLimit {
    /// Raises the limit to the highest, and says so.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub async fn raise(session: &Session, say: Say) -> Result<Self, Error> {
        let Settings { jump_limit_mps: before_mps } = session.get(SETTINGS).await?;
        session.patch(SETTINGS, &json!({ "jump_limit_mps": HIGHEST_MPS })).await?;
        say(&format!(
            "the organisation's jump_limit_mps is {HIGHEST_MPS} instead of {before_mps} until the end"
        ));
        Ok(Self { session: session.clone(), before_mps, say })
    }

    /// Sets it back, and says so; if that fails, says how to do it by hand.
    ///
    /// # Errors
    /// If the API refuses or does not answer in time.
    pub async fn restore(self) -> Result<(), Error> {
        let Self { session, before_mps, say } = self;
        match session.patch(SETTINGS, &json!({ "jump_limit_mps": before_mps })).await {
            Ok(()) => {
                say(&format!("the organisation's jump_limit_mps is {before_mps} again"));
                Ok(())
            }
            Err(error) => {
                say(&format!(
                    "WARNING: jump_limit_mps could not be set back; do it by hand: PATCH {SETTINGS} \
                     {{\"jump_limit_mps\":{before_mps}}}"
                ));
                Err(error)
            }
        }
    }
}
