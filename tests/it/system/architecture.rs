//! Dependencies point one way, and the pure crates stay pure.

use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};

/// Which crate may use which, besides the domain, which all may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("nearhand-domain", &[]),
    ("nearhand-index", &[]),
    ("nearhand-recommend", &["nearhand-index"]),
    ("nearhand-storage", &[]),
    ("nearhand-migrations", &[]),
    ("nearhand-queue", &[]),
    ("nearhand-indexer", &["nearhand-index", "nearhand-queue", "nearhand-storage"]),
    (
        "nearhand-api",
        &[
            "nearhand-index",
            "nearhand-recommend",
            "nearhand-indexer",
            "nearhand-storage",
            "nearhand-queue",
        ],
    ),
    (
        "nearhand-runner",
        &["nearhand-recommend", "nearhand-indexer", "nearhand-storage", "nearhand-queue"],
    ),
];

/// May use everything.
const TOP: &[&str] = &["nearhand", "nearhand-tests", "nearhand-benches"];
/// No I/O and no async, however indirectly.
const PURE: &[&str] = &["nearhand-domain", "nearhand-index", "nearhand-recommend"];
const IMPURE: &[&str] = &["tokio", "sqlx", "redis", "axum", "hyper", "reqwest"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .exec()
        .expect("cargo metadata")
}

fn uses(package: &Package) -> BTreeSet<&str> {
    let normal = |d: &&cargo_metadata::Dependency| d.kind == cargo_metadata::DependencyKind::Normal;
    package.dependencies.iter().filter(normal).map(|d| d.name.as_str()).collect()
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if TOP.contains(&name) {
            continue;
        }
        let allowed = allowed.get(name).unwrap_or_else(|| panic!("{name} is not in the list"));
        for used in uses(package) {
            let ours = used == "nearhand" || used.starts_with("nearhand-");
            let fine = !ours || used == "nearhand-domain" || allowed.contains(&used);
            assert!(fine, "{name} must not use {used}");
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
            let normal = |d: &&cargo_metadata::NodeDep| {
                d.dep_kinds.iter().any(|k| k.kind == cargo_metadata::DependencyKind::Normal)
            };
            open.extend(nodes[id].deps.iter().filter(normal).map(|dep| &dep.pkg));
        }
        assert!(seen.len() > 5, "{pure} was really walked");
    }
}
