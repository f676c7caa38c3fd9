//! The object store in S3, against a real server process: moto, from `tests/requirements.txt`.
//!
//! Servers that stall or refuse are sockets of the test itself.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nearhand_photos::{Credentials, Objects, OpenError, StoreError};

const PATIENCE: Duration = Duration::from_secs(60);
const SECRET: &str = "hunter2-hunter2";

fn credentials() -> Credentials {
    Credentials { access_key_id: "AKIDTEST".to_owned(), secret_access_key: SECRET.into() }
}

fn opened(server: SocketAddr, path: &str) -> Objects {
    let address = format!("s3://{path}?region=eu-west-1&endpoint=http://{server}&path_style=true");
    Objects::open(&address, Some(&credentials())).unwrap()
}

/// A running moto. It is killed when the test ends.
struct Moto {
    process: Child,
    address: SocketAddr,
}

impl Moto {
    /// Starts it on a free port and waits until it says which.
    fn start() -> Self {
        let python = std::env::var_os("NEARHAND_TEST_PYTHON").expect(
            "NEARHAND_TEST_PYTHON is not set. Run the tests through `./dev test`, which installs \
             the S3 server that this test needs.",
        );
        let mut process = Command::new(python)
            .args(["-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the interpreter in NEARHAND_TEST_PYTHON starts");
        let said = BufReader::new(process.stderr.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        // It reads to the end, so that the server never waits for a full pipe.
        thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let deadline = Instant::now() + PATIENCE;
        let mut heard = String::new();
        let address = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = receiver.recv_timeout(left) else {
                let _ = process.kill();
                let _ = process.wait();
                panic!("moto did not start. It said: {heard}");
            };
            if let Some((_, address)) = line.split_once("Running on http://") {
                break address.trim().parse().unwrap();
            }
            heard.push_str(&line);
        };
        Self { process, address }
    }

    /// Makes a bucket by a plain request, since the crate never makes one.
    fn make_bucket(&self, name: &str) {
        let body = "<CreateBucketConfiguration><LocationConstraint>eu-west-1\
                    </LocationConstraint></CreateBucketConfiguration>";
        let answer = self.request("PUT", &format!("/{name}"), body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDTEST/20260101/eu-west-1/s3/\
                             aws4_request, SignedHeaders=host, Signature=0";
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server that reads each request and answers the same to all, or nothing.
fn server_that_says(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer_once(stream, answer));
        }
    });
    address
}

fn answer_once(mut stream: TcpStream, answer: &str) {
    let mut read = [0; 4_096];
    while stream.read(&mut read).is_ok_and(|length| length > 0) {
        if !answer.is_empty() {
            let _ = stream.write_all(answer.as_bytes());
            return;
        }
    }
}

#[tokio::test]
async fn files_in_a_bucket() {
    let moto = Moto::start();
    moto.make_bucket("shop");
    let objects = opened(moto.address, "shop/some/prefix");
    assert_eq!(objects.get("photos/1/a.jpg").await.unwrap(), None);
    objects.check().await.unwrap();
    let large = vec![7_u8; 5 * 1024 * 1024];
    objects.put("photos/1/a.jpg", "one", "image/jpeg").await.unwrap();
    objects.put("photos/1/a.jpg", large.clone(), "image/jpeg").await.unwrap();
    assert_eq!(objects.get("photos/1/a.jpg").await.unwrap().unwrap(), large);
    let head = moto.request("HEAD", "/shop/some/prefix/photos/1/a.jpg", "").to_lowercase();
    assert!(head.contains("content-type: image/jpeg"), "{head}");
    let other = opened(moto.address, "shop");
    assert_eq!(other.get("photos/1/a.jpg").await.unwrap(), None);
    assert!(other.get("some/prefix/photos/1/a.jpg").await.unwrap().is_some());
    objects.delete("photos/1/a.jpg").await.unwrap();
    objects.delete("photos/1/a.jpg").await.unwrap();
    assert_eq!(objects.get("photos/1/a.jpg").await.unwrap(), None);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told_by_every_call() {
    let moto = Moto::start();
    let objects = opened(moto.address, "none");
    for result in [
        objects.get("k").await.map(|_| ()),
        objects.put("k", "x", "text/plain").await,
        objects.delete("k").await,
        objects.check().await,
    ] {
        let error = result.unwrap_err();
        assert!(error.to_string().contains("bucket does not exist"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_stalls_ends_with_an_error_in_time() {
    let objects = opened(server_that_says(""), "shop");
    let started = Instant::now();
    let (got, put) = tokio::join!(objects.get("k"), objects.put("k", "x", "text/plain"));
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    for error in [got.unwrap_err(), put.unwrap_err()] {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_and_overload_are_temporary() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let busy = server_that_says(
        "HTTP/1.1 503 Slow Down\r\nContent-Length: 31\r\nConnection: close\r\n\r\n\
         <Error><Code>SlowDown</Code></E",
    );
    let broken = server_that_says("HTTP/1.1 200 OK\r\nContent-Le");
    for server in [nobody, busy, broken] {
        let error = opened(server, "shop").check().await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    }
}

#[tokio::test]
async fn refusals_are_told_without_secrets() {
    let wrong_key = server_that_says(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 125\r\nConnection: close\r\n\r\n\
         <Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIDTEST</AWSAccessKeyId>\
         <StringToSign>private</StringToSign></Error>",
    );
    let wrong_request = server_that_says(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 49\r\nConnection: close\r\n\r\n\
         <Error><Code>AuthorizationHeaderMalformed</Code><",
    );
    let elsewhere = server_that_says(
        "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:1/\r\n\
         Connection: close\r\n\r\n",
    );
    for (server, part) in [
        (wrong_key, "SignatureDoesNotMatch"),
        (wrong_request, "AuthorizationHeaderMalformed"),
        (elsewhere, "redirect"),
    ] {
        let objects = opened(server, "shop");
        for error in [
            objects.put("k", "x", "text/plain").await.unwrap_err(),
            objects.get("k").await.unwrap_err(),
            objects.delete("k").await.unwrap_err(),
        ] {
            let told = format!("{error} {error:?} {objects:?}");
            assert!(matches!(error, StoreError::Refused { .. }), "{told}");
            assert!(error.to_string().contains(part), "{part}: {told}");
            for secret in [SECRET, "private", "AKIDTEST"] {
                assert!(!told.contains(secret), "{told}");
            }
        }
    }
}

#[test]
fn credentials_are_needed_and_do_not_print() {
    let error = Objects::open("s3://shop", None).unwrap_err();
    assert_eq!(error, OpenError::NoCredentials);
    assert!(!format!("{:?}", credentials()).contains(SECRET));
}
