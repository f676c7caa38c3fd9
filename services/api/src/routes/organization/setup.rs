//! `POST /v1/setup`: the first organisation and its account admin, once per installation.

use crate::{
    access::caller::remote_addr,
    http::{
        body::{Field, JsonBody, Unknown, any, refuse_unknown},
        codes::Code,
        problem::{ApiResult, Problem, ProblemDocument},
        reply::Reply,
        request_id,
    },
    routes::{
        account::sessions::{self, SessionTokens},
        organization::{
            founding::{FirstPassword, Founding, Origin, found},
            settings::Organization,
        },
    },
    state::ApiState,
};
use axum::{extract::State, http::request::Parts};
use nearhand_domain::{
    StaffId,
    field::FieldErrors,
    password::check_password,
    text::{Email, Name, Slug, ZoneName, slugify},
    token::TokenHash,
};
use nearhand_storage::{
    StorageError,
    organizations::{self, Setup},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The first organisation and its account admin.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SetupForm {
    /// `NEARHAND_BOOTSTRAP_TOKEN`, or what the first start printed.
    #[serde(default)]
    #[schema(value_type = String, example = "the-token-the-first-start-printed")]
    bootstrap_token: Field<String>,
    /// The organisation.
    #[serde(default)]
    #[schema(value_type = SetupOrganization)]
    organization: Field<SetupOrganization>,
    /// Its account admin.
    #[serde(default)]
    #[schema(value_type = SetupAdmin)]
    admin: Field<SetupAdmin>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// An organisation to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SetupOrganization {
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = String, example = "Harbour Investigations")]
    name: Field<String>,
    /// What logins call it; made of the name unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "harbour")]
    slug: Field<String>,
    /// IANA time zone.
    #[serde(default)]
    #[schema(value_type = String, example = "Europe/Lisbon")]
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
    #[schema(value_type = String, example = "Ada")]
    first_name: Field<String>,
    /// Family name.
    #[serde(default)]
    #[schema(value_type = String, example = "Lovelace")]
    last_name: Field<String>,
    /// Login.
    #[serde(default)]
    #[schema(value_type = String, example = "ada@harbour.example")]
    email: Field<String>,
    /// At least 15 characters.
    #[serde(default)]
    #[schema(value_type = String, example = "seven tall lighthouses")]
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
    session: SessionTokens,
}

struct Wanted {
    token: TokenHash,
    founding: Founding,
    password: String,
}

/// Makes the first organisation and its account admin.
///
/// Works once per installation: afterwards, and for the later of two at once, 409
/// `setup_complete`. Further organisations are made by `nearhand organization create`.
#[utoipa::path(post, path = "/v1/setup", tag = "setup", request_body = SetupForm, responses(
    (status = 201, description = "Made; the session is the admin's", body = SetupDone),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn set_up(
    State(state): State<ApiState>,
    parts: Parts,
    JsonBody { value: form, .. }: JsonBody<SetupForm>,
) -> ApiResult<Reply> {
    let wanted = read(form)?;
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
    let origin = Origin {
        request_id: request_id::of(&parts.headers).to_owned(),
        remote_addr: remote_addr(&parts, state.config().trusted_proxy_hops),
    };
    let (organization, admin) = found(&mut tx, &wanted.founding, &password, origin).await?;
    let session = sessions::open(&mut tx, &state, organization, &admin, false).await?;
    let record = organizations::get(&mut tx, false).await?;
    tx.commit().await.map_err(StorageError::from)?;
    let done = SetupDone { organization: record.into(), staff_id: admin.id, session };
    Ok(Reply::created("/v1/organization".to_owned(), &done)?.secret())
}

/// Reads the form; an admin is always `full` and `account_admin`.
fn read(form: SetupForm) -> ApiResult<Wanted> {
    let mut errors = FieldErrors::default();
    let e = &mut errors;
    refuse_unknown(&form.unknown, "", e);
    let token = form.bootstrap_token.required("/bootstrap_token", e, any);
    let organization = form.organization.required("/organization", e, any);
    let admin = form.admin.required("/admin", e, any);
    let organization = organization.map(|o| {
        refuse_unknown(&o.unknown, "/organization", e);
        let name = o.name.required("/organization/name", e, |v| Name::parse(&v));
        let slug = o.slug.optional("/organization/slug", e, |v| Slug::parse(&v));
        let slug = slug.or_else(|| name.as_ref().and_then(|n| slugify(n.as_str())));
        if name.is_some() && slug.is_none() {
            e.push("/organization/slug", "required", "no slug can be made of this name; give one");
        }
        (name, slug, o.time_zone.required("/organization/time_zone", e, |v| ZoneName::parse(&v)))
    });
    let admin = admin.map(|a| {
        refuse_unknown(&a.unknown, "/admin", e);
        (
            a.first_name.required("/admin/first_name", e, |v| Name::parse(&v)),
            a.last_name.required("/admin/last_name", e, |v| Name::parse(&v)),
            a.email.required("/admin/email", e, |v| Email::parse(&v)),
            a.password.required("/admin/password", e, any),
        )
    });
    if let (Some((Some(name), ..)), Some((Some(first), Some(last), Some(email), Some(password)))) =
        (&organization, &admin)
    {
        e.check("/admin/last_name", "too_long", Founding::check_names(first, last));
        let context = [name.as_str(), first.as_str(), last.as_str(), email.as_str()];
        e.check("/admin/password", "weak_password", check_password(password, &context));
    }
    errors.finish()?;
    let wanted = token.zip(organization).zip(admin).and_then(|((token, o), a)| {
        let founding = Founding {
            name: o.0?,
            slug: o.1?,
            zone: o.2?,
            first_name: a.0?,
            last_name: a.1?,
            email: a.2?,
        };
        Some(Wanted { token: TokenHash::of(&token), founding, password: a.3? })
    });
    wanted.ok_or_else(Problem::internal)
}
