//! Bodies written after the public descriptions of each app, and what is read of them. The bodies
//! stand in `fixtures/`.

use nearhand_domain::ping::{AdmissionContext, PersonGate, RawFix, Source, admit};
use nearhand_domain::time::Interval;
use nearhand_domain::tracking::{OPEN_END, TrackingGate};
use nearhand_trackers::{Client, Delivery, Message, Omitted, Refused, read};

/// 2027-01-15T08:00:00Z.
const AT: i64 = 1_800_000_000_000;
/// The minute in which the tests receive.
const MINUTE: i64 = 1_800_000_060_000;

fn of(client: Client, query: &str, body: &[u8]) -> Delivery {
    read(client, &Message { query, body, undated_at_ms: MINUTE }).expect("a whole request")
}

fn posted(client: Client, body: &str) -> Delivery {
    of(client, "", body.as_bytes())
}

fn only(delivery: &Delivery) -> &RawFix {
    assert_eq!((delivery.fixes.len(), delivery.omitted.len()), (1, 0), "{delivery:?}");
    &delivery.fixes[0]
}

fn omitted(delivery: &Delivery) -> Vec<(Omitted, usize)> {
    assert!(delivery.fixes.is_empty(), "{delivery:?}");
    delivery.omitted.iter().map(|(why, n)| (*why, *n)).collect()
}

/// A number that went through a unit, to a millionth.
fn near(value: Option<f64>, expected: f64) {
    assert!(value.is_some_and(|v| (v - expected).abs() < 1e-6), "{value:?} is not {expected}");
}

fn lisbon(fix: &RawFix) {
    near(Some(fix.lat), 38.7169);
    near(Some(fix.lng), -9.1399);
}

#[test]
fn owntracks_locations() {
    let got = posted(Client::Owntracks, include_str!("fixtures/owntracks-location.json"));
    let fix = only(&got);
    lisbon(fix);
    assert_eq!((fix.fix_at_ms, fix.sent_at_ms), (AT, Some(AT + 2_000)));
    near(fix.speed_mps, 15.0);
    near(fix.battery, 0.8);
    near(fix.altitude_m, 57.0);
    near(fix.accuracy_m, 4.0);
    near(fix.course_deg, 270.0);
    assert_eq!((fix.charging, fix.key.as_deref()), (Some(true), Some("5f3a9c01")));
    // Its fields of zero are left out.
    let bare = posted(Client::Owntracks, include_str!("fixtures/owntracks-bare.json"));
    assert_eq!(only(&bare).speed_mps, None);
}

#[test]
fn owntracks_messages_that_are_no_fix() {
    for kind in ["waypoint", "transition", "status", "lwt", "card", "dump", "encrypted", "cmd"] {
        let body = format!(r#"{{"_type":"{kind}","lat":38.7,"lon":-9.1,"tst":1800000000}}"#);
        assert_eq!(omitted(&posted(Client::Owntracks, &body)), [(Omitted::OtherType, 1)], "{kind}");
    }
    assert_eq!(omitted(&posted(Client::Owntracks, "{}")), [(Omitted::NoPosition, 1)]);
    for empty in ["", " \n", "[]"] {
        assert_eq!(omitted(&posted(Client::Owntracks, empty)), [(Omitted::Empty, 1)], "{empty}");
    }
    assert_eq!(omitted(&posted(Client::Owntracks, "[7]")), [(Omitted::NotAnObject, 1)]);
    assert_eq!(omitted(&posted(Client::Owntracks, "hello")), [(Omitted::NotReadable, 1)]);
}

#[test]
fn owntracks_numbers_in_quotes_and_no_type() {
    let quoted = posted(Client::Owntracks, include_str!("fixtures/owntracks-quoted.json"));
    let fix = only(&quoted);
    lisbon(fix);
    assert_eq!(fix.fix_at_ms, AT);
    near(fix.battery, 0.8);
    near(fix.accuracy_m, 4.0);
    let untyped = r#"{"lat":38.7169,"lon":-9.1399,"acc":4,"tst":1800000000,"batt":80}"#;
    lisbon(only(&posted(Client::Owntracks, untyped)));
}

#[test]
fn without_a_time_a_repeat_in_the_same_minute_is_one() {
    let body = r#"{"_type":"location","lat":38.7169,"lon":-9.1399,"acc":4,"tid":"NE"}"#;
    let (first, again) = (posted(Client::Owntracks, body), posted(Client::Owntracks, body));
    assert_eq!(only(&first).fix_at_ms, MINUTE);
    assert_eq!(first, again);
    let other = posted(Client::Owntracks, &body.replace(r#""acc":4"#, r#""acc":5"#));
    assert_ne!(only(&first).key, only(&other).key, "another request is another fix");
    // Two in one request are two.
    let two = of(Client::Owntracks, "", format!("[{body},{body}]").as_bytes());
    assert_ne!(two.fixes[0].key, two.fixes[1].key);
}

#[test]
fn overland_batches() {
    let got = posted(Client::Overland, include_str!("fixtures/overland-batch.json"));
    assert_eq!(got.fixes.len(), 3, "{got:?}");
    assert_eq!(got.omitted.into_iter().collect::<Vec<_>>(), [(Omitted::NoPosition, 1)]);
    let [first, second, current] = &got.fixes[..] else { panic!("three") };
    lisbon(first);
    assert_eq!((first.fix_at_ms, second.fix_at_ms), (AT, AT + 60_000), "Z and -0700");
    near(first.speed_mps, 4.5);
    near(first.battery, 0.73);
    assert_eq!((first.charging, first.motion.as_deref()), (Some(true), Some("driving")));
    assert_eq!(second.speed_mps, Some(-1.0), "−1 is known as unknown when it is judged");
    assert_eq!(current.fix_at_ms, AT + 3_600_000);
    assert!(got.fixes.iter().all(|fix| fix.key.is_none()), "unique_id names the phone");
    assert_eq!(omitted(&posted(Client::Overland, r#"{"locations":[]}"#)), [(Omitted::Empty, 1)]);
    assert_eq!(omitted(&posted(Client::Overland, "[1]")), [(Omitted::NotReadable, 1)]);
    // Decimal commas: -9,1399 and 38,7169.
    let commas = r#"{"locations":[{"geometry":{"coordinates":[-9,1399,38,7169]}}]}"#;
    assert_eq!(omitted(&posted(Client::Overland, commas)), [(Omitted::PositionUnreadable, 1)]);
}

const TRACCAR_FORM: &str = "id=a1b2c3&timestamp=1800000000&lat=38.7169&lon=-9.1399\
    &speed=1.9438445&bearing=270.0&altitude=57.3&accuracy=12.86&batt=100.0&charge=true&new=1";

#[test]
fn traccar_forms_come_as_query_as_body_and_labelled_as_anything() {
    for (query, body) in [(TRACCAR_FORM, ""), ("", TRACCAR_FORM), ("id=a1b2c3", TRACCAR_FORM)] {
        let got = of(Client::Traccar, query, body.as_bytes());
        let fix = only(&got);
        lisbon(fix);
        near(fix.speed_mps, 1.0);
        near(fix.battery, 1.0);
        near(fix.accuracy_m, 12.86);
        near(fix.course_deg, 270.0);
        assert_eq!((fix.fix_at_ms, fix.charging), (AT, Some(true)));
    }
    let spellings = [
        "location=38.7169,-9.1399&timestamp=1800000000000",
        "location=38,7169,-9,1399&timestamp=2027-01-15T08:00:00Z",
        "lat=38,7169&lon=-9,1399&timestamp=2027-01-15T09:00:00+01:00&heading=1",
        "lat=38.7169&lon=-9.1399&timestamp=2027-01-15%2008%3A00%3A00&speed=&batt=%BATT",
    ];
    for spelling in spellings {
        let got = of(Client::Traccar, spelling, b"");
        lisbon(only(&got));
        assert_eq!(only(&got).fix_at_ms, AT, "{spelling}");
    }
    let undated = of(Client::Traccar, "lat=38.7169&lon=-9.1399", b"");
    assert_eq!(only(&undated).fix_at_ms, MINUTE);
}

#[test]
fn traccar_heartbeats_and_placeholders_are_no_fix() {
    for (query, why) in [
        ("id=a1b2c3&timestamp=1800000000", Omitted::NoPosition),
        ("lat=&lon=", Omitted::NoPosition),
        ("lat=%LAT&lon={lon}&timestamp=%TIMESTAMP", Omitted::NoPosition),
        ("lat=north&lon=1", Omitted::PositionUnreadable),
        ("lat=1&timestamp=1800000000", Omitted::PositionUnreadable),
        ("lat=1&lon=1&timestamp=yesterday", Omitted::TimeUnreadable),
        ("", Omitted::Empty),
    ] {
        assert_eq!(omitted(&of(Client::Traccar, query, b"")), [(why, 1)], "{query}");
    }
}

#[test]
fn traccar_json_has_the_shape_of_the_sdk_or_is_flat() {
    let nested = posted(Client::Traccar, include_str!("fixtures/traccar-sdk.json"));
    let fix = only(&nested);
    lisbon(fix);
    near(fix.speed_mps, 1.0);
    near(fix.battery, 0.8);
    assert_eq!((fix.fix_at_ms, fix.charging), (AT, Some(false)));
    assert_eq!(fix.motion.as_deref(), Some("walking"));
    let typed_by_hand = posted(Client::Traccar, include_str!("fixtures/traccar-by-hand.json"));
    assert_eq!((only(&typed_by_hand).fix_at_ms, only(&typed_by_hand).lat), (MINUTE, 52.5));
    let flat = posted(Client::Traccar, include_str!("fixtures/traccar-flat-list.json"));
    assert_eq!(flat.fixes.len(), 2, "{flat:?}");
    near(flat.fixes[0].speed_mps, 1.0);
    near(flat.fixes[1].battery, 0.5);
    assert_eq!(flat.omitted.into_iter().collect::<Vec<_>>(), [(Omitted::NoPosition, 1)]);
    // The address may say who it is.
    let both = of(Client::Traccar, "id=a1", include_bytes!("fixtures/traccar-sdk.json"));
    lisbon(only(&both));
}

/// How many are kept, how many are duplicates, the batteries that are known.
fn kept(fixes: &[RawFix]) -> (usize, usize, Vec<Option<f32>>) {
    let always = TrackingGate {
        permissions: vec![Interval { start: 0, end: OPEN_END }],
        ..TrackingGate::default()
    };
    let gate = PersonGate { tracking: always, ..PersonGate::default() };
    let retention_ms = 60 * 86_400_000;
    let context = AdmissionContext {
        now_ms: AT + 60_000,
        retention_ms,
        source: Source::Transistorsoft,
        gate: &gate,
    };
    let admission = admit(fixes, &context);
    let pings = || admission.live.iter().chain(&admission.backlog);
    (pings().count(), admission.duplicates, pings().map(|ping| ping.battery).collect())
}

#[test]
fn transistorsoft_roots_and_repeats() {
    let list = include_str!("fixtures/transistorsoft-list.json");
    let roots = [
        format!(r#"{{"locations":{list}}}"#),
        format!(r#"{{"location":{list},"extra":1}}"#),
        list.to_owned(),
    ];
    for root in roots {
        let got = posted(Client::Transistorsoft, &root);
        assert_eq!(kept(&got.fixes), (2, 1, vec![Some(1.0), None]), "{root}");
    }
    let one = posted(Client::Transistorsoft, include_str!("fixtures/transistorsoft-one.json"));
    let fix = only(&one);
    lisbon(fix);
    assert_eq!(fix.fix_at_ms, AT + 123, "an epoch in milliseconds");
    assert_eq!((fix.mock, fix.motion.as_deref()), (Some(true), Some("in_vehicle")));
    near(fix.speed_mps, 13.2);
    let sample = posted(
        Client::Transistorsoft,
        r#"{"location":{"sample":true,"coords":
        {"latitude":1,"longitude":2},"timestamp":"2027-01-15T08:00:00Z"}}"#,
    );
    assert_eq!(omitted(&sample), [(Omitted::Sample, 1)]);
}

#[test]
fn gpslogger_addresses() {
    let query =
        "lat=38.7169&lon=-9.1399&ts=1800000000&acc=12.5&spd=2.5&dir=90&alt=57&batt=80&desc=";
    for got in [of(Client::Gpslogger, query, b""), posted(Client::Gpslogger, query)] {
        let fix = only(&got);
        lisbon(fix);
        near(fix.speed_mps, 2.5);
        near(fix.battery, 0.8);
        near(fix.course_deg, 90.0);
        near(fix.accuracy_m, 12.5);
        assert_eq!(fix.fix_at_ms, AT);
    }
    let iso = "lat=38.7169&lon=-9.1399&time=2027-01-15T08:00:00.000Z&acc=%ACC&spd=%SPD";
    let got = of(Client::Gpslogger, iso, b"");
    assert_eq!((only(&got).fix_at_ms, only(&got).accuracy_m), (AT, None));
    let json = r#"{"lat":38.7169,"lon":-9.1399,"ts":1800000000,"spd":2.5}"#;
    near(only(&posted(Client::Gpslogger, json)).speed_mps, 2.5);
}

#[test]
fn a_wrong_fix_costs_itself_in_every_batch() {
    let bad = r#"7, "x", null, {"coords":7}, {"geometry":{"coordinates":[1e999,"x"]}}, [], NaN"#;
    let good =
        r#"{"coords":{"latitude":38.7169,"longitude":-9.1399},"timestamp":"2027-01-15T08:00:00Z"}"#;
    let body = format!(r#"{{"location":[{bad},{good}]}}"#);
    let got = posted(Client::Transistorsoft, &body);
    assert_eq!(got.fixes.len(), 1, "{got:?}");
    assert_eq!(got.omitted.values().sum::<usize>(), 7, "{got:?}");
    let feature = r#"{"geometry":{"coordinates":[-9.1399,38.7169]},"properties":{"timestamp":"2027-01-15T08:00:00Z"}}"#;
    let got = posted(Client::Overland, &format!(r#"{{"locations":[{bad},{feature}]}}"#));
    assert_eq!((got.fixes.len(), got.omitted.values().sum::<usize>()), (1, 7), "{got:?}");
    lisbon(&got.fixes[0]);
}

#[test]
fn a_body_cut_short_is_refused_and_too_many_fixes_are() {
    for client in Client::ALL {
        let whole = format!(r#"{{"locations":[{}]}}"#, vec!["{}"; 20_001].join(","));
        let of = |body: &str| {
            read(client, &Message { query: "", body: body.as_bytes(), undated_at_ms: MINUTE })
        };
        assert_eq!(of(&whole[..whole.len() - 2]).err(), Some(Refused::CutShort), "{client:?}");
        if client != Client::Owntracks {
            assert_eq!(of(&whole).err(), Some(Refused::TooMany), "{client:?}");
        }
        let most = format!("[{}]", vec!["{}"; 20_000].join(","));
        let got = of(&most).expect("as many as there may be");
        assert!(got.fixes.is_empty(), "{client:?}");
    }
}

#[test]
fn lists_in_lists_hold_no_more_than_one_list() {
    let inner = format!(r#"{{"location":[{}]}}"#, vec!["{}"; 19_000].join(","));
    let body = format!("[{}]", vec![inner.as_str(); 60].join(","));
    for client in [Client::Traccar, Client::Transistorsoft, Client::Gpslogger] {
        let message = Message { query: "", body: body.as_bytes(), undated_at_ms: MINUTE };
        assert_eq!(read(client, &message).err(), Some(Refused::TooMany), "{client:?}");
    }
}

#[test]
fn a_form_without_a_known_name_is_no_report() {
    for client in [Client::Traccar, Client::Gpslogger] {
        let got = posted(client, "hello");
        assert_eq!(omitted(&got), [(Omitted::NotReadable, 1)], "{client:?}");
        let heartbeat = posted(client, "id=a1b2c3");
        assert_eq!(omitted(&heartbeat), [(Omitted::NoPosition, 1)], "{client:?}");
    }
}
