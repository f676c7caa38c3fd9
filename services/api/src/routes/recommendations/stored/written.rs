//! A question as it is kept, to be asked again: JSON, which later releases must still read. Decimal
//! numbers are texts, since not every reader of JSON gives back their last digit.

use crate::routes::recommendations::{
    answer::Basis,
    form::{Ask, Subject},
    only::Only,
    policy::PolicyChoice,
};
use nearhand_dispatch::Needs;
use nearhand_domain::{CaseId, Position};
use nearhand_index::Rectangle;
use serde::{Deserialize, Serialize};

/// A question, what it was ranked for and by, and the version of the organisation's settings.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<CaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    /// South, west, north, east.
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<[Decimal; 4]>,
    limit: usize,
    funnel: bool,
    policy: PolicyChoice,
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<Only>,
    basis: Basis,
    settings: i64,
}

/// A place that is no case.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    lat: Decimal,
    lng: Decimal,
    needs: Needs,
}

/// A number to the last digit.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Decimal(String);

impl From<f64> for Decimal {
    fn from(number: f64) -> Self {
        Self(number.to_string())
    }
}

impl Decimal {
    fn read(&self) -> Option<f64> {
        self.0.parse().ok()
    }
}

impl Written {
    pub(super) fn of(ask: &Ask, basis: &Basis, settings: i64) -> Self {
        let (case_id, place) = match &ask.subject {
            Subject::Case(id) => (Some(*id), None),
            Subject::Place(at, needs) => {
                let (lat, lng) = (at.lat().into(), at.lng().into());
                (None, Some(Place { lat, lng, needs: needs.clone() }))
            }
        };
        let within = ask.within.map(|within| {
            [within.south, within.west, within.north, within.east].map(Decimal::from)
        });
        Self {
            case_id,
            place,
            within,
            limit: ask.limit,
            funnel: ask.funnel,
            policy: ask.policy,
            only: ask.only.clone(),
            basis: basis.clone(),
            settings,
        }
    }

    /// What was written; `None`: it was something else.
    pub(super) fn read(self) -> Option<(Ask, Basis, i64)> {
        let subject = match (self.case_id, self.place) {
            (Some(id), None) => Subject::Case(id),
            (None, Some(Place { lat, lng, needs })) => {
                Subject::Place(Position::new(lat.read()?, lng.read()?).ok()?, needs)
            }
            _ => return None,
        };
        let within = match self.within {
            Some([south, west, north, east]) => Some(Rectangle {
                south: south.read()?,
                west: west.read()?,
                north: north.read()?,
                east: east.read()?,
            }),
            None => None,
        };
        let ask = Ask {
            subject,
            within,
            limit: self.limit,
            as_of: self.basis.as_of,
            funnel: self.funnel,
            policy: self.policy,
            only: self.only,
            store: true,
        };
        Some((ask, self.basis, self.settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::body::{self, Form},
        routes::recommendations::{form::RecommendationForm, policy::PolicyRef},
    };

    #[test]
    fn a_question_comes_back_to_the_last_digit() {
        let (now, id) = ("2026-11-22T10:00:00Z".parse().unwrap(), uuid::Uuid::now_v7());
        let place = r#"{"position":{"lat":38.70710000000001,"lng":-9.1},"duration_min":90,
            "languages":["pt"],"skills":[{"code":"camera","required":2}],"starts_at":"2026-11-22T12:00:00Z"}"#;
        for text in [
            format!(r#"{{"case_id":"{id}","limit":7,"policy_id":"{id}","policy_version":2}}"#),
            format!(
                r#"{{"place":{place},"bbox":"0.1,0.2,0.30000000000000004,0.7","funnel":true}}"#
            ),
            format!(r#"{{"case_id":"{id}","only":{{"tags":["{id}"]}}}}"#),
        ] {
            let form: RecommendationForm = body::parse(text.as_bytes()).unwrap();
            let (ask, _) = form.check(|form, e| form.read(now, e)).unwrap();
            let policy = r#"{"id":null,"version":0,"name":"balanced"}"#;
            let policy: PolicyRef = serde_json::from_str(policy).unwrap();
            let basis = Basis {
                as_of: ask.as_of,
                shown_at: ask.as_of + 1,
                exact: true,
                policy,
                case: Some((CaseId(id), 3)),
                case_digest: "00".into(),
            };
            let text = serde_json::to_string(&Written::of(&ask, &basis, 4)).unwrap();
            let written: Written = serde_json::from_str(&text).unwrap();
            assert_eq!(written.read(), Some((ask, basis, 4)), "{text}");
        }
    }
}
