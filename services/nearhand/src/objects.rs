//! Settings of the object store, where photos are kept.

use anyhow::Context;
use clap::Args;
use nearhand_photos::{Credentials, Objects};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// Where photos are kept; the same for API and worker.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ObjectsSettings {
    /// A folder, or s3://BUCKET/PREFIX?region=REGION&endpoint=https://HOST; API and worker must see the
    /// same. `up` keeps photos in its data directory; elsewhere there are none unless this is given.
    #[arg(long, env = "NEARHAND_OBJECTS")]
    objects: Option<String>,
    /// The access key id of S3.
    #[arg(long, env = "NEARHAND_OBJECTS_KEY_ID")]
    objects_key_id: Option<String>,
    /// The secret access key of S3.
    #[arg(long, env = "NEARHAND_OBJECTS_SECRET", hide_env_values = true)]
    objects_secret: Option<SecretString>,
}

impl ObjectsSettings {
    /// The store, or the folder that stands in where none was given.
    pub(crate) fn open(&self, folder: Option<&Path>) -> anyhow::Result<Option<Objects>> {
        let given = self.objects.as_deref().filter(|address| !address.is_empty());
        let folder = folder.map(|folder| folder.display().to_string());
        let Some(address) = given.or(folder.as_deref()) else {
            tracing::info!("no place for photos has been set (--objects); they are refused");
            return Ok(None);
        };
        let credentials = self.credentials()?;
        Objects::open(address, credentials.as_ref()).context("--objects cannot be used").map(Some)
    }

    /// Both, or none.
    fn credentials(&self) -> anyhow::Result<Option<Credentials>> {
        let id = self.objects_key_id.clone().filter(|id| !id.is_empty());
        let secret = self.objects_secret.clone().filter(|text| !text.expose_secret().is_empty());
        match (id, secret) {
            (None, None) => Ok(None),
            (Some(access_key_id), Some(secret_access_key)) => {
                Ok(Some(Credentials { access_key_id, secret_access_key }))
            }
            _ => anyhow::bail!(
                "--objects-key-id (NEARHAND_OBJECTS_KEY_ID) and --objects-secret \
                 (NEARHAND_OBJECTS_SECRET) belong together: give both or none"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_have_a_place_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let none = ObjectsSettings::default();
        assert!(none.open(None).unwrap().is_none());
        assert!(none.open(Some(folder.path())).unwrap().is_some());
        let empty = ObjectsSettings { objects: Some(String::new()), ..none.clone() };
        assert!(empty.open(None).unwrap().is_none(), "as Docker Compose gives it");
        let s3 = ObjectsSettings { objects: Some("s3://photos".into()), ..none.clone() };
        let refused = format!("{:#}", s3.open(None).unwrap_err());
        assert!(refused.contains("--objects") && refused.contains("key"), "{refused}");
        let half = ObjectsSettings { objects_key_id: Some("id".into()), ..s3.clone() };
        let refused = half.open(None).unwrap_err().to_string();
        assert!(refused.contains("--objects-secret"), "{refused}");
        let both = ObjectsSettings { objects_secret: Some("hunter2".into()), ..half };
        assert!(both.open(None).unwrap().is_some());
    }
}
