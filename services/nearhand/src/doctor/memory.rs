//! Whether the live index may have huge pages. Only reads: the setting is the system's, the
//! request the environment's.
//!
//! A search reads memory all over hundreds of megabytes, and misses in the address translation cost
//! time. Among a million people the median recommendation is about 5 % faster with huge pages.

use std::ffi::OsStr;

use super::Finding;

/// What the allocator of the GNU C library must find in the environment to ask for huge pages.
const REQUEST: &str = "glibc.malloc.hugetlb=1";
const NAME: &str = "huge pages";

/// Looks at the system and at the environment of this process.
pub(super) fn huge_pages() -> Finding {
    let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").ok();
    judge(setting.as_deref(), std::env::var_os("GLIBC_TUNABLES").as_deref())
}

fn judge(setting: Option<&str>, tunables: Option<&OsStr>) -> Finding {
    let Some(setting) = setting else { return Finding::ok(NAME, "this system has none to give") };
    if setting.contains("[always]") {
        return Finding::ok(NAME, "the system gives them to every program");
    }
    if setting.contains("[never]") {
        return Finding::hint(
            NAME,
            "the system gives none; searches among very many people are slower without",
            "As root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
        );
    }
    let tunables = tunables.unwrap_or_default().to_string_lossy();
    if tunables.split(':').any(|tunable| tunable == REQUEST) {
        return Finding::ok(NAME, "asked for");
    }
    Finding::hint(
        NAME,
        "not asked for; searches among very many people are slower without",
        format!("Set GLIBC_TUNABLES={REQUEST} where `nearhand serve` or `up` starts."),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    #[test]
    fn missing_huge_pages_are_a_hint() {
        let status =
            |setting, tunables: &str| judge(Some(setting), Some(OsStr::new(tunables))).status;
        for tunables in ["glibc.malloc.hugetlb=1", "glibc.malloc.check=1:glibc.malloc.hugetlb=1"] {
            assert_eq!(status("always [madvise] never", tunables), Status::Ok);
            assert_eq!(status("always madvise [never]", tunables), Status::Hint);
        }
        for tunables in ["", "glibc.malloc.hugetlb=0", "glibc.malloc.check=1"] {
            assert_eq!(status("always [madvise] never", tunables), Status::Hint);
            assert_eq!(status("[always] madvise never", tunables), Status::Ok);
        }
        assert_eq!(judge(Some("always [madvise] never"), None).status, Status::Hint);
        assert_eq!(judge(None, None).status, Status::Ok);
    }
}
