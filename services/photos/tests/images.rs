//! Photos with real bytes: formats, limits, metadata, damage.
//!
//! Images are made here by the encoder or by hand; two files in `fixtures` are JPEG of kinds that
//! our encoder cannot write.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod made;

use image::{DynamicImage, GenericImageView, ImageFormat, Rgba, RgbaImage};
use made::{Random, app1, encoded, halves, pieces, png_claiming, with_segment};
use nearhand_photos::{
    Declared, Kind, LONGEST_SIDE, MAX_BYTES, PhotoError, ReencodedImage, THUMBNAILS, check,
    reencode, thumbnail,
};

const TAIL: &[u8] = b"PK\x03\x04 <html><script>alert(1)</script> %PDF-1.7";

fn undeclared() -> Declared<'static> {
    Declared::default()
}

fn declared<'a>(extension: &'a str, content_type: &'a str) -> Declared<'a> {
    Declared { extension: Some(extension), content_type: Some(content_type) }
}

fn pixels(reencoded: &ReencodedImage) -> DynamicImage {
    let format = match reencoded.kind {
        Kind::Png => ImageFormat::Png,
        _ => ImageFormat::Jpeg,
    };
    let image = image::load_from_memory_with_format(&reencoded.bytes, format).unwrap();
    assert_eq!(image.dimensions(), (reencoded.width, reencoded.height));
    image
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// JPEG is not exact.
fn near(a: Rgba<u8>, b: [u8; 3]) -> bool {
    a.0.iter().zip(b).all(|(&x, y)| x.abs_diff(y) < 24)
}

#[test]
fn each_format_is_taken_under_its_names() {
    for (format, kind, extensions, content_type) in [
        (ImageFormat::Jpeg, Kind::Jpeg, ["jpg", ".JPEG"], "image/jpeg; q=1"),
        (ImageFormat::Gif, Kind::Gif, ["gif", ".GIF"], "IMAGE/GIF"),
        (ImageFormat::Png, Kind::Png, ["png", ".Png"], "image/png"),
    ] {
        let bytes = encoded(&halves(40, 20), format);
        for extension in extensions {
            let checked = check(&bytes, declared(extension, content_type)).unwrap();
            assert_eq!((checked.kind, checked.width, checked.height), (kind, 40, 20));
        }
        let reencoded = reencode(&bytes).unwrap();
        assert_eq!(reencoded.content_type, "image/jpeg");
        assert_eq!((reencoded.width, reencoded.height), (40, 20));
        assert!(near(pixels(&reencoded).get_pixel(4, 10), [200, 0, 0]));
        assert!(near(pixels(&reencoded).get_pixel(35, 10), [0, 0, 200]));
    }
}

#[test]
fn a_declaration_that_disagrees_is_unsupported() {
    let bytes = encoded(&halves(8, 8), ImageFormat::Png);
    for said in [
        declared("jpg", "image/png"),
        declared("png", "image/jpeg"),
        declared("exe", "image/png"),
        declared("", "image/png"),
        declared("png", "text/html"),
        declared("png", "image/svg+xml"),
    ] {
        let error = check(&bytes, said).unwrap_err();
        assert!(matches!(error, PhotoError::Unsupported { .. }), "{said:?}: {error}");
    }
}

#[test]
fn other_formats_are_unsupported() {
    for bytes in [
        &b"BM\x3a\0\0\0\0\0\0\0"[..],
        b"RIFF\x24\0\0\0WEBPVP8 ",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"II*\0\x08\0\0\0",
        b"GIF88a",
        b" \xff\xd8\xff",
    ] {
        let error = check(bytes, undeclared()).unwrap_err();
        assert!(matches!(error, PhotoError::Unsupported { .. }), "{bytes:?}: {error}");
        assert_eq!(reencode(bytes).unwrap_err(), error);
    }
    assert!(matches!(reencode(b""), Err(PhotoError::Broken { .. })));
}

#[test]
fn nothing_of_a_tail_survives() {
    for format in [ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Png] {
        let mut bytes = encoded(&halves(40, 20), format);
        bytes.extend_from_slice(TAIL);
        let reencoded = reencode(&bytes).unwrap();
        for part in [&b"PK\x03\x04"[..], b"<html>", b"%PDF"] {
            assert!(!holds(&reencoded.bytes, part), "{format:?}");
        }
    }
}

#[test]
fn nothing_of_what_is_hidden_inside_survives() {
    let plain = encoded(&halves(40, 20), ImageFormat::Jpeg);
    let comment = with_segment(&plain, 0xfe, TAIL);
    let profile = with_segment(&comment, 0xe2, b"ICC_PROFILE\0\x01\x01 secret profile");
    let xmp = with_segment(&profile, 0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>secret");
    let reencoded = reencode(&xmp).unwrap();
    for part in [&b"PK\x03\x04"[..], b"secret", b"ICC_PROFILE", b"xmpmeta"] {
        assert!(!holds(&reencoded.bytes, part));
    }
}

#[test]
fn the_place_where_it_was_taken_is_gone_and_the_camera_is_turned_back() {
    let plain = encoded(&halves(40, 20), ImageFormat::Jpeg);
    let bytes = with_segment(&plain, 0xe1, &app1(6, b"GPS 38.716900,-9.139900"));
    assert!(holds(&bytes, b"38.7169"));
    let reencoded = reencode(&bytes).unwrap();
    assert!(!holds(&reencoded.bytes, b"38.7169") && !holds(&reencoded.bytes, b"Exif"));
    // 6 means: turn by 90 degrees clockwise, so that the left becomes the top.
    assert_eq!((reencoded.width, reencoded.height), (20, 40));
    assert!(near(pixels(&reencoded).get_pixel(10, 4), [200, 0, 0]));
    assert!(near(pixels(&reencoded).get_pixel(10, 35), [0, 0, 200]));
}

#[test]
fn damaged_metadata_does_not_matter() {
    let plain = encoded(&halves(40, 20), ImageFormat::Jpeg);
    for length in 0..app1(6, b"GPS").len() {
        let bytes = with_segment(&plain, 0xe1, &app1(6, b"GPS")[..length]);
        assert_eq!(pixels(&reencode(&bytes).unwrap()).pixels().count(), 800, "{length}");
    }
}

#[test]
fn too_many_bytes() {
    let mut bytes = encoded(&halves(8, 8), ImageFormat::Png);
    bytes.resize(MAX_BYTES, 0);
    assert!(reencode(&bytes).is_ok());
    bytes.push(0);
    let expected = PhotoError::TooLarge { size: MAX_BYTES + 1, limit: MAX_BYTES };
    assert_eq!(check(&bytes, undeclared()).unwrap_err(), expected);
    assert_eq!(reencode(&bytes).unwrap_err(), expected);
}

#[test]
fn too_many_pixels_are_told_from_the_header() {
    for (width, height, limit) in [
        (10_000, 5_000, 40_000_000),
        (8_000, 5_001, 40_000_000),
        (12_001, 1, 12_000),
        (1, 12_001, 12_000),
        (0x7fff_ffff, 0x7fff_ffff, 12_000),
    ] {
        let expected = PhotoError::TooManyPixels { width, height, limit };
        // Its pixels are nonsense, so that only the header can have been read.
        let bytes = png_claiming(width, height);
        assert_eq!(check(&bytes, undeclared()).unwrap_err(), expected);
        assert_eq!(reencode(&bytes).unwrap_err(), expected);
    }
    assert!(check(&png_claiming(8_000, 5_000), undeclared()).is_ok());
    assert!(matches!(reencode(&png_claiming(8_000, 5_000)), Err(PhotoError::Broken { .. })));
    let mut gif = encoded(&halves(8, 8), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    let expected = PhotoError::TooManyPixels { width: 65_535, height: 65_535, limit: 12_000 };
    assert_eq!(reencode(&gif).unwrap_err(), expected);
}

#[test]
fn a_real_small_file_with_56_megapixels_is_refused() {
    let image = DynamicImage::new_luma8(8_000, 7_000);
    let bytes = encoded(&image, ImageFormat::Png);
    assert!(bytes.len() < MAX_BYTES);
    let expected = PhotoError::TooManyPixels { width: 8_000, height: 7_000, limit: 40_000_000 };
    assert_eq!(check(&bytes, undeclared()).unwrap_err(), expected);
}

#[test]
fn every_truncation_is_an_error_or_a_good_image() {
    for format in [ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Png] {
        let bytes = encoded(&halves(40, 20), format);
        let whole = reencode(&bytes).unwrap();
        let mut good = 0;
        for length in 0..bytes.len() {
            if let Ok(reencoded) = reencode(&bytes[..length]) {
                // Only what stands after the pixels may be missing.
                assert_eq!(reencoded, whole, "{format:?} cut to {length} of {}", bytes.len());
                good += 1;
            }
        }
        assert!(good <= 16, "{format:?}: {good} cut files were taken");
        let broken = reencode(&bytes[..bytes.len() * 3 / 4]).unwrap_err();
        assert!(matches!(broken, PhotoError::Broken { .. }), "{format:?}: {broken}");
    }
}

#[test]
fn damage_and_random_bytes_never_panic() {
    let seed = 0x5eed_2026_u64;
    println!("seed {seed:#x}");
    let mut random = Random(seed);
    let originals: Vec<Vec<u8>> = [ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Png]
        .map(|format| encoded(&pieces(32, 24), format))
        .into_iter()
        .chain([fixture("progressive.jpg"), fixture("cmyk.jpg")])
        .collect();
    for round in 0..600 {
        let mut bytes = originals[round % originals.len()].clone();
        for _ in 0..=random.below(8) {
            let at = random.below(bytes.len());
            bytes[at] = random.byte();
        }
        no_decoder_failure(&bytes);
        // The first bytes say what it is, and the rest is noise.
        let noise = (0..random.below(400)).map(|_| random.byte());
        let bytes: Vec<u8> = bytes[..12].iter().copied().chain(noise).collect();
        no_decoder_failure(&bytes);
    }
}

/// A panic inside a decoder is caught and reported by this text; none is known.
fn no_decoder_failure(bytes: &[u8]) {
    if let Err(PhotoError::Broken { why }) = reencode(bytes) {
        assert_ne!(why, "the decoder failed", "{bytes:?}");
    }
}

#[test]
fn of_an_animation_the_first_frame_is_kept() {
    let mut bytes = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        for colour in [[200, 0, 0, 255], [0, 0, 200, 255]] {
            let frame = RgbaImage::from_pixel(30, 20, Rgba(colour));
            encoder.encode_frame(image::Frame::new(frame)).unwrap();
        }
    }
    let reencoded = reencode(&bytes).unwrap();
    assert_eq!(reencoded.kind, Kind::Jpeg);
    assert!(near(pixels(&reencoded).get_pixel(15, 10), [200, 0, 0]));
}

#[test]
fn transparent_images_stay_transparent_and_clean_at_the_edge() {
    // Invisible green beside red: no green may show where they meet.
    let image = RgbaImage::from_fn(2_500, 100, |x, _| {
        if x < 1_250 { Rgba([200, 0, 0, 255]) } else { Rgba([0, 255, 0, 0]) }
    });
    for format in [ImageFormat::Png, ImageFormat::Gif] {
        let reencoded = reencode(&encoded(&image.clone().into(), format)).unwrap();
        assert_eq!((reencoded.kind, reencoded.content_type), (Kind::Png, "image/png"));
        assert_eq!(reencoded.width, LONGEST_SIDE);
        let pixels = pixels(&reencoded).into_rgba8();
        assert_eq!(pixels.get_pixel(0, 0).0[3], 255);
        assert_eq!(pixels.get_pixel(LONGEST_SIDE - 1, 0).0[3], 0);
        assert!(pixels.pixels().all(|pixel| pixel.0[1] < 30), "{format:?}");
    }
}

#[test]
fn large_images_are_scaled_and_thumbnails_are_square() {
    let reencoded = reencode(&encoded(&halves(2_400, 1_200), ImageFormat::Jpeg)).unwrap();
    assert_eq!((reencoded.width, reencoded.height), (1_024, 512));
    for side in THUMBNAILS {
        let small = thumbnail(&reencoded.bytes, side).unwrap();
        assert_eq!((small.width, small.height), (side, side));
        assert!(near(pixels(&small).get_pixel(0, side / 2), [200, 0, 0]));
        assert!(near(pixels(&small).get_pixel(side - 1, side / 2), [0, 0, 200]));
    }
    assert!(thumbnail(b"nothing", 64).is_err());
}

#[test]
fn extreme_shapes() {
    for (width, height) in [(1, 1), (12_000, 1), (1, 12_000), (3_000, 2)] {
        let reencoded = reencode(&encoded(&halves(width, height), ImageFormat::Png)).unwrap();
        assert!(reencoded.width.max(reencoded.height) <= LONGEST_SIDE);
        assert_eq!(thumbnail(&reencoded.bytes, 64).unwrap().width, 64);
    }
}

#[test]
fn other_colours_and_depths() {
    let grey = DynamicImage::from(halves(40, 20).to_luma8());
    let deep = DynamicImage::from(halves(40, 20).to_rgba16());
    for (image, format) in [
        (&grey, ImageFormat::Jpeg),
        (&grey, ImageFormat::Png),
        (&DynamicImage::from(grey.to_luma_alpha16()), ImageFormat::Png),
        (&deep, ImageFormat::Png),
    ] {
        let reencoded = reencode(&encoded(image, format)).unwrap();
        assert_eq!((reencoded.kind, reencoded.width), (Kind::Jpeg, 40));
    }
    let red = pixels(&reencode(&fixture("cmyk.jpg")).unwrap());
    assert!(near(red.get_pixel(20, 10), [255, 0, 0]), "{:?}", red.get_pixel(20, 10));
    let progressive = pixels(&reencode(&fixture("progressive.jpg")).unwrap());
    assert!(near(progressive.get_pixel(20, 10), [200, 30, 30]));
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
