//! The setting that names a geocoder. It opens no connection.

use reqwest::Url;
use std::str::FromStr;

/// Which geocoder to use: `gazetteer`, `nominatim:URL` or `photon:URL`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    /// The gazetteer of this binary: cities and villages only, no network.
    #[default]
    Gazetteer,
    /// A Nominatim server, by its base URL, for example `https://nominatim.example.org/`.
    Nominatim(Url),
    /// A Photon server, by its base URL.
    Photon(Url),
}

/// Why a setting names no geocoder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The word before the colon is none of the three.
    #[error(
        "unknown geocoder; write `gazetteer`, `nominatim:https://HOST/` or `photon:https://HOST/`"
    )]
    Unknown,
    /// The gazetteer takes no URL.
    #[error("the gazetteer is built in and takes no URL; write `gazetteer` alone")]
    GazetteerWithUrl,
    /// A service without URL.
    #[error("`{0}` needs the URL of its server; write `{0}:https://HOST/`")]
    NoUrl(&'static str),
    /// The URL cannot be read.
    #[error("the URL after `{0}:` cannot be read; write it like `https://HOST/`")]
    BadUrl(&'static str),
    /// Something other than http or https.
    #[error("the URL after `{0}:` must begin with https:// (or http:// inside a private network)")]
    Scheme(&'static str),
    /// User name, password, query or fragment.
    #[error(
        "the URL after `{0}:` must have no user name, password, `?` or `#`; write only host and path"
    )]
    Extra(&'static str),
}

impl FromStr for Setting {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let text = text.trim();
        let (word, url) =
            text.split_once(':').map_or((text, None), |(word, url)| (word, Some(url)));
        match (word.trim().to_ascii_lowercase().as_str(), url) {
            ("gazetteer", None) => Ok(Self::Gazetteer),
            ("gazetteer", Some(_)) => Err(SettingError::GazetteerWithUrl),
            ("nominatim", url) => base("nominatim", url).map(Self::Nominatim),
            ("photon", url) => base("photon", url).map(Self::Photon),
            _ => Err(SettingError::Unknown),
        }
    }
}

/// The base URL, with a slash at the end so that a path can be joined.
fn base(word: &'static str, url: Option<&str>) -> Result<Url, SettingError> {
    let text = url.map(str::trim).filter(|url| !url.is_empty()).ok_or(SettingError::NoUrl(word))?;
    let mut url = Url::parse(text).map_err(|_| SettingError::BadUrl(word))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(SettingError::Scheme(word));
    }
    let bare = url.username().is_empty() && url.password().is_none();
    if !bare || url.query().is_some() || url.fragment().is_some() {
        return Err(SettingError::Extra(word));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_read_and_all_others_explained() {
        assert_eq!("gazetteer".parse(), Ok(Setting::Gazetteer));
        let url = |text| Url::parse(text).unwrap();
        assert_eq!(
            "nominatim:https://n.example/a".parse(),
            Ok(Setting::Nominatim(url("https://n.example/a/")))
        );
        assert_eq!(
            " Photon: http://localhost:2322 ".parse(),
            Ok(Setting::Photon(url("http://localhost:2322/")))
        );
        for (text, error) in [
            ("", SettingError::Unknown),
            ("google", SettingError::Unknown),
            ("https://n.example/", SettingError::Unknown),
            ("gazetteer:https://x/", SettingError::GazetteerWithUrl),
            ("nominatim", SettingError::NoUrl("nominatim")),
            ("photon: ", SettingError::NoUrl("photon")),
            ("nominatim:n.example", SettingError::BadUrl("nominatim")),
            ("photon:ftp://n.example/", SettingError::Scheme("photon")),
            ("photon:https://a:secret@n.example/", SettingError::Extra("photon")),
            ("nominatim:https://n.example/?key=secret", SettingError::Extra("nominatim")),
        ] {
            assert_eq!(text.parse::<Setting>(), Err(error.clone()), "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
