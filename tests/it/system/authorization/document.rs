//! The table of who may do what as a page, made of the rows that the tests try.

use super::{
    App, AppPath, Device, FullSession, May, MayFully, Needs, Nobody, OnlyFully, PEOPLE_ONLY,
    ROUTES, Session, opens,
};
use crate::system::authorization::AnySession;
use nearhand_domain::access::AdminRole;
use std::fmt::Write;

const HEAD: &str = "# Who may do what

This page is written by a test, out of the same rows that it tries over HTTP with every role, with a
limited account, with another department, with another organisation, with API keys, with phones, and
with nobody. Custom roles and levels of modules add permissions to those of a role; `GET /v1/roles`
lists what each allows.

- **limited**: what an account of access level `limited` gets that has the permission. *own*: narrowed
  to what is theirs. *404*: it is not there for them. *403*: they are told.
- **another department**: what somebody whose scopes are `departments` gets for a person of none of
  theirs. Lists hold only their people.
- **API key**: whether the organisation's own software may, with the permission. *403* is
  `person_required`.
- A browser's cookie opens what a session's token does, a device's cookie what a phone's token does on
  `/v1/pings` and `/v1/pings/wanted`; both only in requests of the site's own pages, else 403
  `cross_origin`.
- Everybody gets 404 for what belongs to another organisation, and 401 without a token.

";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let roles: Vec<&str> = AdminRole::ALL.iter().map(|role| role.as_str()).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "| request | needs | {} | limited | another department | API key |\n|---|---|{}---|---|---|",
        roles.join(" | "),
        "---|".repeat(roles.len())
    );
    for (method, path, needs) in ROUTES {
        let allowed = AdminRole::ALL.iter().map(|role| match needs {
            Device | App | AppPath => "–",
            _ if opens(*needs, *role, true) => "yes",
            _ => "no",
        });
        let allowed: Vec<&str> = allowed.collect();
        let _ = writeln!(
            page,
            "| `{} {path}` | {} | {} | {} | {} | {} |",
            method.to_uppercase(),
            words(*needs),
            allowed.join(" | "),
            limited(*needs),
            if path.starts_with("/v1/staff/{id}") { "404" } else { "" },
            key(method, path, *needs),
        );
    }
    page
}

fn words(needs: Needs) -> String {
    match needs {
        Nobody => "nothing".to_owned(),
        Device | App => "a phone's token".to_owned(),
        AppPath => "a phone's token in the path".to_owned(),
        AnySession => "a session".to_owned(),
        Session => "a session with a password of one's own".to_owned(),
        FullSession => "a session, access level `full`".to_owned(),
        May(permission) | MayFully(permission) | OnlyFully(permission) => {
            format!("`{permission}`")
        }
    }
}

fn limited(needs: Needs) -> &'static str {
    match needs {
        Nobody | AnySession | Session => "yes",
        Device | App | AppPath => "–",
        May(_) => "own",
        MayFully(_) => "404",
        FullSession | OnlyFully(_) => "403",
    }
}

fn key(method: &str, path: &str, needs: Needs) -> &'static str {
    match needs {
        Nobody => "yes",
        Device | App | AppPath => "–",
        Session if method == "get" && path == "/v1/jobs/{id}" => "yes",
        AnySession | Session | FullSession => "403",
        _ if PEOPLE_ONLY.contains(&(method, path)) => "403",
        _ => "yes",
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the edge of the tests")]
fn the_page_is_what_the_rows_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/authorization.md");
    let page = page();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(path, &page).expect("the page is written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "write it anew: INSTA_UPDATE=always ./dev test the_page_is");
}
