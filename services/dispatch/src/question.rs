//! A stored case as a question to the ranking. Regions are the index's to find.

use jiff::Timestamp;
use nearhand_domain::{CaseId, Position, ServiceId, requirement::Requirements};
use nearhand_recommend::{Case, LicenceNeed, SkillNeed};
use nearhand_storage::{case_people::CasePeople, cases::CaseRecord};
use serde::{Deserialize, Serialize};

/// How long work takes unless somebody says.
pub const DEFAULT_DURATION_MIN: i32 = 60;

/// What work asks for. Kept with recommendations for weeks: what an earlier release did not write has
/// its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Needs {
    /// When it starts; `None`: as soon as possible.
    pub starts_at: Option<Timestamp>,
    /// How long it takes.
    pub duration_min: i32,
    /// Old positions count nothing.
    pub urgent: bool,
    /// Services asked for. As listed until they have been found to be there, by id from then on.
    pub services: Vec<ServiceId>,
    /// What else is asked for.
    pub requirements: Requirements,
}

impl Default for Needs {
    fn default() -> Self {
        Self {
            starts_at: None,
            duration_min: DEFAULT_DURATION_MIN,
            urgent: false,
            services: Vec::new(),
            requirements: Requirements::default(),
        }
    }
}

impl From<&CaseRecord> for Needs {
    fn from(record: &CaseRecord) -> Self {
        Self {
            starts_at: record.starts_at,
            duration_min: record.duration_min,
            urgent: record.urgent,
            services: record.services.clone(),
            requirements: record.requirements.clone(),
        }
    }
}

/// What to rank for, made of what is asked for.
#[must_use]
pub fn case_of(id: CaseId, position: Position, needs: Needs) -> Case {
    let wanted = needs.requirements;
    Case {
        starts_at: needs.starts_at.map(Timestamp::as_second),
        duration_min: u32::try_from(needs.duration_min).unwrap_or(0),
        urgent: needs.urgent,
        services: needs.services,
        skills: wanted
            .skills
            .into_iter()
            .map(|s| SkillNeed {
                skill: s.code.into(),
                required: s.required,
                preferred: s.preferred,
            })
            .collect(),
        licences: wanted
            .licences
            .into_iter()
            .map(|l| LicenceNeed { code: l.code.into(), jurisdiction: l.jurisdiction.into() })
            .collect(),
        languages: wanted.languages.into_iter().map(String::from).collect(),
        language_required: wanted.language_required,
        ..Case::at(id, position)
    }
}

/// Adds the people of a stored case.
#[must_use]
pub fn with_people(case: Case, people: CasePeople) -> Case {
    Case {
        client: people.client,
        panel: people.panel,
        panel_required: people.panel_required,
        client_excluded: people.excluded,
        declined_by: people.decliners,
        assigned_to: people.holders,
        ..case
    }
}
