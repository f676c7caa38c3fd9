//! Who may do what to whom: one pure function. Every route asks it, and nothing else decides.

use super::vocabulary::{AccessLevel, AdminRole, Permission, PermissionSet, role_permissions};
use crate::StaffId;

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    /// The person.
    pub staff: StaffId,
    /// What they may do.
    pub permissions: PermissionSet,
    /// How far that reaches.
    pub level: AccessLevel,
}

/// What is acted upon.
#[derive(Clone, Copy, Debug)]
pub enum Object {
    /// The organisation, or what belongs to nobody in particular.
    Organization,
    /// A person.
    Staff {
        /// Who.
        id: StaffId,
        /// What they may do, or are to be allowed. `None` before they have been read: ask again
        /// once they have.
        holds: Option<PermissionSet>,
    },
    /// A case.
    Case {
        /// Who made it.
        created_by: StaffId,
    },
}

impl Object {
    /// A person who has not been read yet.
    #[must_use]
    pub fn staff(id: StaffId) -> Self {
        Self::Staff { id, holds: None }
    }

    /// A person with their role.
    #[must_use]
    pub fn staff_with(id: StaffId, role: AdminRole) -> Self {
        Self::Staff { id, holds: Some(role_permissions(role)) }
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
    /// It lies beyond the reach of the actor's access level: for them it is not there.
    OutOfReach,
    /// Access level `full` is needed; the answer may say so.
    NeedsFullLevel,
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
    /// Only to people whose rights are a subset of the actor's.
    guarded: bool,
}

impl Rule {
    const fn new(permission: Permission, reach: Reach) -> Self {
        Self { permission: Some(permission), reach, oneself: false, guarded: false }
    }

    const fn or_oneself(self) -> Self {
        Self { oneself: true, ..self }
    }

    const fn guarded(self) -> Self {
        Self { guarded: true, ..self }
    }

    const fn only_oneself() -> Self {
        Self { permission: None, reach: Reach::Nowhere, oneself: true, guarded: false }
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

            fn rule(self) -> Rule {
                use Permission as P;
                use Reach::{Everybody, Forbidden, Nowhere, Own};
                match self { $(Self::$name => $rule),* }
            }
        }
    };
}

actions! {
    /// Change one's own password, end one's own session, pause one's own tracking.
    ActForOneself => Rule::only_oneself();
    /// List people.
    ListStaff => Rule::new(P::StaffView, Nowhere);
    /// Read a person, with what hangs on them.
    ReadStaff => Rule::new(P::StaffView, Nowhere).or_oneself();
    /// Create a person.
    CreateStaff => Rule::new(P::StaffManage, Nowhere).guarded();
    /// Change a person's working profile.
    EditStaff => Rule::new(P::StaffEdit, Nowhere).guarded();
    /// Change a person's access or login.
    ManageStaff => Rule::new(P::StaffManage, Nowhere).guarded();
    /// Read e-mail address, birth date and home.
    ReadPersonalDetails => Rule::new(P::StaffPiiRead, Everybody).or_oneself();
    /// Change birth date and home.
    EditPersonalDetails => Rule::new(P::StaffPiiRead, Nowhere).or_oneself();
    /// Record and remove absences, state work preferences.
    EditWorkProfile => Rule::new(P::StaffEdit, Nowhere).or_oneself().guarded();
    /// Enrol and revoke devices, withdraw consent to tracking.
    ManageDevices => Rule::new(P::StaffManage, Nowhere).or_oneself().guarded();
    /// Record consent to tracking.
    PermitTracking => Rule::new(P::StaffManage, Nowhere).guarded();
    /// Read services, regions and the organisation's settings.
    ReadSettings => Rule::new(P::SettingsView, Everybody);
    /// Change services and regions.
    EditSettings => Rule::new(P::SettingsEdit, Nowhere);
    /// Change the organisation's settings.
    ManageSettings => Rule::new(P::SettingsManage, Nowhere);
    /// List and read cases.
    ReadCases => Rule::new(P::CasesView, Own);
    /// Create a case.
    CreateCase => Rule::new(P::CasesEdit, Everybody);
    /// Change a case.
    EditCase => Rule::new(P::CasesEdit, Own);
    /// Open and close cases.
    ManageCases => Rule::new(P::CasesManage, Everybody);
    /// Ask for recommendations.
    Recommend => Rule::new(P::RecommendationsView, Forbidden);
    /// Ask for recommendations for a place that is no case.
    RecommendForPlace => Rule::new(P::PositionsRead, Forbidden);
    /// See where people are, coarsely.
    SeePositions => Rule::new(P::TrackingView, Nowhere);
    /// See where people are, exactly.
    SeeExactPositions => Rule::new(P::PositionsRead, Everybody);
}

/// Whether the actor may do this to that.
///
/// # Errors
/// Why not.
pub fn decide(actor: &Actor, action: Action, object: &Object) -> Result<(), Denial> {
    let rule = action.rule();
    if rule.oneself && object.is(actor.staff) {
        return Ok(());
    }
    let permission = rule.permission.ok_or(Denial::NotOneself)?;
    if !actor.permissions.has(permission) {
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
    match object {
        Object::Staff { holds: Some(holds), .. }
            if rule.guarded && !holds.is_subset_of(actor.permissions) =>
        {
            Err(Denial::BeyondOwnRights)
        }
        _ => Ok(()),
    }
}

/// Lists and what is made anew have no owner yet: they are narrowed where they are read.
fn is_within_own(actor: &Actor, object: &Object) -> bool {
    match object {
        Object::Organization => true,
        Object::Case { created_by } => *created_by == actor.staff,
        Object::Staff { id, .. } => *id == actor.staff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(role: AdminRole, level: AccessLevel) -> Actor {
        Actor { staff: StaffId::generate(), permissions: role_permissions(role), level }
    }

    #[test]
    fn oneself_needs_no_permission_and_others_do() {
        let me = actor(AdminRole::General, AccessLevel::Limited);
        let (own, other) = (Object::staff(me.staff), Object::staff(StaffId::generate()));
        assert_eq!(decide(&me, Action::EditWorkProfile, &own), Ok(()));
        let missing = Err(Denial::Missing(Permission::StaffEdit));
        assert_eq!(decide(&me, Action::EditWorkProfile, &other), missing);
        assert_eq!(decide(&me, Action::ActForOneself, &own), Ok(()));
        assert_eq!(decide(&me, Action::ActForOneself, &other), Err(Denial::NotOneself));
        let missing = Err(Denial::Missing(Permission::StaffEdit));
        assert_eq!(decide(&me, Action::EditStaff, &own), missing, "a profile is not one's own");
    }

    #[test]
    fn nobody_touches_more_than_they_have_themselves_included() {
        let admin = actor(AdminRole::UserAdmin, AccessLevel::Full);
        for (role, verdict) in [
            (AdminRole::General, Ok(())),
            (AdminRole::UserAdmin, Ok(())),
            (AdminRole::Scheduler, Err(Denial::BeyondOwnRights)),
            (AdminRole::AccountAdmin, Err(Denial::BeyondOwnRights)),
        ] {
            for id in [StaffId::generate(), admin.staff] {
                let object = Object::staff_with(id, role);
                assert_eq!(decide(&admin, Action::EditStaff, &object), verdict, "{role}");
            }
        }
    }

    #[test]
    fn a_limited_reach_hides_forbids_or_narrows() {
        let me = actor(AdminRole::AccountAdmin, AccessLevel::Limited);
        let nothing = Object::Organization;
        assert_eq!(decide(&me, Action::ListStaff, &nothing), Err(Denial::OutOfReach));
        assert_eq!(decide(&me, Action::Recommend, &nothing), Err(Denial::NeedsFullLevel));
        let own = Object::Case { created_by: me.staff };
        let other = Object::Case { created_by: StaffId::generate() };
        assert_eq!(decide(&me, Action::EditCase, &own), Ok(()));
        assert_eq!(decide(&me, Action::EditCase, &other), Err(Denial::OutOfReach));
        assert_eq!(decide(&me, Action::ReadCases, &nothing), Ok(()));
    }

    #[test]
    fn whoever_may_do_everything_is_denied_nothing_but_acting_for_others() {
        let me = actor(AdminRole::AccountAdmin, AccessLevel::Full);
        let other = Object::staff_with(StaffId::generate(), AdminRole::AccountAdmin);
        for action in Action::ALL {
            let only_oneself = *action == Action::ActForOneself;
            assert_eq!(decide(&me, *action, &other).is_err(), only_oneself, "{action:?}");
        }
    }
}
