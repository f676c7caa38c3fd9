//! Cases made over HTTP, as a scheduler makes them. Must not ask anything about them.

use crate::{
    cases::{self, Set},
    http::{self, Connection},
    site::Site,
    world::{NOW, World},
};
use anyhow::Context;
use nearhand_domain::clock;
use nearhand_recommend::Case;
use serde_json::{Value, json};

/// Makes these cases; their ids.
pub(crate) async fn create(
    site: &Site,
    bodies: impl Iterator<Item = Value>,
) -> anyhow::Result<Vec<String>> {
    let mut connection = Connection::open(site.address).await?;
    let (mut request, mut ids) = (Vec::new(), Vec::new());
    for body in bodies {
        http::request(&mut request, "POST", "/v1/cases", &site.admin, &body.to_string());
        let made = connection.call(&request).await?.json()?;
        ids.push(id_of(&made)?);
    }
    Ok(ids)
}

/// The id of a case that was made.
pub(crate) fn id_of(made: &Value) -> anyhow::Result<String> {
    Ok(made["id"].as_str().context("a case without id")?.to_owned())
}

/// Drawn cases, made; what is asked for, one body a case, without keeping the answer: what that costs
/// is `stored`'s to measure.
pub(crate) async fn drawn_asks(
    site: &Site,
    world: &World,
    many: usize,
) -> anyhow::Result<Vec<String>> {
    let drawn = (0..many).map(|n| body_of(&cases::case(world, Set::Drawn, n).0));
    let ask = |case| json!({ "case_id": case, "limit": 20, "store": false }).to_string();
    Ok(create(site, drawn).await?.into_iter().map(ask).collect())
}

/// A drawn case as the API takes it, at the same distance from now.
pub(crate) fn body_of(case: &Case) -> Value {
    let now = clock::now().as_second();
    let starts_at = case.starts_at.and_then(|at| jiff::Timestamp::from_second(at - NOW + now).ok());
    json!({
        "title": "drawn",
        "position": { "lat": case.position.lat(), "lng": case.position.lng() },
        "starts_at": starts_at.map(|at| at.to_string()),
        "duration_min": case.duration_min,
        "urgent": case.urgent,
        "services": case.services,
        "skills": case.skills.iter().map(|need| json!({
            "code": need.skill, "required": need.required, "preferred": need.preferred,
        })).collect::<Vec<_>>(),
        "licences": case.licences.iter().map(|need| json!({
            "code": need.code, "jurisdiction": need.jurisdiction,
        })).collect::<Vec<_>>(),
        "languages": case.languages,
        "language_required": case.language_required,
    })
}
