//! A case as the caller describes it. Must hold nothing that the caller does not say.

use crate::rule::Rule;
use nearhand_domain::{CaseId, ClientId, Position, RegionId, ServiceId, StaffId};
use serde::{Deserialize, Serialize};

/// The work to do, its place and its time. An ad-hoc request has the nil id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The case.
    pub id: CaseId,
    /// Where the work is.
    pub position: Position,
    /// Unix seconds; `None`: as soon as possible.
    pub starts_at: Option<i64>,
    /// How long the work takes.
    pub duration_min: u32,
    /// Whether old pings count for nothing.
    pub urgent: bool,
    /// Services needed.
    pub services: Vec<ServiceId>,
    /// The regions that contain the position.
    pub regions: Vec<RegionId>,
    /// Skills needed.
    pub skills: Vec<SkillNeed>,
    /// Licences needed.
    pub licences: Vec<LicenceNeed>,
    /// Languages (BCP 47); one of them is enough.
    pub languages: Vec<String>,
    /// Whether one of them must be spoken at b2 or better.
    pub language_required: bool,
    /// The client.
    pub client: Option<ClientId>,
    /// The client's panel.
    pub panel: Vec<StaffId>,
    /// Whether only people on the panel are eligible.
    pub panel_required: bool,
    /// People whom the client excludes.
    pub client_excluded: Vec<StaffId>,
    /// People who declined an offer of it.
    pub declined_by: Vec<StaffId>,
    /// People who hold it.
    pub assigned_to: Vec<StaffId>,
    /// The only people who may be candidates; `None`: everybody.
    #[serde(default)]
    pub only: Option<Vec<StaffId>>,
    /// Rules that are not judged.
    #[serde(default)]
    pub waived: Vec<Rule>,
}

/// A skill and its levels, 1 ≤ required ≤ preferred ≤ 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillNeed {
    /// Its code.
    pub skill: String,
    /// People below this level are not eligible.
    pub required: u8,
    /// This level earns the full value.
    pub preferred: u8,
}

/// A licence that must be valid for the whole work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceNeed {
    /// The kind of licence.
    pub code: String,
    /// Where it is valid.
    pub jurisdiction: String,
}

/// The default duration in minutes.
pub const DEFAULT_DURATION_MIN: u32 = 60;

impl Case {
    /// A case of one hour, as soon as possible, that needs nothing special.
    #[must_use]
    pub fn at(id: CaseId, position: Position) -> Self {
        Self {
            id,
            position,
            starts_at: None,
            duration_min: DEFAULT_DURATION_MIN,
            urgent: false,
            services: Vec::new(),
            regions: Vec::new(),
            skills: Vec::new(),
            licences: Vec::new(),
            languages: Vec::new(),
            language_required: false,
            client: None,
            panel: Vec::new(),
            panel_required: false,
            client_excluded: Vec::new(),
            declined_by: Vec::new(),
            assigned_to: Vec::new(),
            only: None,
            waived: Vec::new(),
        }
    }
}
