//! The object store in a real folder.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::os::unix::fs::PermissionsExt;

use nearhand_photos::{MAX_OBJECT_BYTES, Objects, OpenError, StoreError};

fn opened() -> (tempfile::TempDir, Objects) {
    let folder = tempfile::tempdir().unwrap();
    let objects = Objects::open(folder.path().join("a/b").to_str().unwrap(), None).unwrap();
    (folder, objects)
}

#[tokio::test]
async fn put_get_replace_delete() {
    let (_folder, objects) = opened();
    assert_eq!(objects.get("photos/1/a.jpg").await.unwrap(), None);
    objects.put("photos/1/a.jpg", "one", "image/jpeg").await.unwrap();
    objects.put("photos/1/a.jpg", vec![1_u8, 2], "image/jpeg").await.unwrap();
    objects.put("photos/1/empty", "", "text/plain").await.unwrap();
    assert_eq!(objects.get("photos/1/a.jpg").await.unwrap().unwrap(), [1, 2][..]);
    assert!(objects.get("photos/1/empty").await.unwrap().unwrap().is_empty());
    objects.delete("photos/1/a.jpg").await.unwrap();
    objects.delete("photos/1/a.jpg").await.unwrap();
    objects.delete("photos/none/a.jpg").await.unwrap();
    assert_eq!(objects.get("photos/1/a.jpg").await.unwrap(), None);
    objects.check().await.unwrap();
}

#[tokio::test]
async fn the_folder_is_private_and_survives_reopening() {
    let (folder, objects) = opened();
    for made in ["a", "a/b"] {
        let mode = folder.path().join(made).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{made}");
    }
    objects.put("k", "v", "text/plain").await.unwrap();
    let url = format!("file://{}", folder.path().join("a/b").display());
    let again = Objects::open(&url, None).unwrap();
    assert_eq!(again.get("k").await.unwrap().unwrap(), "v");
}

#[tokio::test]
async fn keys_stay_inside_the_folder() {
    let (folder, objects) = opened();
    std::fs::write(folder.path().join("secret"), "no").unwrap();
    for key in ["../../secret", "/etc/passwd", "a/../../../secret", "", "A", "%2e%2e/secret"] {
        for result in [
            objects.get(key).await.map(|_| ()),
            objects.put(key, "x", "text/plain").await,
            objects.delete(key).await,
        ] {
            assert!(matches!(result, Err(StoreError::Refused { .. })), "{key}");
        }
    }
    assert_eq!(std::fs::read(folder.path().join("secret")).unwrap(), b"no");
}

#[tokio::test]
async fn readers_never_see_a_part() {
    let (_folder, objects) = opened();
    let versions = [vec![b'a'; 300_000], vec![b'b'; 200_000]];
    objects.put("k", versions[0].clone(), "text/plain").await.unwrap();
    let writing = async {
        for turn in 0..20 {
            objects.put("k", versions[turn % 2].clone(), "text/plain").await.unwrap();
        }
    };
    let reading = async {
        for _ in 0..40 {
            let seen = objects.get("k").await.unwrap().unwrap();
            assert!(versions.iter().any(|version| seen == version[..]));
        }
    };
    tokio::join!(writing, reading);
}

#[tokio::test]
async fn what_is_too_large_or_in_the_way_is_refused() {
    let (_folder, objects) = opened();
    let large = objects.put("k", vec![0; MAX_OBJECT_BYTES + 1], "text/plain").await;
    assert!(matches!(large, Err(StoreError::Refused { .. })));
    objects.put("file", "x", "text/plain").await.unwrap();
    let below = objects.put("file/below", "x", "text/plain").await.unwrap_err();
    assert!(matches!(below, StoreError::Refused { .. }), "{below}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let error = Objects::open(folder.path().join("file/b").to_str().unwrap(), None).unwrap_err();
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
}
