//! Lists the files of `dist/` with their types, hashes and compressed forms in a table, which
//! `src/files.rs` includes. Must not run Node: `./dev console` makes `dist/`, and it is committed.

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The entry pages. Without them the build fails, for nothing useful would be embedded.
const PAGES: [&str; 2] = ["console.html", "phone.html"];

/// Type of a file by its ending, and whether compression makes it smaller.
const TYPES: [(&str, &str, bool); 14] = [
    ("html", "text/html; charset=utf-8", true),
    ("js", "text/javascript; charset=utf-8", true),
    ("mjs", "text/javascript; charset=utf-8", true),
    ("css", "text/css; charset=utf-8", true),
    ("json", "application/json", true),
    ("geojson", "application/geo+json", true),
    ("webmanifest", "application/manifest+json", true),
    ("svg", "image/svg+xml", true),
    ("txt", "text/plain; charset=utf-8", true),
    ("png", "image/png", false),
    ("webp", "image/webp", false),
    ("jpg", "image/jpeg", false),
    ("ico", "image/x-icon", true),
    ("woff2", "font/woff2", false),
];

fn main() -> Result<()> {
    writeln!(io::stdout(), "cargo::rerun-if-changed=dist")?;
    let dist = folder("CARGO_MANIFEST_DIR")?.join("dist");
    let out = folder("OUT_DIR")?;
    for page in PAGES {
        if !dist.join(page).is_file() {
            let message =
                format!("services/console/dist/{page} is missing; `./dev console` makes it");
            return Err(message.into());
        }
    }
    let mut paths = Vec::new();
    list(&dist, &dist, &mut paths)?;
    // In the order of their bytes, as the table is searched.
    paths.sort();
    let mut table = String::from("&[\n");
    for path in paths {
        table.push_str(&entry(&dist, &path, &out)?);
    }
    table.push(']');
    Ok(fs::write(out.join("files.rs"), table)?)
}

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts by the environment")]
fn folder(variable: &str) -> Result<PathBuf> {
    Ok(env::var(variable)?.into())
}

/// Appends the paths of all files below a folder, with `/` between their parts.
fn list(base: &Path, folder: &Path, paths: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(base, &path, paths)?;
        } else {
            let parts: Vec<_> =
                path.strip_prefix(base)?.iter().map(|p| p.to_string_lossy()).collect();
            paths.push(parts.join("/"));
        }
    }
    Ok(())
}

/// A file's line in the table.
fn entry(dist: &Path, path: &str, out: &Path) -> Result<String> {
    let ending = path.rsplit('.').next().unwrap_or_default();
    let (_, kind, compresses) = TYPES.into_iter().find(|(known, ..)| *known == ending).ok_or_else(|| {
        format!("services/console/dist/{path}: add the type of .{ending} files to services/console/build.rs")
    })?;
    let source = dist.join(path);
    let content = fs::read(&source)?;
    let hash = hex(&Sha256::digest(&content)[..16]);
    let (mut brotli, mut gzip) = (None, None);
    if compresses {
        brotli = kept(out, &format!("{hash}.br"), &by_brotli(&content)?, content.len())?;
        gzip = kept(out, &format!("{hash}.gz"), &by_gzip(&content)?, content.len())?;
    }
    let included = |path: &Path| format!("include_bytes!({path:?})");
    let form = |path: Option<PathBuf>| {
        path.map_or("None".to_owned(), |p| format!("Some({})", included(&p)))
    };
    Ok(format!(
        "File {{ path: {path:?}, kind: {kind:?}, hash: {hash:?}, plain: {}, brotli: {}, gzip: {} }},\n",
        included(&source),
        form(brotli),
        form(gzip),
    ))
}

/// Writes a compressed form, if it is smaller.
fn kept(out: &Path, name: &str, compressed: &[u8], plain_len: usize) -> Result<Option<PathBuf>> {
    if compressed.len() >= plain_len {
        return Ok(None);
    }
    let path = out.join(name);
    fs::write(&path, compressed)?;
    Ok(Some(path))
}

/// Quality 11 makes the files 8 % smaller, and takes 14 times as long without optimisation, which is
/// how build scripts are compiled (measured with 1.5 MB of JavaScript: 1 s).
fn by_brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4_096, 9, 22);
    writer.write_all(content)?;
    Ok(writer.into_inner())
}

fn by_gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(content)?;
    Ok(writer.finish()?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
