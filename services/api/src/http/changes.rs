//! What a change did, for the audit trail: the fields that differ, before and after.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The fields of two states of a thing that differ, each as `{before, after}`. Of a new thing,
/// every field.
pub(crate) fn changes(before: Option<&impl Serialize>, after: &impl Serialize) -> Value {
    let value = |state: Option<Value>| state.unwrap_or_default();
    let old = value(before.and_then(|before| serde_json::to_value(before).ok()));
    let new = value(serde_json::to_value(after).ok());
    let changed: Map<String, Value> = new
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| old.get(name) != Some(value))
        .map(|(name, value)| (name.clone(), json!({ "before": old.get(name), "after": value })))
        .collect();
    Value::Object(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let (old, new) = (json!({ "a": 1, "b": null }), json!({ "a": 1, "b": "x" }));
        assert_eq!(changes(Some(&old), &new), json!({ "b": { "before": null, "after": "x" } }));
        let all = changes(None::<&Value>, &new);
        assert_eq!(all["a"], json!({ "before": null, "after": 1 }));
    }
}
