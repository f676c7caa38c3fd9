//! Argon2id off the async threads, a few at a time, so that a burst of logins cannot starve the
//! rest. 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet, 2025).

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use nearhand_domain::text::password_form;
use std::sync::Arc;
use tokio::sync::Semaphore;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Most passwords that wait for their turn; whoever comes then is asked to come back.
const MAX_WAITING: usize = 64;
const RETRY_AFTER_S: u32 = 2;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    running: Arc<Semaphore>,
    /// Those that run and those that wait.
    admitted: Arc<Semaphore>,
    /// Verified against when there is no such account, so that both take the same time.
    decoy: Arc<str>,
}

impl Passwords {
    /// At most `parallel` at a time.
    ///
    /// # Errors
    /// When the parameters are refused or there is no randomness.
    pub fn new(parallel: usize) -> Result<Self, argon2::password_hash::Error> {
        let decoy = Self::hash_now("nobody has this password")?;
        let parallel = parallel.max(1);
        Ok(Self {
            running: Arc::new(Semaphore::new(parallel)),
            admitted: Arc::new(Semaphore::new(parallel + MAX_WAITING)),
            decoy: decoy.into(),
        })
    }

    /// The PHC string of a new password. Takes tens of milliseconds: off the async threads only.
    ///
    /// # Errors
    /// When the parameters are refused or there is no randomness.
    pub fn hash_now(password: &str) -> Result<String, argon2::password_hash::Error> {
        Ok(hasher()?.hash_password(password_form(password).as_bytes())?.to_string())
    }

    /// The PHC string of a new password.
    pub(crate) async fn hash(&self, password: String) -> ApiResult<String> {
        self.run(move || Self::hash_now(&password)).await?.map_err(|error| {
            tracing::error!(error = %error, "hashing a password failed");
            Problem::internal()
        })
    }

    /// Whether the password is the stored one. `None` takes as long and says no.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> ApiResult<bool> {
        let decoy = Arc::clone(&self.decoy);
        self.run(move || {
            let known = stored.is_some();
            let text = stored.unwrap_or_else(|| decoy.to_string());
            let form = password_form(&password);
            let matches = PasswordHash::new(&text).is_ok_and(|hash| {
                let fits =
                    |text: &str| Argon2::default().verify_password(text.as_bytes(), &hash).is_ok();
                // As typed too, for hashes from before passwords had one form.
                fits(&form) || (form != password && fits(&password))
            });
            known && matches
        })
        .await
    }

    /// Both permits go with the work: it goes on when the client has hung up, and so does what it
    /// takes of the memory.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> ApiResult<T> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| {
            let detail = "too many passwords are being checked; try again";
            Problem::new(Code::Unavailable, detail).retry_after(RETRY_AFTER_S)
        })?;
        let running = Arc::clone(&self.running).acquire_owned();
        let running = running.await.map_err(|_| Problem::internal())?;
        let work = move || {
            let done = work();
            drop((running, admitted));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(error = %error, "password work was lost");
            Problem::internal()
        })
    }
}

/// Whether a stored hash was made with other parameters than today's.
pub(crate) fn needs_rehash(stored: &str) -> bool {
    !stored.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"))
}

fn hasher() -> Result<Argon2<'static>, argon2::password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn verifies_only_the_right_one() {
        let passwords = Passwords::new(1).unwrap();
        let hash = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(!needs_rehash(&hash) && needs_rehash("$argon2id$v=19$m=4096,t=3,p=1$x"));
        assert!(
            passwords.verify("correct horse battery".into(), Some(hash.clone())).await.unwrap()
        );
        assert!(!passwords.verify("correct horse batterx".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("nobody has this password".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_still_counts() {
        let passwords = Passwords::new(1).unwrap();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (end, may_end) = std::sync::mpsc::channel::<()>();
        let work = passwords.run(move || {
            begun.send(()).unwrap();
            may_end.recv().unwrap();
        });
        let hung_up = tokio::time::timeout(std::time::Duration::from_millis(50), work).await;
        assert!(hung_up.is_err());
        has_begun.recv().unwrap();
        assert_eq!(passwords.running.available_permits(), 0);
        end.send(()).unwrap();
        passwords.run(|| ()).await.unwrap();
    }

    #[tokio::test]
    async fn only_so_many_wait() {
        let passwords = Passwords::new(1).unwrap();
        let _others = Arc::clone(&passwords.admitted)
            .acquire_many_owned(u32::try_from(MAX_WAITING).unwrap() + 1)
            .await
            .unwrap();
        assert_eq!(passwords.run(|| ()).await.unwrap_err().code(), Code::Unavailable);
    }
}
