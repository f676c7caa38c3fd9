//! Looks up departments, groups, tags, queues and roles by name and by id. Names are compared without
//! regard to case. Must not read the database.

use nearhand_storage::membership_names::MembershipNames;
use std::collections::HashMap;
use uuid::Uuid;

/// What a person can be a member of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MembershipKind {
    /// Departments.
    Department,
    /// Groups.
    Group,
    /// Tags.
    Tag,
    /// Queues.
    Queue,
    /// Roles of the organisation's own.
    Role,
}

impl MembershipKind {
    /// The word for one of them.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Group => "group",
            Self::Tag => "tag",
            Self::Queue => "queue",
            Self::Role => "role",
        }
    }
}

/// The names and ids of all of them.
#[derive(Clone, Debug, Default)]
pub struct NameLookup {
    ids: HashMap<(MembershipKind, String), Uuid>,
    names: HashMap<Uuid, String>,
}

impl NameLookup {
    /// The lookup of these names.
    #[must_use]
    pub fn new(all: &MembershipNames) -> Self {
        let mut names = Self::default();
        for (kind, list) in [
            (MembershipKind::Department, &all.departments),
            (MembershipKind::Group, &all.groups),
            (MembershipKind::Tag, &all.tags),
            (MembershipKind::Queue, &all.queues),
            (MembershipKind::Role, &all.roles),
        ] {
            for (id, name) in list {
                names.ids.insert((kind, name.to_lowercase()), *id);
                names.names.insert(*id, name.clone());
            }
        }
        names
    }

    /// The id of this name.
    #[must_use]
    pub fn id(&self, kind: MembershipKind, name: &str) -> Option<Uuid> {
        self.ids.get(&(kind, name.to_lowercase())).copied()
    }

    /// The name of this id; the id itself if it no longer exists.
    #[must_use]
    pub fn name(&self, id: Uuid) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The name that was probably meant.
    #[must_use]
    pub fn closest(&self, kind: MembershipKind, name: &str) -> Option<&str> {
        let all = self.ids.iter().filter(|((one, _), _)| *one == kind);
        let mut known: Vec<&str> =
            all.filter_map(|(_, id)| self.names.get(id)).map(String::as_str).collect();
        known.sort_unstable();
        nearhand_sheets::closest(name, &known)
    }
}
