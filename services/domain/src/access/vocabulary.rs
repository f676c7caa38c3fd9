//! The permission vocabulary and what each built-in role may do.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A word that the vocabulary lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),*
        }

        impl $name {
            /// Every one of them, in the order of this page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire and in the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What a word means, if it is one of these.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::access::UnknownWord;

            fn try_from(word: String) -> Result<Self, $crate::access::UnknownWord> {
                Self::parse(&word).ok_or($crate::access::UnknownWord)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// One thing a person may do, as `module:action`.
    Permission {
        /// See colleagues, without personal details.
        StaffView = "staff:view",
        /// Change colleagues' working profile.
        StaffEdit = "staff:edit",
        /// Create people, change their access, reset passwords, record consent.
        StaffManage = "staff:manage",
        /// See homes, birth dates and other personal details.
        StaffPiiRead = "staff.pii:read",
        /// See cases.
        CasesView = "cases:view",
        /// Create and change cases.
        CasesEdit = "cases:edit",
        /// Close and remove cases.
        CasesManage = "cases:manage",
        /// See clients, with their panels and exclusions.
        ClientsView = "clients:view",
        /// Create and change clients.
        ClientsEdit = "clients:edit",
        /// Remove clients.
        ClientsManage = "clients:manage",
        /// See where people are, coarsely.
        TrackingView = "tracking:view",
        /// Work with tracking.
        TrackingEdit = "tracking:edit",
        /// See exact positions; every such read is logged.
        PositionsRead = "positions:read",
        /// Change how tracking works.
        TrackingManage = "tracking:manage",
        /// Ask for recommendations.
        RecommendationsView = "recommendations:view",
        /// Ask with changed rules.
        RecommendationsEdit = "recommendations:edit",
        /// Change policies.
        RecommendationsManage = "recommendations:manage",
        /// See services, regions and the organisation's settings.
        SettingsView = "settings:view",
        /// Change services and regions.
        SettingsEdit = "settings:edit",
        /// Change the organisation's settings.
        SettingsManage = "settings:manage",
        /// Read the audit trail.
        AuditRead = "audit:read",
    }
}

words! {
    /// What somebody who acts is.
    ActorKind {
        /// A person.
        Staff = "staff",
        /// A service account: the organisation's own software.
        ServiceAccount = "service_account",
    }
}

words! {
    /// The one administrative role everybody has.
    AdminRole {
        /// Everything.
        AccountAdmin = "account_admin",
        /// People, not account settings.
        UserAdmin = "user_admin",
        /// Settings, not people.
        Admin = "admin",
        /// Cases, assignments, recommendations.
        Scheduler = "scheduler",
        /// Nothing but their own work.
        General = "general",
    }
}

words! {
    /// How far a person's permissions reach. A scope, never a grant.
    AccessLevel {
        /// Cannot log in; can be assigned.
        Disabled = "disabled",
        /// Only their own cases.
        Limited = "limited",
        /// Any case.
        Full = "full",
    }
}

words! {
    /// Whom a person sees. A scope, never a grant.
    ViewScope {
        /// Everybody.
        All = "all",
        /// The people of their own departments.
        Departments = "departments",
    }
}

words! {
    /// Whom a person may change. A scope, never a grant.
    EditScope {
        /// Everybody they see.
        All = "all",
        /// The people of their own departments.
        Departments = "departments",
        /// Nobody.
        None = "none",
    }
}

words! {
    /// A part of the product that permissions are grouped by.
    Module {
        /// People.
        Staff = "staff",
        /// Cases.
        Cases = "cases",
        /// Those whom cases are done for.
        Clients = "clients",
        /// Positions.
        Tracking = "tracking",
        /// Recommendations and their policies.
        Recommendations = "recommendations",
        /// Services, regions, the organisation.
        Settings = "settings",
    }
}

words! {
    /// How much of a module somebody has; each level includes those before it.
    ModuleLevel {
        /// Nothing.
        None = "none",
        /// Look.
        View = "view",
        /// Change.
        Edit = "edit",
        /// Administer.
        Manage = "manage",
    }
}

/// A set of permissions; in JSON a list of their words.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<Permission>")]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// No permission at all.
    pub const NONE: Self = Self(0);

    /// Every permission.
    #[must_use]
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Whether the permission is in the set.
    #[must_use]
    pub fn has(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// Whether everything in this set is in the other too. Nobody may change anyone whose set is
    /// not a subset of their own.
    #[must_use]
    pub fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Everything in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Everything in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the sets have something in common.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The permissions of these words. A word that the vocabulary lacks grants nothing: a role may
    /// have been written by a later version.
    #[must_use]
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        words.into_iter().filter_map(Permission::parse).collect()
    }

    /// The permissions in it, in vocabulary order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |p| self.has(*p))
    }
}

impl From<Vec<String>> for PermissionSet {
    fn from(words: Vec<String>) -> Self {
        Self::of_words(words.iter().map(String::as_str))
    }
}

impl From<PermissionSet> for Vec<Permission> {
    fn from(set: PermissionSet) -> Self {
        set.iter().collect()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<T: IntoIterator<Item = Permission>>(permissions: T) -> Self {
        Self(permissions.into_iter().fold(0, |set, p| set | bit(p)))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::as_str)).finish()
    }
}

fn bit(permission: Permission) -> u32 {
    1 << (permission as u32)
}

/// What a level of a module allows.
#[must_use]
pub fn module_permissions(module: Module, level: ModuleLevel) -> PermissionSet {
    use Permission as P;
    let steps: [&[Permission]; 3] = match module {
        Module::Staff => [&[P::StaffView], &[P::StaffEdit], &[P::StaffManage, P::StaffPiiRead]],
        Module::Cases => [&[P::CasesView], &[P::CasesEdit], &[P::CasesManage]],
        Module::Clients => [&[P::ClientsView], &[P::ClientsEdit], &[P::ClientsManage]],
        Module::Tracking => {
            [&[P::TrackingView], &[P::TrackingEdit, P::PositionsRead], &[P::TrackingManage]]
        }
        Module::Recommendations => {
            [&[P::RecommendationsView], &[P::RecommendationsEdit], &[P::RecommendationsManage]]
        }
        Module::Settings => [&[P::SettingsView], &[P::SettingsEdit], &[P::SettingsManage]],
    };
    steps.iter().take(level as usize).flat_map(|step| step.iter().copied()).collect()
}

/// What a role allows: the one place that says so.
#[must_use]
pub fn role_permissions(role: AdminRole) -> PermissionSet {
    use Module as M;
    use ModuleLevel as L;
    let levels: &[(Module, ModuleLevel)] = match role {
        AdminRole::AccountAdmin => return PermissionSet::all(),
        // Whatever `general` may do, or nobody general could be administered.
        AdminRole::UserAdmin => {
            &[(M::Staff, L::Manage), (M::Cases, L::View), (M::Settings, L::View)]
        }
        AdminRole::Admin => &[
            (M::Staff, L::View),
            (M::Cases, L::Manage),
            (M::Clients, L::Manage),
            (M::Tracking, L::View),
            (M::Recommendations, L::Manage),
            (M::Settings, L::Manage),
        ],
        AdminRole::Scheduler => &[
            (M::Staff, L::View),
            (M::Cases, L::Manage),
            (M::Clients, L::Edit),
            (M::Tracking, L::Edit),
            (M::Recommendations, L::Edit),
            (M::Settings, L::View),
        ],
        AdminRole::General => &[(M::Cases, L::View), (M::Settings, L::View)],
    };
    levels.iter().fold(PermissionSet::NONE, |set, (module, level)| {
        set.union(module_permissions(*module, *level))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_a_subset_of_the_account_admin_and_of_no_lesser_one_by_accident() {
        let admin = role_permissions(AdminRole::AccountAdmin);
        for role in AdminRole::ALL {
            assert!(role_permissions(*role).is_subset_of(admin), "{role}");
        }
        let user_admin = role_permissions(AdminRole::UserAdmin);
        assert!(role_permissions(AdminRole::General).is_subset_of(user_admin));
        assert!(!role_permissions(AdminRole::Scheduler).is_subset_of(user_admin));
        assert!(!user_admin.is_subset_of(role_permissions(AdminRole::Admin)));
    }

    #[test]
    fn levels_include_each_other() {
        for module in Module::ALL {
            for pair in ModuleLevel::ALL.windows(2) {
                let (less, more) =
                    (module_permissions(*module, pair[0]), module_permissions(*module, pair[1]));
                assert!(less.is_subset_of(more) && less != more, "{module} {}", pair[1]);
            }
        }
    }

    #[test]
    fn the_scheduler_reads_exact_positions_and_the_admin_does_not() {
        assert!(role_permissions(AdminRole::Scheduler).has(Permission::PositionsRead));
        assert!(!role_permissions(AdminRole::Admin).has(Permission::PositionsRead));
        assert!(!role_permissions(AdminRole::General).has(Permission::RecommendationsView));
    }

    #[test]
    fn words_round_trip() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
        }
    }
}
