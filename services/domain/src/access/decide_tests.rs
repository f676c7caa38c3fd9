//! Tests of the one function that decides. Must not reach a database.

use super::*;
use crate::access::{AdminRole, role_permissions};

fn actor(role: AdminRole, level: AccessLevel) -> Actor<'static> {
    let rights = Rights::unlimited(role_permissions(role));
    Actor { staff: StaffId::generate(), kind: ActorKind::Staff, level, rights }
}

fn person(role: AdminRole) -> Rights<'static> {
    Rights::unlimited(role_permissions(role))
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
fn cases_that_fit_oneself_need_no_permission_but_the_full_level() {
    let ask = |me: &Actor<'_>, id| decide(me, Action::RecommendCases, &Object::staff(id));
    let me = actor(AdminRole::General, AccessLevel::Full);
    assert_eq!(ask(&me, me.staff), Ok(()));
    let missing = Err(Denial::Missing(Permission::RecommendationsView));
    assert_eq!(ask(&me, StaffId::generate()), missing);
    let me = actor(AdminRole::AccountAdmin, AccessLevel::Limited);
    assert_eq!(ask(&me, me.staff), Err(Denial::NeedsFullLevel));
    assert_eq!(ask(&me, StaffId::generate()), Err(Denial::NeedsFullLevel));
}

#[test]
fn a_service_account_is_never_oneself() {
    let me = Actor {
        kind: ActorKind::ServiceAccount,
        ..actor(AdminRole::AccountAdmin, AccessLevel::Full)
    };
    let own = Object::staff(me.staff);
    assert_eq!(decide(&me, Action::ActForOneself, &own), Err(Denial::PersonRequired));
    assert_eq!(decide(&me, Action::ReadStaff, &own), Ok(()), "by permission, as for anybody");
    let nothing = Rights::unlimited(PermissionSet::NONE);
    let me = Actor { rights: nothing, ..me };
    let missing = Err(Denial::Missing(Permission::StaffView));
    assert_eq!(decide(&me, Action::ReadStaff, &own), missing);
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
            let object = Object::staff_with(id, person(role));
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
fn a_tie_decides_how_far_a_case_is_reached() {
    let of = |level| actor(AdminRole::Scheduler, level);
    let ask = |level, action, tie| decide(&of(level), action, &Object::CaseWith(tie));
    let (full, limited) = (AccessLevel::Full, AccessLevel::Limited);
    let (read, edit) = (Action::ReadCases, Action::EditCase);
    for action in [read, edit] {
        for level in [full, limited] {
            assert_eq!(ask(level, action, CaseTie::Own), Ok(()));
            assert_eq!(ask(level, action, CaseTie::None), Err(Denial::OutOfReach));
        }
        assert_eq!(ask(full, action, CaseTie::InScope), Ok(()));
        assert_eq!(ask(limited, action, CaseTie::InScope), Err(Denial::OutOfReach));
    }
    assert_eq!(ask(full, read, CaseTie::Shared), Ok(()));
    assert_eq!(ask(limited, read, CaseTie::Shared), Ok(()));
    assert_eq!(ask(full, edit, CaseTie::Shared), Err(Denial::OutsideEditScope));
    assert_eq!(ask(limited, edit, CaseTie::Shared), Err(Denial::NeedsFullLevel));
    let none = actor(AdminRole::General, full);
    let missing = Err(Denial::Missing(Permission::CasesEdit));
    assert_eq!(decide(&none, edit, &Object::CaseWith(CaseTie::Own)), missing);
}

#[test]
fn whoever_may_do_everything_is_denied_nothing_but_acting_for_others() {
    let me = actor(AdminRole::AccountAdmin, AccessLevel::Full);
    let other = Object::staff_with(StaffId::generate(), person(AdminRole::AccountAdmin));
    for action in Action::ALL {
        let only_oneself = *action == Action::ActForOneself;
        assert_eq!(decide(&me, *action, &other).is_err(), only_oneself, "{action:?}");
    }
}

#[test]
fn a_department_hides_others_and_an_edit_scope_only_keeps_hands_off() {
    let (mine, theirs) = ([DepartmentId::generate()], [DepartmentId::generate()]);
    let general = |departments| Rights { departments, ..person(AdminRole::General) };
    let (near, far) = (general(&mine), general(&theirs));
    let of = |view, edit| {
        let me = actor(AdminRole::UserAdmin, AccessLevel::Full);
        Actor { rights: Rights { view, edit, departments: &mine, ..me.rights }, ..me }
    };
    let ask = |me: &Actor<'_>, action, holds| {
        decide(me, action, &Object::staff_with(StaffId::generate(), holds))
    };
    let narrow = of(ViewScope::Departments, EditScope::Departments);
    assert_eq!(ask(&narrow, Action::ReadStaff, near), Ok(()));
    assert_eq!(ask(&narrow, Action::EditStaff, near), Ok(()));
    assert_eq!(ask(&narrow, Action::ReadStaff, far), Err(Denial::OutOfReach));
    assert_eq!(ask(&narrow, Action::EditStaff, far), Err(Denial::OutOfReach));
    let hands_off = of(ViewScope::All, EditScope::Departments);
    assert_eq!(ask(&hands_off, Action::ReadStaff, far), Ok(()));
    assert_eq!(ask(&hands_off, Action::EditStaff, far), Err(Denial::OutsideEditScope));
    let reader = of(ViewScope::All, EditScope::None);
    assert_eq!(ask(&reader, Action::EditStaff, near), Err(Denial::OutsideEditScope));
    let create = decide(&reader, Action::CreateStaff, &Object::Organization);
    assert_eq!(create, Err(Denial::OutsideEditScope));
    let scope = PeopleScope::Departments { of: &mine, or: narrow.staff };
    assert_eq!(decide_list(&narrow, Action::ListStaff), Ok(scope));
    assert_eq!(decide_list(&reader, Action::ListStaff), Ok(PeopleScope::Everybody));
}

#[test]
fn scopes_cannot_be_escaped_by_granting_wider_ones() {
    let (mine, more) = ([DepartmentId::generate()], DepartmentId::generate());
    let both = [mine[0], more];
    let me = actor(AdminRole::UserAdmin, AccessLevel::Full);
    let rights = Rights {
        view: ViewScope::Departments,
        edit: EditScope::Departments,
        departments: &mine,
        ..me.rights
    };
    let me = Actor { rights, ..me };
    let ask =
        |holds| decide(&me, Action::ManageStaff, &Object::staff_with(StaffId::generate(), holds));
    assert_eq!(ask(rights), Ok(()));
    for wider in [
        Rights { view: ViewScope::All, ..rights },
        Rights { edit: EditScope::All, ..rights },
        Rights { departments: &both, ..rights },
    ] {
        assert_eq!(ask(wider), Err(Denial::BeyondOwnRights), "{wider:?}");
    }
    let general = Rights { departments: &both, ..person(AdminRole::General) };
    assert_eq!(ask(general), Ok(()), "scopes narrow nothing that they may do");
}

#[test]
fn departments_are_seen_and_changed_within_the_scopes() {
    let (mine, other) = ([DepartmentId::generate()], DepartmentId::generate());
    let of = |view, edit| {
        let me = actor(AdminRole::UserAdmin, AccessLevel::Full);
        Actor { rights: Rights { view, edit, departments: &mine, ..me.rights }, ..me }
    };
    let ask = |me: &Actor<'_>, action, id| decide(me, action, &Object::Department(id));
    let narrow = of(ViewScope::Departments, EditScope::Departments);
    let hands_off = of(ViewScope::All, EditScope::Departments);
    let reader = of(ViewScope::All, EditScope::None);
    let outside = Err(Denial::OutsideEditScope);
    assert_eq!(ask(&narrow, Action::ReadSettings, mine[0]), Ok(()));
    assert_eq!(ask(&narrow, Action::ReadSettings, other), Err(Denial::OutOfReach));
    assert_eq!(ask(&narrow, Action::ManageDepartments, mine[0]), Ok(()));
    assert_eq!(ask(&hands_off, Action::ReadSettings, other), Ok(()));
    assert_eq!(ask(&hands_off, Action::ManageDepartments, other), outside);
    assert_eq!(ask(&reader, Action::ManageDepartments, mine[0]), outside);
    let unscoped = [Action::CreateDepartments, Action::ManageGroups, Action::ManageRoles];
    for (scoped, action) in [&narrow, &hands_off, &reader].into_iter().zip(unscoped) {
        assert_eq!(decide(scoped, action, &Object::Organization), outside, "{action:?}");
    }
    let free = of(ViewScope::All, EditScope::All);
    for action in unscoped {
        assert_eq!(decide(&free, action, &Object::Organization), Ok(()), "{action:?}");
    }
}

#[test]
fn every_action_has_a_word_of_its_own() {
    let words: std::collections::BTreeSet<String> =
        Action::ALL.iter().map(|action| action.word()).collect();
    assert_eq!(words.len(), Action::ALL.len());
    assert_eq!(Action::ReadPersonalDetails.word(), "read_personal_details");
}
