//! `PATCH /v1/me`: what people may change of themselves. It reads and writes as
//! `PATCH /v1/staff/{id}` does, and refuses every other field.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Form, Unknown, forms},
        json::escaped,
        place::LatLng,
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    routes::people::{
        reach,
        staff::{Staff, change, today},
        staff_form::{AddressInput, Shift, StaffForm},
    },
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::access::{Action, Object};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

/// The fields that people may change of themselves.
const OWN: [&str; 8] = [
    "address",
    "birth_date",
    "home",
    "language",
    "max_travel_km",
    "signature",
    "time_zone",
    "working_hours",
];

/// A change of one's own profile, before its fields are told apart.
#[derive(Debug, Deserialize)]
pub(crate) struct OwnProfileForm {
    #[serde(flatten)]
    unknown: Unknown,
}

/// A change of one's own profile: what is left out stays, null clears. Other fields of a person are
/// refused: `not_yours`.
#[derive(ToSchema)]
#[schema(example = json!({ "language": "pt", "signature": "Grace", "max_travel_km": 40 }))]
#[expect(dead_code, reason = "describes OwnProfileForm, whose fields are read leniently")]
pub(crate) struct OwnProfileInput {
    /// BCP 47 language of mails.
    language: String,
    /// Up to 4 KB, kept as written.
    #[schema(max_length = 4096)]
    signature: Option<String>,
    /// Not in the future.
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// It is looked for on the map, and becomes `home` unless one was given.
    address: Option<AddressInput>,
    /// Where one starts from when nothing else is known.
    home: Option<LatLng>,
    /// IANA zone of the working hours; the organisation's unless given.
    time_zone: Option<String>,
    /// Null: not recorded, always available. Empty: never.
    #[schema(max_items = 42)]
    working_hours: Option<Vec<Shift>>,
    /// Own travel limit in kilometres, great circle.
    #[schema(exclusive_minimum = 0.0, maximum = 20100.0)]
    max_travel_km: Option<f64>,
}

forms!(OwnProfileForm);

impl PartialSchema for OwnProfileForm {
    fn schema() -> RefOr<Schema> {
        let mut schema = OwnProfileInput::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            // A change requires no field.
            object.required.clear();
        }
        schema
    }
}

impl ToSchema for OwnProfileForm {
    fn name() -> Cow<'static, str> {
        OwnProfileInput::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        OwnProfileInput::schemas(schemas);
    }
}

/// Changes what one may change of oneself: what is left out stays, null clears.
#[utoipa::path(patch, path = "/v1/me", operation_id = "update_me", tag = "me",
    responses((status = 200, description = "Changed", body = Staff)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    update: Updated<OwnProfileForm>,
) -> ChangeResult {
    let id = caller.staff;
    let allowed = caller.allow(Action::ActForOneself, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = reach::lock(change.tx(), &caller, Action::ActForOneself, id).await?;
    let (form, others) = update.matching(before.version)?.split()?;
    let after = form.check(|form, e| {
        for name in others {
            let detail = "is not yours to change; ask an admin";
            e.push(format!("/{}", escaped(&name)), "not_yours", detail);
        }
        form.apply(before.clone(), today(), e)
    })?;
    let after = change::settle(&mut change, &caller, Some(&before), after).await?;
    let (after, event) = change::write_own(&mut change, &caller, &before, after).await?;
    let version = after.version;
    let reply = Reply::ok(&Staff::shown_to(&caller, after))?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

impl OwnProfileForm {
    /// The form of a person with what one may say of oneself, and with what is no field of a
    /// person at all; and the names of the other fields.
    fn split(self) -> ApiResult<(StaffForm, Vec<String>)> {
        let (mut own, others): (Unknown, Unknown) =
            self.unknown.into_iter().partition(|(name, _)| OWN.contains(&name.as_str()));
        let mut names: Vec<String> = others.keys().cloned().collect();
        let others = read(others)?;
        names.retain(|name| !others.unknown().contains_key(name));
        own.extend(others.unknown().clone());
        Ok((read(own)?, names))
    }
}

fn read(fields: Unknown) -> ApiResult<StaffForm> {
    let fields = Value::Object(fields.into_iter().collect());
    serde_json::from_value(fields)
        .map_err(|_| Problem::field("", "wrong_type", "an object of fields is expected"))
}
