//! Checks a login. Must not reveal whether the account exists: not by the answer, nor by its time, nor by
//! what is counted. Only the audit trail of its own organisation says so.

use crate::{
    access::{
        passwords::needs_rehash,
        throttle::{Key, Wait, login_name, network},
    },
    http::{
        codes::Code,
        origin::Origin,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    OrganizationId, StaffId,
    access::{AccessLevel, ActorKind},
    audit::LOGIN_FAILED,
    clock,
    text::login_key,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditContext, AuditEvent},
    login_addresses, organizations, outage, sessions,
    staff::{self, StaffRecord},
};
use std::time::Instant;
use uuid::Uuid;

/// How long an address is known to an account after its last login from there.
const ADDRESS_KNOWN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a login request contains.
pub(crate) struct Attempt {
    /// The organisation's slug.
    pub(crate) organization: Option<String>,
    /// E-mail address or user name.
    pub(crate) login: String,
    /// Password.
    pub(crate) password: String,
}

/// A login that was accepted.
pub(crate) struct AcceptedLogin {
    /// Tenant.
    pub(crate) organization: OrganizationId,
    /// The person who logs in.
    pub(crate) person: StaffRecord,
    /// The password's hash as it is stored.
    pub(crate) stored: String,
    /// Its hash with the present parameters, if the stored one has others.
    pub(crate) fresh_hash: Option<String>,
    /// The password is temporary.
    pub(crate) temporary: bool,
    address: [u8; 32],
}

/// The organisation and the account that a login names. There may be no such account.
struct LoginRecord {
    organization: OrganizationId,
    account: Option<Account>,
}

struct Account {
    person: StaffRecord,
    stored: String,
    temporary: bool,
    may_enter: bool,
    address: [u8; 32],
    knows_address: bool,
}

impl LoginRecord {
    fn person(&self) -> Option<(OrganizationId, StaffId)> {
        self.account.as_ref().map(|account| (self.organization, account.person.id))
    }
}

impl AcceptedLogin {
    /// Stores the address that it came from.
    pub(crate) async fn remember_address(&self, tx: &mut Tx) -> Result<(), StorageError> {
        let now = clock::now();
        let span = (now, now - ADDRESS_KNOWN_FOR);
        let (organization, staff) = (self.organization, self.person.id);
        login_addresses::remember(tx, organization, staff, &self.address, span).await
    }
}

impl Attempt {
    /// Checks a login. Counts a failure before the password is verified, so that parallel attempts
    /// cannot exceed the limit. A correct login takes the count back.
    pub(crate) async fn check(self, state: &ApiState, origin: &Origin) -> ApiResult<AcceptedLogin> {
        let client = origin.remote_addr.as_deref();
        let by_address = Key::address(client);
        if let Some(wait) = state.throttle().wait(&by_address, Instant::now()) {
            // The account is needed for the audit entry only.
            let record = if wait.first { self.find(state, client).await? } else { None };
            return Err(self.throttled(state, record.as_ref(), origin, wait));
        }
        let record = self.find(state, client).await?;
        let organization = record.as_ref().map(|record| record.organization);
        let person = record.as_ref().and_then(LoginRecord::person);
        let scope = organization.map(|id| id.to_string());
        let scope = scope.as_deref().or(self.organization.as_deref()).unwrap_or_default();
        let unknown_addresses = Key::login(scope, &self.login);
        let account = record.as_ref().and_then(|record| record.account.as_ref());
        let known = account.is_some_and(|account| account.knows_address);
        let by_login = if known {
            Key::login_from(scope, &self.login, client)
        } else {
            unknown_addresses.clone()
        };
        let keys = [&by_login, &by_address];
        if let Err(wait) = state.throttle().reserve(&keys, Instant::now()) {
            return Err(self.throttled(state, record.as_ref(), origin, wait));
        }
        if known {
            // The counter of unknown addresses must grow whether or not the account exists.
            state.throttle().note(&unknown_addresses, Instant::now());
        }
        let account = record.and_then(|record| record.account);
        let stored = account.as_ref().map(|account| account.stored.clone());
        let right = state.passwords().verify(self.password.clone(), stored).await;
        let now = Instant::now();
        let right = right.inspect_err(|_| {
            keys.into_iter().for_each(|key| state.throttle().refund(key, now));
        })?;
        let account = match account.filter(|_| right) {
            Some(account) if account.may_enter => account,
            refused => {
                keys.into_iter().for_each(|key| state.throttle().failed(key, now));
                let why = if refused.is_some() { "no_access" } else { "wrong_password" };
                self.log(organization, why, origin);
                audit_failure(state, person, why, origin);
                let detail = "check organisation, login and password; after several failures wait \
                    a little. Where there are several organisations, `organization` is needed";
                return Err(Problem::new(Code::LoginFailed, detail));
            }
        };
        state.throttle().succeeded(&by_login, now);
        state.throttle().refund(&by_address, now);
        if known {
            state.throttle().refund(&unknown_addresses, now);
        }
        let Some(organization) = organization else { return Err(Problem::internal()) };
        let fresh_hash = if needs_rehash(&account.stored) && !account.temporary {
            Some(state.passwords().hash(self.password).await?)
        } else {
            None
        };
        let Account { person, stored, temporary, address, .. } = account;
        Ok(AcceptedLogin { organization, person, stored, fresh_hash, temporary, address })
    }

    async fn find(&self, state: &ApiState, client: Option<&str>) -> ApiResult<Option<LoginRecord>> {
        let slug = self.organization.as_deref().map(str::to_lowercase);
        // No login has control characters; the query would fail with one.
        let texts = [slug.as_deref().unwrap_or_default(), self.login.as_str()];
        if texts.iter().any(|text| text.contains(char::is_control)) {
            return Ok(None);
        }
        let mut tx = state.app().tenantless().await?;
        let organization = organizations::find(&mut tx, slug.as_deref()).await?;
        drop(tx);
        // The same statements run whether or not the account exists, so that the time is the same.
        let tenant = organization.unwrap_or(OrganizationId(Uuid::nil()));
        let mut tx = state.app().tenant(tenant).await?;
        let person = staff::find_login(&mut tx, &login_key(&self.login)).await?;
        let account = account(&mut tx, state, person, client).await?;
        Ok(organization.map(|organization| LoginRecord { organization, account }))
    }

    /// Refuses an attempt. The first refusal of each waiting time is logged and audited.
    fn throttled(
        &self,
        state: &ApiState,
        record: Option<&LoginRecord>,
        origin: &Origin,
        wait: Wait,
    ) -> Problem {
        if wait.first {
            self.log(record.map(|record| record.organization), "throttled", origin);
            audit_failure(state, record.and_then(LoginRecord::person), "throttled", origin);
        }
        Problem::throttled("too many failed logins", wait.left)
    }

    /// Logs a failed login for operators, with a hash of the login.
    fn log(&self, organization: Option<OrganizationId>, why: &'static str, origin: &Origin) {
        let scope = organization.map(|id| id.to_string());
        let scope = scope.as_deref().or(self.organization.as_deref()).unwrap_or_default();
        tracing::warn!(
            login.hash = login_name(scope, &self.login),
            client.address = origin.remote_addr.as_deref().unwrap_or_default(),
            request.id = origin.request_id,
            why,
            "a login failed"
        );
    }
}

async fn account(
    tx: &mut Tx,
    state: &ApiState,
    person: Option<StaffRecord>,
    client: Option<&str>,
) -> ApiResult<Option<Account>> {
    let id = person.as_ref().map_or(StaffId(Uuid::nil()), |person| person.id);
    let credential = sessions::credential(tx, id).await?;
    let now = clock::now();
    let address = address_hash(state, id, client);
    let since = now - ADDRESS_KNOWN_FOR;
    let knows_address = login_addresses::is_known(tx, id, &address, since).await?;
    let Some((person, credential)) = person.zip(credential) else { return Ok(None) };
    Ok(Some(Account {
        may_enter: may_enter(&person, credential.expires_at, now),
        stored: credential.password_hash,
        temporary: credential.temporary,
        person,
        address,
        knows_address,
    }))
}

fn may_enter(person: &StaffRecord, expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    let alive = expires_at.is_none_or(|end| end > now);
    alive && person.active && person.access_level != AccessLevel::Disabled
}

/// Addresses are few: without the installation's key a hash of one could be tried out.
fn address_hash(state: &ApiState, staff: StaffId, client: Option<&str>) -> [u8; 32] {
    let text = format!("{staff}/{}", network(client));
    state.cursors().keyed_hash("login-address", text.as_bytes())
}

/// Audits a failed login in the background, so that the answer takes no longer.
fn audit_failure(
    state: &ApiState,
    person: Option<(OrganizationId, StaffId)>,
    why: &'static str,
    origin: &Origin,
) {
    let Some((organization, staff)) = person else { return };
    let context = AuditContext {
        organization,
        actor: None,
        actor_kind: ActorKind::Staff,
        request_id: origin.request_id.clone(),
        remote_addr: origin.remote_addr.clone(),
    };
    let (app, trace) = (state.app().clone(), origin.trace_parent.clone());
    state.aside().spawn(async move {
        let event = AuditEvent::of(LOGIN_FAILED, staff);
        let event = event.details(serde_json::json!({ "why": why }));
        let written = async {
            let mut tx = app.traced(organization, trace.as_deref()).await?;
            audit::record(&mut tx, &context, &event).await?;
            tx.commit().await
        };
        match written.await {
            Err(error) if error.is_outage() => outage::failed(&error),
            Err(error) => {
                tracing::warn!(error = %error, "a failed login could not be written down");
            }
            Ok(()) => {}
        }
    });
}
