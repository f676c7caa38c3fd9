//! The `crs` member of old GeoJSON: WGS 84 in its usual spellings is taken, anything else refused.
//! Must not convert coordinates.

use super::json_type::json_type;
use serde_json::Value;

/// What is wrong with a `crs` member of the object at `at`: a pointer and how to mend it.
pub(super) fn fault(crs: &Value, at: &str) -> Option<(String, String)> {
    const MEND: &str =
        "convert the area to WGS 84 (EPSG:4326, longitude first) and leave `crs` out";
    let properties = crs.get("properties");
    let named = match crs {
        Value::Null => return None,
        Value::String(name) => Some(("/crs", name.clone())),
        _ => properties.and_then(|properties| {
            let name = properties.get("name").and_then(Value::as_str);
            let code = properties.get("code");
            let code = code.and_then(|code| {
                code.as_u64().map(|n| n.to_string()).or_else(|| code.as_str().map(str::to_owned))
            });
            let code = code.map(|code| ("/crs/properties/code", format!("epsg:{code}")));
            name.map(|name| ("/crs/properties/name", name.to_owned())).or(code)
        }),
    };
    let Some((pointer, name)) = named else {
        let detail = format!("is {} that names no coordinate system; {MEND}", json_type(crs));
        return Some((format!("{at}/crs"), detail));
    };
    if is_wgs84(&name) {
        return None;
    }
    let what = match epsg(&name) {
        Some(code) => format!("is EPSG:{code}"),
        None => "is not WGS 84".to_owned(),
    };
    Some((format!("{at}{pointer}"), format!("{what}; {MEND}")))
}

/// `urn:ogc:def:crs:OGC:1.3:CRS84`, `EPSG:4326`, `http://www.opengis.net/def/crs/EPSG/0/4326` …
fn is_wgs84(name: &str) -> bool {
    let last = words(name).pop().unwrap_or_default();
    match last.as_str() {
        "crs84" | "crs84h" | "wgs84" => true,
        // EPSG:4979 is WGS 84 with heights.
        "4326" | "4979" => epsg(name).is_some() || words(name).len() == 1,
        _ => false,
    }
}

/// The code of a name in EPSG's register.
fn epsg(name: &str) -> Option<u32> {
    let words = words(name);
    let is_epsg = words.iter().any(|word| word.starts_with("epsg"));
    words.last().filter(|_| is_epsg)?.parse().ok()
}

fn words(name: &str) -> Vec<String> {
    let plain: String = name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect();
    let words = plain.split([':', '/', '#']).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wgs_84_is_known_in_its_usual_spellings() {
        for name in [
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "urn:ogc:def:crs:OGC::CRS84",
            "urn:ogc:def:crs:EPSG::4326",
            "urn:ogc:def:crs:EPSG:6.9:4326",
            "EPSG:4326",
            "epsg:4326",
            "CRS84",
            "OGC:CRS84h",
            "WGS 84",
            "WGS-84",
            "4326",
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "http://www.opengis.net/def/crs/EPSG/0/4326",
            "http://www.opengis.net/gml/srs/epsg.xml#4326",
        ] {
            let crs = json!({ "type": "name", "properties": { "name": name } });
            assert_eq!(fault(&crs, ""), None, "{name}");
            assert_eq!(fault(&json!(name), ""), None, "{name}");
        }
        let old = json!({ "type": "EPSG", "properties": { "code": 4326 } });
        assert_eq!(fault(&old, ""), None);
        assert_eq!(fault(&Value::Null, ""), None);
    }

    #[test]
    fn another_system_is_refused_where_it_is_named() {
        let crs = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::3857" } });
        let (at, detail) = fault(&crs, "/geometry").unwrap();
        assert_eq!(at, "/geometry/crs/properties/name");
        assert!(detail.starts_with("is EPSG:3857; convert"), "{detail}");
        for (crs, at) in [
            (json!("EPSG:31467"), "/crs"),
            (json!({ "type": "EPSG", "properties": { "code": 2154 } }), "/crs/properties/code"),
            (json!({ "type": "link", "properties": { "href": "x" } }), "/crs"),
            (
                json!({ "type": "name", "properties": { "name": "WGS 84 / UTM zone 29N" } }),
                "/crs/properties/name",
            ),
            (
                json!({ "properties": { "name": "urn:ogc:def:crs:OGC:1.3:CRS27" } }),
                "/crs/properties/name",
            ),
            (json!(7), "/crs"),
        ] {
            assert_eq!(fault(&crs, "").map(|fault| fault.0).as_deref(), Some(at), "{crs}");
        }
    }
}
