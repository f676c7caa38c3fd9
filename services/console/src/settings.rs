//! What the console is told at its start: the map, the version, and the demo's logins. Logins go to
//! browsers on this machine alone, and exist only while the demo runs.

use crate::map_source::MapSource;
use parking_lot::RwLock;
use serde::Serialize;
use std::sync::Arc;

/// `GET /console/settings.json`.
#[derive(Serialize)]
pub(crate) struct Settings<'a> {
    /// The style of the map; null draws the built-in one.
    pub(crate) map_style: Option<&'a str>,
    /// How to log in to the demo.
    pub(crate) demo: Option<Demo>,
    /// Of this build.
    pub(crate) version: &'static str,
}

/// How to log in to the demo.
#[derive(Clone, Serialize)]
pub struct Demo {
    /// Which organisation.
    pub organization: String,
    /// Its admin.
    #[serde(flatten)]
    pub admin: DemoLogin,
    /// Somebody who plans.
    pub scheduler: DemoLogin,
    /// Somebody in the field, who may be tracked; none before they have a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<DemoLogin>,
}

/// One person's login.
#[derive(Clone, Serialize)]
pub struct DemoLogin {
    /// What they type.
    pub login: String,
    /// And with it.
    pub password: String,
}

/// Where the demo puts its logins once they work; cheap to clone. Empty without a demo.
#[derive(Clone, Default)]
pub struct DemoSlot(Arc<RwLock<Option<Demo>>>);

impl DemoSlot {
    /// Offers these logins from now on.
    pub fn offer(&self, demo: Demo) {
        *self.0.write() = Some(demo);
    }

    /// The logins, once they work.
    pub(crate) fn logins(&self) -> Option<Demo> {
        self.0.read().clone()
    }
}

impl Settings<'_> {
    /// Of a map style and what may be told of the demo.
    pub(crate) fn new(style: Option<&MapSource>, demo: Option<Demo>) -> Settings<'_> {
        let map_style = style.map(MapSource::as_str);
        Settings { map_style, demo, version: env!("CARGO_PKG_VERSION") }
    }
}
