//! Services asked over real HTTP, played by a small server on this machine.

use crate::{
    Address, CacheLimits, GeocodeError, GeocodeMatch, Geocoder, Options, Precision, Setting,
    Trouble,
};
use parking_lot::Mutex;
use std::{collections::VecDeque, fmt::Write as _, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Answers requests in the order of its script, and notes them. It ends when it is dropped.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    _running: JoinSet<()>,
}

/// One answer of the script: the bytes to send, or silence until the client gives up.
type Answer = Option<Vec<u8>>;

impl Server {
    async fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (noted, mut script): (_, VecDeque<_>) =
            (Arc::clone(&requests), script.into_iter().collect());
        let mut running = JoinSet::new();
        running.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let request = request(&mut socket).await;
                noted.lock().push(request);
                match script.pop_front().expect("a request that the script does not expect") {
                    // The client may hang up in the middle of an answer it does not want.
                    Some(bytes) => drop(socket.write_all(&bytes).await),
                    None => drop(socket.read(&mut [0; 1]).await),
                }
            }
        });
        Self { port, requests, _running: running }
    }

    fn geocoder(&self, kind: &str) -> Geocoder {
        self.geocoder_with(kind, &options())
    }

    fn geocoder_with(&self, kind: &str, options: &Options) -> Geocoder {
        let setting: Setting =
            format!("{kind}:http://127.0.0.1:{}/geo", self.port).parse().unwrap();
        Geocoder::new(&setting, options).unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

/// Reads up to the empty line that ends the head of a GET.
async fn request(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

fn options() -> Options {
    Options {
        interval: Some(Duration::ZERO),
        contact: Some("ops@example.org".to_owned()),
        ..Options::default()
    }
}

fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut text =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    Some(format!("{text}\r\n{body}").into_bytes())
}

fn ok(body: &str) -> Answer {
    answer("200 OK", &[], body)
}

fn address() -> Address {
    Address {
        street: Some("Invalidenstraße 117".to_owned()),
        city: Some("Berlin".to_owned()),
        postcode: Some("10115".to_owned()),
        country: Some("Deutschland".to_owned()),
        region: None,
    }
}

/// A house in the form of Nominatim's `jsonv2`.
fn house(lat: &str, lon: &str, number: &str, postcode: &str) -> String {
    format!(
        r#"{{"place_id":1,"lat":"{lat}","lon":"{lon}","category":"place","type":"house","place_rank":30,
        "importance":7e-05,"addresstype":"place","name":"","display_name":"{number}, Invalidenstraße, {postcode} Berlin",
        "address":{{"house_number":"{number}","road":"Invalidenstraße","city":"Berlin","postcode":"{postcode}",
        "country":"Deutschland","country_code":"de"}},"boundingbox":["1","2","3","4"]}}"#
    )
}

fn temporary(trouble: Trouble) -> GeocodeError {
    GeocodeError::Temporary { trouble, retry_after: None }
}

#[tokio::test]
async fn nominatim_finds_a_house() {
    // The second hit is an entrance of the same house, 300 m away.
    let body = format!(
        "[{},{}]",
        house("52.5300", "13.3840", "117", "10115"),
        house("52.5310", "13.3880", "117", "10115")
    );
    let server = Server::start([ok(&body)]).await;
    let GeocodeMatch::Ok(place) = server.geocoder("nominatim").find(&address()).await.unwrap()
    else {
        panic!("not one")
    };
    assert_eq!(place.precision, Precision::Address);
    assert_eq!(place.position.e7(), (525_300_000, 133_840_000));
    assert_eq!(place.label, "117, Invalidenstraße, 10115 Berlin");
    assert_eq!(place.country.as_deref(), Some("DE"));
    let request = server.requests().remove(0);
    assert!(
        request.starts_with(
            "GET /geo/search?format=jsonv2&addressdetails=1&limit=10&street=Invalidenstra%C3%9Fe+117&city=Berlin&postalcode=10115&countrycodes=DE HTTP/1.1"
        ),
        "{request}"
    );
    assert!(request.contains(concat!(
        "user-agent: nearhand/",
        env!("CARGO_PKG_VERSION"),
        " (ops@example.org)"
    )));
}

#[tokio::test]
async fn houses_far_apart_are_ambiguous_unless_the_postcode_decides() {
    let body = format!(
        "[{},{}]",
        house("52.53", "13.38", "117", "12555"),
        house("52.45", "13.57", "117", "12557")
    );
    let server = Server::start([ok(&body), ok(&body.replace("12557", "10115"))]).await;
    let geocoder = server.geocoder_with("nominatim", &Options { cache: none(), ..options() });
    let GeocodeMatch::Ambiguous(places) = geocoder.find(&address()).await.unwrap() else {
        panic!("not ambiguous")
    };
    assert_eq!(places.len(), 2);
    let GeocodeMatch::Ok(place) = geocoder.find(&address()).await.unwrap() else {
        panic!("not one")
    };
    assert!(place.label.contains("10115"));
}

#[tokio::test]
async fn a_house_number_that_was_not_found_makes_the_place_coarse() {
    let road = r#"[{"lat":"52.53","lon":"13.38","type":"secondary","addresstype":"road","place_rank":26,
        "display_name":"Invalidenstraße","address":{"road":"Invalidenstraße","postcode":"10115","country_code":"de"}}]"#;
    let city = r#"[{"lat":"52.51","lon":"13.39","type":"administrative","addresstype":"city","place_rank":8,
        "display_name":"Berlin","address":{"city":"Berlin","country_code":"de"}},
        {"lat":"51.1","lon":"10.4","addresstype":"country","display_name":"Deutschland","address":{"country_code":"de"}}]"#;
    let other = format!("[{}]", house("52.53", "13.38", "99", "10115"));
    let server = Server::start([ok(road), ok(road), ok(&other), ok(city), ok("[]")]).await;
    let geocoder = server.geocoder_with("nominatim", &Options { cache: none(), ..options() });
    let street = Address { street: Some("Invalidenstraße".to_owned()), ..address() };
    for (asked, precision) in [
        (&address(), Precision::Postcode),
        (&street, Precision::Address),
        (&address(), Precision::Postcode),
        (&address(), Precision::Locality),
    ] {
        let GeocodeMatch::Ok(place) = geocoder.find(asked).await.unwrap() else {
            panic!("not one")
        };
        assert_eq!(place.precision, precision);
    }
    assert!(
        matches!(geocoder.find(&address()).await.unwrap(), GeocodeMatch::Nothing { why } if why.contains("leave the street out"))
    );
}

#[tokio::test]
async fn photon_finds_a_house_and_leaves_other_countries_out() {
    let feature = |country: &str, lng: f64, number: &str| {
        format!(
            r#"{{"type":"Feature","geometry":{{"type":"Point","coordinates":[{lng},52.53]}},"properties":{{"osm_key":"building",
            "osm_value":"yes","type":"house","housenumber":"{number}","street":"Invalidenstraße","postcode":"10115","city":"Berlin",
            "country":"Deutschland","countrycode":"{country}"}}}}"#
        )
    };
    let features =
        [feature("US", 13.1, "117"), feature("DE", 13.38, "117"), feature("DE", 13.5, "3")]
            .join(",");
    let body = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
    let server = Server::start([ok(&body)]).await;
    let GeocodeMatch::Ok(place) = server.geocoder("photon").find(&address()).await.unwrap() else {
        panic!("not one")
    };
    assert_eq!(
        (place.precision, place.position.e7()),
        (Precision::Address, (525_300_000, 133_800_000))
    );
    assert_eq!(place.label, "Invalidenstraße 117, 10115 Berlin, Deutschland");
    let request = server.requests().remove(0);
    assert!(
        request.starts_with(
            "GET /geo/api?q=Invalidenstra%C3%9Fe+117%2C+10115+Berlin%2C+Germany&limit=10 "
        ),
        "{request}"
    );
}

#[tokio::test]
async fn a_pause_that_the_service_asks_for_is_kept() {
    let body = format!("[{}]", house("52.53", "13.38", "117", "10115"));
    let short = answer("429 Too Many Requests", &[("Retry-After", "0")], "slow down");
    let past =
        answer("503 Service Unavailable", &[("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")], "");
    let long = answer("429 Too Many Requests", &[("Retry-After", "120")], "slow down");
    let server = Server::start([short, past, ok(&body), long]).await;
    let geocoder = server.geocoder_with("nominatim", &Options { cache: none(), ..options() });
    let now = Some(Duration::ZERO);
    let refused =
        |status| GeocodeError::Temporary { trouble: Trouble::Status(status), retry_after: now };
    assert_eq!(geocoder.find(&address()).await, Err(refused(429)));
    assert_eq!(geocoder.find(&address()).await, Err(refused(503)));
    assert!(matches!(geocoder.find(&address()).await, Ok(GeocodeMatch::Ok(_))));
    let pause = Some(Duration::from_secs(120));
    let error = geocoder.find(&address()).await.unwrap_err();
    assert_eq!(
        error,
        GeocodeError::Temporary { trouble: Trouble::Status(429), retry_after: pause }
    );
    // The next caller is told at once; the service is left alone.
    let error = geocoder.find(&address()).await.unwrap_err();
    let GeocodeError::Temporary { trouble: Trouble::Busy, retry_after: Some(left) } = error else {
        panic!("{error:?}")
    };
    assert!(left > Duration::from_secs(60) && left <= Duration::from_secs(120));
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn refusals_are_permanent_and_failures_temporary() {
    let statuses = [("400 Bad Request", 400), ("403 Forbidden", 403), ("404 Not Found", 404)];
    let server = Server::start(statuses.map(|(line, _)| answer(line, &[], "secret cause"))).await;
    let geocoder = server.geocoder("photon");
    for (_, status) in statuses {
        let error = geocoder.find(&address()).await.unwrap_err();
        assert_eq!(error, GeocodeError::Permanent { trouble: Trouble::Status(status) });
    }
    let server = Server::start(
        ["500 Internal Server Error", "502 Bad Gateway"].map(|line| answer(line, &[], "")),
    )
    .await;
    let geocoder = server.geocoder("nominatim");
    for status in [500, 502] {
        assert_eq!(geocoder.find(&address()).await, Err(temporary(Trouble::Status(status))));
    }
}

#[tokio::test]
async fn silence_ends_and_so_does_a_server_that_is_gone() {
    let server = Server::start([None]).await;
    let slow = server
        .geocoder_with("nominatim", &Options { timeout: Duration::from_millis(100), ..options() });
    assert_eq!(slow.find(&address()).await, Err(temporary(Trouble::TimedOut)));
    let gone = server.geocoder("nominatim");
    drop(server);
    assert_eq!(gone.find(&address()).await, Err(temporary(Trouble::Unreachable)));
}

#[tokio::test]
async fn garbage_is_no_answer_and_is_not_repeated() {
    for kind in ["nominatim", "photon"] {
        let bodies = ["<html>secret</html>", "", r#"{"error":"secret"}"#, r#"[{"lat":52.5}]"#];
        let server = Server::start(bodies.map(ok)).await;
        let geocoder = server.geocoder(kind);
        for _ in bodies {
            let error = geocoder.find(&address()).await.unwrap_err();
            assert_eq!(error, temporary(Trouble::Unreadable));
            let text = format!("{error} {error:?} {:?}", address());
            assert!(
                !text.contains("secret")
                    && !text.contains("Invaliden")
                    && !text.contains("127.0.0.1"),
                "{text}"
            );
        }
    }
    // A coordinate off the globe is no hit.
    let server = Server::start([ok(&format!("[{}]", house("91.0", "13.4", "117", "10115")))]).await;
    assert!(matches!(
        server.geocoder("nominatim").find(&address()).await,
        Ok(GeocodeMatch::Nothing { .. })
    ));
}

#[tokio::test]
async fn a_huge_answer_is_cut_off() {
    let body = format!("[{}]", " ".repeat(2 << 20));
    let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}").into_bytes();
    let server = Server::start([ok(&body), Some(endless)]).await;
    let geocoder = server.geocoder("nominatim");
    for _ in 0..2 {
        assert_eq!(geocoder.find(&address()).await, Err(temporary(Trouble::TooLarge)));
    }
}

#[tokio::test]
async fn redirects_stay_on_their_host() {
    let away = answer("302 Found", &[("Location", "http://localhost.example/search")], "");
    let here = answer("302 Found", &[("Location", "/elsewhere")], "");
    let server = Server::start([away, here, ok("[]")]).await;
    let geocoder = server.geocoder("nominatim");
    let error = geocoder.find(&address()).await.unwrap_err();
    assert_eq!(error, GeocodeError::Permanent { trouble: Trouble::Redirected(302) });
    assert!(matches!(geocoder.find(&address()).await, Ok(GeocodeMatch::Nothing { .. })));
    assert!(server.requests()[2].starts_with("GET /elsewhere "));
}

#[tokio::test]
async fn an_answer_is_asked_for_once() {
    let body = format!("[{}]", house("52.53", "13.38", "117", "10115"));
    let server = Server::start([ok(&body), ok("[]"), answer("500 Oops", &[], ""), ok(&body)]).await;
    let geocoder = server.geocoder("nominatim");
    let first = geocoder.find(&address()).await.unwrap();
    let spaced =
        Address { city: Some(" Berlin ".to_owned()), country: Some("DE".to_owned()), ..address() };
    assert_eq!(geocoder.find(&spaced).await.unwrap(), first, "the same query");
    assert_eq!(server.requests().len(), 1);
    let nowhere = Address { postcode: Some("99999".to_owned()), ..address() };
    for _ in 0..3 {
        assert!(matches!(geocoder.find(&nowhere).await.unwrap(), GeocodeMatch::Nothing { .. }));
    }
    assert_eq!(server.requests().len(), 2);
    // A failure is not remembered.
    let third = Address { postcode: Some("10117".to_owned()), ..address() };
    assert!(geocoder.find(&third).await.is_err());
    assert!(geocoder.find(&third).await.is_ok());
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_request_out_of_turn_is_not_sent() {
    let server = Server::start([ok("[]")]).await;
    let hourly = Options { interval: Some(Duration::from_secs(3_600)), cache: none(), ..options() };
    let geocoder = server.geocoder_with("nominatim", &hourly);
    assert!(geocoder.find(&address()).await.is_ok());
    let error = geocoder.find(&address()).await.unwrap_err();
    assert!(
        matches!(error, GeocodeError::Temporary { trouble: Trouble::Busy, retry_after: Some(left) } if left.as_secs() > 3_500)
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_asked_is_not_sent() {
    let server = Server::start([]).await;
    let street = Address { street: Some("Main Street 1".to_owned()), ..Address::default() };
    for kind in ["nominatim", "photon"] {
        let geocoder = server.geocoder(kind);
        for asked in [&street, &Address::default()] {
            assert!(
                matches!(geocoder.find(asked).await, Ok(GeocodeMatch::Nothing { why }) if why.starts_with("add the city"))
            );
        }
    }
    assert!(server.requests().is_empty());
    let bad = Options { contact: Some("a\r\nb: c".to_owned()), ..options() };
    assert!(Geocoder::new(&"photon:http://127.0.0.1/".parse().unwrap(), &bad).is_err());
}

fn none() -> CacheLimits {
    CacheLimits { entries: 0, ..CacheLimits::default() }
}
