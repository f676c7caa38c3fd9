//! Whom the rows of a file are about, and who else has their logins: all read at once.

use super::sheet::{Sheet, account_code, email_key, username_key};
use crate::{
    access::caller::Caller, http::problem::ApiResult,
    routes::people::staff::change::email_key as key_of,
};
use nearhand_domain::{
    StaffId,
    access::{Action, Denial, decide},
    field::FieldErrors,
    text::login_key,
};
use nearhand_roster::{Field, Row};
use nearhand_storage::{
    Tx,
    membership_names::{self, MembershipNames},
    organizations,
    staff::{self, StaffRecord},
};
use std::collections::{HashMap, HashSet};

/// What there is.
pub(super) struct Known {
    people: HashMap<StaffId, StaffRecord>,
    logins: HashMap<String, StaffId>,
    codes: HashMap<String, StaffId>,
    with_password: HashSet<StaffId>,
    pub(super) membership_names: MembershipNames,
    /// The organisation's first language.
    pub(super) language: String,
}

impl Known {
    /// Reads everybody whom a row may be about, in six statements.
    pub(super) async fn read(tx: &mut Tx, sheet: &Sheet) -> ApiResult<Self> {
        let keys = sheet.keys();
        let membership_names = membership_names::read(tx).await?;
        let language = organizations::first_language(tx).await?;
        let logins = staff::owners_of_logins(tx, &keys.logins).await?;
        let codes = staff::owners_of_account_codes(tx, &keys.codes).await?;
        let owners = logins.iter().chain(&codes).map(|(_, id)| *id);
        let ids: HashSet<StaffId> = keys.ids.into_iter().map(StaffId).chain(owners).collect();
        let ids: Vec<StaffId> = ids.into_iter().collect();
        let people = staff::get_many(tx, &ids).await?;
        let with_password = staff::with_password(tx, &ids).await?;
        Ok(Self {
            people: people.into_iter().map(|person| (person.id, person)).collect(),
            logins: logins.into_iter().collect(),
            codes: codes.into_iter().collect(),
            with_password: with_password.into_iter().collect(),
            membership_names,
            language,
        })
    }

    /// The person a row is about: by id, else e-mail address, user name, account code. Those whom
    /// the caller cannot see are not there. An id that is nobody's is an error.
    pub(super) fn person(
        &self,
        caller: &Caller,
        row: &Row<'_>,
        errors: &mut FieldErrors,
    ) -> Option<&StaffRecord> {
        let seen = |id: &StaffId| self.people.get(id).filter(|person| sees(caller, person));
        if let Some(text) = row.text(Field::Id) {
            let id = text.parse::<StaffId>();
            let found = id.as_ref().ok().and_then(seen);
            if found.is_none() {
                let detail = if id.is_ok() {
                    "there is no such person; leave it empty to create one"
                } else {
                    "must be the id of an export; leave it empty to create a person"
                };
                errors.push("/id", "unknown", detail);
            }
            return found;
        }
        let by_email = email_key(row).and_then(|key| {
            let owner = self.logins.get(&key).and_then(seen);
            owner.filter(|person| key_of(person).as_ref() == Some(&key))
        });
        let by_username = || {
            let key = username_key(row)?;
            let owner = self.logins.get(&key).and_then(seen)?;
            (owner.username.as_deref().map(login_key).as_ref() == Some(&key)).then_some(owner)
        };
        let by_code = || self.codes.get(&account_code(row)?).and_then(seen);
        by_email.or_else(by_username).or_else(by_code)
    }

    /// Says which unique values of a person are somebody else's.
    pub(super) fn taken(&self, after: &StaffRecord, errors: &mut FieldErrors) {
        let others = |owner: Option<&StaffId>| owner.is_some_and(|owner| *owner != after.id);
        let login = |text: &Option<String>| {
            text.as_deref().and_then(|text| self.logins.get(&login_key(text)))
        };
        if others(login(&after.email)) {
            errors.push("/email", "email_taken", "somebody else has this e-mail address");
        }
        if others(login(&after.username)) {
            errors.push("/username", "username_taken", "somebody else has this user name");
        }
        if others(after.account_code.as_ref().and_then(|code| self.codes.get(code))) {
            let detail = "somebody else has this account code";
            errors.push("/account_code", "account_code_taken", detail);
        }
    }

    /// Whether somebody logs in with the person's address.
    pub(super) fn logs_in(&self, person: &StaffRecord) -> bool {
        self.with_password.contains(&person.id)
    }
}

fn sees(caller: &Caller, person: &StaffRecord) -> bool {
    let decided = decide(&caller.actor(), Action::EditStaff, &person.object());
    decided != Err(Denial::OutOfReach)
}
