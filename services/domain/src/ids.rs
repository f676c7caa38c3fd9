//! Identifiers: UUIDv7 in distinct types, so that one cannot stand in for another.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh, time-ordered identifier.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

id! {
    /// An organisation: the tenant everything belongs to.
    OrganizationId
    /// A person of an organisation.
    StaffId
    /// A phone or tracker that sends pings for one person.
    DeviceId
    /// A login of a person on one client.
    SessionId
    /// A service the organisation offers and people prefer or avoid.
    ServiceId
    /// A named area, as polygons.
    RegionId
    /// A piece of work at a place.
    CaseId
    /// Whoever a case is done for.
    ClientId
    /// A person's time held for a case.
    BookingId
    /// A person who holds a slot of a case.
    AssignmentId
    /// A case that is offered to people.
    OfferId
    /// An absence.
    TimeOffId
    /// A part of an organisation, which may limit what its people see.
    DepartmentId
    /// People who own or share things.
    GroupId
    /// A word that people are marked with.
    TagId
    /// A lane of cases.
    QueueId
    /// A ranking policy.
    PolicyId
    /// An answer to the question who should go, as it was given.
    RecommendationId
    /// A role that an organisation made for itself.
    RoleId
    /// An invitation to set a password and log in.
    InvitationId
    /// A request to recover a password.
    PasswordResetId
    /// A request to move a login to another e-mail address.
    EmailChangeId
    /// A request to delete several people, to be confirmed.
    DeleteRequestId
    /// A mail, from its cause until it is sent.
    MailId
    /// A background job that people can watch.
    JobId
    /// An import of people.
    ImportId
    /// An export.
    ExportId
    /// The organisation's own software.
    ServiceAccountId
    /// A key of a service account.
    ApiKeyId
    /// A photo in the object store.
    PhotoId
}
