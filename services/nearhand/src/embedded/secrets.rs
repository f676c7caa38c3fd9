//! The servers' passwords: made once, kept in a file only we can read.
//!
//! Nothing here prints or logs one.

use std::fs;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::data_dir::DataDir;
use super::error::Error;
use super::marker::write_private;

/// Passwords of 256 random bits in hexadecimal, so that they stand in a URL as they are.
#[derive(Serialize, Deserialize)]
struct Stored {
    postgres_superuser: String,
    postgres_owner: String,
    postgres_app: String,
    postgres_worker: String,
    redis: String,
}

/// The servers' passwords.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    /// Of the superuser, for the bootstrap only.
    pub(crate) superuser: SecretString,
    /// Of `nearhand_owner`.
    pub(crate) owner: SecretString,
    /// Of `nearhand_app`.
    pub(crate) app: SecretString,
    /// Of `nearhand_worker`.
    pub(crate) worker: SecretString,
    /// Of Redis.
    pub(crate) redis: SecretString,
}

/// Reads the data directory's passwords, or makes them.
///
/// # Errors
/// If the file cannot be read, understood or written.
pub(crate) fn load_or_create(data_dir: &DataDir) -> Result<Secrets, Error> {
    let path = data_dir.secrets();
    let broken =
        |error: serde_json::Error| Error::Marker { path: path.clone(), reason: error.to_string() };
    let stored = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(broken)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = Stored {
                postgres_superuser: random()?,
                postgres_owner: random()?,
                postgres_app: random()?,
                postgres_worker: random()?,
                redis: random()?,
            };
            write_private(&path, &serde_json::to_vec_pretty(&made).map_err(broken)?)?;
            made
        }
        Err(error) => return Err(Error::file("read", &path)(error)),
    };
    Ok(Secrets {
        superuser: stored.postgres_superuser.into(),
        owner: stored.postgres_owner.into(),
        app: stored.postgres_app.into(),
        worker: stored.postgres_worker.into(),
        redis: stored.redis.into(),
    })
}

fn random() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::System(format!("the system gave no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn passwords_are_kept_private_and_stay() {
        let open = fs::Permissions::from_mode(0o755);
        let parent = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let data_dir = DataDir::open(&parent.path().join("data")).unwrap();
        let first = load_or_create(&data_dir).unwrap();
        let again = load_or_create(&data_dir).unwrap();
        assert_eq!(first.app.expose_secret(), again.app.expose_secret());
        assert_ne!(first.app.expose_secret(), first.worker.expose_secret());
        assert_eq!(first.redis.expose_secret().len(), 64);
        let mode = fs::metadata(data_dir.secrets()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{first:?}").contains(first.app.expose_secret()));
        data_dir.remove().unwrap();
    }
}
