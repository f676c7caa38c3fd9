//! A case as it is asked for, in words. Must hold nothing a caller does not say.

use nearhand_domain::{CaseId, ClientId, Position, RegionId, ServiceId, StaffId};
use serde::{Deserialize, Serialize};

/// What is to be done, where and when. An ad-hoc request has the nil id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The case.
    pub id: CaseId,
    /// Where.
    pub position: Position,
    /// Unix seconds; `None`: as soon as possible.
    pub starts_at: Option<i64>,
    /// How long it takes.
    pub duration_min: u32,
    /// Old pings count nothing.
    pub urgent: bool,
    /// Services needed.
    pub services: Vec<ServiceId>,
    /// The regions that contain the position.
    pub regions: Vec<RegionId>,
    /// Skills needed.
    pub skills: Vec<SkillNeed>,
    /// Licences needed.
    pub licences: Vec<LicenceNeed>,
    /// Languages, any of which will do (BCP 47).
    pub languages: Vec<String>,
    /// Whether one of them must be spoken at b2 or better.
    pub language_required: bool,
    /// Who it is done for.
    pub client: Option<ClientId>,
    /// The client's panel.
    pub panel: Vec<StaffId>,
    /// Whether only people on it will do.
    pub panel_required: bool,
    /// People the client will not have.
    pub client_excluded: Vec<StaffId>,
    /// People who declined an offer of it.
    pub declined_by: Vec<StaffId>,
    /// People who hold it.
    pub assigned_to: Vec<StaffId>,
}

/// A skill and its levels, 1 ≤ required ≤ preferred ≤ 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillNeed {
    /// Its code.
    pub skill: String,
    /// Whoever has less is out.
    pub required: u8,
    /// Whoever has as much is fully fit.
    pub preferred: u8,
}

/// A licence that must be valid all the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceNeed {
    /// Kind.
    pub code: String,
    /// Where.
    pub jurisdiction: String,
}

/// Minutes a case takes if nobody says.
pub const DEFAULT_DURATION_MIN: u32 = 60;

impl Case {
    /// A case of one hour, as soon as possible, that needs nothing in particular.
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
        }
    }
}
