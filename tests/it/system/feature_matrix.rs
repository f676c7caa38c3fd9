//! The feature matrix of the documentation names tests that exist. Must not need the network.

use std::{fs, path::Path};

const PAGE: &str = "docs/feature-matrix.md";

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

/// The source file of a test, from the root, and its function.
fn place(test: &str) -> Option<(String, &str)> {
    let (file, function) = test.rsplit_once("::")?;
    if file.ends_with(".rs") {
        return Some((file.to_owned(), function));
    }
    Some((format!("tests/it/{}.rs", file.replace("::", "/")), function))
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
            let Some((file, function)) = place(test) else {
                faults.push(format!("{PAGE}:{number}: {test} is no name of a test"));
                continue;
            };
            let source = fs::read_to_string(root().join(&file)).unwrap_or_default();
            if !holds_test(&source, function) {
                faults.push(format!("{PAGE}:{number}: there is no test {function} in {file}"));
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
    assert_eq!(place("r"), None);
    assert!(holds_test("#[tokio::test]\nasync fn r() {", "r"));
    assert!(!holds_test("async fn r() {", "r") && !holds_test("#[test]\nfn rr() {", "r"));
}
