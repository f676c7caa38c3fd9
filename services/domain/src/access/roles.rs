//! Roles by what they are called: built in, computed, or made by the organisation. What a built-in
//! role allows is said by the vocabulary; nothing here grants anything.

use super::vocabulary::{AdminRole, Module, ModuleLevel, PermissionSet, module_permissions, words};
use crate::RoleId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

words! {
    /// A role that people have by what they are. Nobody gives it or takes it away, and it grants
    /// nothing beyond what everybody may do to themselves.
    ComputedRole {
        /// Everybody in the organisation.
        Everyone = "everyone",
        /// Those who have set a password of their own.
        Registered = "registered",
        /// Those who have shown that their e-mail address is theirs.
        VerifiedEmail = "verified_email",
    }
}

impl ComputedRole {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Everyone => "Everyone",
            Self::Registered => "Registered",
            Self::VerifiedEmail => "Verified e-mail address",
        }
    }

    /// Who has it.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Everyone => "Everybody in the organisation, whether they can log in or not.",
            Self::Registered => "Everybody who has set a password of their own.",
            Self::VerifiedEmail => {
                "Everybody who has accepted an invitation or confirmed a change of their e-mail \
                 address, so that the address is known to be theirs."
            }
        }
    }
}

impl AdminRole {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountAdmin => "Account admin",
            Self::UserAdmin => "User admin",
            Self::Admin => "Admin",
            Self::Scheduler => "Scheduler",
            Self::General => "General",
        }
    }

    /// What it is for.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::AccountAdmin => {
                "Everything. At least one account admin who can log in always exists."
            }
            Self::UserAdmin => "Looks after the people, not after the account's settings.",
            Self::Admin => "Looks after settings, cases and policies, not after the people.",
            Self::Scheduler => {
                "Works with cases, assignments and recommendations, and sees exact positions."
            }
            Self::General => "Does their own work: sees cases and settings, changes neither.",
        }
    }
}

/// A role as a request names it: by its key, or by the identifier of a role that the organisation
/// made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum RoleRef {
    /// One of the administrative roles.
    BuiltIn(AdminRole),
    /// One that people have by what they are.
    Computed(ComputedRole),
    /// One of the organisation's own.
    Custom(RoleId),
}

impl FromStr for RoleRef {
    type Err = super::vocabulary::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let built_in = AdminRole::parse(text).map(Self::BuiltIn);
        let key = built_in.or_else(|| ComputedRole::parse(text).map(Self::Computed));
        let id = || text.parse().ok().map(Self::Custom);
        key.or_else(id).ok_or(super::vocabulary::UnknownWord)
    }
}

impl TryFrom<String> for RoleRef {
    type Error = super::vocabulary::UnknownWord;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The highest level of each module that a set of permissions holds in full.
pub fn module_levels(set: PermissionSet) -> impl Iterator<Item = (Module, ModuleLevel)> {
    Module::ALL.iter().map(move |module| {
        let holds = |level: &&ModuleLevel| module_permissions(*module, **level).is_subset_of(set);
        let highest = ModuleLevel::ALL.iter().rev().find(holds);
        (*module, highest.copied().unwrap_or(ModuleLevel::None))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Permission, role_permissions};

    #[test]
    fn a_role_is_named_by_key_or_id() {
        let id = RoleId::generate();
        assert_eq!("scheduler".parse(), Ok(RoleRef::BuiltIn(AdminRole::Scheduler)));
        assert_eq!("everyone".parse(), Ok(RoleRef::Computed(ComputedRole::Everyone)));
        assert_eq!(id.to_string().parse(), Ok(RoleRef::Custom(id)));
        assert!("boss".parse::<RoleRef>().is_err());
    }

    #[test]
    fn levels_are_those_that_are_held_in_full() {
        let of = |set| module_levels(set).collect::<std::collections::BTreeMap<_, _>>();
        let admin = of(role_permissions(AdminRole::UserAdmin));
        assert_eq!(admin[&Module::Staff], ModuleLevel::Manage);
        assert_eq!(admin[&Module::Cases], ModuleLevel::View);
        assert_eq!(admin[&Module::Tracking], ModuleLevel::None);
        // Without personal details, managing people is incomplete.
        let partial =
            [Permission::StaffView, Permission::StaffEdit, Permission::StaffManage].into_iter();
        assert_eq!(of(partial.collect())[&Module::Staff], ModuleLevel::Edit);
    }
}
