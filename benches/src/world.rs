//! The people measured: cities over the globe, attributes drawn as often as in the ranking
//! contract's worked cases. Must give the same person for the same number on every machine.

use crate::random::Random;
use nearhand_domain::{
    BookingId, CaseId, ClientId, OrganizationId, Position, RegionId, ServiceId, StaffId,
    preference::{LanguageLevel, Preference},
    time::{HOUR_S, Interval},
    tracking::{OPEN_END, TrackingGate},
};
use nearhand_index::{
    OrgIndex, PersonInput,
    people::{
        load::LoadInputs,
        person::{Booking, LastJob, Ping},
        person_input::LicenceInput,
        schedules::explicit,
    },
};
use uuid::Uuid;

/// The instant everything turns around, in Unix seconds: 08:00 UTC.
pub(crate) const NOW: i64 = 1_800_000_000;
/// What the whole world is drawn from.
pub(crate) const SEED: u64 = 0x006E_6561_7268_616E;
/// Skills everybody may have.
pub(crate) const SKILLS: [&str; 3] = ["camera", "driving", "spanish_interview"];
/// Languages everybody may speak.
pub(crate) const LANGUAGES: [&str; 3] = ["en", "es", "zh"];
/// A language spoken and a service preferred in one city in a hundred only.
pub(crate) const FAR_LANGUAGE: &str = "fi";
/// See [`FAR_LANGUAGE`].
pub(crate) const FAR_SERVICE: u64 = 3;
/// People a city has, on average.
const PEOPLE_A_CITY: usize = 2_500;
/// How far people are spread around the centre of a city, in degrees of latitude.
const SPREAD_DEG: f64 = 0.25;

/// What the world is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As in the worked cases.
    Drawn,
    /// All but one in a thousand have recorded hours and sleep at night, and all but one in a
    /// thousand are booked for the next six hours.
    Busy,
}

/// A world of so many people.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// How many people.
    pub(crate) people: usize,
    mood: Mood,
    centres: Vec<(f64, f64)>,
}

/// The organisation everybody belongs to.
pub(crate) fn organization() -> OrganizationId {
    OrganizationId::from(Uuid::from_u128(7))
}

/// A service by number.
pub(crate) fn service(n: u64) -> ServiceId {
    ServiceId::from(Uuid::from_u64_pair(1, n))
}

/// The northern (0) or southern (1) region of a city.
pub(crate) fn region(city: usize, side: u64) -> RegionId {
    RegionId::from(Uuid::from_u64_pair(2, 2 * u64::try_from(city).unwrap_or(0) + side))
}

/// The client people of a city have visited.
pub(crate) fn client(city: usize) -> ClientId {
    ClientId::from(Uuid::from_u64_pair(3, u64::try_from(city).unwrap_or(0)))
}

impl World {
    pub(crate) fn new(people: usize, mood: Mood) -> Self {
        let cities = people.div_ceil(PEOPLE_A_CITY).max(4);
        let mut random = Random::new(SEED, u64::MAX);
        // Between 55° south and 65° north, the farther from the equator the fewer.
        let centre = |_| {
            let (low, high) = (-0.82, 0.906);
            let lat = libm::asin(low + random.unit() * (high - low)).to_degrees();
            (lat, random.unit() * 360.0 - 180.0)
        };
        Self { people, mood, centres: (0..cities).map(centre).collect() }
    }

    /// How many cities there are.
    pub(crate) fn cities(&self) -> usize {
        self.centres.len()
    }

    /// What is measured, in words.
    pub(crate) fn describe(&self) -> String {
        let (people, cities) = (self.people, self.cities());
        format!("{people} people of one organisation in {cities} cities, seeded")
    }

    /// The index of everybody.
    pub(crate) fn index(&self) -> OrgIndex {
        OrgIndex::bulk_load(organization(), self.everybody(), NOW)
    }

    /// Everybody, one after another.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = PersonInput> {
        (0..self.people).map(|n| self.person(n))
    }

    /// The city of a person.
    pub(crate) fn city_of(&self, n: usize) -> usize {
        // A fixed permutation would do; people of one city need not be neighbours.
        n % self.cities()
    }

    /// The identity of a person.
    pub(crate) fn staff(&self, n: usize) -> StaffId {
        StaffId::from(random_of(n).uuid())
    }

    /// Some people of a city.
    pub(crate) fn citizens(&self, random: &mut Random, city: usize, many: usize) -> Vec<StaffId> {
        let each = u64::try_from(self.people / self.cities()).unwrap_or(1).max(1);
        let some = |_| usize::try_from(random.below(each)).unwrap_or(0) * self.cities() + city;
        (0..many).map(some).map(|n| self.staff(n)).collect()
    }

    /// A place in or around a city.
    pub(crate) fn near(&self, random: &mut Random, city: usize) -> Position {
        let (lat, lng) = self.centres[city];
        loop {
            let north = lat + random.normal() * SPREAD_DEG;
            let east = lng + random.normal() * SPREAD_DEG / libm::cos(lat.to_radians());
            let east = (east + 180.0).rem_euclid(360.0) - 180.0;
            if let Ok(position) = Position::new(north, east) {
                return position;
            }
        }
    }

    /// The person of a number.
    pub(crate) fn person(&self, n: usize) -> PersonInput {
        let (mut random, city) = (random_of(n), self.city_of(n));
        let random = &mut random;
        let mut person = PersonInput::new(StaffId::from(random.uuid()));
        person.active = random.permille(946);
        if random.permille(869) {
            let always = Interval { start: NOW - 300 * 24 * HOUR_S, end: OPEN_END };
            person.tracking = TrackingGate { permissions: vec![always], ..TrackingGate::default() };
        }
        person.home = random.permille(788).then(|| self.near(random, city));
        if person.home.is_none() {
            person.base = random.permille(500).then(|| self.near(random, city));
        }
        person.ping = random.permille(704).then(|| Ping {
            fix_at_ms: (NOW - random.pick(&[20, 90, 400, 1_500, 3_000, 9_000])) * 1_000,
            position: self.near(random, city),
            accuracy_m: random.pick(&[Some(5.0), Some(30.0), Some(400.0), Some(3_000.0), None]),
            mock: random.permille(50),
        });
        person.last_job = random.permille(223).then(|| LastJob {
            position: self.near(random, city),
            completed_at: NOW - random.pick(&[600, 5_000, 5_000, 50_000]),
        });
        abilities(random, city, &mut person);
        self.times(random, city, &mut person);
        person.load = Some(LoadInputs {
            committed_min: random.pick(&[0, 300, 900, 1_500, 2_400]),
            capacity_min: random.pick(&[0, 1_200, 1_800, 2_400, 2_400, 2_400]),
        });
        let limits = [10.0, 30.0, 60.0];
        person.max_travel_km = random.permille(300).then(|| random.pick(&limits));
        if random.permille(313) {
            for _ in 0..=random.below(4) {
                let days = i64::try_from(random.below(120) + 1).unwrap_or(1);
                person.visits.push((client(city), NOW - days * 24 * HOUR_S));
            }
        }
        person
    }

    fn times(&self, random: &mut Random, city: usize, person: &mut PersonInput) {
        let (asleep, busy) = match self.mood {
            Mood::Drawn => (612, false),
            Mood::Busy => (999, random.permille(999)),
        };
        if random.permille(asleep) {
            let days = [(-7_200, 10_800), (79_200, 97_200), (165_600, 183_600)];
            let shift = |(start, end)| Interval {
                start: NOW + start + random.pick(&[0, HOUR_S, 2 * HOUR_S]),
                end: NOW + end + random.pick(&[0, 3 * HOUR_S, 5 * HOUR_S]),
            };
            person.working_hours = Some(explicit(days.map(shift).to_vec()));
        }
        if random.permille(106) {
            person.time_off.push(Interval { start: NOW + HOUR_S, end: NOW + 4 * HOUR_S });
        }
        let mut from = NOW + random.pick(&[-1_800, 600, 5_400]);
        for _ in 0..random.pick(&[0, 0, 1, 2]) {
            let end = from + random.pick(&[1_800, HOUR_S]);
            person.bookings.push(self.booking(random, city, Interval { start: from, end }));
            from = end + random.pick(&[1_800, 5_400]);
        }
        if busy {
            let time = Interval { start: NOW - HOUR_S, end: NOW + 6 * HOUR_S };
            person.bookings = vec![self.booking(random, city, time)];
        } else if self.mood == Mood::Busy {
            person.bookings.clear();
        }
    }

    fn booking(&self, random: &mut Random, city: usize, time: Interval) -> Booking {
        Booking {
            id: BookingId::from(random.uuid()),
            case: CaseId::from(random.uuid()),
            time,
            position: random.permille(800).then(|| self.near(random, city)),
            cancelled: false,
            open_ended: false,
        }
    }
}

fn random_of(n: usize) -> Random {
    Random::new(SEED, u64::try_from(n).unwrap_or(0))
}

/// Of those who state something, 5 % say never, 16 % avoid, 30 % willing, 49 % preferred.
fn preference(random: &mut Random) -> Preference {
    match random.below(100) {
        0..5 => Preference::Never,
        5..21 => Preference::Avoid,
        21..51 => Preference::Willing,
        _ => Preference::Preferred,
    }
}

fn abilities(random: &mut Random, city: usize, person: &mut PersonInput) {
    for n in 0..3 {
        if random.permille(609) {
            person.services.push((service(n), preference(random)));
        }
    }
    for side in 0..2 {
        if random.permille(510) {
            person.regions.push((region(city, side), preference(random)));
        }
    }
    for skill in SKILLS {
        if random.permille(852) {
            person.skills.push((skill.into(), random.pick(&[2, 3, 4, 5])));
        }
    }
    for language in LANGUAGES {
        if random.permille(490) {
            person.languages.push((language.into(), random.pick(&LanguageLevel::ALL[1..])));
        }
    }
    if city.is_multiple_of(100) {
        person.services.push((service(FAR_SERVICE), Preference::Preferred));
        person.languages.push((FAR_LANGUAGE.into(), LanguageLevel::Native));
    }
    let valid_to = random.pick(&[-100, 3_000, 10_000_000, 10_000_000, 10_000_000]);
    if random.permille(819) {
        person.licences.push(LicenceInput {
            code: "PI".into(),
            jurisdiction: "US-CA".into(),
            valid_from: NOW - 10_000_000,
            valid_to: NOW + valid_to,
        });
    }
}
