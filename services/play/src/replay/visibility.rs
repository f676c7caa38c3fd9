//! Measures how long a fix takes from its first attempt until `GET /v1/positions` shows it. Must not
//! measure several fixes at a time, so that polling costs the server little. The event stream would be
//! simpler, but it gathers changes for a moment.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::tally::Tally;
use super::tracks::Track;
use crate::client::{Error, Session};

/// Between two polls.
const POLL_EVERY: Duration = Duration::from_millis(2);
/// A fix that is not visible by then counts as unseen.
pub(super) const GIVE_UP: Duration = Duration::from_secs(10);
/// Between two samples.
const REST: Duration = Duration::from_millis(200);
/// Shown coarsely, a person may appear this far away, in degrees.
const MARGIN_DEG: f64 = 0.05;

/// A fix whose delay is measured.
pub(super) struct Sample {
    /// The person.
    pub(super) staff: Uuid,
    /// The newest fix of a batch.
    pub(super) fix_at: Timestamp,
    /// When it was first sent.
    pub(super) sent: Instant,
}

#[derive(Deserialize)]
struct View {
    items: Vec<Seen>,
    truncated: bool,
}

#[derive(Deserialize)]
struct Seen {
    staff_id: Uuid,
    fix_at: Timestamp,
}

/// The address of the live view of everything the tracks touch.
pub(super) fn view_of<'a>(tracks: impl Iterator<Item = &'a Track>) -> String {
    let positions = tracks.flat_map(|track| &track.fixes).map(|planned| planned.fix.position);
    let (mut south, mut west, mut north, mut east) = (90.0_f64, 180.0_f64, -90.0_f64, -180.0_f64);
    for position in positions {
        (south, north) = (south.min(position.lat()), north.max(position.lat()));
        (west, east) = (west.min(position.lng()), east.max(position.lng()));
    }
    let (south, north) = ((south - MARGIN_DEG).max(-90.0), (north + MARGIN_DEG).min(90.0));
    let (west, east) = ((west - MARGIN_DEG).max(-180.0), (east + MARGIN_DEG).min(180.0));
    format!("/v1/positions?bbox={west:.7},{south:.7},{east:.7},{north:.7}")
}

/// Times samples until there are no more, or the account may not look.
pub(super) async fn watch(
    session: Session,
    view: String,
    tally: Arc<Tally>,
    mut samples: mpsc::Receiver<Sample>,
) {
    while let Some(sample) = samples.recv().await {
        match until_visible(&session, &view, &sample).await {
            Ok(Sighting::After(delay)) => tally.seen(delay),
            Ok(Sighting::None) => tally.unseen(),
            Ok(Sighting::Crowded) => {
                tally.blind("more people are live here than the view shows".to_owned());
                return;
            }
            // A server that is away for a moment is the phones' story, not this one's.
            Err(error) if error.is_passing() => sleep(GIVE_UP / 10).await,
            Err(error) => {
                tally.blind(format!("the live view cannot be read: {error}"));
                return;
            }
        }
        tally.timed();
        sleep(REST).await;
        // What was offered meanwhile has been visible for long: timing it would time the rest.
        while samples.try_recv().is_ok() {
            tally.timed();
        }
    }
}

enum Sighting {
    After(Duration),
    None,
    Crowded,
}

/// Looks until the live view shows the sample or a newer fix of that person.
async fn until_visible(session: &Session, view: &str, sample: &Sample) -> Result<Sighting, Error> {
    let begun = Instant::now();
    while begun.elapsed() < GIVE_UP {
        let view: View = session.call(Method::GET, view).await?.read().await?;
        let shown = |seen: &Seen| seen.staff_id == sample.staff && seen.fix_at >= sample.fix_at;
        if view.items.iter().any(shown) {
            return Ok(Sighting::After(sample.sent.elapsed()));
        }
        if view.truncated {
            return Ok(Sighting::Crowded);
        }
        sleep(POLL_EVERY).await;
    }
    Ok(Sighting::None)
}

#[cfg(test)]
mod tests {
    use super::super::tracks::Planned;
    use super::*;
    use crate::traces::Fix;
    use nearhand_domain::Position;

    #[test]
    fn the_view_holds_all_tracks_and_stays_on_the_globe() {
        let planned = |lat, lng| Planned {
            after: Duration::ZERO,
            fix: Fix {
                at: Timestamp::UNIX_EPOCH,
                position: Position::new(lat, lng).unwrap(),
                speed_mps: None,
                course_deg: None,
                altitude_m: None,
            },
        };
        let tracks = [
            Track { fixes: vec![planned(38.0, -9.0), planned(39.0, -8.0)] },
            Track { fixes: vec![planned(89.99, 179.98)] },
        ];
        assert_eq!(
            view_of(tracks.iter()),
            "/v1/positions?bbox=-9.0500000,37.9500000,180.0000000,90.0000000"
        );
    }
}
