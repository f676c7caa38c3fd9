//! A case as one SQL statement: the ranking contract written out by hand. Must leave away what a
//! case does not need, as a careful developer would.

use crate::world::{FAR_LANGUAGE, LANGUAGES, SKILLS, service};
use nearhand_domain::ServiceId;
use nearhand_index::{OrgIndex, people::load::hour_of};
use nearhand_recommend::{Case, Policy};
use std::fmt::Display;

const TEMPLATE: &str = include_str!("peer/ranking.sql");
/// Millionths by level, for SQL.
const GLADNESS: &str = "('{0,100000,500000,750000,1000000}'::bigint[])";
const FLUENCY: &str = "('{0,400000,750000,900000,1000000}'::bigint[])";

/// The statement that ranks everybody for a case.
pub(crate) fn ranking(index: &OrgIndex, case: &Case, policy: &Policy, now: i64) -> String {
    let start = case.starts_at.map_or(now, |at| at.max(now));
    let end = start + i64::from(case.duration_min) * 60;
    let (x, y) = case.position.xy();
    let lead_min = f64::from(i32::try_from(start - now).unwrap_or(i32::MAX)) / 60.0;
    let out = [&case.assigned_to, &case.declined_by, &case.client_excluded];
    let fills = [
        ("now", format!("{now}::bigint")),
        ("s", format!("{start}::bigint")),
        ("e", format!("{end}::bigint")),
        ("duration", (i64::from(case.duration_min) * 60).to_string()),
        ("fixed", case.starts_at.is_some().to_string()),
        ("urgent", case.urgent.to_string()),
        ("lead", format!("{:e}::float8", libm::exp2(-lead_min / policy.lead_half_life_min))),
        ("place", format!("'SRID=4326;POINT({x} {y})'::geometry")),
        ("client", case.client.map_or("NULL".into(), |id| format!("'{id}'::uuid"))),
        ("regions", uuids(case.regions.iter())),
        ("out", uuids(out.into_iter().flatten())),
        ("needs", needs(case, policy, start, end)),
        ("late_needs", late_needs(case, start)),
        ("without_location", (!policy.require_location).to_string()),
        ("max_km", policy.max_travel_km.map_or("'Infinity'".into(), |km| km.to_string())),
        ("total", total(case, policy).to_string()),
        ("mean", index.mean_load(hour_of(now)).to_string()),
        ("points", points(case, policy)),
        ("case", format!("'{}'::uuid", case.id)),
    ];
    fills
        .iter()
        .fold(TEMPLATE.to_owned(), |text, (name, fill)| text.replace(&format!("{{{name}}}"), fill))
}

fn uuids<T: Display>(ids: impl Iterator<Item = T>) -> String {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    format!("'{{{}}}'::uuid[]", ids.join(","))
}

/// Where a level stands in a person's row: services 1–4, skills 5–7, languages 8–11.
fn services(case: &Case) -> Vec<String> {
    let at = |id: &ServiceId| (0..4u64).position(|n| service(n) == *id).map_or(0, |at| at + 1);
    case.services.iter().map(|id| format!("levels[{}]", at(id))).collect()
}

fn skills(case: &Case) -> impl Iterator<Item = (String, u8, u8)> {
    case.skills.iter().map(|need| {
        let at = SKILLS.iter().position(|skill| *skill == need.skill).unwrap_or(0);
        (format!("levels[{}]", at + 5), need.required, need.preferred)
    })
}

fn language(case: &Case) -> String {
    let known: Vec<&str> = LANGUAGES.into_iter().chain([FAR_LANGUAGE]).collect();
    let at = |tag: &String| known.iter().position(|known| known == tag).unwrap_or(0) + 8;
    let levels: Vec<String> =
        case.languages.iter().map(|tag| format!("levels[{}]", at(tag))).collect();
    format!("greatest({})", levels.join(", "))
}

/// Conditions that need no place.
fn needs(case: &Case, policy: &Policy, start: i64, end: i64) -> String {
    let mut all = String::new();
    let filter = policy.filter_by_preferences;
    for level in services(case) {
        all += &format!(" AND {level} > {}", if filter { 2 } else { 0 });
    }
    if filter && !case.regions.is_empty() {
        all += " AND regional.best > 2";
    }
    for (level, required, _) in skills(case) {
        all += &format!(" AND {level} >= {required}");
    }
    if !case.licences.is_empty() {
        all += &format!(" AND licence_from <= {start} AND licence_to >= {end}");
    }
    if case.language_required {
        all += &format!(" AND {} >= 2", language(case));
    }
    if let Some(most) = policy.max_utilisation {
        let minutes = case.duration_min;
        all += &format!(
            " AND capacity_min >= 60 \
             AND (committed_min + {minutes})::bigint * 1000000 / capacity_min <= {}",
            (most * 1e6).round()
        );
    }
    all
}

/// Conditions that need the end of the work, which depends on the way as soon as possible.
fn late_needs(case: &Case, start: i64) -> String {
    if case.starts_at.is_some() {
        return String::new();
    }
    let mut all = format!(" AND NOT off && int8range({start}, (end_ms + 999) / 1000)");
    if !case.licences.is_empty() {
        all += " AND end_ms <= licence_to * 1000";
    }
    all
}

/// The weights of the applicable terms together.
fn total(case: &Case, policy: &Policy) -> u32 {
    let w = &policy.weights;
    let of = |applies: bool, weight: u32| if applies { weight } else { 0 };
    w.travel
        + w.workload
        + w.availability
        + of(!case.services.is_empty(), w.service)
        + of(!case.regions.is_empty(), w.region)
        + of(!case.skills.is_empty(), w.skill)
        + of(!case.languages.is_empty(), w.language)
        + of(!case.panel.is_empty(), w.panel)
        + of(case.client.is_some(), w.continuity)
}

/// Points of the terms that not every case has.
fn points(case: &Case, policy: &Policy) -> String {
    let (w, total) = (&policy.weights, total(case, policy));
    let mut all = String::new();
    let mut add = |weight: u32, u: &str| all += &format!(" + 100 * {weight} * ({u}) / {total}");
    let willingness: Vec<String> =
        services(case).iter().map(|level| format!("{GLADNESS}[{level} + 1]")).collect();
    if !willingness.is_empty() {
        add(w.service, &format!("({}) / {}", willingness.join(" + "), willingness.len()));
    }
    if !case.regions.is_empty() {
        add(w.region, &format!("{GLADNESS}[region + 1]"));
    }
    if !case.skills.is_empty() {
        add(w.skill, &skill(case));
    }
    if !case.languages.is_empty() {
        add(w.language, &format!("{FLUENCY}[{} + 1]", language(case)));
    }
    if !case.panel.is_empty() {
        add(
            w.panel,
            &format!("CASE WHEN id = ANY ({}) THEN 1000000 ELSE 0 END", uuids(case.panel.iter())),
        );
    }
    if case.client.is_some() {
        add(w.continuity, "coalesce(visited.u, 0)");
    }
    all
}

fn skill(case: &Case) -> String {
    let (mut product, mut over) = (Vec::new(), Vec::new());
    for (level, required, preferred) in skills(case) {
        let between = f64::from((preferred - required).max(1));
        product.push(format!(
            "CASE WHEN {level} >= {preferred} THEN 1 \
             ELSE 0.5::float8 + 0.5 * ({level} - {required}) / {between:?} END"
        ));
        if preferred < 5 {
            let above = f64::from(5 - preferred);
            over.push(format!("greatest({level} - {preferred}, 0) / {above:?}::float8"));
        }
    }
    let n = case.skills.len();
    let over = if over.is_empty() { "0".into() } else { over.join(" + ") };
    let product = product.join(" * ");
    format!(
        "round(1e6::float8 * power({product}, 1.0::float8 / {n}) * (1 - 0.2 * ({over}) / {n}))::bigint"
    )
}
