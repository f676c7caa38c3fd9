//! The demo's accounts: an admin by setup, a scheduler by the admin, and the crew's logins, all with
//! passwords that are written down before they are used, so that a killed start never locks itself
//! out.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use nearhand_domain::password::generate_password;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use uuid::Uuid;

use super::Logins;
use super::env_file::EnvFile;
use super::people::ZONE;
use crate::client::{Client, Error, Login, Person, Session, Tokens, log_in, persist};

const ORGANIZATION: &str = "Harbour City Demo";
const SLUG: &str = "harbour-city-demo";
const ADMIN: &str = "admin@harbour-city.example";
const CREW_PASSWORD: &str = "NEARHAND_CREW_PASSWORD";
const SCHEDULER: &str = "scheduler@harbour-city.example";
const WORKER: &str = "worker@harbour-city.example";
/// How long the API may take to answer at the start.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Who runs the demo.
pub(super) struct Accounts {
    pub(super) admin: Session,
    pub(super) scheduler: Session,
    /// With which the whole crew logs in.
    pub(super) crew_password: SecretString,
    /// Which organisation it is.
    pub(super) organization: Uuid,
}

#[derive(Deserialize)]
struct SetUp {
    session: Tokens,
}

/// What somebody may do.
#[derive(Deserialize)]
pub(super) struct Access {
    pub(super) id: Uuid,
    access_level: String,
}

impl Access {
    /// Whether they log in as somebody of the field does.
    pub(super) fn is_field(&self) -> bool {
        self.access_level == "limited"
    }
}

#[derive(Deserialize)]
struct Temporary {
    #[serde(deserialize_with = "crate::client::secret")]
    password: SecretString,
}

/// Sets the installation up, or logs in to the demo that it holds.
pub(super) async fn enter(
    client: &Client,
    bootstrap_token: &SecretString,
    path: &Path,
    env: &mut EnvFile,
) -> anyhow::Result<Accounts> {
    env.set("NEARHAND_URL", client.base());
    env.set("NEARHAND_ORGANIZATION", SLUG);
    env.set("NEARHAND_ADMIN_LOGIN", ADMIN);
    env.set("NEARHAND_SCHEDULER_LOGIN", SCHEDULER);
    env.set("NEARHAND_WORKER_LOGIN", WORKER);
    for name in [
        "NEARHAND_ADMIN_PASSWORD",
        "NEARHAND_SCHEDULER_PASSWORD",
        "NEARHAND_WORKER_PASSWORD",
        CREW_PASSWORD,
    ] {
        if env.get(name).is_none() {
            env.set(name, generate_password());
        }
    }
    env.write(path)?;
    let login = login(env, "ADMIN");
    let tokens = set_up(client, bootstrap_token, &login, path).await?;
    let organization = tokens.organization_id;
    let admin = Session::of_tokens(client, tokens, login);
    let scheduler = scheduler(&admin, self::login(env, "SCHEDULER")).await?;
    let crew_password = env.get(CREW_PASSWORD).unwrap_or_default().to_owned().into();
    Ok(Accounts { admin, scheduler, crew_password, organization })
}

/// Who may log in, for those who are to be told.
pub(super) fn logins(env: &EnvFile, with_worker: bool) -> Logins {
    Logins {
        organization: SLUG.to_owned(),
        admin: login(env, "ADMIN"),
        scheduler: login(env, "SCHEDULER"),
        worker: with_worker.then(|| login(env, "WORKER")),
    }
}

/// Gives the person whose phone nobody simulates a login, and a case to begin with.
pub(super) async fn enter_worker(
    accounts: &Accounts,
    env: &EnvFile,
    person: Uuid,
    case: Uuid,
) -> anyhow::Result<()> {
    let access: Access = accounts.admin.get(&format!("/v1/staff/{person}")).await?;
    enter_field(&accounts.admin, person, access.is_field(), login(env, "WORKER")).await?;
    let held: Vec<IgnoredAny> =
        accounts.scheduler.list(&format!("/v1/assignments?staff={person}&open=true")).await?;
    if held.is_empty() {
        let (path, form) = (format!("/v1/cases/{case}/assignments"), json!({ "staff_id": person }));
        match accounts.scheduler.create::<IgnoredAny>(&path, &form).await {
            // Somebody has it already, or they have something else: then there is something to see.
            Err(error) if error.is_conflict() => {}
            given => drop(given?),
        }
    }
    Ok(())
}

/// Logs somebody of the field in. Whoever has no login yet gets this one.
///
/// # Errors
/// If the API refuses, or does not answer in time.
pub(super) async fn enter_field(
    admin: &Session,
    person: Uuid,
    has_login: bool,
    login: Login,
) -> anyhow::Result<Session> {
    let client = admin.client();
    if has_login {
        match persist(PATIENCE, || log_in(client, &login)).await {
            Ok(tokens) if !tokens.must_change_password => {
                return Ok(Session::of_tokens(client, tokens, login));
            }
            Ok(_) => {}
            Err(error) if error.is_unauthorized() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let change = json!({ "email": login.login, "access_level": "limited" });
    admin.patch(&format!("/v1/staff/{person}"), &change).await?;
    let session = admit(admin, person, login).await?;
    // Nobody reads their mails.
    session.patch("/v1/me/notifications", &json!({ "mail": false })).await?;
    Ok(session)
}

/// How somebody of the crew logs in.
pub(super) fn field_login(username: &str, password: &SecretString) -> Login {
    Login {
        organization: Some(SLUG.to_owned()),
        login: format!("{username}@harbour-city.example"),
        password: password.clone(),
    }
}

/// Gives somebody the password of their login, and logs them in.
///
/// # Errors
/// If the API refuses or does not answer.
async fn admit(admin: &Session, person: Uuid, login: Login) -> Result<Session, Error> {
    let client = admin.client();
    let temporary: Temporary = admin.post_empty(&format!("/v1/staff/{person}/password")).await?;
    let first = Login { password: temporary.password, ..login.clone() };
    let session = Session::open(client, first.clone()).await?;
    let change = json!({ "current_password": first.password.expose_secret(),
        "new_password": login.password.expose_secret() });
    session.call(Method::POST, "/v1/me/password").await?.json(&change).done().await?;
    Session::open(client, login).await
}

fn login(env: &EnvFile, who: &str) -> Login {
    let value =
        |what: &str| env.get(&format!("NEARHAND_{who}_{what}")).unwrap_or_default().to_owned();
    Login {
        organization: Some(SLUG.to_owned()),
        login: value("LOGIN"),
        password: value("PASSWORD").into(),
    }
}

async fn set_up(
    client: &Client,
    bootstrap_token: &SecretString,
    login: &Login,
    path: &Path,
) -> anyhow::Result<Tokens> {
    let body = json!({
        "bootstrap_token": bootstrap_token.expose_secret(),
        "organization": { "name": ORGANIZATION, "slug": SLUG, "time_zone": ZONE },
        "admin": { "first_name": "Ada", "last_name": "Marques", "email": login.login,
            "password": login.password.expose_secret() },
    });
    let done: Result<SetUp, Error> = persist(PATIENCE, || async {
        client.call(Method::POST, "/v1/setup").json(&body).read().await
    })
    .await;
    match done {
        Ok(done) => Ok(done.session),
        Err(error) if error.is("setup_complete") => {
            let entered = persist(PATIENCE, || log_in(client, login)).await;
            entered.with_context(|| {
                format!(
                    "this installation is set up, and the demo's login in {} does not work there; \
                     take another --data-dir for the demo, or run without --demo",
                    path.display()
                )
            })
        }
        Err(error) => Err(error).context("could not set the demo up"),
    }
}

/// Logs the scheduler in; makes them or gives them their password where that is needed.
async fn scheduler(admin: &Session, login: Login) -> anyhow::Result<Session> {
    let client = admin.client();
    match persist(PATIENCE, || log_in(client, &login)).await {
        Ok(tokens) if !tokens.must_change_password => {
            return Ok(Session::of_tokens(client, tokens, login));
        }
        Ok(_) => {}
        Err(error) if error.is_unauthorized() => {}
        Err(error) => return Err(error).context("the demo's scheduler could not log in"),
    }
    // Office people take no cases: they have working hours, and those are empty.
    let form = json!({ "first_name": "Sara", "last_name": "Quintela", "username": "demo-scheduler",
        "email": SCHEDULER, "access_level": "full", "admin_role": "scheduler", "working_hours": [] });
    let known: Vec<Person> = admin.list("/v1/staff?role=scheduler").await?;
    let known =
        known.into_iter().find(|person| person.username.as_deref() == Some("demo-scheduler"));
    let person: Person = match known {
        Some(person) => person,
        None => admin.create("/v1/staff", &form).await?,
    };
    Ok(admit(admin, person.id, login).await?)
}
