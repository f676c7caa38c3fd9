//! No circles between the files of a pure crate. Must read source text only, and must fail on a
//! path that it cannot resolve.
//!
//! A file uses another when a path in it (`crate::`, `super::`, `self::`, or a child module's name)
//! leads there. Re-exports are followed to the file that defines the name. Tests and `lib.rs` do not
//! count, and neither does a bare `mod` declaration.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Source folders without circles.
const CHECKED: &[&str] = &["services/index/src", "services/recommend/src"];

/// Source text by module path; `lib.rs` has the empty one.
type Sources = BTreeMap<String, String>;
/// A path from the root of the crate.
type Segments = Vec<String>;

#[test]
fn the_files_of_the_pure_crates_use_each_other_in_one_direction() {
    for folder in CHECKED {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder);
        let mut sources = Sources::new();
        read(&root, "", &mut sources);
        let graph = graph(&sources);
        let edges: usize = graph.values().map(BTreeSet::len).sum();
        assert!(edges > sources.len(), "{folder} was really read");
        assert_eq!(circle(&graph), None, "{folder}");
    }
}

#[test]
fn a_circle_through_groups_children_and_re_exports_is_found() {
    let crate_of = |lower: &str| {
        let files = [
            ("", "mod low; mod high; pub use high::top::Top;"),
            ("low", lower),
            ("high", "pub(crate) mod top; mod side;\nfn f() { side::g() }"),
            (
                "high::top",
                "use crate::{low::Low, high::side::{self, S}}; // crate::nothing::at::all",
            ),
            ("high::side", "#[cfg(test)]\nmod tests { use crate::high::top::Top; }"),
        ];
        files.map(|(module, text)| (module.to_owned(), text.to_owned())).into()
    };
    assert_eq!(circle(&graph(&crate_of("pub(crate) struct Low;"))), None);
    let expected = Some(vec!["high::top".to_owned(), "low".to_owned(), "high::top".to_owned()]);
    assert_eq!(circle(&graph(&crate_of("use crate::Top;"))), expected, "by a re-export");
    assert_eq!(circle(&graph(&crate_of("fn f() { super::high::top::h() }"))), expected, "in code");
}

/// Reads the sources of a module's folder, but not files of tests.
fn read(folder: &Path, parent: &str, sources: &mut Sources) {
    for entry in fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let module = if parent.is_empty() { name.clone() } else { format!("{parent}::{name}") };
        if path.is_dir() {
            read(&path, &module, sources);
        } else if name != "tests" {
            let module = if matches!(&*name, "mod" | "lib") { parent.to_owned() } else { module };
            sources.insert(module, fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// The files that each file uses, by module path.
fn graph(sources: &Sources) -> BTreeMap<String, BTreeSet<String>> {
    let mut exports = BTreeMap::new();
    let mut used = BTreeMap::new();
    for (module, text) in sources {
        let mut paths = Vec::new();
        for (path, name, exported) in paths_in(module, &tokens(text)) {
            if exported {
                exports.insert((module.clone(), name), path.clone());
            }
            paths.push(path);
        }
        used.insert(module.clone(), paths);
    }
    used.remove("");
    let files = used.iter().map(|(module, paths)| {
        let files = paths.iter().map(|path| file_of(path, sources, &exports));
        (module.clone(), files.filter(|file| file != module && !file.is_empty()).collect())
    });
    files.collect()
}

/// The file that defines what a path names.
fn file_of(
    path: &[String],
    sources: &Sources,
    exports: &BTreeMap<(String, String), Segments>,
) -> String {
    let lengths = (0..=path.len()).rev();
    let mut prefixes = lengths.map(|length| (length, path[..length].join("::")));
    let (length, file) =
        prefixes.find(|(_, prefix)| sources.contains_key(prefix)).expect("the root is there");
    let export = path.get(length).and_then(|name| exports.get(&(file.clone(), name.clone())));
    if let Some(export) = export.filter(|export| *export != path) {
        let rest = path[length + 1..].iter().cloned();
        return file_of(
            &export.iter().cloned().chain(rest).collect::<Segments>(),
            sources,
            exports,
        );
    }
    if let (true, Some(name)) = (file.is_empty(), path.first()) {
        let known = tokens(&sources[""]).contains(&name.as_str());
        assert!(known, "the path {path:?} leads nowhere");
    }
    file
}

/// Every path into the crate: its segments, the name it gets here, and whether it is exported.
fn paths_in(module: &str, tokens: &[&str]) -> Vec<(Segments, String, bool)> {
    let module: Segments = module.split("::").filter(|s| !s.is_empty()).map(Into::into).collect();
    let children: BTreeSet<&str> =
        tokens.windows(3).filter(|t| t[0] == "mod" && t[2] == ";").map(|t| t[1]).collect();
    let (mut paths, mut exported) = (Vec::new(), false);
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |before| tokens[before]);
        match *token {
            "use" => exported = before == "pub" || before == ")",
            ";" => exported = false,
            _ => {}
        }
        if before == "::" || before == "in" || tokens.get(at + 1) != Some(&"::") {
            continue;
        }
        let base = match *token {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => module[..module.len().saturating_sub(1)].to_vec(),
            child if children.contains(child) => [&module[..], &[child.to_owned()]].concat(),
            _ => continue,
        };
        let mut found = Vec::new();
        walk(tokens, at + 2, base, &mut found);
        paths.extend(found.into_iter().map(|(path, name)| (path, name, exported)));
    }
    paths
}

/// Collects the paths of a tree of names that begins at a token; returns where it ends.
fn walk(tokens: &[&str], at: usize, base: Segments, found: &mut Vec<(Segments, String)>) -> usize {
    let last = |path: &Segments| path.last().cloned().unwrap_or_default();
    let mut path = base;
    match tokens[at] {
        "{" => {
            let mut at = at + 1;
            while tokens[at] != "}" {
                at = if tokens[at] == "," { at + 1 } else { walk(tokens, at, path.clone(), found) };
            }
            return at + 1;
        }
        "super" => path.truncate(path.len().saturating_sub(1)),
        name if is_name(name) && name != "self" => path.push(name.to_owned()),
        _ => {}
    }
    match tokens.get(at + 1..at + 3) {
        Some(["::", _]) => walk(tokens, at + 2, path, found),
        Some(["as", alias]) => {
            found.push((path, (*alias).to_owned()));
            at + 3
        }
        _ => {
            let name = last(&path);
            found.push((path, name));
            at + 1
        }
    }
}

/// Names, `::` and single signs of a source, without comments and without the tests at its end.
fn tokens(text: &str) -> Vec<&str> {
    let code = text.find("#[cfg(test)]\nmod tests {").map_or(text, |tests| &text[..tests]);
    let mut tokens = Vec::new();
    for line in code.lines() {
        let mut rest = line.split("//").next().unwrap_or_default().trim_start();
        while let Some(first) = rest.chars().next() {
            let name = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            let colons = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            let (token, after) = rest.split_at(if name > 0 { name } else { colons });
            tokens.push(token);
            rest = after.trim_start();
        }
    }
    tokens
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_name(token: &str) -> bool {
    token.starts_with(is_part)
}

/// One circle, if there is any: files of which each uses the next, the first again at the end.
fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut left = graph.clone();
    // Files that use none of the others are in no circle.
    while let Some(last) = left.iter().find(|(_, uses)| uses.is_empty()).map(|(f, _)| f.clone()) {
        left.remove(&last);
        left.values_mut().for_each(|uses| uses.retain(|file| *file != last));
    }
    let mut way = vec![left.keys().next()?.clone()];
    loop {
        let next = left[way.last()?].first()?.clone();
        if let Some(begin) = way.iter().position(|file| *file == next) {
            way.push(next);
            return Some(way.split_off(begin));
        }
        way.push(next);
    }
}
