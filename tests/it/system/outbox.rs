//! `/dev/outbox`: mails as pages, for this machine alone.

use crate::support::{
    http_client,
    processes::{Service, Stack},
    wait::within,
};
use serde_json::json;
use std::time::Duration;

/// For a process to start on a busy machine, and for a mail to be kept.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn mails_are_shown_to_this_machine_and_to_nobody_else() {
    let mut stack = Stack::start().await;
    let empty = stack.page("/dev/outbox", None).await;
    assert!(empty.0 == 200 && empty.1.contains("No mail has been kept"), "{empty:?}");
    let person = json!({ "display_name": "Grace <b>", "email": "grace@harbour.example",
        "access_level": "full", "send_invite": true });
    stack.post("/v1/staff", stack.token(), person).await.expect(201);
    let path = within(SOON, "a mail", async || {
        let (_, list) = stack.page("/dev/outbox", None).await;
        let (_, rest) = list.split_once("href=\"/dev/outbox/")?;
        Some(format!("/dev/outbox/{}", rest.split('"').next()?))
    })
    .await;
    let (status, mail) = stack.page(&path, None).await;
    assert!(status == 200 && mail.contains("/invite#nh_inv_"), "{mail}");
    assert!(mail.contains("&lt;b&gt;") && !mail.contains("<b>"), "{mail}");
    // A name that somebody made point here, and a mail that is not there.
    assert_eq!(stack.page(&path, Some("evil.example")).await.0, 404);
    // A proxy on this machine that says for whom it asks.
    let client = http_client().build().unwrap();
    for name in ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host"] {
        let request = client.get(format!("{}{path}", stack.url)).header(name, "192.0.2.1");
        assert_eq!(request.send().await.unwrap().status().as_u16(), 404, "{name}");
    }
    let nothing = format!("/dev/outbox/{}", uuid::Uuid::now_v7());
    assert_eq!(stack.page(&nothing, None).await.0, 404);
    // A public address says that others come in.
    stack.besides.insert("NEARHAND_PUBLIC_URL", "https://nearhand.example".into());
    stack.kill(Service::Api);
    stack.spawn(Service::Api);
    let hidden = within(SOON, "the API", async || {
        stack.try_page("/dev/outbox").await.map(|(status, _)| status)
    })
    .await;
    assert_eq!(hidden, 404);
    stack.besides.remove("NEARHAND_PUBLIC_URL");
    // With a mail server there is nothing to see.
    stack.besides.insert("NEARHAND_SMTP_URL", "smtp://127.0.0.1:9".into());
    stack.kill(Service::Api);
    stack.spawn(Service::Api);
    let gone = within(SOON, "the API", async || {
        stack.try_page("/dev/outbox").await.map(|(status, _)| status)
    })
    .await;
    assert_eq!(gone, 404);
}
