//! The way between a simulated phone and those who send it somewhere. It moves nobody itself.

use tokio::sync::watch;

use super::city::Place;

/// So near counts as there, in metres.
const THERE_M: f64 = 40.0;

/// For those who send a person somewhere.
pub(super) struct Car {
    errand: watch::Sender<Option<Place>>,
    at: watch::Receiver<Place>,
}

/// For the phone that drives.
pub(super) struct Wheel {
    errand: watch::Receiver<Option<Place>>,
    at: watch::Sender<Place>,
}

/// Both ends, of somebody who is here.
pub(super) fn car(at: Place) -> (Car, Wheel) {
    let (send, errand) = watch::channel(None);
    let (tell, seen) = watch::channel(at);
    (Car { errand: send, at: seen }, Wheel { errand, at: tell })
}

impl Car {
    /// Sends them there; they stay until [`Car::release`].
    pub(super) fn drive_to(&self, place: Place) {
        self.errand.send_replace(Some(place));
    }

    /// Lets them go where they like.
    pub(super) fn release(&self) {
        self.errand.send_replace(None);
    }

    /// Whether they have arrived.
    pub(super) fn is_at(&self, place: Place) -> bool {
        let (north, east) = self.at.borrow().metres_to(place);
        north.hypot(east) <= THERE_M
    }
}

impl Wheel {
    /// Where they are to be.
    pub(super) fn errand(&self) -> Option<Place> {
        *self.errand.borrow()
    }

    /// Tells where they are.
    pub(super) fn tell(&self, at: Place) {
        self.at.send_replace(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_sent_seen_and_let_go() {
        let (here, there) = (Place { lat: 38.71, lng: -9.14 }, Place { lat: 38.72, lng: -9.14 });
        let (car, wheel) = car(here);
        assert!(wheel.errand().is_none() && car.is_at(here));
        car.drive_to(there);
        assert_eq!(wheel.errand(), Some(there));
        assert!(!car.is_at(there));
        wheel.tell(there.moved(20.0, 20.0));
        assert!(car.is_at(there));
        car.release();
        assert_eq!(wheel.errand(), None);
    }
}
