//! What the links that are mailed have in common: an attempt with a secret counts against its
//! address unless the secret is right, and a new password is checked against what others know.

use crate::{
    access::throttle::Key,
    http::{
        body::{Field, any},
        origin::Origin,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use nearhand_domain::{
    access::AccessLevel,
    field::{FieldErrors, Reported},
    password::check_password,
    token::{PresentedToken, TokenKind},
};
use nearhand_storage::staff::StaffRecord;
use std::time::Instant;

/// One attempt with the secret of a link. It is reserved as a failure, so that many at once are no
/// more than the same number in a row, and given back unless it is one.
pub(crate) struct Attempt {
    state: ApiState,
    key: Key,
    wrong: bool,
}

impl Attempt {
    /// Refuses those who must wait.
    pub(crate) fn begin(state: &ApiState, origin: &Origin) -> ApiResult<Self> {
        let key = Key::links_from(origin.remote_addr.as_deref());
        state
            .throttle()
            .reserve(&[&key], Instant::now())
            .map_err(|wait| Problem::throttled("too many links that do not work", wait.left))?;
        Ok(Self { state: state.clone(), key, wrong: false })
    }

    /// The secret opens nothing: the attempt counts.
    pub(crate) fn wrong(mut self, problem: Problem) -> Problem {
        self.wrong = true;
        self.state.throttle().failed(&self.key, Instant::now());
        problem
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.wrong {
            self.state.throttle().refund(&self.key, Instant::now());
        }
    }
}

/// The token of a link, if it is one of this kind.
pub(crate) fn token(text: &str, kind: TokenKind) -> Option<PresentedToken> {
    PresentedToken::parse(text.trim()).filter(|token| token.kind == kind)
}

/// The two fields of a form that sets a password by a link. Whether the password is strong is judged
/// once it is known whose it is.
pub(super) fn read_password(
    token: Field<String>,
    password: Field<String>,
    e: &mut FieldErrors,
) -> Result<(String, String), Reported> {
    let token = token.required("/token", e, any);
    let password = password.required("/password", e, any);
    Ok((token?, password?))
}

/// Refuses a password that is easy to guess for those who know the person.
pub(super) fn require_strong(
    password: &str,
    organization: &str,
    person: &StaffRecord,
) -> ApiResult<()> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let names = [text(&person.first_name), text(&person.last_name), text(&person.username)];
    let email = text(&person.email);
    let mut context = vec![organization, person.display_name.as_str(), email.as_str()];
    context.extend(names.iter().map(String::as_str));
    check_password(password, &context)
        .map_err(|error| Problem::field("/password", "weak_password", error.to_string()))
}

/// Whether a person may log in once they have a password.
pub(super) fn may_enter(person: &StaffRecord) -> bool {
    person.active && person.access_level != AccessLevel::Disabled
}
