//! Reading what is said about a client. Must not ask the database.

use crate::http::body::{Field, Patch, Unknown, any, forms};
use nearhand_domain::{
    ClientId, clock,
    field::{FieldErrors, Reported},
    text::{line, lines},
};
use nearhand_storage::clients::ClientRecord;
use serde::Deserialize;
use utoipa::ToSchema;

/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Longest notes, in characters.
const MAX_NOTES: usize = 4_000;

/// What may be said about a client. In a change, what is left out stays and null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ClientInput, example = json!({ "name": "Harbour Insurance",
    "notes": "Ask for Mr Silva at the gate.", "panel_required": false }))]
pub(crate) struct ClientForm {
    /// At most 200 characters; unique without regard to case.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 200)]
    name: Field<String>,
    /// At most 4,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    notes: Field<String>,
    /// Whether only people on its panel may work for it; false unless given.
    #[serde(default)]
    #[schema(value_type = bool)]
    panel_required: Field<bool>,
    /// Whether new cases may name it; true unless given.
    #[serde(default)]
    #[schema(value_type = bool)]
    active: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(ClientForm);

/// A client of which nothing has been said.
pub(super) fn blank() -> ClientRecord {
    ClientRecord {
        id: ClientId::generate(),
        version: 1,
        name: String::new(),
        notes: String::new(),
        panel_required: false,
        active: true,
        created_at: clock::now(),
    }
}

impl ClientForm {
    /// The record with what was said of it. Of a client that is not stored yet the name is required.
    pub(super) fn apply(
        self,
        mut record: ClientRecord,
        is_new: bool,
        e: &mut FieldErrors,
    ) -> Result<ClientRecord, Reported> {
        let stored = (!is_new).then(|| record.name.clone());
        let name = self.name.required_unless(stored, "/name", e, |v| line(&v, MAX_NAME));
        match self.notes.patch("/notes", e, |v| lines(&v, MAX_NOTES)) {
            Patch::Keep => {}
            Patch::Clear => record.notes.clear(),
            Patch::Set(notes) => record.notes = notes,
        }
        let required = self.panel_required.replacement("/panel_required", e, any);
        record.panel_required = required.unwrap_or(record.panel_required);
        record.active = self.active.replacement("/active", e, any).unwrap_or(record.active);
        record.name = name?;
        Ok(record)
    }
}
