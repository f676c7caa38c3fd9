//! The names of the hard rules, and sets of them. Must know nothing of queries or people.

use serde::{Deserialize, Serialize};

/// The rules in table order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Not active.
    Inactive,
    /// Holds this case.
    AlreadyAssigned,
    /// Declined an offer of it.
    AlreadyDeclined,
    /// The client excludes them.
    ExcludedByClient,
    /// The case requires the panel, and they are not on it.
    NotOnRequiredPanel,
    /// Their preference is `never` for a service.
    ServiceNever,
    /// Their preference is `never` for a region.
    RegionNever,
    /// They are neither `willing` nor `preferred` for some service, where the policy asks for it.
    ServiceNotPreferred,
    /// They are neither `willing` nor `preferred` for any region, where the policy asks for it.
    RegionNotPreferred,
    /// A skill below the level required.
    MissingSkill,
    /// They lack a licence.
    LicenceMissing,
    /// They have the licence, but none that is valid the whole time.
    LicenceExpired,
    /// No language of the case at b2 or better.
    LanguageMissing,
    /// Absent at the time.
    TimeOff,
    /// Booked at the time.
    DoubleBooked,
    /// The work does not fit into one shift.
    OutsideWorkingHours,
    /// Would arrive too late.
    TooLate,
    /// Too far away.
    BeyondMaxTravel,
    /// No location known, where one is required.
    NoLocation,
    /// Would be loaded too much.
    AtCapacity,
    /// In none of the tags, groups and departments that the request asks for.
    NotInGroup,
}

impl Rule {
    /// All rules in table order.
    pub const ALL: [Self; 21] = [
        Self::Inactive,
        Self::AlreadyAssigned,
        Self::AlreadyDeclined,
        Self::ExcludedByClient,
        Self::NotOnRequiredPanel,
        Self::ServiceNever,
        Self::RegionNever,
        Self::ServiceNotPreferred,
        Self::RegionNotPreferred,
        Self::MissingSkill,
        Self::LicenceMissing,
        Self::LicenceExpired,
        Self::LanguageMissing,
        Self::TimeOff,
        Self::DoubleBooked,
        Self::OutsideWorkingHours,
        Self::TooLate,
        Self::BeyondMaxTravel,
        Self::NoLocation,
        Self::AtCapacity,
        Self::NotInGroup,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::AlreadyAssigned => "already_assigned",
            Self::AlreadyDeclined => "already_declined",
            Self::ExcludedByClient => "excluded_by_client",
            Self::NotOnRequiredPanel => "not_on_required_panel",
            Self::ServiceNever => "service_never",
            Self::RegionNever => "region_never",
            Self::ServiceNotPreferred => "service_not_preferred",
            Self::RegionNotPreferred => "region_not_preferred",
            Self::MissingSkill => "missing_skill",
            Self::LicenceMissing => "licence_missing",
            Self::LicenceExpired => "licence_expired",
            Self::LanguageMissing => "language_missing",
            Self::TimeOff => "time_off",
            Self::DoubleBooked => "double_booked",
            Self::OutsideWorkingHours => "outside_working_hours",
            Self::TooLate => "too_late",
            Self::BeyondMaxTravel => "beyond_max_travel",
            Self::NoLocation => "no_location",
            Self::AtCapacity => "at_capacity",
            Self::NotInGroup => "not_in_group",
        }
    }
}

/// A set of failed rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures(u32);

impl Failures {
    /// Whether nothing failed.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The failed rules in table order.
    pub fn iter(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.into_iter().filter(move |&rule| self.contains(rule))
    }

    /// Whether a rule failed.
    #[must_use]
    pub fn contains(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u32) != 0
    }

    /// The only failed rule, if there is exactly one.
    #[must_use]
    pub fn only(self) -> Option<Rule> {
        if self.0.count_ones() == 1 { self.iter().next() } else { None }
    }

    /// Adds a rule if it failed.
    pub(crate) fn add(&mut self, rule: Rule, failed: bool) {
        self.0 |= u32::from(failed) << rule as u32;
    }

    /// The rules in either set.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The rules that are not in the other set.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// These rules.
    pub(crate) fn of(rules: &[Rule]) -> Self {
        rules.iter().fold(Self::default(), |set, &rule| Self(set.0 | 1 << rule as u32))
    }
}
