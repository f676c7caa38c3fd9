//! Traces: spans of API and worker reach a collector as parts of the trace that a request brought, and
//! nothing but a warning comes of a collector that is away.

use crate::support::{
    account::now,
    http_client,
    processes::{Service, Stack},
    wait::within,
};
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const DEADLINE: Duration = Duration::from_secs(60);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The bodies that a collector got.
type Got = Arc<Mutex<Vec<Vec<u8>>>>;

/// A collector that keeps what it gets, for as long as its task is held; returns its address.
async fn collector() -> (String, Got, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let got = Got::default();
    let keep = Arc::clone(&got);
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, Arc::clone(&keep)));
        }
    });
    (url, got, task)
}

/// A collector that hangs up on everybody, and counts them.
async fn broken_collector() -> (String, Arc<AtomicUsize>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let attempts = Arc::new(AtomicUsize::new(0));
    let (count, mut task) = (Arc::clone(&attempts), JoinSet::new());
    task.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, attempts, task)
}

/// Answers the requests of one connection.
async fn serve(mut stream: TcpStream, got: Got) {
    let mut read = Vec::new();
    loop {
        let head = read.windows(4).position(|w| w == b"\r\n\r\n");
        let length = head.and_then(|end| {
            let text = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
            Some((end + 4, length.trim().parse::<usize>().ok()?))
        });
        if let Some((start, length)) = length
            && read.len() >= start + length
        {
            let request = read.drain(..start + length).collect::<Vec<u8>>();
            assert!(request.starts_with(b"POST /v1/traces "), "OTLP over HTTP");
            got.lock().unwrap().push(request[start..].to_vec());
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\
                content-length: 0\r\n\r\n";
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            continue;
        }
        let mut piece = [0; 16_384];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(many) => read.extend_from_slice(&piece[..many]),
        }
    }
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

fn trace_id() -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&TRACE[at..at + 2], 16).unwrap();
    (0..TRACE.len()).step_by(2).map(byte).collect()
}

/// Starts API and worker anew, with this collector.
async fn with_collector(stack: &mut Stack, url: &str) {
    let token = stack.token().to_owned();
    stack.set("NEARHAND_OTLP_URL", url.to_owned());
    for service in [Service::Api, Service::Worker] {
        stack.kill(service);
    }
    stack.serve(&token).await;
}

async fn send_traced(stack: &Stack, phone: &str) {
    let body = json!({ "pings": [{ "fix_at": now(), "lat": 38.765_432_1, "lng": -9.1 }] });
    let request = http_client().build().unwrap().post(format!("{}/v1/pings", stack.url));
    let request = request.bearer_auth(phone).json(&body);
    let request = request.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn api_and_worker_send_spans_of_one_trace() {
    let (url, got, _task) = collector().await;
    let mut stack = Stack::start().await;
    let (_, phone) = stack.phones(1).await.remove(0);
    with_collector(&mut stack, &url).await;
    send_traced(&stack, &phone).await;
    let of = |process: &'static str, span: &'static str| {
        let got = got.lock().unwrap();
        let of_trace = got.iter().filter(|body| holds(body, &trace_id()));
        of_trace
            .into_iter()
            .any(|body| holds(body, process.as_bytes()) && holds(body, span.as_bytes()))
    };
    within(DEADLINE, "the API's and the worker's spans come", async || {
        (of("serve", "/v1/pings") && of("work", "ingest")).then_some(())
    })
    .await;
    for body in got.lock().unwrap().iter() {
        for secret in [phone.as_bytes(), b"38.765", &38.765_432_1_f64.to_le_bytes()] {
            assert!(!holds(body, secret), "no token and no position is sent");
        }
    }
}

#[tokio::test]
async fn a_collector_that_is_away_costs_one_warning() {
    let (url, attempts, _task) = broken_collector().await;
    let mut stack = Stack::start_logging_as_usual().await;
    let (_, phone) = stack.phones(1).await.remove(0);
    with_collector(&mut stack, &url).await;
    let warnings = |stack: &Stack| stack.logged(Service::Api).matches("--otlp-url").count();
    within(DEADLINE, "it is said", async || {
        send_traced(&stack, &phone).await;
        (warnings(&stack) > 0).then_some(())
    })
    .await;
    let before = attempts.load(Ordering::SeqCst);
    within(DEADLINE, "it is tried again and again", async || {
        send_traced(&stack, &phone).await;
        (attempts.load(Ordering::SeqCst) >= before + 4).then_some(())
    })
    .await;
    within(DEADLINE, "pings are stored all the same", async || {
        (stack.count("SELECT count(*) FROM pings").await? > 1).then_some(())
    })
    .await;
    assert_eq!(warnings(&stack), 1);
}
