//! Photos: taken as JPEG, PNG or GIF, made anew, shown whole or as thumbnails, and gone for good.

use crate::support::{
    Account, Answer, Site, eventually,
    pictures::{encoded, halves, jpeg, png},
};
use image::{GenericImageView, ImageFormat};
use nearhand_domain::{OrganizationId, PhotoId, StaffId, clock, photo::PhotoFile};
use nearhand_storage::photos;
use serde_json::json;
use uuid::Uuid;

fn path(staff: &str) -> String {
    format!("/v1/staff/{staff}/photo")
}

/// One upload, with what the client says of it.
async fn upload(
    who: &Account<'_>,
    address: &str,
    headers: &[(&str, &str)],
    image: Vec<u8>,
) -> Answer {
    let mut request = who.site.http.put(format!("{}{address}", who.site.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::read(request.bearer_auth(&who.token).body(image).send().await.unwrap()).await
}

/// The image at an address: its headers and sides.
async fn show(who: &Account<'_>, address: &str) -> (reqwest::header::HeaderMap, (u32, u32)) {
    let request = who.site.http.get(format!("{}{address}", who.site.url)).bearer_auth(&who.token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{address}");
    let headers = response.headers().clone();
    let bytes = response.bytes().await.unwrap();
    (headers, image::load_from_memory(&bytes).unwrap().dimensions())
}

/// The organisation and the photo of a person.
async fn stored(site: &Site, staff: &str) -> (OrganizationId, Option<PhotoId>) {
    let row: (Uuid, Option<Uuid>) =
        sqlx::query_as("SELECT organization_id, photo FROM staff WHERE id = $1")
            .bind(staff.parse::<Uuid>().unwrap())
            .fetch_one(&mut site.database.look().await)
            .await
            .unwrap();
    (OrganizationId(row.0), row.1.map(PhotoId))
}

/// Waits until no file of a photo is left.
async fn gone(site: &Site, organization: OrganizationId, photo: PhotoId) {
    let objects = site.objects.as_ref().unwrap();
    eventually("its files are deleted", async || {
        for file in PhotoFile::ALL {
            if objects.get(&file.key(organization, photo)).await.unwrap().is_some() {
                return None;
            }
        }
        Some(())
    })
    .await;
}

#[tokio::test]
async fn a_photo_is_kept_shown_replaced_and_removed() {
    let site = Site::with_photos().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let path = path(&staff);
    admin.get(&path).await.refused(404, "not_found");
    admin.delete(&path).await.refused(404, "not_found");
    let person = admin.get(&format!("/v1/staff/{staff}")).await.expect(200);
    assert!(person.body["photo"].is_null());
    let first = [
        ("if-match", person.header("etag")),
        ("content-type", "image/jpeg"),
        ("content-disposition", "attachment; filename=\"grace.JPG\""),
    ];
    let answer = upload(&admin, &path, &first, jpeg(300, 200)).await.expect(200);
    assert_eq!(answer.str("/photo"), path);
    assert_ne!(answer.header("etag"), person.header("etag"));
    let again = admin.get(&format!("/v1/staff/{staff}")).await.expect(200);
    assert_eq!((&again.body, again.header("etag")), (&answer.body, answer.header("etag")));

    let (headers, sides) = show(&admin, &path).await;
    assert_eq!(sides, (300, 200));
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("cache-control"), "private, no-cache");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").starts_with("default-src 'none'"));
    let request = site.http.get(format!("{}{path}", site.url)).bearer_auth(&admin.token);
    let same = request.header("if-none-match", header("etag")).send().await.unwrap();
    assert_eq!((same.status().as_u16(), same.bytes().await.unwrap().len()), (304, 0));

    for side in [64, 256] {
        let address = format!("{path}?size={side}");
        eventually("the thumbnail is made", async || {
            (show(&admin, &address).await.1 == (side, side)).then_some(())
        })
        .await;
    }
    let (organization, one) = stored(&site, &staff).await;
    upload(&admin, &path, &[("if-match", "*")], png(40, 60)).await.expect(200);
    let (later, sides) = show(&admin, &path).await;
    assert_ne!(later["etag"], headers["etag"]);
    assert_eq!(sides, (40, 60));
    gone(&site, organization, one.unwrap()).await;

    let (_, two) = stored(&site, &staff).await;
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.refused(404, "not_found");
    gone(&site, organization, two.unwrap()).await;
    let audited: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'staff.photo'")
            .fetch_one(&mut site.database.look().await)
            .await
            .unwrap();
    assert_eq!(audited, 3);
}

#[tokio::test]
async fn what_is_no_good_photo_is_refused_and_changes_nothing() {
    let site = Site::with_photos().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let path = path(&staff);
    let put = |kind: &'static str, image| admin.put_photo(&staff, kind, image);
    put("image/png", b"<svg/>".to_vec()).await.refused(415, "unsupported_image");
    put("image/gif", png(8, 8)).await.refused(415, "unsupported_image");
    put("text/plain", png(8, 8)).await.refused(415, "unsupported_image");
    put("image/png", Vec::new()).await.refused(422, "broken_image");
    let whole = png(64, 64);
    put("image/png", whole[..whole.len() / 2].to_vec()).await.refused(422, "broken_image");
    put("image/png", png(12_001, 1)).await.refused(422, "too_many_pixels");
    put("image/jpeg", vec![0; 5 * 1024 * 1024 + 1]).await.refused(413, "too_large");
    let any = ("if-match", "*");
    let named = format!("{path}?file_name=me.jpg");
    upload(&admin, &named, &[any], png(8, 8)).await.refused(415, "unsupported_image");
    let disposition = ("content-disposition", "attachment; filename=me.exe");
    upload(&admin, &path, &[any, disposition], png(8, 8)).await.refused(415, "unsupported_image");
    let unknown = format!("{path}?name=me.png");
    upload(&admin, &unknown, &[any], png(8, 8)).await.refused(400, "malformed_query");
    upload(&admin, &path, &[], png(8, 8)).await.refused(428, "precondition_required");
    let stale = [("if-match", "\"7\"")];
    upload(&admin, &path, &stale, png(8, 8)).await.refused(412, "precondition_failed");
    let nobody = format!("/v1/staff/{}/photo", Uuid::now_v7());
    upload(&admin, &nobody, &[any], png(8, 8)).await.refused(404, "not_found");
    admin.get(&path).await.refused(404, "not_found");
    assert_eq!(stored(&site, &staff).await.1, None);
    let gif = encoded(&halves(9, 9), ImageFormat::Gif);
    admin.put_photo(&staff, "image/gif", gif).await.expect(200);
    admin.get(&format!("{path}?size=65")).await.refused(400, "malformed_query");
}

#[tokio::test]
async fn of_two_at_once_upon_one_version_one_wins() {
    let site = Site::with_photos().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let path = path(&staff);
    let version = [("if-match", "\"1\"")];
    let (one, two) = tokio::join!(
        upload(&admin, &path, &version, png(20, 20)),
        upload(&admin, &path, &version, png(30, 30)),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{} {}", one.text, two.text);
    let winner = if one.status == 200 { (20, 20) } else { (30, 30) };
    assert_eq!(show(&admin, &path).await.1, winner);
}

#[tokio::test]
async fn a_file_that_became_nobodys_photo_is_deleted() {
    let site = Site::with_photos().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    admin.put_photo(&staff, "image/png", png(8, 8)).await.expect(200);
    let (organization, present) = stored(&site, &staff).await;
    let objects = site.objects.as_ref().unwrap();
    let orphan = PhotoId::generate();
    let id: StaffId = staff.parse().unwrap();
    let mut tx = site.database.app().await.tenant(organization).await.unwrap();
    for photo in [orphan, present.unwrap()] {
        photos::expect(&mut tx, organization, id, photo, clock::now()).await.unwrap();
    }
    let key = PhotoFile::Whole.key(organization, orphan);
    objects.put(&key, png(8, 8), "image/png").await.unwrap();
    tx.commit().await.unwrap();
    gone(&site, organization, orphan).await;
    assert_eq!(show(&admin, &path(&staff)).await.1, (8, 8), "the person's own stays");
}

#[tokio::test]
async fn people_of_limited_access_change_their_own_photo_alone() {
    let site = Site::with_photos().await;
    let admin = site.set_up().await;
    let limited = admin.create_account("general", "limited").await;
    limited.put_photo(&limited.id, "image/png", png(8, 8)).await.expect(200);
    assert_eq!(show(&limited, &path(&limited.id)).await.1, (8, 8));
    for refused in [
        limited.put_photo(&admin.id, "image/png", png(8, 8)).await,
        limited.get(&path(&admin.id)).await,
        limited.delete(&path(&admin.id)).await,
    ] {
        assert!(matches!(refused.status.as_u16(), 403 | 404), "{}", refused.text);
    }
    limited.delete(&path(&limited.id)).await.expect(204);
}

#[tokio::test]
async fn without_a_place_for_photos_there_are_none() {
    let site = Site::without_objects().await;
    let admin = site.set_up().await;
    let answer = admin.put_photo(&admin.id, "image/png", png(8, 8)).await;
    let answer = answer.refused(503, "unavailable");
    assert!(answer.str("/detail").contains("NEARHAND_OBJECTS"), "{}", answer.text);
    admin.get(&path(&admin.id)).await.refused(404, "not_found");
}
