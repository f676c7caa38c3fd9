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
    /// An absence.
    TimeOffId
}
