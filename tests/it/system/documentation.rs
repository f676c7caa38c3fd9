//! The lines of the documentation work as they are printed.

use crate::support::{eventually, processes::Stack};

/// The lines of every block of a page that is for a shell.
fn lines(page: &str) -> String {
    let path = format!("{}/../{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the page");
    let mut blocks = text.split("```sh\n").skip(1);
    let lines: String = blocks
        .by_ref()
        .filter_map(|block| block.split("```").next())
        // That one leaves everything running, in a terminal of its own.
        .filter(|block| !block.starts_with("./dev "))
        .collect();
    assert!(lines.lines().count() > 15, "{page} has lines");
    lines
}

#[tokio::test]
async fn a_newcomers_first_lines_lead_to_a_recommendation() {
    let stack = Stack::start().await;
    let done = stack.paste(&lines("README.md")).await;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    let (_, answer) = said.rsplit_once("\"candidates\":").expect("a recommendation");
    assert!(answer.contains("\"display_name\":\"Grace Hopper\""), "{answer}");
}

#[tokio::test]
async fn phones_are_set_up_as_their_page_says() {
    let stack = Stack::start().await;
    let done = stack.paste(&lines("docs/phones.md")).await;
    let (said, complained) =
        (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}\n{complained}");
    // The picture, then the answer that each app needs.
    let told = "1\n[]{\"result\":\"ok\"}{}{}{}{\"wanted\":true,";
    for told in [told, "{\"accepted\":1,"] {
        assert!(said.contains(told), "{said}\n{complained}");
    }
    eventually("a fix of each app is stored", async || {
        let stored = stack.count("SELECT count(DISTINCT source) FROM pings").await?;
        (stored == 6).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_administrators_day_goes_as_it_is_told() {
    let stack = Stack::start_empty().await;
    let done = stack.paste(&lines("docs/administration.md")).await;
    let (said, complained) = (
        String::from_utf8_lossy(&done.stdout).into_owned(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    );
    assert!(done.status.success(), "{said}\n{complained}");
    for told in ["\"error\":6", "\"create\":300", "\"succeeded\"", "staff.undelete", "erased_at"] {
        assert!(said.contains(told), "{told} is not said:\n{said}\n{complained}");
    }
}

#[tokio::test]
async fn a_schedulers_day_goes_as_it_is_told() {
    let stack = Stack::start_empty().await;
    let done = stack.paste(&lines("docs/scheduling.md")).await;
    let (said, complained) = (
        String::from_utf8_lossy(&done.stdout).into_owned(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    );
    assert!(done.status.success(), "{said}\n{complained}");
    assert_told(
        &said,
        &complained,
        &[
            // Why the favourite is missing, and what would bring her back.
            "\"rule\":\"missing_skill\"",
            "\"detail\":\"required level of skill camera to 2\"",
            "\"brings_back\":3",
            // What became of the three who were asked.
            "\"state\":\"filled\"",
            "\"state\":\"declined\"",
            "\"state\":\"timed_out\"",
            "\"state\":\"accepted\"",
            "\"code\":\"offer_too_late\"",
            "\"rule\":\"already_declined\"",
            // The work.
            "\"rule\":\"double_booked\"",
            "\"state\":\"in_progress\"",
            "\"state\":\"done\"",
            // She leads the next ranking, from where she has just been.
            "\"rank\":1\n\"display_name\":\"Dina Duarte\"",
            "\"source\":\"last_job\"",
            "\"visits\":1",
            // This morning's answer would be another one now.
            "\"identical\":false",
        ],
    );
}

#[tokio::test]
async fn a_browser_logs_in_and_is_a_device_as_it_is_told() {
    let stack = Stack::start_empty().await;
    let done = stack.paste(&lines("docs/browsers.md")).await;
    let (said, complained) = (
        String::from_utf8_lossy(&done.stdout).into_owned(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    );
    assert!(done.status.success(), "{said}\n{complained}");
    assert_told(
        &said,
        &complained,
        &[
            "\"remembered\":false",
            "{\"staff\":",
            "\"browser\":true",
            "\"code\":\"cross_origin\"",
            "event: snapshot",
            "\"code\":\"https_required\"",
            "\"wanted\":true",
            "\"accepted\":1",
            "\"this_browser\":true",
            "\"code\":\"unauthorized\"",
        ],
    );
}

#[tokio::test]
async fn what_is_held_on_people_ends_as_it_is_told() {
    let stack = Stack::start_empty().await;
    let done = stack.paste(&lines("docs/privacy.md")).await;
    let (said, complained) = (
        String::from_utf8_lossy(&done.stdout).into_owned(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    );
    assert!(done.status.success(), "{said}\n{complained}");
    let thrown_away = "\"discarded\":{\"tracking_off\":1}";
    assert_told(
        &said,
        &complained,
        &[
            // Who agreed.
            "\"why\":\"not_permitted\"",
            thrown_away,
            "\"permitted\":true",
            "\"accepted\":1",
            // When it stops.
            "\"ends_at\"",
            thrown_away,
            "\"why\":\"outside_hours\"",
            thrown_away,
            // What is held, and how it goes away.
            "\"state\":\"succeeded\"",
            "PK\n",
            "\"discarded\":{\"erased\":1}",
        ],
    );
}

/// That all of this is said, in this order.
fn assert_told(said: &str, complained: &str, all: &[&str]) {
    let mut rest = said;
    for told in all {
        let after = rest.split_once(told).map(|(_, after)| after);
        rest = after
            .unwrap_or_else(|| panic!("{told} is not said in its turn:\n{said}\n{complained}"));
    }
}
