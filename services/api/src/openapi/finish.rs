//! What is true of the document as a whole and no type says: a page holds what its entries are by
//! themselves, a change requires no field, and an answer holds each of its fields.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use utoipa::openapi::OpenApi as Document;

/// Fields of answers that are left out where there is nothing to say.
const SOMETIMES: &[(&str, &str)] =
    &[("ProblemDocument", "errors"), ("ProblemDocument", "errors_left_out")];
const SCHEMAS: &str = "#/components/schemas/";
/// How the schemas of pages begin; the name of the entries' schema follows.
const PAGE: &str = "Page_";

/// The document as it is served.
pub(crate) fn finish(document: Document) -> Document {
    let Ok(mut value) = serde_json::to_value(&document) else { return document };
    refer_to_entries(&mut value);
    relax_patches(&mut value);
    require_answers(&mut value);
    serde_json::from_value(value).unwrap_or(document)
}

/// Lets each page refer to the schema of its entries, which the derived one repeats in place: typed
/// clients would take the entry of a list and the same thing by itself for two types.
fn refer_to_entries(document: &mut Value) {
    let Some(schemas) = schemas(document) else { return };
    let mut entries = Vec::new();
    for (page, schema) in schemas.iter_mut() {
        let Some(name) = page.strip_prefix(PAGE) else { continue };
        let Some(items) = schema.pointer_mut("/properties/items/items") else { continue };
        let reference = json!({ "$ref": format!("{SCHEMAS}{name}") });
        entries.push((name.to_owned(), std::mem::replace(items, reference)));
    }
    for (name, schema) in entries {
        schemas.entry(name).or_insert(schema);
    }
}

/// Gives each PATCH a schema of its own, in which nothing is required.
fn relax_patches(document: &mut Value) {
    let mut patched = BTreeSet::new();
    for operation in operations(document, Some("patch")) {
        let Some(at) = operation.pointer_mut(BODY).and_then(|schema| schema.get_mut("$ref")) else {
            continue;
        };
        let Some(name) = at.as_str().and_then(|at| at.strip_prefix(SCHEMAS)) else { continue };
        let name = name.to_owned();
        *at = json!(format!("{SCHEMAS}{}", patch_name(&name)));
        patched.insert(name);
    }
    let Some(schemas) = schemas(document) else { return };
    for name in patched {
        if let Some(mut schema) = schemas.get(&name).cloned() {
            require_nothing(&mut schema);
            schemas.insert(patch_name(&name), schema);
        }
    }
}

fn require_nothing(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    members.remove("required");
    let parts = members.get_mut("allOf").and_then(Value::as_array_mut);
    parts.into_iter().flatten().for_each(require_nothing);
}

const BODY: &str = "/requestBody/content/application~1json/schema";

fn patch_name(name: &str) -> String {
    let stem = name.strip_suffix("Input").or_else(|| name.strip_suffix("Patch")).unwrap_or(name);
    format!("{stem}Patch")
}

/// Requires every field of schemas that only answers use.
fn require_answers(document: &mut Value) {
    let mut asked = BTreeSet::new();
    let mut answered = BTreeSet::new();
    for operation in operations(document, None) {
        collect(&operation["requestBody"], &mut asked);
        collect(&operation["responses"], &mut answered);
    }
    let Some(schemas) = schemas(document) else { return };
    close(schemas, &mut asked);
    close(schemas, &mut answered);
    for name in answered.difference(&asked) {
        if let Some(schema) = schemas.get_mut(name) {
            require_all(name, schema);
        }
    }
}

fn require_all(name: &str, schema: &mut Value) {
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        require_all(name, part);
    }
    let Some(fields) = schema.get("properties").and_then(Value::as_object) else { return };
    let always = fields.keys().filter(|field| !SOMETIMES.contains(&(name, field.as_str())));
    let always: Vec<&String> = always.collect();
    schema["required"] = json!(always);
}

/// Adds what the schemas of a set refer to.
fn close(schemas: &Map<String, Value>, names: &mut BTreeSet<String>) {
    let mut open: Vec<String> = names.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let mut found = BTreeSet::new();
        collect(schemas.get(&name).unwrap_or(&Value::Null), &mut found);
        open.extend(found.into_iter().filter(|name| names.insert(name.clone())));
    }
}

/// The names of all schemas that a value refers to.
fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let at = members.get("$ref").and_then(Value::as_str);
            names.extend(at.and_then(|at| at.strip_prefix(SCHEMAS)).map(str::to_owned));
            members.values().for_each(|member| collect(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

/// All operations, or those of one method.
fn operations<'a>(
    document: &'a mut Value,
    method: Option<&'a str>,
) -> impl Iterator<Item = &'a mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flatten().filter_map(|(_, item)| item.as_object_mut());
    items.flatten().filter(move |(name, _)| method.is_none_or(|m| m == *name)).map(|(_, op)| op)
}

fn schemas(document: &mut Value) -> Option<&mut Map<String, Value>> {
    document.pointer_mut("/components/schemas")?.as_object_mut()
}
