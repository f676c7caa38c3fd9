//! The manifests name what is used and nothing else. Must not need the network.

use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::{collections::BTreeSet, path::Path};

/// Direct dependencies that no source file names, each with its reason: crate, dependency, reason.
const UNNAMED: &[(&str, &str, &str)] = &[];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata")
}

/// What a crate's manifest names, of every kind.
fn named(package: &Package) -> BTreeSet<&str> {
    package.dependencies.iter().map(|dependency| dependency.name.as_str()).collect()
}

/// The names in the root manifest's table: cargo tells of those alone that some crate uses.
fn workspace_table(root: &Path) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the root manifest");
    let lines = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let entries = lines.filter_map(|line| line.split_once(" = "));
    entries.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with('#')).collect()
}

/// The code of all sources below a folder, without line comments.
fn code_below(folder: &Path, code: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"))
    {
        let path = entry.path();
        if path.is_dir() {
            code_below(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file");
            for line in text.lines() {
                code.push_str(line.split("//").next().unwrap_or_default());
                code.push('\n');
            }
        }
    }
}

/// Whether code names a crate: as the beginning of a path.
fn names(code: &str, dependency: &str) -> bool {
    let path = format!("{}::", dependency.replace('-', "_"));
    code.match_indices(&path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && before != '_')
    })
}

#[test]
fn every_workspace_dependency_is_named_by_some_crate() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let used: BTreeSet<&str> = packages.iter().flat_map(|package| named(package)).collect();
    let table = workspace_table(metadata.workspace_root.as_std_path());
    assert!(table.len() > 40 && table.contains("nearhand-domain"), "the table was really read");
    let unused: Vec<&String> = table.iter().filter(|name| !used.contains(name.as_str())).collect();
    assert!(unused.is_empty(), "take these out of the workspace's table: {unused:?}");
}

#[test]
fn every_dependency_is_named_in_its_crates_sources() {
    let mut wrong = Vec::new();
    for package in metadata().workspace_packages() {
        let name = package.name.as_str();
        let folder = package.manifest_path.parent().expect("a folder").as_std_path();
        let mut code = String::new();
        code_below(folder, &mut code);
        for dependency in named(package) {
            let excepted = UNNAMED.iter().any(|(of, on, _)| (*of, *on) == (name, dependency));
            if names(&code, dependency) == excepted {
                wrong.push(format!("{name}: {dependency} (excepted: {excepted})"));
            }
        }
    }
    assert!(wrong.is_empty(), "take these out of their crates' manifests: {wrong:#?}");
}

#[test]
fn a_crate_is_named_by_the_beginning_of_a_path() {
    assert!(names("use serde_json::json;", "serde-json"));
    assert!(names("#[tokio::test]", "tokio"));
    assert!(!names("use serde_json::json;", "serde"));
    assert!(!names("use geojson::Feature;", "json"));
    assert!(!names("let http = 1;", "http"));
}
