//! Questions that are answered without ranking: who is live in a viewport, who is nearest, where
//! people without a live fix are. Must show nobody whom the privacy gate hides.

mod fallback_places;
mod live_positions;
mod nearest;
mod on_duty;
mod people_in;
mod rectangle;

pub use fallback_places::{FallbackKind, FallbackPlace};
pub use live_positions::LivePosition;
pub use nearest::{NearPerson, NearestFilter};
pub use on_duty::Duty;
pub use rectangle::Rectangle;
