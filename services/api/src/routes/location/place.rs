//! Positions in bodies: latitude before longitude, always by name.

use crate::http::body::{Field, Unknown, any, refuse_unknown};
use nearhand_domain::{Position, field::FieldErrors};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A WGS 84 position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct LatLng {
    /// Degrees, −90 to 90.
    #[schema(example = 38.7223)]
    pub lat: f64,
    /// Degrees, −180 to 180.
    #[schema(example = -9.1393)]
    pub lng: f64,
}

impl From<Position> for LatLng {
    fn from(position: Position) -> Self {
        Self { lat: position.lat(), lng: position.lng() }
    }
}

/// A position as sent, not yet checked.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PlaceForm {
    #[serde(default)]
    lat: Field<f64>,
    #[serde(default)]
    lng: Field<f64>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl PlaceForm {
    /// Checks it; errors are collected below `pointer`.
    pub(crate) fn read(self, pointer: &str, errors: &mut FieldErrors) -> Option<Position> {
        refuse_unknown(&self.unknown, pointer, errors);
        let lat = self.lat.required(&format!("{pointer}/lat"), errors, any);
        let lng = self.lng.required(&format!("{pointer}/lng"), errors, any);
        errors.check(pointer, "invalid_position", Position::new(lat?, lng?))
    }
}
