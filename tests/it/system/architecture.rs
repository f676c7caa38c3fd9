//! Dependencies point one way, and the pure crates stay pure.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, NodeDep, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::{fs, path::Path};

/// Which of our crates each of them uses, no more and no fewer. Besides these, all may use the
/// domain.
const EDGES: &[(&str, &[&str])] = &[
    ("nearhand-domain", &[]),
    ("nearhand-index", &[]),
    ("nearhand-recommend", &["nearhand-index"]),
    ("nearhand-storage", &[]),
    ("nearhand-dispatch", &["nearhand-index", "nearhand-recommend", "nearhand-storage"]),
    ("nearhand-migrations", &[]),
    ("nearhand-queue", &[]),
    ("nearhand-indexer", &["nearhand-index", "nearhand-queue", "nearhand-storage"]),
    (
        "nearhand-api",
        &[
            "nearhand-dispatch",
            "nearhand-index",
            "nearhand-indexer",
            "nearhand-mail",
            "nearhand-photos",
            "nearhand-queue",
            "nearhand-recommend",
            "nearhand-roster",
            "nearhand-sheets",
            "nearhand-storage",
            "nearhand-trackers",
        ],
    ),
    (
        "nearhand-runner",
        &[
            "nearhand-dispatch",
            "nearhand-geocode",
            "nearhand-indexer",
            "nearhand-mail",
            "nearhand-photos",
            "nearhand-queue",
            "nearhand-roster",
            "nearhand-sheets",
            "nearhand-storage",
        ],
    ),
    ("nearhand-console", &[]),
    ("nearhand-play", &[]),
    ("nearhand-geocode", &[]),
    ("nearhand-mail", &[]),
    ("nearhand-photos", &[]),
    ("nearhand-roster", &["nearhand-sheets", "nearhand-storage"]),
    ("nearhand-sheets", &[]),
    ("nearhand-trackers", &[]),
];

/// May use everything.
const TOP: &[&str] = &["nearhand", "nearhand-tests", "nearhand-benches"];
/// May be used by all.
const BOTTOM: &str = "nearhand-domain";
/// No I/O and no async, however indirectly.
const PURE: &[&str] =
    &["nearhand-domain", "nearhand-index", "nearhand-recommend", "nearhand-trackers"];
const IMPURE: &[&str] = &["tokio", "sqlx", "redis", "axum", "hyper", "reqwest"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .exec()
        .expect("cargo metadata")
}

/// Our crates that this one declares, for its tests and build scripts, too.
fn ours(package: &Package) -> BTreeSet<&str> {
    let ours = |name: &&str| *name == "nearhand" || name.starts_with("nearhand-");
    package.dependencies.iter().map(|dependency| dependency.name.as_str()).filter(ours).collect()
}

#[test]
fn the_crates_use_each_other_exactly_as_listed() {
    let metadata = metadata();
    let listed: BTreeMap<_, _> = EDGES.iter().copied().collect();
    let mut seen = BTreeSet::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if TOP.contains(&name) {
            continue;
        }
        let listed = listed.get(name).unwrap_or_else(|| panic!("{name} is not in the list"));
        let used = ours(package).into_iter().filter(|used| *used != BOTTOM);
        assert_eq!(used.collect::<BTreeSet<_>>(), listed.iter().copied().collect(), "{name}");
        seen.insert(name);
    }
    assert_eq!(seen, listed.keys().copied().collect(), "every crate of the list is there");
}

#[test]
fn a_crate_of_ours_that_is_declared_is_used() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().expect("a folder");
        let mut text = String::new();
        read_sources(folder.as_std_path(), &mut text);
        for used in ours(package) {
            let word = used.replace('-', "_");
            assert!(
                text.contains(&format!("{word}::")),
                "{} declares {used} in vain",
                package.name
            );
        }
    }
}

/// Appends all Rust sources of a folder.
fn read_sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_sources(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("a source file"));
        }
    }
}

#[test]
fn the_pure_crates_reach_no_runtime() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    for pure in PURE {
        let root = metadata.packages.iter().find(|p| p.name.as_str() == *pure).expect("the crate");
        let (mut seen, mut open) = (BTreeSet::new(), vec![&root.id]);
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let name = metadata[id].name.as_str();
            assert!(!IMPURE.contains(&name), "{pure} reaches {name}");
            let normal =
                |d: &&NodeDep| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal);
            open.extend(nodes[id].deps.iter().filter(normal).map(|dep| &dep.pkg));
        }
        assert!(seen.len() > 5, "{pure} was really walked");
    }
}
