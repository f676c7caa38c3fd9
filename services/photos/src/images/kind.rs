//! The format of an upload, told by its first bytes, and whether the declaration agrees.
//!
//! A name or a content type never decides the format; it can only disagree with it.

use image::ImageFormat;

use super::{MAX_BYTES, PhotoError};

/// A format that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// GIF; of an animation only the first frame is used.
    Gif,
    /// PNG.
    Png,
}

/// What the client says about an upload. `None` where it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Declared<'a> {
    /// The extension of the file's name, with or without the dot, in any case.
    pub extension: Option<&'a str>,
    /// The content type; parameters after `;` are ignored.
    pub content_type: Option<&'a str>,
}

impl Kind {
    /// The content type, such as `image/jpeg`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Png => "image/png",
        }
    }

    /// The usual extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Png => "png",
        }
    }

    pub(super) fn format(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Gif => ImageFormat::Gif,
            Self::Png => ImageFormat::Png,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::Png => "PNG",
        }
    }
}

/// The format that the first bytes show. Checks the size first.
pub(super) fn of(bytes: &[u8]) -> Result<Kind, PhotoError> {
    if bytes.len() > MAX_BYTES {
        return Err(PhotoError::TooLarge { size: bytes.len(), limit: MAX_BYTES });
    }
    if bytes.is_empty() {
        return Err(PhotoError::broken("the file is empty"));
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        Ok(Kind::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Ok(Kind::Png)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Ok(Kind::Gif)
    } else {
        Err(PhotoError::Unsupported {
            why: "the content is no JPEG, GIF or PNG image; send one of these".to_owned(),
        })
    }
}

/// An error if the extension or the content type says something else than the content.
pub(super) fn agree(kind: Kind, declared: Declared<'_>) -> Result<(), PhotoError> {
    let extension = declared.extension.map(|text| (by_extension(text), "the file's extension"));
    let content_type = declared.content_type.map(|text| (by_type(text), "the content type"));
    for (said, what) in [extension, content_type].into_iter().flatten() {
        let why = match said {
            Some(said) if said == kind => continue,
            Some(said) => format!(
                "{what} says {}, but the content is {}; name it as what it is",
                said.name(),
                kind.name()
            ),
            None => format!(
                "{what} is none of a JPEG, GIF or PNG image, but the content is {}; \
                 use .{} and {}",
                kind.name(),
                kind.extension(),
                kind.content_type()
            ),
        };
        return Err(PhotoError::Unsupported { why });
    }
    Ok(())
}

fn by_extension(text: &str) -> Option<Kind> {
    match text.strip_prefix('.').unwrap_or(text).to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "jpe" => Some(Kind::Jpeg),
        "gif" => Some(Kind::Gif),
        "png" => Some(Kind::Png),
        _ => None,
    }
}

fn by_type(text: &str) -> Option<Kind> {
    let essence = text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase();
    match essence.as_str() {
        "image/jpeg" | "image/jpg" | "image/pjpeg" => Some(Kind::Jpeg),
        "image/gif" => Some(Kind::Gif),
        "image/png" | "image/x-png" => Some(Kind::Png),
        _ => None,
    }
}
