//! Reading a question for recommendations: for what, with whom, and how much to answer. Must decide
//! nothing about the caller.

use crate::{
    http::{
        body::{Field, Form, Unknown, any, forms},
        place::{LatLng, PlaceForm},
    },
    live::view::parse_bbox,
    routes::{
        policies::SettingsForm,
        recommendations::{
            only::{Only, OnlyForm},
            policy::PolicyChoice,
            trial::Trial,
        },
        work::needs_form::NeedsForm,
    },
};
use jiff::Timestamp;
use nearhand_dispatch::Needs;
use nearhand_domain::{
    CaseId, Position,
    field::{FieldErrors, Reported},
};
use nearhand_index::Rectangle;
use nearhand_recommend::DEFAULT_LIMIT;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most candidates of one answer.
const MAX_LIMIT: usize = 200;
/// How far `as_of` may lie from the clock, in seconds.
const MAX_SKEW_S: i64 = 300;

/// For what, and how much to answer.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RecommendationInput, example = json!({ "place": {
    "position": { "lat": 38.7071, "lng": -9.1355 }, "duration_min": 90, "languages": ["pt"] },
    "limit": 5, "funnel": true }))]
pub(crate) struct RecommendationForm {
    /// An open case; this or `place`.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    case_id: Field<Uuid>,
    /// A place without a case; needs `positions:read`.
    #[serde(default)]
    #[schema(value_type = Option<AdHocInput>)]
    place: Field<AdHocForm>,
    /// Only people who are shown inside: `min_lng,min_lat,max_lng,max_lat` in degrees; with the first
    /// longitude above the second it crosses the antimeridian. Needs `positions:read`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    bbox: Field<String>,
    /// Most candidates, 1 to 200; 20 unless given.
    #[serde(default)]
    #[schema(value_type = Option<usize>, minimum = 1, maximum = 200)]
    limit: Field<usize>,
    /// The instant to rank for, at most five minutes from now; now unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Field<Timestamp>,
    /// Whether to count who was left out and why. It comes by itself when there are few.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    funnel: Field<bool>,
    /// The policy to rank by, which needs `recommendations:edit`; the organisation's default unless
    /// given.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    policy_id: Field<Uuid>,
    /// A version of that policy; the current one unless given.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1)]
    policy_version: Field<i64>,
    /// The only people who may be candidates.
    #[serde(default)]
    #[schema(value_type = Option<OnlyForm>)]
    only: Field<OnlyForm>,
    /// Whether the answer is kept under an id; yes unless given. A why-not is never kept.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    store: Field<bool>,
    /// A preset to try, in place of the policy. Needs `recommendations:edit`, as the next two; an
    /// answer to what is only tried is not kept.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "fair_share")]
    preset: Field<String>,
    /// Settings to try, over the preset's or the policy's.
    #[serde(default)]
    #[schema(value_type = Option<SettingsForm>)]
    settings: Field<SettingsForm>,
    /// Up to 10 changes to try, each as `funnel.best_relaxation.change` has it.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>, max_items = 10,
        example = json!([{ "change": "max_late_min", "to": 41.5 }]))]
    relax: Field<Vec<Value>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Work at a place that is no case.
#[derive(Debug, Deserialize)]
struct AdHocForm {
    #[serde(default)]
    position: Field<PlaceForm>,
    #[serde(flatten)]
    needs: NeedsForm,
    #[serde(flatten)]
    unknown: Unknown,
}

/// Work at a place that is no case: a position and whatever a case may ask for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes AdHocForm, whose fields are read leniently")]
pub(crate) struct AdHocInput {
    position: LatLng,
    #[schema(inline)]
    #[serde(flatten)]
    needs: NeedsForm,
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    Case(CaseId),
    Place(Position, Needs),
}

/// A request that has been read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    pub(super) subject: Subject,
    pub(super) within: Option<Rectangle>,
    pub(super) limit: usize,
    /// Unix seconds.
    pub(super) as_of: i64,
    pub(super) funnel: bool,
    pub(super) policy: PolicyChoice,
    pub(super) only: Option<Only>,
    /// Whether the answer is kept.
    pub(super) store: bool,
}

forms!(RecommendationForm, AdHocForm);

impl RecommendationForm {
    /// Reads a request that came at `now`.
    pub(super) fn read(
        self,
        now: Timestamp,
        e: &mut FieldErrors,
    ) -> Result<(Ask, Trial), Reported> {
        let limit = self.limit.optional("/limit", e, |limit| {
            if (1..=MAX_LIMIT).contains(&limit) { Ok(limit) } else { Err("must be 1 to 200") }
        });
        let allowed = "an instant within five minutes of now";
        let as_of = self.as_of.expecting("/as_of", e, allowed).optional("/as_of", e, |at| {
            let skew = (at.as_second() - now.as_second()).abs();
            let near = skew <= MAX_SKEW_S;
            if near { Ok(at.as_second()) } else { Err("must be within five minutes of now") }
        });
        let within = self.bbox.optional("/bbox", e, |text| parse_bbox(&text));
        let funnel = self.funnel.optional("/funnel", e, any).unwrap_or(false);
        let store = self.store.optional("/store", e, any).unwrap_or(true);
        let policy = PolicyChoice::read(self.policy_id, self.policy_version, e);
        let trial = Trial::read(self.preset, self.settings, self.relax, e);
        let only = self.only.optional("/only", e, any);
        let only = only.map(|form| form.check_at("/only", e, OnlyForm::read)).transpose();
        let subject = match (self.case_id.is_given(), self.place.is_given()) {
            (true, true) => Err(e.push("/place", "invalid", "give a case_id or a place, not both")),
            (false, false) => Err(e.push("/case_id", "required", "give a case_id or a place")),
            (true, false) => {
                self.case_id.required("/case_id", e, any).map(|id| Subject::Case(CaseId(id)))
            }
            (false, true) => self
                .place
                .required("/place", e, any)
                .and_then(|place| place.check_at("/place", e, AdHocForm::read)),
        };
        let ask = Ask {
            subject: subject?,
            within,
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            as_of: as_of.unwrap_or_else(|| now.as_second()),
            funnel,
            policy,
            only: only?,
            store: store && trial.is_nothing(),
        };
        Ok((ask, trial))
    }
}

impl AdHocForm {
    fn read(self, e: &mut FieldErrors) -> Result<Subject, Reported> {
        let place = self.position.required("/place/position", e, any);
        let position = place.and_then(|place| place.read("/place/position", e));
        let mut needs = Needs::default();
        self.needs.apply("/place", &mut needs, e);
        Ok(Subject::Place(position?, needs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body;

    fn read(text: &str) -> Result<Ask, String> {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let form: RecommendationForm = body::parse(text.as_bytes()).unwrap();
        form.check(|form, e| form.read(now, e))
            .map(|(ask, _)| ask)
            .map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn a_case_or_a_place_and_not_both() {
        let id = Uuid::now_v7();
        let ask = read(&format!(r#"{{"case_id":"{id}"}}"#)).ok().unwrap();
        assert!(matches!(ask.subject, Subject::Case(found) if found.0 == id));
        assert_eq!((ask.limit, ask.funnel, ask.store), (20, false, true));
        let place = r#"{"position":{"lat":1,"lng":2},"urgent":true}"#;
        let ask =
            read(&format!(r#"{{"place":{place},"limit":200,"as_of":"2026-11-22T09:55:00Z"}}"#));
        assert!(matches!(ask.ok().unwrap().subject, Subject::Place(_, needs) if needs.urgent));
        assert!(read("{}").err().unwrap().contains("/case_id"));
        let both = format!(r#"{{"case_id":"{id}","place":{place}}}"#);
        assert!(read(&both).err().unwrap().contains("not both"));
    }

    #[test]
    fn every_wrong_field_is_reported() {
        let wrong = r#"{"place":{"position":{"lat":91,"lng":0},"duration_min":0,"extra":1},
            "limit":201,"as_of":"2026-11-22T10:05:01Z","bbox":"1,2,3","funnel":1,"policy":{},"store":"no",
            "only":{"tags":[],"group":[]}}"#;
        let problem = read(wrong).err().unwrap();
        for pointer in [
            "/place/position",
            "/place/duration_min",
            "/place/extra",
            "/limit",
            "/as_of",
            "/bbox",
            "/funnel",
            "/only",
            "/only/group",
            "/policy",
            "/store",
        ] {
            assert!(problem.contains(&format!("\"{pointer}\"")), "{pointer}: {problem}");
        }
    }
}
