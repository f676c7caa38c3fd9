//! Settings of the console: whether it is served, and where its map comes from.

use anyhow::Context;
use clap::Args;
use nearhand_console::{Console, DemoSlot, MapSource};

/// The web console and the phone page.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConsoleSettings {
    /// Serve the API alone, without the web console and the phone page.
    #[arg(long, env = "NEARHAND_NO_CONSOLE")]
    no_console: bool,
    /// A style for the console's map, such as <https://tiles.openfreemap.org/styles/liberty>, in place
    /// of the built-in map, which needs no internet. Browsers load it; https, or http on this machine.
    #[arg(long, env = "NEARHAND_MAP_STYLE", value_parser = map_source)]
    map_style: Option<String>,
    /// Other hosts that the style refers to, for tiles, icons and fonts, separated by commas, such as
    /// <https://tiles.example.org>. Browsers load nothing from anywhere else.
    #[arg(long, env = "NEARHAND_MAP_ORIGINS", value_delimiter = ',', requires = "map_style",
        value_parser = map_source)]
    map_origins: Vec<String>,
}

impl ConsoleSettings {
    /// Whether anything is.
    pub(crate) fn is_served(&self) -> bool {
        !self.no_console
    }

    /// What is served beside the API, if anything. The demo puts its logins into `demo`.
    ///
    /// # Errors
    /// If the map cannot be loaded from such an address.
    pub(crate) fn console(&self, demo: DemoSlot) -> anyhow::Result<Option<Console>> {
        if self.no_console {
            return Ok(None);
        }
        let given = |text: &&String| !text.is_empty();
        let map_style = self.map_style.as_ref().filter(given).map(|text| text.parse());
        let map_origins = self.map_origins.iter().filter(given).map(|text| text.parse());
        Ok(Some(Console {
            map_style: map_style.transpose().context("--map-style cannot be used")?,
            map_origins: map_origins
                .collect::<Result<_, _>>()
                .context("--map-origins cannot be used")?,
            demo,
        }))
    }
}

/// An address that the map may load from; empty counts as not given.
fn map_source(text: &str) -> Result<String, String> {
    if !text.is_empty() {
        text.parse::<MapSource>().map_err(|error| error.to_string())?;
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        console: ConsoleSettings,
    }

    fn console(line: &[&str]) -> Option<Console> {
        let line = Line::try_parse_from([&["nearhand"], line].concat()).unwrap();
        line.console.console(DemoSlot::default()).unwrap()
    }

    #[test]
    fn a_style_may_have_origins_and_origins_need_a_style() {
        let style = "https://tiles.example.org/style.json";
        let origins = "https://a.example,https://b.example";
        let both = console(&["--map-style", style, "--map-origins", origins]).unwrap();
        assert_eq!(both.map_style, Some(style.parse().unwrap()));
        let sources = ["https://a.example", "https://b.example"].map(|text| text.parse().unwrap());
        assert_eq!(both.map_origins, sources);
        // As Compose gives variables that are not set.
        let neither = console(&["--map-style=", "--map-origins="]).unwrap();
        assert!(neither.map_style.is_none() && neither.map_origins.is_empty());
        assert!(console(&["--no-console"]).is_none());
        assert!(Line::try_parse_from(["nearhand", "--map-origins", origins]).is_err());
    }

    #[test]
    fn an_address_is_checked_before_anything_starts() {
        assert!(map_source("http://tiles.example.org/style.json").unwrap_err().contains("https:"));
        assert_eq!(map_source("").as_deref(), Ok(""));
    }
}
