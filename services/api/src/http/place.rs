//! Positions in bodies: latitude before longitude, always by name.

use crate::http::body::{Field, Form, Patch, Unknown, any, forms};
use nearhand_domain::{
    Position,
    field::{FieldErrors, Reported},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A WGS 84 position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct LatLng {
    /// Degrees, −90 to 90.
    #[schema(example = 38.7223, minimum = -90.0, maximum = 90.0)]
    pub lat: f64,
    /// Degrees, −180 to 180.
    #[schema(example = -9.1393, minimum = -180.0, maximum = 180.0)]
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

forms!(PlaceForm);

impl PlaceForm {
    /// Checks it; errors are collected below `pointer`.
    pub(crate) fn read(
        self,
        pointer: &str,
        errors: &mut FieldErrors,
    ) -> Result<Position, Reported> {
        self.check_at(pointer, errors, |form, e| {
            let lat = form.lat.required(&format!("{pointer}/lat"), e, any);
            let lng = form.lng.required(&format!("{pointer}/lng"), e, any);
            e.check(pointer, "invalid_position", Position::new(lat?, lng?))
        })
    }

    /// Changes an optional position to what a field says of it.
    pub(crate) fn patch(
        field: Field<Self>,
        pointer: &str,
        errors: &mut FieldErrors,
        target: &mut Option<Position>,
    ) {
        match field.patch(pointer, errors, any) {
            Patch::Keep => {}
            Patch::Clear => *target = None,
            Patch::Set(place) => *target = place.read(pointer, errors).ok(),
        }
    }
}
