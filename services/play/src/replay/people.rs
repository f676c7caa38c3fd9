//! The people whose phones a replay plays: made for it through the API, found again next time.

use std::collections::HashMap;
use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::client::{Person, Session, read_private, token_works, write_private};

/// Requests under way at a time.
const AT_A_TIME: usize = 8;
const DEVICE: &str = "replay";
const LEGAL_BASIS: &str = "recorded traces, replayed; nobody is tracked";

/// A phone that may send.
pub(super) struct Enrolled {
    /// Its device token.
    pub(super) token: SecretString,
    /// Its person, if known.
    pub(super) staff: Option<Uuid>,
}

/// What is remembered between replays.
#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    /// The API's base URL; tokens of another are of no use.
    base: String,
    /// Token by person.
    tokens: HashMap<Uuid, String>,
}

/// Tokens from a file, one a line; empty lines and those that begin with `#` are skipped.
pub(super) fn from_file(path: &Path) -> anyhow::Result<Vec<Enrolled>> {
    let bytes = read_private(path)?;
    let bytes = bytes.ok_or_else(|| anyhow::anyhow!("{} is not there", path.display()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow::anyhow!("{} is not UTF-8 text", path.display()))?;
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, token)| {
            anyhow::ensure!(
                token.starts_with("nh_dev_") && !token.contains(char::is_whitespace),
                "{}:{number}: is no device token (they begin with nh_dev_)",
                path.display()
            );
            Ok(Enrolled { token: token.into(), staff: None })
        })
        .collect()
}

/// Makes or finds as many people as needed, `Replay 001` and on, each with tracking permitted and
/// a device whose token is known.
pub(super) async fn ensure(
    session: &Session,
    count: usize,
    state: Option<&Path>,
) -> anyhow::Result<Vec<Enrolled>> {
    let remembered = state.map(read_private).transpose()?.flatten();
    let remembered: Remembered = remembered
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .filter(|remembered: &Remembered| remembered.base == session.client().base())
        .unwrap_or_default();
    let known: Vec<Person> = session.list("/v1/staff?q=Replay%20&active=true").await?;
    let known: HashMap<String, Person> =
        known.into_iter().map(|person| (person.display_name.clone(), person)).collect();
    let one = |number: usize| {
        let name = format!("Replay {number:03}");
        let (known, remembered) = (known.get(&name).cloned(), &remembered);
        async move { enrol(session, &name, known, remembered).await }
    };
    let enrolled: Vec<(Uuid, SecretString)> =
        stream::iter((1..=count).map(one)).buffered(AT_A_TIME).try_collect().await?;
    if let Some(path) = state {
        // Those not played this time stay remembered.
        let mut tokens = remembered.tokens;
        tokens.extend(enrolled.iter().map(|(id, token)| (*id, token.expose_secret().to_owned())));
        let remembered = Remembered { base: session.client().base().to_owned(), tokens };
        write_private(path, &serde_json::to_vec_pretty(&remembered)?)?;
    }
    let phone = |(staff, token)| Enrolled { token, staff: Some(staff) };
    Ok(enrolled.into_iter().map(phone).collect())
}

async fn enrol(
    session: &Session,
    name: &str,
    known: Option<Person>,
    remembered: &Remembered,
) -> anyhow::Result<(Uuid, SecretString)> {
    let person = match known {
        Some(person) => person,
        None => session.create("/v1/staff", &json!({ "display_name": name })).await?,
    };
    if !person.tracked {
        session.permit_tracking(person.id, LEGAL_BASIS, None).await?;
    }
    if let Some(token) = remembered.tokens.get(&person.id) {
        let token = SecretString::from(token.clone());
        if token_works(session.client(), &token).await? {
            return Ok((person.id, token));
        }
    }
    Ok((person.id, session.enrol(person.id, DEVICE).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_tokens_may_have_comments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("devices");
        std::fs::write(&path, "# ours\nnh_dev_a_b\n\n  nh_dev_c_d  \n").unwrap();
        assert_eq!(from_file(&path).unwrap().len(), 2);
        std::fs::write(&path, "nh_dev_a_b\nnh_acc_a_b\n").unwrap();
        let error = from_file(&path).err().unwrap().to_string();
        assert!(error.contains("devices:2: is no device token"), "{error}");
        assert!(!error.contains("nh_acc_a_b"));
    }
}
