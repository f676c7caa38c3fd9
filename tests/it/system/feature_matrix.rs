//! The feature matrix of the documentation names tests that exist. Must not need the network.

use std::{fs, path::Path};

const PAGE: &str = "docs/feature-matrix.md";
/// How the names of files of stories end.
const STORIES: &str = ".spec.ts";

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// The rows of the tables whose last column is `test`: line number, name of the feature, tests.
fn rows(page: &str) -> Vec<(usize, &str, &str)> {
    let (mut rows, mut width) = (Vec::new(), None);
    for (number, line) in (1..).zip(page.lines()) {
        if !line.starts_with('|') {
            width = None;
            continue;
        }
        let cells = cells(line);
        let last = cells.last().copied().unwrap_or_default();
        match width {
            None if last == "test" => width = Some(cells.len()),
            Some(_) if last.starts_with("---") => {}
            Some(width) => {
                assert_eq!(cells.len(), width, "{PAGE}:{number} has as many cells as its header");
                rows.push((number, cells.first().copied().unwrap_or_default(), last));
            }
            None => {}
        }
    }
    rows
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The source file of a test, from the root, and its function; of a story its title.
fn place(test: &str) -> Option<(String, &str)> {
    let (file, name) = test.rsplit_once("::")?;
    if file.ends_with(".rs") {
        return Some((file.to_owned(), name));
    }
    if file.ends_with(STORIES) {
        return Some((format!("tests/browser/{file}"), name));
    }
    Some((format!("tests/it/{}.rs", file.replace("::", "/")), name))
}

/// Whether a source holds a test or a story of this name.
fn holds(file: &str, source: &str, name: &str) -> bool {
    if file.ends_with(STORIES) { holds_story(source, name) } else { holds_test(source, name) }
}

/// Whether a source holds a story of this title.
fn holds_story(source: &str, title: &str) -> bool {
    let start = format!("test('{}', async", title.replace('\'', "\\'"));
    source.lines().any(|line| line.starts_with(&start))
}

/// Whether a source holds a test of this name, and not only a function.
fn holds_test(source: &str, function: &str) -> bool {
    let start = format!("fn {function}(");
    let mut before = "";
    for line in source.lines().map(str::trim) {
        let declared = line.strip_prefix("async ").unwrap_or(line);
        let is_test = before.starts_with("#[test") || before.starts_with("#[tokio::test");
        if is_test && declared.starts_with(&start) {
            return true;
        }
        before = line;
    }
    false
}

#[test]
fn every_row_names_tests_that_exist() {
    let page = fs::read_to_string(root().join(PAGE)).expect("the feature matrix");
    let rows = rows(&page);
    assert!(rows.len() > 50, "{PAGE} has {} rows", rows.len());
    let mut faults = Vec::new();
    for (number, feature, tests) in rows {
        if quoted(tests).next().is_none() {
            faults.push(format!("{PAGE}:{number}: no test for {feature}"));
        }
        for test in quoted(tests) {
            let Some((file, name)) = place(test) else {
                faults.push(format!("{PAGE}:{number}: {test} is no name of a test"));
                continue;
            };
            let source = fs::read_to_string(root().join(&file)).unwrap_or_default();
            if !holds(&file, &source, name) {
                faults.push(format!("{PAGE}:{number}: there is no test {name} in {file}"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn rows_and_names_are_read_as_they_are_written() {
    let page = "| a | test |\n|---|---|\n| x | `p::q::r` |\n\n| a | b |\n|---|---|\n| y | z |\n";
    assert_eq!(rows(page), [(3, "x", "`p::q::r`")]);
    assert_eq!(place("p::q::r"), Some(("tests/it/p/q.rs".to_owned(), "r")));
    assert_eq!(place("s/t.rs::r"), Some(("s/t.rs".to_owned(), "r")));
    assert_eq!(place("s/t.spec.ts::r"), Some(("tests/browser/s/t.spec.ts".to_owned(), "r")));
    assert_eq!(place("r"), None);
    assert!(holds_test("#[tokio::test]\nasync fn r() {", "r"));
    assert!(!holds_test("async fn r() {", "r") && !holds_test("#[test]\nfn rr() {", "r"));
    assert!(holds("t.spec.ts", "\ntest('one\\'s', async () => {", "one's"));
    assert!(!holds_story("test('one and two', async () => {", "one"));
}
