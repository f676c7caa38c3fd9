//! `POST /v1/setup`: the first organisation and its account admin, once per installation.

use crate::{
    access::browser::Browser,
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms},
        codes::Code,
        origin::Origin,
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    routes::{
        account::opened_session::{self, Opened, OpenedSession, Wanted as WantedSession},
        organization::{
            new_organization::{FirstPassword, NewOrganization, create_organization},
            settings::Organization,
        },
    },
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::{
    StaffId,
    field::{FieldErrors, Reported},
    password::check_password,
    text::{Email, Name, Slug, ZoneName, slugify},
    token::TokenHash,
};
use nearhand_storage::organizations::{self, Setup};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The first organisation and its account admin.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SetupForm {
    /// `NEARHAND_BOOTSTRAP_TOKEN`, or what the first start printed.
    #[serde(default)]
    #[schema(value_type = String, example = "the-token-the-first-start-printed", required)]
    bootstrap_token: Field<String>,
    /// The organisation.
    #[serde(default)]
    #[schema(value_type = SetupOrganization, required)]
    organization: Field<SetupOrganization>,
    /// Its account admin.
    #[serde(default)]
    #[schema(value_type = SetupAdmin, required)]
    admin: Field<SetupAdmin>,
    /// Log the admin's browser in: the answer holds no tokens and sets the cookie `__Host-nearhand`, which no
    /// script can read. Needs HTTPS, or this machine itself.
    #[serde(default)]
    #[schema(value_type = bool, example = false)]
    cookie: Field<bool>,
    /// With `cookie`: stay logged in when the browser is closed.
    #[serde(default)]
    #[schema(value_type = bool, example = false)]
    remember: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// An organisation to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SetupOrganization {
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = String, example = "Harbour Investigations", required, min_length = 1, max_length = 120)]
    name: Field<String>,
    /// What logins call it; made of the name unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "harbour")]
    slug: Field<String>,
    /// IANA time zone.
    #[serde(default)]
    #[schema(value_type = String, example = "Europe/Lisbon", required)]
    time_zone: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// An account admin to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SetupAdmin {
    /// Given name.
    #[serde(default)]
    #[schema(value_type = String, example = "Ada", required, min_length = 1, max_length = 120)]
    first_name: Field<String>,
    /// Family name.
    #[serde(default)]
    #[schema(value_type = String, example = "Lovelace", required, min_length = 1, max_length = 120)]
    last_name: Field<String>,
    /// Login.
    #[serde(default)]
    #[schema(value_type = String, example = "ada@harbour.example", required)]
    email: Field<String>,
    /// At least 15 characters.
    #[serde(default)]
    #[schema(value_type = String, example = "seven tall lighthouses", required, min_length = 15)]
    password: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// What setup made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupDone {
    /// The organisation.
    organization: Organization,
    /// The account admin.
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// A session of theirs.
    session: OpenedSession,
}

forms!(SetupForm, SetupOrganization, SetupAdmin);

struct Wanted {
    token: TokenHash,
    new: NewOrganization,
    password: String,
    session: WantedSession,
}

/// Makes the first organisation and its account admin.
///
/// Works once per installation: afterwards, and for the later of two at once, 409
/// `setup_complete`. Further organisations are made by `nearhand organization create`.
#[utoipa::path(post, path = "/v1/setup", operation_id = "set_up", tag = "setup",
    responses((status = 201, description = "Made; the session is the admin's", body = SetupDone)))]
pub(crate) async fn set_up(
    State(state): State<ApiState>,
    origin: Origin,
    browser: Browser,
    JsonBody(form): JsonBody<SetupForm>,
) -> ApiResult<Reply> {
    let wanted = form.check(SetupForm::read)?;
    wanted.session.check(&browser)?;
    let mut tx = state.app().tenantless().await?;
    match organizations::take_setup(&mut tx, wanted.token).await? {
        Setup::Granted => {}
        Setup::Complete => {
            let detail = "log in, or make another with `nearhand organization create`";
            return Err(Problem::new(Code::SetupComplete, detail));
        }
        Setup::Refused => {
            let detail = "use NEARHAND_BOOTSTRAP_TOKEN, or the token printed at the first start";
            return Err(Problem::new(Code::BootstrapRefused, detail));
        }
    }
    let hash = state.passwords().hash(wanted.password).await?;
    let password = FirstPassword { hash, expires_at: None };
    let (organization, admin) =
        create_organization(&mut tx, &wanted.new, &password, origin).await?;
    let as_what = (wanted.session, &browser);
    let opened =
        opened_session::open(&mut tx, &state, as_what, organization, &admin, false).await?;
    let Opened { session, cookie } = opened;
    let record = organizations::get(&mut tx, false).await?;
    tx.commit().await?;
    let done = SetupDone { organization: record.into(), staff_id: admin.id, session };
    Ok(Reply::created("/v1/organization".to_owned(), &done)?.secret().cookie(cookie))
}

impl SetupForm {
    fn read(self, e: &mut FieldErrors) -> Result<Wanted, Reported> {
        let token = self.bootstrap_token.required("/bootstrap_token", e, any);
        let organization = self.organization.required("/organization", e, any);
        let admin = self.admin.required("/admin", e, any);
        let session = WantedSession::read(self.cookie, self.remember, e);
        let organization =
            organization.and_then(|form| form.check_at("/organization", e, read_organization));
        let admin = admin.and_then(|form| form.check_at("/admin", e, read_admin));
        let ((name, slug, zone), admin) = (organization?, admin?);
        let Admin { first_name, last_name, email, password } = admin;
        let fits = NewOrganization::check_names(&first_name, &last_name);
        let fits = e.check("/admin/last_name", "too_long", fits);
        let context = [&name, &first_name, &last_name].map(Name::as_str);
        let context = [&context[..], &[email.as_str()]].concat();
        let strong = check_password(&password, &context);
        e.check("/admin/password", "weak_password", strong).and(fits)?;
        let new = NewOrganization { name, slug, zone, first_name, last_name, email };
        Ok(Wanted { token: TokenHash::of(&token?), new, password, session: session? })
    }
}

fn read_organization(
    form: SetupOrganization,
    e: &mut FieldErrors,
) -> Result<(Name, Slug, ZoneName), Reported> {
    let name = form.name.required("/organization/name", e, |v| Name::parse(&v));
    let slug = match form.slug.optional("/organization/slug", e, |v| Slug::parse(&v)) {
        Some(slug) => Ok(slug),
        None => name.as_ref().map_err(|reported| *reported).and_then(|name| {
            let detail = "no slug can be made of this name; give one";
            let made = slugify(name.as_str());
            made.ok_or_else(|| e.push("/organization/slug", "required", detail))
        }),
    };
    let zone = form.time_zone.required("/organization/time_zone", e, |v| ZoneName::parse(&v));
    Ok((name?, slug?, zone?))
}

struct Admin {
    first_name: Name,
    last_name: Name,
    email: Email,
    password: String,
}

fn read_admin(form: SetupAdmin, e: &mut FieldErrors) -> Result<Admin, Reported> {
    let first_name = form.first_name.required("/admin/first_name", e, |v| Name::parse(&v));
    let last_name = form.last_name.required("/admin/last_name", e, |v| Name::parse(&v));
    let email = form.email.required("/admin/email", e, |v| Email::parse(&v));
    let password = form.password.required("/admin/password", e, any);
    Ok(Admin { first_name: first_name?, last_name: last_name?, email: email?, password: password? })
}
