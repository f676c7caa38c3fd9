//! Holds live positions against the history, and each API's index against PostGIS: everybody's
//! position, how many there are in each cell, who is nearest, and where recommended people count from.

use super::{Findings, History};
use crate::{scene::Scene, settled::within};
use anyhow::Context;
use serde_json::{Value, json};
use sqlx::Connection;
use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};
use uuid::Uuid;

/// Until an index has caught up.
const CAUGHT_UP: Duration = Duration::from_secs(120);
/// Wherever phones are: west, south, east, north.
const AREA: [f64; 4] = [-11.0, 37.0, -7.0, 41.0];
/// Places from which each API is asked.
const QUESTIONS: usize = 5;
const NEAREST: i64 = 50;
/// Metres: people this near to each other may change places.
const TIE_M: f64 = 0.01;

const ALL: &str = "SELECT staff_id, (extract(epoch FROM fix_at) * 1000)::bigint, \
    ST_Y(position), ST_X(position) FROM positions";
const NEAR: &str = "SELECT staff_id, ST_DistanceSphere(position, ST_SetSRID(ST_MakePoint($2, $1), 4326)) \
    AS metres FROM positions ORDER BY metres, staff_id LIMIT $3";

/// Time in milliseconds, latitude, longitude.
type Position = (i64, f64, f64);
type Positions = BTreeMap<Uuid, Position>;

pub(super) async fn check(
    scene: &Scene,
    history: &History,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let mut db = scene.stack.servers.sql().await?;
    let rows: Vec<(Uuid, i64, f64, f64)> = sqlx::query_as(ALL).fetch_all(&mut db).await?;
    let stored: Positions =
        rows.into_iter().map(|(staff, at, lat, lng)| (staff, (at, lat, lng))).collect();
    findings.extend(against_history(&stored, history));
    let mut dice = scene.dice.clone();
    let places: Vec<(f64, f64)> =
        (0..QUESTIONS).map(|_| (dice.between(38.5, 39.0), dice.between(-9.5, -8.9))).collect();
    let mut nearest = Vec::new();
    for (lat, lng) in &places {
        let near = sqlx::query_as(NEAR).bind(lat).bind(lng).bind(NEAREST);
        let near: Vec<(Uuid, f64)> = near.fetch_all(&mut db).await?;
        nearest.push(near);
    }
    db.close().await?;
    for (n, url) in scene.fleet.urls.iter().enumerate() {
        let api = Api { scene, url, name: n + 1 };
        findings.extend(api.positions(&stored).await?);
        findings.extend(api.counts(stored.len()).await?);
        for (place, near) in places.iter().zip(&nearest) {
            findings.extend(api.nearest(*place, near).await?);
            findings.extend(api.recommended(*place, &stored).await?);
        }
    }
    Ok(())
}

/// Each live position is the newest fix that may be live.
fn against_history(stored: &Positions, history: &History) -> Vec<String> {
    let mut findings = Vec::new();
    for (staff, newest) in &history.live {
        let at = stored.get(staff).map(|(at, ..)| *at);
        let is_right = match (at, newest.at_least_ms) {
            (None, least) => least.is_none(),
            (Some(at), least) => Some(at) >= least && newest.any_of_ms.contains(&at),
        };
        if !is_right {
            let least = newest.at_least_ms.unwrap_or_default();
            let off_ms = at.map(|at| at - least);
            findings.push(format!(
                "the live position of {staff} is not the newest fix: off by {off_ms:?} ms"
            ));
        }
    }
    let unknown = stored.keys().filter(|staff| !history.live.contains_key(*staff));
    findings.extend(unknown.map(|staff| format!("{staff} is live without a stored fix")));
    findings
}

/// One API, to be asked.
struct Api<'a> {
    scene: &'a Scene,
    url: &'a str,
    name: usize,
}

impl Api<'_> {
    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.scene.admin.get(self.url, path).await
    }

    /// Everybody's position equals that in PostGIS.
    async fn positions(&self, stored: &Positions) -> anyhow::Result<Vec<String>> {
        let mut shown = Positions::new();
        let equal = within(CAUGHT_UP, "its index equals PostGIS", async || {
            shown = self.everybody().await.ok()?;
            (shown == *stored).then_some(())
        });
        if equal.await.is_ok() {
            return Ok(Vec::new());
        }
        let name = self.name;
        let mut findings = Vec::new();
        for staff in stored.keys().chain(shown.keys()).collect::<HashSet<_>>() {
            let ages = [stored.get(staff), shown.get(staff)].map(|p| p.map(|(at, ..)| *at));
            if stored.get(staff) != shown.get(staff) {
                let [ours, theirs] = ages;
                findings.push(format!(
                    "API {name} shows {staff} with the fix of {theirs:?}, PostGIS has {ours:?}"
                ));
            }
        }
        Ok(findings)
    }

    /// All live positions, viewport by viewport: one shows a thousand people at most.
    async fn everybody(&self) -> anyhow::Result<Positions> {
        let (mut found, mut viewports) = (Positions::new(), vec![AREA]);
        while let Some(viewport @ [west, south, east, north]) = viewports.pop() {
            let path = format!("/v1/positions?bbox={west},{south},{east},{north}");
            let answer = self.get(&path).await?;
            if answer["truncated"] == Value::Bool(true) {
                viewports.extend(quarters(viewport));
                continue;
            }
            let items = answer["items"].as_array().context("positions without items")?;
            for item in items {
                let (staff, position) = read(item)?;
                found.insert(staff, position);
            }
        }
        Ok(found)
    }

    /// The counts of all cells together are everybody.
    async fn counts(&self, people: usize) -> anyhow::Result<Vec<String>> {
        let [west, south, east, north] = AREA;
        let path = format!("/v1/positions/counts?bbox={west},{south},{east},{north}&resolution=5");
        let counted = self.get(&path).await?["people"].as_u64().unwrap_or_default();
        let name = self.name;
        let wrong = counted != people as u64;
        Ok(Vec::from_iter(
            wrong.then(|| format!("API {name} counts {counted} people, PostGIS has {people}")),
        ))
    }

    /// The nearest people are those of PostGIS, in its order.
    async fn nearest(
        &self,
        (lat, lng): (f64, f64),
        near: &[(Uuid, f64)],
    ) -> anyhow::Result<Vec<String>> {
        let path = format!("/v1/positions/nearest?lat={lat}&lng={lng}&limit={NEAREST}");
        let answer = self.get(&path).await?;
        let items = answer["items"].as_array().context("nearest without items")?;
        let shown: Vec<Uuid> =
            items.iter().map(|item| Ok(read(item)?.0)).collect::<anyhow::Result<_>>()?;
        let name = self.name;
        Ok(Vec::from_iter((!in_same_order(&shown, near)).then(|| {
            format!(
                "API {name} has other nearest people than PostGIS, in one of {QUESTIONS} places"
            )
        })))
    }

    /// Recommended people count from their live positions in PostGIS.
    async fn recommended(
        &self,
        (lat, lng): (f64, f64),
        stored: &Positions,
    ) -> anyhow::Result<Vec<String>> {
        let body = json!({ "place": { "position": { "lat": lat, "lng": lng }, "duration_min": 60 },
            "limit": 20, "store": false });
        let answer = self.scene.admin.post(self.url, "/v1/recommendations", &body).await?;
        let items = answer
            .pointer("/result/candidates")
            .and_then(Value::as_array)
            .context("no candidates")?;
        let mut findings = Vec::new();
        if items.is_empty() {
            findings.push(format!("API {} recommends nobody", self.name));
        }
        let live = items.iter().filter(|item| item["location"]["source"] == "ping");
        if live.clone().next().is_none() {
            findings.push(format!("API {} recommends nobody by a live position", self.name));
        }
        for item in live {
            let staff: Uuid = item["staff_id"].as_str().context("no id")?.parse()?;
            let place = &item["location"]["position"];
            let (lat, lng) = (place["lat"].as_f64(), place["lng"].as_f64());
            let known = stored.get(&staff).map(|(_, lat, lng)| (Some(*lat), Some(*lng)));
            if known != Some((lat, lng)) {
                let name = self.name;
                findings.push(format!("API {name} recommends {staff} from elsewhere than PostGIS"));
            }
        }
        Ok(findings)
    }
}

fn read(item: &Value) -> anyhow::Result<(Uuid, Position)> {
    let staff = item["staff_id"].as_str().context("a position without a person")?.parse()?;
    let at: jiff::Timestamp =
        item["fix_at"].as_str().context("a position without time")?.parse()?;
    let degrees =
        |name: &str| item["position"][name].as_f64().context("a position without degrees");
    Ok((staff, (at.as_millisecond(), degrees("lat")?, degrees("lng")?)))
}

fn quarters([west, south, east, north]: [f64; 4]) -> [[f64; 4]; 4] {
    let (lng, lat) = (f64::midpoint(west, east), f64::midpoint(south, north));
    [
        [west, south, lng, lat],
        [lng, south, east, lat],
        [west, lat, lng, north],
        [lng, lat, east, north],
    ]
}

/// The same people at the same distances; those who are equally far may change places.
fn in_same_order(shown: &[Uuid], near: &[(Uuid, f64)]) -> bool {
    shown.len() == near.len()
        && shown.iter().zip(near).all(|(staff, (other, metres))| {
            let own = near.iter().find(|(known, _)| known == staff).map(|(_, metres)| *metres);
            // The last may be as far as one who is not listed.
            let last = near.last().is_some_and(|(_, last)| last - metres < TIE_M);
            staff == other || own.map_or(last, |own| (own - metres).abs() < TIE_M)
        })
}

#[cfg(test)]
mod tests {
    use super::super::history::Newest;
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn an_older_live_position_is_found() {
        let newest = Newest { at_least_ms: Some(20), any_of_ms: HashSet::from([10, 20, 30]) };
        let history =
            History { live: [(id(1), newest)].into_iter().collect(), ..History::default() };
        let findings =
            |at_ms| against_history(&[(id(1), (at_ms, 0.0, 0.0))].into(), &history).len();
        assert_eq!([10, 20, 25, 30].map(findings), [1, 0, 1, 0]);
        assert_eq!(against_history(&Positions::new(), &history).len(), 1, "nobody is live");
    }

    #[test]
    fn only_equal_distances_change_places() {
        let near = [(id(1), 5.0), (id(2), 7.0), (id(3), 7.001), (id(4), 9.0)];
        let same = |ids: [u128; 4]| in_same_order(&ids.map(id), &near);
        assert!(same([1, 2, 3, 4]) && same([1, 3, 2, 4]));
        assert!(!same([2, 1, 3, 4]) && !same([1, 2, 4, 3]));
        assert!(!in_same_order(&[id(1)], &near));
    }

    #[test]
    fn quarters_cover_a_viewport() {
        let parts = quarters([0.0, 0.0, 4.0, 2.0]);
        assert_eq!(format!("{:?}", parts[0]), "[0.0, 0.0, 2.0, 1.0]");
        assert_eq!(format!("{:?}", parts[3]), "[2.0, 1.0, 4.0, 2.0]");
    }
}
