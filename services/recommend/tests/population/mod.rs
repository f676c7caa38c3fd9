//! Seeded people, cases and policies of every kind, for tests and measurements. The same seed
//! gives the same world on every machine.

use nearhand_domain::{
    BookingId, CaseId, ClientId, Position, RegionId, ServiceId, StaffId,
    preference::{LanguageLevel, Preference},
    schedule::{WeeklyHours, WeeklyShift},
    time::{DAY_S, HOUR_S, Interval},
    tracking::{OPEN_END, TrackingGate},
};
use nearhand_index::{
    PersonInput,
    people::{
        load::LoadInputs,
        person::{Booking, LastJob, Ping},
        person_input::LicenceInput,
        schedules::{Pattern, explicit},
    },
};
use nearhand_recommend::{Case, LicenceNeed, Policy, SkillNeed};
use uuid::Uuid;

/// The instant everything turns around: a Friday, 08:00 UTC.
pub(crate) const NOW: i64 = 1_800_000_000;
const LANGUAGES: [&str; 4] = ["en", "es", "zh", "pt-BR"];
const SKILLS: [&str; 6] = ["camera", "driving", "interview", "records", "drone", "night"];

/// The splitmix64 generator.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A whole number below `n`.
    pub(crate) fn below(&mut self, n: i64) -> i64 {
        i64::try_from(self.next() % n.unsigned_abs()).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let at = usize::try_from(self.below(i64::try_from(from.len()).unwrap())).unwrap();
        from[at]
    }

    /// About normal, of unit deviation.
    pub(crate) fn normal(&mut self) -> f64 {
        let sum: f64 = (0..12).map(|_| self.below(1 << 30) as f64 / f64::from(1 << 30)).sum();
        sum - 6.0
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let (high, low) = (self.next(), self.next());
        Uuid::from_u64_pair(high, low)
    }
}

/// A place about `spread` degrees around another, over poles and the antimeridian.
pub(crate) fn near(random: &mut Random, (lat, lng): (f64, f64), spread: f64) -> Position {
    let stretch = lat.to_radians().cos().max(0.05);
    let mut lat = lat + random.normal() * spread;
    let mut lng = lng + random.normal() * spread / stretch;
    if lat.abs() > 90.0 {
        (lat, lng) = (lat.signum() * 180.0 - lat, lng + 180.0);
    }
    let lng = (lng + 180.0).rem_euclid(360.0) - 180.0;
    Position::new(lat, lng).unwrap_or(Position::new(0.1, 0.1).unwrap())
}

pub(crate) fn service(n: i64) -> ServiceId {
    ServiceId::from(Uuid::from_u64_pair(1, n.unsigned_abs()))
}

pub(crate) fn region(n: i64) -> RegionId {
    RegionId::from(Uuid::from_u64_pair(2, n.unsigned_abs()))
}

pub(crate) fn client(n: i64) -> ClientId {
    ClientId::from(Uuid::from_u64_pair(3, n.unsigned_abs()))
}

fn interval(random: &mut Random, within_s: i64, longest_s: i64) -> Interval {
    let start = NOW + random.below(within_s) - within_s / 4;
    Interval { start, end: start + 60 + random.below(longest_s) }
}

fn hours(random: &mut Random) -> Option<Pattern> {
    match random.below(10) {
        0..3 => None,
        3 => Some(explicit(Vec::new())),
        4..6 => Some(explicit((0..5).map(|_| interval(random, 5 * DAY_S, 12 * HOUR_S)).collect())),
        _ => {
            let start_min = u16::try_from(random.below(96) * 15).unwrap();
            let end_min = (start_min + 540) % 1_440;
            let days = if random.chance(50) { 1..=5 } else { 1..=7 };
            let shifts = days.map(|weekday| WeeklyShift { weekday, start_min, end_min }).collect();
            let zone = random.pick(&["America/Los_Angeles", "UTC", "Asia/Kolkata"]);
            Some(Pattern::Weekly(WeeklyHours { time_zone: zone.into(), shifts }))
        }
    }
}

fn gate(random: &mut Random) -> TrackingGate {
    let always = Interval { start: NOW - 300 * DAY_S, end: OPEN_END };
    match random.below(10) {
        0 => TrackingGate::default(),
        1 => TrackingGate {
            permissions: vec![always],
            pauses: vec![interval(random, 2 * HOUR_S, 4 * HOUR_S)],
            hours_margin_min: random.chance(50).then_some(30),
        },
        _ => TrackingGate { permissions: vec![always], ..TrackingGate::default() },
    }
}

fn bookings(random: &mut Random, around: (f64, f64), case: CaseId) -> Vec<Booking> {
    let many = if random.chance(40) { random.below(4) } else { 0 };
    (0..many)
        .map(|_| {
            let id = random.uuid();
            Booking {
                id: BookingId::from(id),
                case: if random.chance(10) { case } else { CaseId::from(random.uuid()) },
                time: interval(random, 2 * DAY_S, 5 * HOUR_S),
                position: random.chance(70).then(|| near(random, around, 0.2)),
                cancelled: random.chance(20),
                open_ended: id.as_u128().is_multiple_of(4),
            }
        })
        .collect()
}

/// A person of any kind around a place.
pub(crate) fn person(random: &mut Random, around: (f64, f64), case: CaseId) -> PersonInput {
    let mut parts = PersonInput::new(StaffId::from(random.uuid()));
    parts.active = random.chance(95);
    parts.deleted = random.chance(3);
    parts.ping = random.chance(60).then(|| Ping {
        fix_at_ms: (NOW - random.below(3) * random.below(2 * HOUR_S) + 60) * 1_000,
        position: near(random, around, 0.2),
        accuracy_m: random.chance(80).then(|| random.pick(&[5.0, 100.0, 101.0, 1_000.0, 1_001.0])),
        mock: random.chance(10),
    });
    parts.home = random.chance(70).then(|| near(random, around, 0.3));
    parts.base = random.chance(30).then(|| near(random, around, 0.0));
    parts.last_job = random.chance(20).then(|| LastJob {
        position: near(random, around, 0.2),
        completed_at: NOW - random.below(13 * HOUR_S),
    });
    abilities(random, &mut parts);
    parts.working_hours = hours(random);
    parts.off_duty = random.chance(10);
    parts.time_off = (0..random.below(3)).map(|_| interval(random, 6 * DAY_S, DAY_S)).collect();
    parts.bookings = bookings(random, around, case);
    parts.visits = (0..random.below(4))
        .map(|_| (client(random.below(3)), NOW - random.below(200 * DAY_S) + HOUR_S))
        .collect();
    parts.load = random.chance(40).then(|| LoadInputs {
        committed_min: u32::try_from(random.below(3_000)).unwrap(),
        capacity_min: u32::try_from(random.below(2_400)).unwrap(),
    });
    parts.max_travel_km = random.chance(20).then(|| f64::from(random.pick(&[5, 20, 60])));
    parts.tracking = gate(random);
    parts
}

fn abilities(random: &mut Random, parts: &mut PersonInput) {
    for n in 0..5 {
        if random.chance(70) {
            let from = usize::from(random.chance(80));
            let level = random.pick(&Preference::ALL[from..]);
            parts.services.push((service(n), level));
        }
        if random.chance(40) {
            let from = usize::from(random.chance(90));
            let level = random.pick(&Preference::ALL[from..]);
            parts.regions.push((region(n), level));
        }
    }
    for skill in SKILLS {
        if random.chance(60) {
            parts.skills.push((skill.into(), u8::try_from(random.below(5) + 1).unwrap()));
        }
    }
    for jurisdiction in ["US-CA", "US-NV"] {
        if random.chance(60) {
            parts.licences.push(LicenceInput {
                code: "PI".into(),
                jurisdiction: jurisdiction.into(),
                valid_from: i64::MIN,
                valid_to: NOW + random.below(10 * DAY_S) - DAY_S,
            });
        }
    }
    for tag in LANGUAGES {
        if random.chance(50) {
            parts.languages.push((tag.into(), random.pick(&LanguageLevel::ALL)));
        }
    }
}

/// A case of any kind at a place.
pub(crate) fn case(random: &mut Random, around: (f64, f64), id: CaseId, staff: &[StaffId]) -> Case {
    let mut case = Case::at(id, near(random, around, 0.2));
    case.starts_at = random.chance(50).then(|| NOW + random.below(30 * HOUR_S));
    case.duration_min = u32::try_from(random.below(180) + 1).unwrap();
    case.urgent = random.chance(30);
    case.services = (0..random.below(3)).map(|_| service(random.below(6))).collect();
    case.regions = (0..random.below(3)).map(|_| region(random.below(6))).collect();
    for skill in &SKILLS[..usize::try_from(random.below(5) * random.below(2)).unwrap()] {
        let required = u8::try_from(random.below(3) + 1).unwrap();
        let preferred = required + u8::try_from(random.below(3)).unwrap();
        case.skills.push(SkillNeed { skill: (*skill).into(), required, preferred });
    }
    if random.chance(20) {
        case.licences.push(LicenceNeed { code: "PI".into(), jurisdiction: "US-CA".into() });
    }
    case.languages = (0..random.below(3)).map(|_| random.pick(&LANGUAGES).into()).collect();
    case.language_required = random.chance(30);
    case.client = random.chance(40).then(|| client(random.below(4)));
    let mut some = |percent| -> Vec<StaffId> {
        staff.iter().copied().filter(|_| random.chance(percent)).collect()
    };
    case.client_excluded = some(3);
    case.declined_by = some(3);
    case.assigned_to = some(2);
    case.panel = some(5);
    case.panel_required = case.panel.len() > 3 && random.chance(30);
    if random.chance(60) {
        case.panel.clear();
        case.panel_required = false;
    }
    let often = random.pick(&[10, 60, 95]);
    if random.chance(15) {
        case.only = Some(staff.iter().copied().filter(|_| random.chance(often)).collect());
    }
    case
}

/// A policy of any kind.
pub(crate) fn policy(random: &mut Random) -> Policy {
    let mut policy = Policy {
        max_travel_km: random.chance(30).then(|| f64::from(random.pick(&[8, 30, 80]))),
        max_utilisation: random.chance(20).then_some(0.8),
        require_location: random.chance(20),
        filter_by_preferences: random.chance(15),
        ..Policy::default()
    };
    if random.chance(30) {
        policy.weights.travel = u32::try_from(random.below(60)).unwrap();
        policy.weights.workload = u32::try_from(random.below(40) + 1).unwrap();
        policy.weights.service = u32::try_from(random.below(40)).unwrap();
        policy.travel_scale_min = f64::from(random.pick(&[3, 30, 90]));
        policy.travel_offset_min = f64::from(random.pick(&[0, 10, 45]));
    }
    policy
}
