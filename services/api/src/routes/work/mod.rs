//! Cases and what they ask for, the clients they are done for, and the people who do them.

pub(crate) mod assignments;
pub(crate) mod cases;
mod clients;
pub(crate) mod needs_form;
mod offer_links;
mod offers;
mod own_assignments;
mod own_events;
mod own_offers;
mod schedule;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(cases::create, NumberTaken))
        .routes(operation!(cases::list))
        .routes(operation!(cases::get))
        .routes(operation!(cases::patch, NumberTaken, OutsideScope))
        .routes(operation!(clients::create, NameTaken))
        .routes(operation!(clients::list))
        .routes(operation!(clients::get))
        .routes(operation!(clients::patch, NameTaken))
        .routes(operation!(clients::put_people))
        .routes(operation!(clients::delete, InUse))
        .merge(assigned())
        .merge(offered())
}

/// Offers.
fn offered() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(
            offers::create,
            CaseClosed,
            NoSlotFree,
            NotGeocoded,
            OfferOpen,
            OutsideScope
        ))
        .routes(operation!(offers::list))
        .routes(operation!(offers::get))
        .routes(operation!(
            offers::choose,
            AlreadyAssigned,
            ExcludedByClient,
            NoSlotFree,
            NotOnRequiredPanel,
            OfferEnded,
            OutsideScope,
            Overlap
        ))
        .routes(operation!(offers::delete, OfferEnded, OutsideScope))
        .routes(operation!(own_offers::list))
        .routes(operation!(
            own_offers::accept,
            AlreadyAssigned,
            ExcludedByClient,
            NotOnRequiredPanel,
            OfferDeclined,
            OfferEnded,
            OfferTaken,
            OfferTooLate,
            Overlap
        ))
        .routes(operation!(
            own_offers::decline,
            OfferAccepted,
            OfferEnded,
            OfferTaken,
            OfferTooLate
        ))
        .routes(operation!(offer_links::show, OfferLinkInvalid, TooManyRequests))
        .routes(operation!(
            offer_links::respond,
            AlreadyAssigned,
            ExcludedByClient,
            NotOnRequiredPanel,
            OfferAccepted,
            OfferDeclined,
            OfferEnded,
            OfferLinkInvalid,
            OfferTaken,
            OfferTooLate,
            Overlap,
            TooManyRequests
        ))
}

/// Assignments.
fn assigned() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(
            assignments::create,
            AlreadyAssigned,
            CaseClosed,
            ExcludedByClient,
            Inactive,
            NoSlotFree,
            NotOnRequiredPanel,
            OutsideScope,
            Overlap
        ))
        .routes(operation!(assignments::list))
        .routes(operation!(assignments::check))
        .routes(operation!(schedule::list, Invalid))
        .routes(operation!(assignments::get))
        .routes(operation!(
            assignments::patch,
            AlreadyAssigned,
            AssignmentEnded,
            CaseClosed,
            ExcludedByClient,
            Inactive,
            NoWayBack,
            NotOnRequiredPanel,
            OutsideScope,
            Overlap
        ))
        .routes(operation!(assignments::delete, AssignmentEnded, OutsideScope))
        .routes(operation!(own_assignments::list))
        .routes(operation!(own_assignments::patch, AssignmentEnded, NoWayBack))
        .routes(operation!(
            own_events::open,
            TwoCredentials,
            CrossOrigin,
            Unauthorized,
            PersonRequired,
            PasswordChangeRequired,
            TooManyRequests,
            NotReady
        ))
        .routes(operation!(own_events::create_ticket, PersonRequired))
}
