//! `demo.env`: what the README's lines need, for `. .nearhand/demo.env` in any POSIX shell.

use std::collections::BTreeMap;
use std::path::Path;

use crate::client::{read_private, write_private};

const HEAD: &str = "# Written by `nearhand up --demo`, and again every few minutes while it runs, because\n\
                    # access tokens live ten. Use it with: . .nearhand/demo.env\n";

/// Names and values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct EnvFile(BTreeMap<String, String>);

impl EnvFile {
    /// Reads the file; of one that is not there, or not ours, nothing is taken.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = read_private(path)?.unwrap_or_default();
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    fn parse(text: &str) -> Self {
        let pair = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
            Some((name.to_owned(), value.replace("'\\''", "'")))
        };
        Self(text.lines().filter_map(pair).collect())
    }

    /// Writes the file, so that only we can read it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        write_private(path, self.text().as_bytes())
    }

    fn text(&self) -> String {
        let quoted = |value: &str| value.replace('\'', "'\\''");
        let line =
            |(name, value): (&String, &String)| format!("export {name}='{}'\n", quoted(value));
        HEAD.to_owned() + &self.0.iter().map(line).collect::<String>()
    }

    /// A value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets a value.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_by_us_and_by_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.env");
        let mut file = EnvFile::default();
        file.set("NEARHAND_URL", "http://127.0.0.1:8080");
        file.set("NEARHAND_ADMIN_PASSWORD", "it's $HOME `x` \"y\"");
        file.write(&path).unwrap();
        assert_eq!(EnvFile::read(&path).unwrap(), file);
        let script = r#". "$0" && sh -c 'printf %s "$NEARHAND_ADMIN_PASSWORD"'"#;
        let output =
            std::process::Command::new("sh").arg("-c").arg(script).arg(&path).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "it's $HOME `x` \"y\"");
    }

    #[test]
    fn a_missing_file_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(EnvFile::read(&folder.path().join("none")).unwrap(), EnvFile::default());
    }
}
