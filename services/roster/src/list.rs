//! Lists in a cell: entries between semicolons. An entry with a semicolon or a quote in it, or a
//! space at an end, stands in double quotes; a quote within is doubled.

/// The cell of a list.
pub(crate) fn join<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> String {
    let entries: Vec<String> = entries.into_iter().map(|entry| quoted(entry.as_ref())).collect();
    entries.join("; ")
}

fn quoted(entry: &str) -> String {
    if entry.contains([';', '"']) || entry.trim() != entry || entry == crate::CLEAR {
        format!("\"{}\"", entry.replace('"', "\"\""))
    } else {
        entry.to_owned()
    }
}

/// The entries of a cell; empty ones are left out.
pub(crate) fn split(cell: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let mut rest = cell.trim_start();
    while !rest.is_empty() {
        let (entry, after) = if let Some(inside) = rest.strip_prefix('"') {
            until_quote(inside)
        } else {
            let (entry, after) = rest.split_once(';').unwrap_or((rest, ""));
            (entry.trim().to_owned(), after)
        };
        if !entry.is_empty() {
            entries.push(entry);
        }
        rest = after.trim_start();
    }
    entries
}

/// The text up to a closing quote, and what comes after the next semicolon. Without a closing quote
/// it is all that is left.
fn until_quote(inside: &str) -> (String, &str) {
    let mut entry = String::new();
    let mut rest = inside;
    while let Some((before, after)) = rest.split_once('"') {
        entry.push_str(before);
        if let Some(more) = after.strip_prefix('"') {
            entry.push('"');
            rest = more;
            continue;
        }
        let (tail, after) = after.split_once(';').unwrap_or((after, ""));
        entry.push_str(tail.trim());
        return (entry, after);
    }
    entry.push_str(rest);
    (entry, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_comes_apart_again() {
        for entries in [
            vec![],
            vec!["North"],
            vec!["North", "South; West", "the \"old\" one", " spaced ", "\"", ";", "(none)"],
        ] {
            assert_eq!(split(&join(&entries)), entries);
        }
    }

    #[test]
    fn people_write_lists_as_they_like() {
        assert_eq!(split(" North ;South;; "), ["North", "South"]);
        assert_eq!(split("\"North"), ["North"]);
        assert_eq!(split("\"North\"x; South"), ["Northx", "South"]);
        assert_eq!(split(" ; "), Vec::<String>::new());
    }
}
