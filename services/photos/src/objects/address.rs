//! The address of the store, as people write it into the settings.
//!
//! It only reads text and touches neither disk nor network. Errors never repeat a value that
//! could hold a secret.

use std::path::PathBuf;

use reqwest::Url;

use super::OpenError;

/// Where files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// In a folder.
    Folder(PathBuf),
    /// In S3 or something that speaks like it.
    S3(S3Address),
}

/// A bucket and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Address {
    pub(super) bucket: String,
    /// Stands before every key: empty, or ends with a slash.
    pub(super) prefix: String,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<Url>,
    /// The bucket is part of the path, not of the host's name.
    pub(super) path_style: bool,
}

/// Reads a path, a `file:` URL or an `s3:` URL.
pub(super) fn parse(text: &str) -> Result<Address, OpenError> {
    if text.starts_with("s3:") {
        return s3(text).map(Address::S3);
    }
    if let Some(path) = text.strip_prefix("file:") {
        return folder(path.strip_prefix("//").unwrap_or(path));
    }
    if let Some((scheme, _)) = text.split_once("://") {
        let scheme: String = scheme.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        return Err(wrong(format!("{scheme}: is not known")));
    }
    folder(text)
}

fn folder(path: &str) -> Result<Address, OpenError> {
    if path.is_empty() {
        return Err(wrong("it is empty"));
    }
    Ok(Address::Folder(PathBuf::from(path)))
}

fn s3(text: &str) -> Result<S3Address, OpenError> {
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds credentials; they have settings of their own"));
    }
    let bucket = url.host_str().unwrap_or_default();
    if bucket.is_empty() || url.port().is_some() {
        return Err(wrong("s3:// is followed by the bucket; a server is told by endpoint="));
    }
    let mut address = S3Address {
        bucket: bucket.to_owned(),
        prefix: prefix(url.path())?,
        region: None,
        endpoint: None,
        path_style: false,
    };
    let mut path_style = None;
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "region" if !value.is_empty() => address.region = Some(value.into_owned()),
            "endpoint" => address.endpoint = Some(endpoint(&value)?),
            "path_style" => path_style = Some(flag(&value)?),
            _ => {
                return Err(wrong("only region, endpoint and path_style may follow the ?"));
            }
        }
    }
    // Servers of one's own seldom have a host name for each bucket.
    address.path_style = path_style.unwrap_or(address.endpoint.is_some());
    Ok(address)
}

fn prefix(path: &str) -> Result<String, OpenError> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Ok(String::new());
    }
    if super::key::fault(path).is_some() {
        return Err(wrong("the prefix may only have a-z, 0-9, and / _ . - between them"));
    }
    Ok(format!("{path}/"))
}

fn endpoint(value: &str) -> Result<Url, OpenError> {
    let url = Url::parse(value).map_err(|error| wrong(format!("endpoint: {error}")))?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none();
    if plain { Ok(url) } else { Err(wrong("endpoint must be http:// or https:// and a host")) }
}

fn flag(value: &str) -> Result<bool, OpenError> {
    value.parse().map_err(|_| wrong("path_style is true or false"))
}

fn wrong(why: impl Into<String>) -> OpenError {
    OpenError::Address { why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders() {
        for text in ["/var/lib/x", "file:/var/lib/x", "file:///var/lib/x"] {
            assert_eq!(parse(text).unwrap(), Address::Folder("/var/lib/x".into()), "{text}");
        }
        assert_eq!(parse("photos").unwrap(), Address::Folder("photos".into()));
    }

    #[test]
    fn buckets() {
        let Address::S3(plain) = parse("s3://shop/a/b/?region=eu-west-1").unwrap() else {
            panic!("a bucket")
        };
        assert_eq!((plain.bucket.as_str(), plain.prefix.as_str()), ("shop", "a/b/"));
        assert_eq!(plain.region.as_deref(), Some("eu-west-1"));
        assert!(!plain.path_style);
        let Address::S3(own) = parse("s3://shop?endpoint=http://127.0.0.1:9000").unwrap() else {
            panic!("a bucket")
        };
        assert!(own.path_style && own.prefix.is_empty());
    }

    #[test]
    fn wrong_ones_are_told_without_their_secrets() {
        for text in [
            "",
            "file:",
            "http://x/y",
            "s3://",
            "s3://id:hunter2@bucket",
            "s3://bucket:9000",
            "s3://bucket?secret=hunter2",
            "s3://bucket?path_style=yes",
            "s3://bucket?endpoint=ftp://hunter2",
            "s3://bucket?endpoint=http://u:hunter2@host",
            "s3://bucket/Upper",
        ] {
            let told = parse(text).unwrap_err().to_string();
            assert!(!told.contains("hunter2"), "{text}: {told}");
        }
    }
}
