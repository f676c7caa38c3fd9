//! Who may do what to whom: one pure function. Every route asks it, and nothing else decides.

use super::{
    rights::{PeopleScope, Rights},
    vocabulary::{AccessLevel, ActorKind, EditScope, Permission, PermissionSet, ViewScope},
};
use crate::{DepartmentId, StaffId};

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// The person, or the service account under the same kind of identifier.
    pub staff: StaffId,
    /// Which of the two. What is nobody's but a person's own is never a service account's.
    pub kind: ActorKind,
    /// How far permissions reach.
    pub level: AccessLevel,
    /// What they may do, and to whom.
    pub rights: Rights<'a>,
}

/// What is acted upon.
#[derive(Clone, Copy, Debug)]
pub enum Object<'a> {
    /// The organisation, or what belongs to nobody in particular.
    Organization,
    /// A person.
    Staff {
        /// Who.
        id: StaffId,
        /// What they may do, or are to be allowed, and where they belong. `None` before they have
        /// been read: ask again once they have.
        holds: Option<Rights<'a>>,
    },
    /// A department.
    Department(DepartmentId),
    /// An assignment.
    Assignment {
        /// Who holds it; none where that gives no right.
        holder: Option<StaffId>,
        /// Who made its case.
        created_by: StaffId,
    },
    /// A case of which only is known who made it.
    Case {
        /// Who made it.
        created_by: StaffId,
    },
    /// A case, with how the actor is tied to it.
    CaseWith(CaseTie),
}

/// What ties an actor to a case; the strongest where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseTie {
    /// It is theirs: they made it, hold or held an assignment of it, or it is offered to them.
    Own,
    /// It lies in their departments and queues, or in none.
    InScope,
    /// It belongs to a group of theirs. They may look at it.
    Shared,
    /// Nothing.
    None,
}

impl<'a> Object<'a> {
    /// A person who has not been read yet.
    #[must_use]
    pub fn staff(id: StaffId) -> Self {
        Self::Staff { id, holds: None }
    }

    /// A person with their rights.
    #[must_use]
    pub fn staff_with(id: StaffId, holds: Rights<'a>) -> Self {
        Self::Staff { id, holds: Some(holds) }
    }

    fn is(&self, person: StaffId) -> bool {
        matches!(self, Self::Staff { id, .. } if *id == person)
    }
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The permission is missing.
    Missing(Permission),
    /// The object is nobody's but its own person's.
    NotOneself,
    /// It is a person's own, and the actor is none.
    PersonRequired,
    /// It lies beyond the reach of the actor's access level or view scope: for them it is not
    /// there.
    OutOfReach,
    /// Access level `full` is needed; the answer may say so.
    NeedsFullLevel,
    /// The actor sees the person, but may not change them.
    OutsideEditScope,
    /// The other person may do things that the actor may not.
    BeyondOwnRights,
}

/// How far a permission reaches for those whose access level is not `full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// As far as for everybody.
    Everybody,
    /// To what is theirs.
    Own,
    /// Nowhere: the object is reported as missing.
    Nowhere,
    /// Nowhere, and they are told so.
    Forbidden,
}

/// What an action needs.
struct Rule {
    /// Needed to act upon others; `None`: nobody acts upon others.
    permission: Option<Permission>,
    reach: Reach,
    /// Everybody may do it to themselves.
    oneself: bool,
    /// It changes people: only those in the edit scope.
    edits: bool,
    /// Only to people whose rights are a subset of the actor's.
    guarded: bool,
    /// Only by those whose scopes reach everybody.
    unscoped: bool,
    /// Only with access level `full`, even to oneself.
    full: bool,
}

impl Rule {
    const fn new(permission: Permission, reach: Reach) -> Self {
        Self {
            permission: Some(permission),
            reach,
            oneself: false,
            edits: false,
            guarded: false,
            unscoped: false,
            full: false,
        }
    }

    const fn or_oneself(self) -> Self {
        Self { oneself: true, ..self }
    }

    const fn edits(self) -> Self {
        Self { edits: true, ..self }
    }

    const fn guarded(self) -> Self {
        Self { guarded: true, ..self.edits() }
    }

    const fn unscoped(self) -> Self {
        Self { unscoped: true, ..self }
    }

    const fn fully(self) -> Self {
        Self { full: true, ..self }
    }

    const fn only_oneself() -> Self {
        Self { permission: None, oneself: true, ..Self::new(Permission::StaffView, Reach::Nowhere) }
    }
}

macro_rules! actions {
    ($($(#[doc = $doc:literal])* $name:ident => $rule:expr;)*) => {
        /// What an actor wants to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[doc = $doc])* $name),*
        }

        impl Action {
            /// Every action there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The action in words.
            #[must_use]
            pub fn describe(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*)),* }.trim()
            }

            /// The action as a word, such as `list_staff`.
            #[must_use]
            pub fn word(self) -> String {
                snake_case(match self { $(Self::$name => stringify!($name)),* })
            }

            fn rule(self) -> Rule {
                use Permission as P;
                use Reach::{Everybody, Forbidden, Nowhere, Own};
                match self { $(Self::$name => $rule),* }
            }
        }
    };
}

actions! {
    /// Change one's own password and profile, end one's own sessions, pause one's own tracking.
    ActForOneself => Rule::only_oneself();
    /// List people.
    ListStaff => Rule::new(P::StaffView, Nowhere);
    /// List people who are deleted.
    ListDeletedStaff => Rule::new(P::StaffManage, Nowhere);
    /// Read a person, with what hangs on them.
    ReadStaff => Rule::new(P::StaffView, Nowhere).or_oneself();
    /// Create a person.
    CreateStaff => Rule::new(P::StaffManage, Nowhere).guarded();
    /// Change a person's working profile.
    EditStaff => Rule::new(P::StaffEdit, Nowhere).guarded();
    /// Change a person's access or login, invite, delete or restore them.
    ManageStaff => Rule::new(P::StaffManage, Nowhere).guarded();
    /// Read who was invited.
    ReadInvitations => Rule::new(P::StaffManage, Nowhere);
    /// Read a person's sessions.
    ReadSessions => Rule::new(P::StaffManage, Nowhere).or_oneself();
    /// Read e-mail address, birth date, address and home.
    ReadPersonalDetails => Rule::new(P::StaffPiiRead, Everybody).or_oneself();
    /// Change birth date, address and home.
    EditPersonalDetails => Rule::new(P::StaffPiiRead, Nowhere).or_oneself().edits();
    /// Record and remove absences, state work preferences, change the photo.
    EditWorkProfile => Rule::new(P::StaffEdit, Nowhere).or_oneself().guarded();
    /// Enrol and revoke devices, withdraw consent to tracking, end sessions.
    ManageDevices => Rule::new(P::StaffManage, Nowhere).or_oneself().guarded();
    /// Record consent to tracking.
    PermitTracking => Rule::new(P::StaffManage, Nowhere).guarded();
    /// Read services, regions, departments, groups, tags, queues, roles and the organisation's
    /// settings.
    ReadSettings => Rule::new(P::SettingsView, Everybody);
    /// Change services, regions, groups, tags and queues.
    EditSettings => Rule::new(P::SettingsEdit, Nowhere);
    /// Change the organisation's settings.
    ManageSettings => Rule::new(P::SettingsManage, Nowhere);
    /// Create and remove departments.
    CreateDepartments => Rule::new(P::StaffManage, Nowhere).unscoped();
    /// Change a department.
    ManageDepartments => Rule::new(P::StaffManage, Nowhere).edits();
    /// Create, change and remove groups and tags.
    ManageGroups => Rule::new(P::StaffEdit, Nowhere).unscoped();
    /// Create, change and remove roles.
    ManageRoles => Rule::new(P::StaffManage, Nowhere).unscoped();
    /// Create, change and remove service accounts and their keys.
    ManageServiceAccounts => Rule::new(P::SettingsManage, Nowhere);
    /// Import people, and read what came of it.
    ImportStaff => Rule::new(P::StaffManage, Nowhere);
    /// Export people.
    ExportStaff => Rule::new(P::StaffManage, Nowhere);
    /// Export everything that is held on a person; of others also needs to read personal details, exact
    /// positions and the audit trail.
    ExportPerson => Rule::new(P::StaffManage, Nowhere).or_oneself();
    /// Erase a person for good.
    EraseStaff => Rule::new(P::StaffManage, Nowhere).guarded();
    /// Read the audit trail.
    ReadAudit => Rule::new(P::AuditRead, Nowhere);
    /// List and read cases.
    ReadCases => Rule::new(P::CasesView, Own);
    /// Create a case.
    CreateCase => Rule::new(P::CasesEdit, Everybody);
    /// Change a case.
    EditCase => Rule::new(P::CasesEdit, Own);
    /// Open and close cases.
    ManageCases => Rule::new(P::CasesManage, Everybody);
    /// List and read clients.
    ReadClients => Rule::new(P::ClientsView, Nowhere);
    /// Create and change clients, their panels and their exclusions.
    EditClients => Rule::new(P::ClientsEdit, Nowhere);
    /// Remove clients.
    ManageClients => Rule::new(P::ClientsManage, Nowhere);
    /// List and read assignments.
    ReadAssignments => Rule::new(P::CasesView, Own);
    /// Assign people to cases, change and cancel their assignments.
    Assign => Rule::new(P::CasesEdit, Own).edits();
    /// Ask for recommendations.
    Recommend => Rule::new(P::RecommendationsView, Forbidden);
    /// Ask for the cases that fit a person.
    RecommendCases => Rule::new(P::RecommendationsView, Forbidden).or_oneself().fully();
    /// Ask for recommendations for a place that is no case.
    RecommendForPlace => Rule::new(P::PositionsRead, Forbidden);
    /// Read ranking policies.
    ReadPolicies => Rule::new(P::RecommendationsView, Nowhere);
    /// Rank by another policy than the organisation's, and preview what a policy would change.
    TryPolicies => Rule::new(P::RecommendationsEdit, Nowhere);
    /// Create, change and archive ranking policies.
    ManagePolicies => Rule::new(P::RecommendationsManage, Nowhere);
    /// See where people are, coarsely.
    SeePositions => Rule::new(P::TrackingView, Nowhere);
    /// See where people are, exactly.
    SeeExactPositions => Rule::new(P::PositionsRead, Everybody);
    /// Read in which coarse cells a person was.
    ReadCoarseTrack => Rule::new(P::TrackingView, Nowhere).or_oneself();
    /// Read where exactly a person was, and how far they went.
    ReadTrack => Rule::new(P::PositionsRead, Nowhere).or_oneself();
}

/// Whether the actor may do this to that.
///
/// # Errors
/// Why not.
pub fn decide(actor: &Actor<'_>, action: Action, object: &Object<'_>) -> Result<(), Denial> {
    let rule = action.rule();
    let is_person = actor.kind == ActorKind::Staff;
    if rule.oneself && is_person && object.is(actor.staff) {
        let low = rule.full && actor.level != AccessLevel::Full;
        return if low { Err(Denial::NeedsFullLevel) } else { Ok(()) };
    }
    let nobody = if is_person { Denial::NotOneself } else { Denial::PersonRequired };
    let permission = rule.permission.ok_or(nobody)?;
    if !actor.rights.permissions.has(permission) {
        return Err(Denial::Missing(permission));
    }
    if actor.level != AccessLevel::Full {
        match rule.reach {
            Reach::Everybody => {}
            Reach::Own if is_within_own(actor, object) => {}
            Reach::Own | Reach::Nowhere => return Err(Denial::OutOfReach),
            Reach::Forbidden => return Err(Denial::NeedsFullLevel),
        }
    }
    if rule.unscoped && is_narrow(actor) {
        return Err(Denial::OutsideEditScope);
    }
    match object {
        Object::Staff { id, holds: Some(holds) } => {
            decide_on_person(actor, &rule, *id == actor.staff, holds)
        }
        Object::Department(id) => decide_on_department(actor, &rule, *id),
        Object::CaseWith(tie) => decide_on_case(actor, action, *tie),
        _ if rule.edits && actor.rights.edit == EditScope::None => Err(Denial::OutsideEditScope),
        _ => Ok(()),
    }
}

/// Scopes and rights, once the person is known.
fn decide_on_person(
    actor: &Actor<'_>,
    rule: &Rule,
    oneself: bool,
    holds: &Rights<'_>,
) -> Result<(), Denial> {
    let shares = oneself || actor.rights.shares_department(holds);
    if actor.rights.view == ViewScope::Departments && !shares {
        return Err(Denial::OutOfReach);
    }
    if rule.edits {
        match actor.rights.edit {
            EditScope::All => {}
            EditScope::Departments if shares => {}
            EditScope::Departments | EditScope::None => return Err(Denial::OutsideEditScope),
        }
    }
    if rule.guarded && !holds.is_subset_of(&actor.rights) {
        return Err(Denial::BeyondOwnRights);
    }
    Ok(())
}

/// Scopes, where a department is looked at or changed.
fn decide_on_department(
    actor: &Actor<'_>,
    rule: &Rule,
    department: DepartmentId,
) -> Result<(), Denial> {
    let own = actor.rights.departments.contains(&department);
    if actor.rights.view == ViewScope::Departments && !own {
        return Err(Denial::OutOfReach);
    }
    match actor.rights.edit {
        EditScope::Departments if rule.edits && !own => Err(Denial::OutsideEditScope),
        EditScope::None if rule.edits => Err(Denial::OutsideEditScope),
        _ => Ok(()),
    }
}

/// Reach and scopes, where a case is looked at or changed. Who sees a case only because it is shared
/// with a group of theirs is told that they may not change it.
fn decide_on_case(actor: &Actor<'_>, action: Action, tie: CaseTie) -> Result<(), Denial> {
    let full = actor.level == AccessLevel::Full;
    match tie {
        CaseTie::Own => Ok(()),
        CaseTie::InScope if full => Ok(()),
        CaseTie::Shared if action == Action::ReadCases => Ok(()),
        CaseTie::Shared if full => Err(Denial::OutsideEditScope),
        CaseTie::Shared => Err(Denial::NeedsFullLevel),
        CaseTie::InScope | CaseTie::None => Err(Denial::OutOfReach),
    }
}

/// Whether a scope of theirs ends at their departments, or before.
fn is_narrow(actor: &Actor<'_>) -> bool {
    actor.rights.view == ViewScope::Departments || actor.rights.edit != EditScope::All
}

/// The people upon whom the actor may take this action, to narrow a list by; the same as asking
/// [`decide`] for each without regard to their rights.
///
/// # Errors
/// When there can be none.
pub fn decide_list<'a>(actor: &Actor<'a>, action: Action) -> Result<PeopleScope<'a>, Denial> {
    decide(actor, action, &Object::Organization)?;
    let edits = action.rule().edits;
    let narrow = actor.rights.view == ViewScope::Departments
        || (edits && actor.rights.edit == EditScope::Departments);
    Ok(if narrow {
        PeopleScope::Departments { of: actor.rights.departments, or: actor.staff }
    } else {
        PeopleScope::Everybody
    })
}

/// Lists and what is made anew have no owner yet: they are narrowed where they are read.
fn is_within_own(actor: &Actor<'_>, object: &Object<'_>) -> bool {
    match object {
        // Of a case with its tie, more is decided afterwards.
        Object::Organization | Object::Department(_) | Object::CaseWith(_) => true,
        Object::Assignment { holder, created_by } => {
            *holder == Some(actor.staff) || *created_by == actor.staff
        }
        Object::Case { created_by } => *created_by == actor.staff,
        Object::Staff { id, .. } => *id == actor.staff,
    }
}

/// Whether an actor of limited scope may put somebody into these departments, or take them out.
#[must_use]
pub fn may_move_within(actor: &Actor<'_>, department: DepartmentId) -> bool {
    let narrow =
        actor.rights.edit == EditScope::Departments || actor.rights.view == ViewScope::Departments;
    !narrow || actor.rights.departments.contains(&department)
}

/// What a person may do at most through custom roles and modules that the actor grants.
#[must_use]
pub fn may_grant(actor: &Actor<'_>, permissions: PermissionSet) -> bool {
    permissions.is_subset_of(actor.rights.permissions)
}

impl Action {
    /// Whether it is done to a person, as opposed to the organisation, a case or a list.
    #[must_use]
    pub fn is_about_person(self) -> bool {
        use Action as A;
        matches!(
            self,
            A::ReadStaff
                | A::EditStaff
                | A::ManageStaff
                | A::ReadSessions
                | A::ReadPersonalDetails
                | A::EditPersonalDetails
                | A::EditWorkProfile
                | A::ManageDevices
                | A::PermitTracking
                | A::ExportPerson
                | A::EraseStaff
                | A::RecommendCases
                | A::SeePositions
                | A::SeeExactPositions
                | A::ReadCoarseTrack
                | A::ReadTrack
        )
    }
}

/// `ListStaff` as `list_staff`.
fn snake_case(name: &str) -> String {
    let mut word = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
