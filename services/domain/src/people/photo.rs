//! The files of a photo: the photo itself and its square thumbnails. It reads and writes none.

use crate::{OrganizationId, PhotoId};

/// One of the files of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoFile {
    /// The photo itself.
    Whole,
    /// A square of 64 pixels.
    Small,
    /// A square of 256 pixels.
    Medium,
}

impl PhotoFile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Small, Self::Medium];
    /// Those that are made from the photo.
    pub const THUMBNAILS: [Self; 2] = [Self::Small, Self::Medium];

    /// The thumbnail of this side in pixels, if there is one.
    #[must_use]
    pub fn of_side(side: u32) -> Option<Self> {
        Self::THUMBNAILS.into_iter().find(|file| file.side() == Some(side))
    }

    /// The side of a thumbnail in pixels.
    #[must_use]
    pub fn side(self) -> Option<u32> {
        match self {
            Self::Whole => None,
            Self::Small => Some(64),
            Self::Medium => Some(256),
        }
    }

    /// Its key in the object store. Keys are stored data: they never change.
    #[must_use]
    pub fn key(self, organization: OrganizationId, photo: PhotoId) -> String {
        let whole = format!("photos/{organization}/{photo}");
        self.side().map_or_else(|| whole.clone(), |side| format!("{whole}.{side}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_key_of_its_own() {
        let organization = "01980000-0000-7000-8000-000000000001".parse().unwrap();
        let photo = "01980000-0000-7000-8000-000000000002".parse().unwrap();
        let keys = PhotoFile::ALL.map(|file| file.key(organization, photo));
        let whole = format!("photos/{organization}/{photo}");
        assert_eq!(keys, [whole.clone(), format!("{whole}.64"), format!("{whole}.256")]);
    }

    #[test]
    fn thumbnails_are_found_by_their_side() {
        assert_eq!(PhotoFile::of_side(64), Some(PhotoFile::Small));
        assert_eq!(PhotoFile::of_side(256), Some(PhotoFile::Medium));
        assert_eq!(PhotoFile::of_side(128), None);
    }
}
