//! Requests whose clients hang up while a transaction begins.

use crate::support::Site;
use std::time::Duration;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

#[tokio::test]
async fn a_dropped_request_leaves_no_transaction_for_the_next() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let phone = admin.create_phone(&admin.id).await;
    phone.send_from(38.72, -9.14).await.expect(200);
    let look = "/v1/positions?bbox=-10,38,-9,39";
    crate::support::eventually("the position is live", || async {
        let answer = admin.get(look).await;
        (answer.body["items"].as_array()?.len() == 1).then_some(())
    })
    .await;
    let address = site.url.strip_prefix("http://").unwrap().to_owned();
    let request = format!(
        "GET /v1/staff/{} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n",
        admin.id, admin.token
    );
    for i in 0..1_000_u32 {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        // The client's patience ends at a different point of the request each time.
        let patience = Duration::from_micros(u64::from(i % 40) * 100);
        let _ = timeout(patience, socket.readable()).await;
        drop(socket);
    }
    let mut db = site.database.look().await;
    let count = "SELECT count(*) FROM position_reads";
    let before: i64 = sqlx::query_scalar(count).fetch_one(&mut db).await.unwrap();
    for _ in 0..30 {
        admin.get(look).await.expect(200);
    }
    let after: i64 = sqlx::query_scalar(count).fetch_one(&mut db).await.unwrap();
    assert_eq!(after - before, 30, "every read is on record");
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND state LIKE 'idle in transaction%' AND usename = 'nearhand_app'",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(open, 0, "no transaction was left open");
}
