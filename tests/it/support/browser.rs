//! A browser as far as the API notices one: it keeps cookies, sends them back, and says whose page
//! caused a request.

use super::{Answer, Site, site::PASSWORD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap};

/// How a browser reaches the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// On this machine.
    Local,
    /// By a proxy that does TLS.
    Https,
    /// Plainly over a network.
    Plain,
}

/// A browser.
pub(crate) struct Browser<'a> {
    pub(crate) site: &'a Site,
    way: Way,
    jar: RefCell<BTreeMap<String, String>>,
}

/// What a page of ours sends.
pub(crate) const OWN_PAGE: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

impl<'a> Browser<'a> {
    /// A fresh one.
    pub(crate) fn new(site: &'a Site, way: Way) -> Self {
        Self { site, way, jar: RefCell::default() }
    }

    /// One in which the first admin has logged in.
    pub(crate) async fn of_admin(site: &'a Site) -> Self {
        let browser = Self::new(site, Way::Local);
        browser.log_in("ada@harbour.example", json!({})).await.expect(201);
        browser
    }

    /// The same cookies at another process of the installation.
    pub(crate) fn at<'b>(&self, site: &'b Site) -> Browser<'b> {
        Browser { site, way: self.way, jar: self.jar.clone() }
    }

    /// Logs in with a cookie.
    pub(crate) async fn log_in(&self, login: &str, more: Value) -> Answer {
        let mut body = json!({ "login": login, "password": PASSWORD, "cookie": true });
        for (name, value) in more.as_object().expect("fields") {
            body[name] = value.clone();
        }
        self.post("/v1/sessions", body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, OWN_PAGE, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, OWN_PAGE, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, OWN_PAGE, None).await
    }

    /// A request with these headers besides the cookies, which the answer may change.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.request(method, path, headers);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = Answer::read(request.send().await.expect("an answer")).await;
        for cookie in set_cookies(&answer) {
            self.keep(&cookie);
        }
        answer
    }

    /// A request that is not sent yet.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> RequestBuilder {
        let mut request = self.site.http.request(method, format!("{}{path}", self.site.url));
        request = match self.way {
            Way::Local => request,
            Way::Https => request.header("host", "n.example").header("x-forwarded-proto", "https"),
            Way::Plain => request.header("host", "n.example").header("x-forwarded-proto", "http"),
        };
        let jar = self.jar.borrow();
        if !jar.is_empty() {
            let pairs: Vec<String> =
                jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar.borrow().get(name).cloned()
    }

    /// Puts a cookie in, as another page might have.
    pub(crate) fn put(&self, name: &str, value: &str) {
        self.jar.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a name and a value");
        if attributes.contains("Max-Age=0") {
            self.jar.borrow_mut().remove(name);
        } else {
            self.put(name, value);
        }
    }
}

/// The cookies that an answer gives and takes.
pub(crate) fn set_cookies(answer: &Answer) -> Vec<String> {
    let all = answer.headers.get_all("set-cookie").iter();
    all.map(|cookie| cookie.to_str().expect("text").to_owned()).collect()
}
