//! Background jobs: what their queue holds, and what a person can watch. Payloads are ids and
//! numbers, never names, addresses or secrets: the queue's table has no row security.

use crate::{
    AssignmentId, CaseId, JobId, MailId, OfferId, OrganizationId, PhotoId, StaffId, access::words,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The layout of payloads that this version writes and reads.
const LAYOUT: u16 = 1;

/// What one queue carries.
pub trait Payload: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The queue's name. Never changes.
    const QUEUE: &'static str;

    /// Whose job it is.
    fn organization(&self) -> OrganizationId;

    /// How often it has been tried, this time included: 1 and up.
    fn attempt(&self) -> u32;

    /// The same job, to be tried once more.
    #[must_use]
    fn again(&self) -> Self;
}

/// Why a payload cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// A newer version wrote it.
    #[error(
        "layout {0} is newer than this program; retry the job once every worker has been renewed"
    )]
    UnknownLayout(u64),
    /// It is not what this queue carries.
    #[error("the payload cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct Written<'a, P> {
    v: u16,
    #[serde(flatten)]
    payload: &'a P,
}

#[derive(Deserialize)]
struct Head {
    v: u64,
}

/// A payload as the queue keeps it.
///
/// # Errors
/// When it is no JSON object, which no payload of this module is.
pub fn encode<P: Payload>(payload: &P) -> Result<Vec<u8>, PayloadError> {
    Ok(serde_json::to_vec(&Written { v: LAYOUT, payload })?)
}

/// A payload as it was written by [`encode`], perhaps of another version of this program.
///
/// # Errors
/// When a newer version wrote it, or it is not what this queue carries.
pub fn decode<P: Payload>(bytes: &[u8]) -> Result<P, PayloadError> {
    let Head { v } = serde_json::from_slice(bytes)?;
    if v != u64::from(LAYOUT) {
        return Err(PayloadError::UnknownLayout(v));
    }
    Ok(serde_json::from_slice(bytes)?)
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident $queue:literal {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $name {
                /// Tenant.
                pub organization: OrganizationId,
                $($(#[$field_doc])* pub $field: $kind,)*
                /// How often it has been tried, this time included.
                pub attempt: u32,
            }

            impl $name {
                /// A job that has not been tried yet.
                #[must_use]
                pub fn new(organization: OrganizationId, $($field: $kind),*) -> Self {
                    Self { organization, $($field,)* attempt: 1 }
                }
            }

            impl Payload for $name {
                const QUEUE: &'static str = $queue;

                fn organization(&self) -> OrganizationId {
                    self.organization
                }

                fn attempt(&self) -> u32 {
                    self.attempt
                }

                fn again(&self) -> Self {
                    Self { attempt: self.attempt.saturating_add(1), ..*self }
                }
            }
        )*

        /// The names of all queues.
        pub const QUEUES: &[&str] = &[$($queue),*];
    };
}

payloads! {
    /// Send a mail.
    MailJob "mail" {
        /// Which.
        mail: MailId,
    }
    /// Find the place of an address of a person or a case.
    GeocodeJob "geocode" {
        /// Whose.
        #[serde(flatten)] subject: GeocodeSubject,
        /// Which of its addresses: a job for an older one does nothing.
        address_version: i64,
    }
    /// Make the small versions of a photo, or delete its files if the person has another or none.
    PhotoJob "photo" {
        /// Whose.
        staff: StaffId,
        /// Which of their photos.
        photo: PhotoId,
    }
    /// Write the rows of an import.
    ImportJob "import" {
        /// What its author watches.
        job: JobId,
    }
    /// Make the file of an export.
    ExportJob "export" {
        /// What its author watches.
        job: JobId,
    }
    /// Make the archive of everything that is held on a person.
    DataExportJob "data_export" {
        /// What its author watches.
        job: JobId,
    }
    /// Remove what is left of a person who has been erased.
    EraseJob "erase" {
        /// Whom.
        staff: StaffId,
        /// What its author watches; of a purge nobody watches anything.
        job: JobId,
    }
    /// Do what is due with an offer: time people out, ask the next, end it.
    OfferJob "offer" {
        /// Which.
        offer: OfferId,
    }
    /// Compute when somebody arrived at the site of a case, and left it.
    ArrivalJob "arrival" {
        /// By which they hold the case.
        assignment: AssignmentId,
    }
}

/// Whose address is looked for. In a payload: `"staff": id` or `"case": id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeocodeSubject {
    /// A person's, who lives there.
    Staff(StaffId),
    /// A case's, which is worked on there.
    Case(CaseId),
}

impl From<StaffId> for GeocodeSubject {
    fn from(id: StaffId) -> Self {
        Self::Staff(id)
    }
}

impl From<CaseId> for GeocodeSubject {
    fn from(id: CaseId) -> Self {
        Self::Case(id)
    }
}

words! {
    /// What work that can be watched does.
    JobKind {
        /// Writes the rows of an import.
        Import = "import",
        /// Makes the file of an export.
        Export = "export",
        /// Removes what is left of an erased person.
        Erase = "erase",
    }
}

words! {
    /// How far work has come that can be watched.
    JobState {
        /// It waits for a worker.
        Queued = "queued",
        /// A worker is at it.
        Running = "running",
        /// It was done.
        Succeeded = "succeeded",
        /// It was given up.
        Failed = "failed",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
}

impl JobState {
    /// Whether nothing will change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_back_as_they_went() {
        let staff = StaffId::generate();
        let job = GeocodeJob::new(OrganizationId::generate(), staff.into(), 7);
        let bytes = encode(&job).unwrap();
        assert_eq!(decode::<GeocodeJob>(&bytes).unwrap(), job);
        assert_eq!((job.again().attempt, job.attempt), (2, 1));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with(r#"{"v":1,"#), "{text}");
        assert!(text.contains(&format!(r#""staff":"{staff}""#)), "{text}");
        let job = GeocodeJob::new(OrganizationId::generate(), CaseId::generate().into(), 1);
        assert_eq!(decode::<GeocodeJob>(&encode(&job).unwrap()).unwrap(), job);
    }

    #[test]
    fn what_cannot_be_worked_on_says_why() {
        let newer = decode::<MailJob>(br#"{"v":2,"letter":"x"}"#).unwrap_err();
        assert!(newer.to_string().starts_with("layout 2"), "{newer}");
        for bad in ["", "[]", "{}", "\u{0}", r#"{"v":1}"#, r#"{"v":"1"}"#] {
            let error = decode::<MailJob>(bad.as_bytes()).unwrap_err();
            assert!(matches!(error, PayloadError::Unreadable(_)), "{bad}: {error}");
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.as_str()), Some(*state));
        }
        assert_eq!(JobKind::parse("nothing"), None);
    }
}
