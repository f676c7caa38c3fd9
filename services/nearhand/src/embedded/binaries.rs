//! Finds PostgreSQL, its extensions and Redis on this machine.
//!
//! Only looks; installs nothing and starts no server.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::Error;
use super::versions::{OLDEST_POSTGRES, OLDEST_REDIS};

/// Extensions the migrations create, and so must be on the disk: PostGIS for places, the other two
/// for the job tables.
pub(crate) const EXTENSIONS: [&str; 3] = ["postgis", "hstore", "pgcrypto"];

/// A PostgreSQL on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    /// The folder with `initdb` and `postgres`.
    pub(crate) bin: PathBuf,
    /// Its major version.
    pub(crate) major: u32,
    /// Its version as printed.
    pub(crate) version: String,
    /// Which of [`EXTENSIONS`] are not there.
    pub(crate) missing: Vec<&'static str>,
    /// The name of PostGIS' library, such as `postgis-3`.
    pub(crate) postgis: Option<String>,
}

/// A Redis (or Valkey) on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Redis {
    /// The server's program.
    pub(crate) program: PathBuf,
    /// Its major version.
    pub(crate) major: u32,
    /// Its version as printed.
    pub(crate) version: String,
}

/// Every PostgreSQL found, the newest that has all extensions first.
pub(crate) fn all_postgres() -> Vec<Postgres> {
    let mut found: Vec<Postgres> = Vec::new();
    for folder in program_folders() {
        let Ok(bin) = folder.canonicalize() else { continue };
        if bin.join("initdb").is_file()
            && !found.iter().any(|known| known.bin == bin)
            && let Some(postgres) = inspect_postgres(&bin)
        {
            found.push(postgres);
        }
    }
    found.sort_by_key(|postgres| (postgres.missing.len(), u32::MAX - postgres.major));
    found
}

/// The folders in which programs of PostgreSQL may be.
pub(crate) fn program_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for parent in ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt"] {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(entries.map(|entry| entry.path().join("bin")));
    }
    for entry in fs::read_dir("/usr").into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("pgsql-") {
            folders.push(entry.path().join("bin"));
        }
    }
    folders.extend(search_path());
    folders
}

/// The PostgreSQL to use: of the major version `required` if data of it is there already, or else
/// the newest that has PostGIS.
///
/// # Errors
/// [`Error::NoPostgres`], saying what is missing.
pub(crate) fn postgres(required: Option<u32>) -> Result<Postgres, Error> {
    choose_postgres(all_postgres(), required)
}

/// A Redis of version 7 or newer.
///
/// # Errors
/// [`Error::NoRedis`], saying what is missing.
pub(crate) fn redis() -> Result<Redis, Error> {
    let names = ["redis-server", "valkey-server"];
    let mut found = search_path()
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .filter(|program| program.is_file())
        .filter_map(|program| inspect_redis(&program))
        .peekable();
    let first = found.peek().map(|redis| redis.version.clone());
    found.find(|redis| redis.major >= OLDEST_REDIS).ok_or_else(|| {
        Error::NoRedis(first.map_or_else(
            || "redis-server was not found on PATH".to_owned(),
            |version| format!("Redis {OLDEST_REDIS} or newer is needed, and {version} was found"),
        ))
    })
}

fn choose_postgres(found: Vec<Postgres>, required: Option<u32>) -> Result<Postgres, Error> {
    let newest = found.iter().map(|postgres| postgres.major).max();
    let fits = |postgres: &Postgres| match required {
        Some(major) => postgres.major == major,
        None => postgres.major >= OLDEST_POSTGRES,
    };
    let Some(chosen) = found.into_iter().find(fits) else {
        let wanted = required.map_or_else(
            || format!("PostgreSQL {OLDEST_POSTGRES} or newer"),
            |major| format!("PostgreSQL {major}, whose data is in the data directory,"),
        );
        let instead = newest.map_or_else(
            || "looked in /usr/lib/postgresql/*/bin and on PATH".to_owned(),
            |major| format!("the newest here is {major}"),
        );
        return Err(Error::NoPostgres {
            reason: format!("{wanted} was not found ({instead})"),
            major: required,
        });
    };
    if chosen.missing.is_empty() {
        return Ok(chosen);
    }
    Err(Error::NoPostgres {
        reason: format!(
            "PostgreSQL {} in {} lacks {}",
            chosen.version,
            chosen.bin.display(),
            chosen.missing.join(", ")
        ),
        major: Some(chosen.major),
    })
}

/// The folders programs are looked for in: `PATH` and where packages usually put them.
fn search_path() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/usr/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter().chain(usual)
}

fn inspect_postgres(bin: &Path) -> Option<Postgres> {
    let printed = output_of(&bin.join("postgres"), "--version")?;
    let (major, version) = postgres_version(&printed)?;
    let controls = extension_folders(bin, major);
    let libraries = library_folders(bin);
    let missing = EXTENSIONS.into_iter().filter(|name| !is_there(name, &controls, &libraries));
    let missing = missing.collect();
    let postgis = description("postgis", &controls);
    let postgis = postgis.as_deref().and_then(library_name).map(str::to_owned);
    Some(Postgres { bin: bin.to_path_buf(), major, version, missing, postgis })
}

/// The text that describes an extension.
fn description(name: &str, folders: &[PathBuf]) -> Option<String> {
    let file = format!("{name}.control");
    folders.iter().find_map(|folder| fs::read_to_string(folder.join(&file)).ok())
}

/// Whether both the extension's description and the library it names are there.
fn is_there(name: &str, controls: &[PathBuf], libraries: &[PathBuf]) -> bool {
    description(name, controls).is_some_and(|text| {
        library_name(&text).is_none_or(|library| {
            let kinds = ["so", "dylib"].map(|end| format!("{library}.{end}"));
            libraries.iter().any(|folder| kinds.iter().any(|file| folder.join(file).is_file()))
        })
    })
}

/// Reads `module_pathname = '$libdir/postgis-3'`.
fn library_name(control: &str) -> Option<&str> {
    let value = control.lines().find_map(|line| line.trim().strip_prefix("module_pathname"))?;
    value.split('\'').nth(1)?.strip_prefix("$libdir/")
}

fn inspect_redis(program: &Path) -> Option<Redis> {
    let (major, version) = redis_version(&output_of(program, "--version")?)?;
    Some(Redis { program: program.to_path_buf(), major, version })
}

fn extension_folders(bin: &Path, major: u32) -> Vec<PathBuf> {
    let mut shares = vec![
        PathBuf::from(format!("/usr/share/postgresql/{major}")),
        bin.join("../share/postgresql"),
        bin.join("../share"),
    ];
    if let Some(printed) = output_of(&bin.join("pg_config"), "--sharedir") {
        shares.push(PathBuf::from(printed.trim()));
    }
    shares.into_iter().map(|share| share.join("extension")).collect()
}

fn library_folders(bin: &Path) -> Vec<PathBuf> {
    let mut folders = vec![bin.join("../lib"), bin.join("../lib/postgresql")];
    if let Some(printed) = output_of(&bin.join("pg_config"), "--pkglibdir") {
        folders.push(PathBuf::from(printed.trim()));
    }
    folders
}

fn output_of(program: &Path, argument: impl AsRef<OsStr>) -> Option<String> {
    let output = Command::new(program).arg(argument).current_dir("/").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; also `17beta1`.
fn postgres_version(printed: &str) -> Option<(u32, String)> {
    let version = printed.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    Some((leading_number(version)?, version.to_owned()))
}

/// Reads `Redis server v=7.0.15 sha=…` and `Valkey server v=8.1.0 sha=…`.
fn redis_version(printed: &str) -> Option<(u32, String)> {
    let version = printed.split_once(" v=")?.1.split_whitespace().next()?;
    Some((leading_number(version)?, version.to_owned()))
}

fn leading_number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(major: u32, missing: &[&'static str]) -> Postgres {
        Postgres {
            bin: PathBuf::from(format!("/pg/{major}/bin")),
            major,
            version: format!("{major}.1"),
            missing: missing.to_vec(),
            postgis: None,
        }
    }

    #[test]
    fn versions_are_read() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(postgres_version(debian), Some((15, "15.18".to_owned())));
        let beta = postgres_version("postgres (PostgreSQL) 18beta2");
        assert_eq!(beta, Some((18, "18beta2".to_owned())));
        assert_eq!(postgres_version("something else"), None);
        let redis = redis_version("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc bits=64");
        assert_eq!(redis, Some((7, "7.0.15".to_owned())));
        assert_eq!(redis_version("Valkey server v=8.1.0 sha=0"), Some((8, "8.1.0".to_owned())));
    }

    #[test]
    fn an_extension_without_its_library_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let place = [folder.path().to_path_buf()];
        assert!(!is_there("postgis", &place, &place));
        let control = "default_version = '3.3.2'\nmodule_pathname = '$libdir/postgis-3'\n";
        fs::write(folder.path().join("postgis.control"), control).unwrap();
        assert!(!is_there("postgis", &place, &place));
        fs::write(folder.path().join("postgis-3.so"), "").unwrap();
        assert!(is_there("postgis", &place, &place));
    }

    #[test]
    fn existing_data_binds_the_version() {
        let found = vec![installed(17, &[]), installed(15, &[])];
        assert_eq!(choose_postgres(found.clone(), None).unwrap().major, 17);
        assert_eq!(choose_postgres(found.clone(), Some(15)).unwrap().major, 15);
        let refused = choose_postgres(found, Some(16)).unwrap_err().to_string();
        assert!(refused.contains("PostgreSQL 16") && refused.contains("the newest here is 17"));
    }

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let refused = choose_postgres(vec![installed(16, &["postgis"])], None).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("lacks postgis") && text.contains("postgresql-16-postgis-3"));
        let text = choose_postgres(vec![installed(14, &[])], None).unwrap_err().to_string();
        assert!(text.contains("PostgreSQL 15 or newer") && text.contains("--database-url"));
    }
}
