//! `nearhand replay --raise-jump-limit`: traces played faster than recorded are no jumps meanwhile, and
//! the organisation's limit is as before afterwards.

use crate::support::processes::Stack;
use std::fs;

#[tokio::test]
async fn a_replay_raises_the_limit_and_sets_it_back() {
    let stack = Stack::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (trace, state) = (folder.path().join("cab.txt"), folder.path().join("state.json"));
    // A cab in San Francisco, a minute between two fixes.
    let fixes: String = (0..20)
        .map(|n| {
            format!("{:.5} -122.40000 1 {}\n", 37.75 + f64::from(n) / 200.0, 1_213_000_000 + n * 60)
        })
        .collect();
    fs::write(&trace, fixes).unwrap();
    let (trace, state) = (trace.to_str().unwrap(), state.to_str().unwrap());
    let arguments = [
        trace,
        "--url",
        stack.url(),
        "--token",
        stack.token(),
        "--state",
        state,
        "--speed",
        "600",
        "--raise-jump-limit",
    ];
    let done = stack.run("replay", &arguments).await;
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("jump_limit_mps is 30000 instead of 70 until the end"), "{said}");
    assert!(said.contains("jump_limit_mps is 70 again"), "{said}");
    let settings = stack.get("/v1/organization", stack.token()).await.expect(200);
    assert_eq!(settings.body["jump_limit_mps"], 70);
    let jumps = stack.count("SELECT count(*) FROM pings WHERE flags & 2 <> 0").await;
    assert_eq!(jumps, Some(0));
}
