//! What came with a file: its content type and its name. Opens no file.

use axum::http::{HeaderMap, header};

/// The content types that files of people come with. Which kind it is, the content says.
pub(super) const CONTENT_TYPES: &[&str] = &[
    "application/octet-stream",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    // What browsers call a CSV where Excel is installed.
    "application/vnd.ms-excel",
];

/// Longest name that is kept, in characters, as the database has it.
const LONGEST_NAME: usize = 255;

/// The file's name: as it was given, else that of `content-disposition`, without folders and what
/// cannot be seen. None if it has none.
pub(super) fn file_name(given: Option<&str>, headers: &HeaderMap) -> Option<String> {
    let disposition =
        headers.get(header::CONTENT_DISPOSITION).and_then(|value| value.to_str().ok());
    let name = match given {
        Some(name) => name.to_owned(),
        None => disposition.and_then(disposed_name)?,
    };
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen: String = name.chars().filter(|c| !c.is_control()).collect();
    let seen = seen.trim();
    // The end of a long name says which kind of file it is.
    let most = seen.chars().count().saturating_sub(LONGEST_NAME);
    let kept: String = seen.chars().skip(most).collect();
    (!kept.is_empty()).then_some(kept)
}

/// `filename*`, else `filename`, of RFC 6266.
fn disposed_name(header: &str) -> Option<String> {
    let parameters: Vec<(String, &str)> = header
        .split(';')
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let of = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, v)| *v);
    let extended = of("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, encoded) = rest.split_once('\'')?;
        charset.eq_ignore_ascii_case("utf-8").then(|| percent_decoded(encoded))?
    });
    extended.or_else(|| of("filename").map(|name| name.trim_matches('"').to_owned()))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(disposition: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_DISPOSITION, disposition.parse().unwrap());
        file_name(None, &headers)
    }

    #[test]
    fn a_name_is_found_where_it_is_given() {
        assert_eq!(named("attachment; filename=\"staff.csv\"").as_deref(), Some("staff.csv"));
        assert_eq!(
            named("attachment; filename=x.csv; filename*=UTF-8''Stra%C3%9Fe.xlsx").as_deref(),
            Some("Straße.xlsx")
        );
        assert_eq!(
            named("attachment; filename*=UTF-8''%zz; filename=x.csv").as_deref(),
            Some("x.csv")
        );
        assert_eq!(named("inline"), None);
        let none = HeaderMap::new();
        assert_eq!(file_name(Some("../etc/people.csv"), &none).as_deref(), Some("people.csv"));
        assert_eq!(file_name(Some("C:\\a\\b.csv"), &none).as_deref(), Some("b.csv"));
        let long = format!("{}.csv", "x".repeat(400));
        let kept = file_name(Some(&long), &none).unwrap();
        assert!(kept.ends_with("x.csv") && kept.len() == LONGEST_NAME);
    }
}
