//! Every error code, in one table. A code never changes its meaning; new ones are added.

use axum::http::StatusCode;

macro_rules! codes {
    ($($variant:ident $word:literal $status:ident $title:literal;)*) => {
        /// A machine-readable error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $title] $variant),*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the `code` member.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The HTTP status it comes with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// The short description in the `title` member.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

codes! {
    MalformedRequest "malformed_request" BAD_REQUEST "The request cannot be read";
    MalformedBody "malformed_body" BAD_REQUEST "The body cannot be read";
    MalformedQuery "malformed_query" BAD_REQUEST "The query cannot be read";
    InvalidCursor "invalid_cursor" BAD_REQUEST "The cursor does not belong to this list";
    TwoCredentials "two_credentials" BAD_REQUEST "Send a cookie or an authorization header, not both";
    Unauthorized "unauthorized" UNAUTHORIZED "Credentials are missing or no longer good";
    LoginFailed "login_failed" UNAUTHORIZED "Login and password do not match";
    BootstrapRefused "bootstrap_refused" UNAUTHORIZED "The bootstrap token is not the right one";
    Forbidden "forbidden" FORBIDDEN "Your role does not allow this";
    PasswordChangeRequired "password_change_required" FORBIDDEN "Change your temporary password first";
    OutsideScope "outside_scope" FORBIDDEN "It is outside your edit scope";
    BeyondOwnRights "beyond_own_rights" FORBIDDEN "Their rights are not a subset of yours";
    PersonRequired "person_required" FORBIDDEN "This is only for people, not for API keys";
    CrossOrigin "cross_origin" FORBIDDEN "A cookie counts only from this site's own pages";
    HttpsRequired "https_required" FORBIDDEN "Browsers log in over HTTPS only";
    NotFound "not_found" NOT_FOUND "There is nothing here that you may see";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "This address does not take that method";
    SetupComplete "setup_complete" CONFLICT "Setup has been done";
    EmailTaken "email_taken" CONFLICT "Somebody else has this e-mail address";
    UsernameTaken "username_taken" CONFLICT "Somebody else has this user name";
    AccountCodeTaken "account_code_taken" CONFLICT "Somebody else has this account code";
    NameTaken "name_taken" CONFLICT "This name is taken";
    NumberTaken "number_taken" CONFLICT "Another case has this number";
    InUse "in_use" CONFLICT "Something else still refers to it";
    LastAccountAdmin "last_account_admin" CONFLICT "At least one account admin who can log in must remain";
    AlreadyTracked "already_tracked" CONFLICT "Tracking is already permitted";
    NotTracked "not_tracked" CONFLICT "Tracking is not permitted";
    NotExternal "not_external" CONFLICT "They are no external person";
    HasWorkingHours "has_working_hours" CONFLICT "Working hours decide";
    LimitReached "limit_reached" CONFLICT "There are as many as there may be";
    NoAddress "no_address" CONFLICT "There is no address to look for";
    ImportHasErrors "import_has_errors" CONFLICT "Some rows of the file have errors";
    ImportCommitted "import_committed" CONFLICT "The import has been committed before";
    ExportNotReady "export_not_ready" CONFLICT "The file has not been made yet";
    NotGeocoded "not_geocoded" CONFLICT "The case has no position yet";
    PolicyArchived "policy_archived" CONFLICT "The policy is archived";
    CaseClosed "case_closed" CONFLICT "The case is not open";
    QuestionOutdated "question_outdated" CONFLICT "What was asked for is not there any more";
    OfferOpen "offer_open" CONFLICT "The case is offered already";
    OfferEnded "offer_ended" CONFLICT "The offer has ended";
    OfferTaken "offer_taken" CONFLICT "Somebody else was faster";
    OfferTooLate "offer_too_late" CONFLICT "The time to answer is over";
    OfferDeclined "offer_declined" CONFLICT "You have declined it";
    OfferAccepted "offer_accepted" CONFLICT "You have accepted it";
    OfferLinkInvalid "offer_link_invalid" GONE "The link cannot be used any more";
    NoSlotFree "no_slot_free" CONFLICT "All slots of the case are taken";
    AlreadyAssigned "already_assigned" CONFLICT "They hold this case already";
    Overlap "overlap" CONFLICT "They have something else at that time";
    ExcludedByClient "excluded_by_client" CONFLICT "The client does not want them";
    NotOnRequiredPanel "not_on_required_panel" CONFLICT "The client takes only people of its panel";
    AssignmentEnded "assignment_ended" CONFLICT "The assignment has ended";
    NoWayBack "no_way_back" CONFLICT "An assignment goes forward only";
    Inactive "inactive" CONFLICT "They are not active";
    AlreadyJoined "already_joined" CONFLICT "They have a password of their own";
    ConfirmationExpired "confirmation_expired" CONFLICT "It can no longer be confirmed";
    IdempotencyInFlight "idempotency_in_flight" CONFLICT "A request with this key is still running";
    IdempotencySecretShown "idempotency_secret_shown" CONFLICT "The secret was shown once and is not kept";
    InvitationInvalid "invitation_invalid" GONE "The invitation cannot be accepted any more";
    ResetInvalid "reset_invalid" GONE "The link cannot be used any more";
    EmailChangeInvalid "email_change_invalid" GONE "The link cannot be used any more";
    RecommendationErased "recommendation_erased" GONE "Somebody it lists has been forgotten";
    PreconditionFailed "precondition_failed" PRECONDITION_FAILED "It has changed since you read it";
    PreconditionRequired "precondition_required" PRECONDITION_REQUIRED "Say which version you are changing";
    UriTooLong "uri_too_long" URI_TOO_LONG "The address is too long";
    HeadersTooLarge "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE "The headers are too large";
    TooLarge "too_large" PAYLOAD_TOO_LARGE "The body is too large";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "This content type is not taken";
    UnsupportedImage "unsupported_image" UNSUPPORTED_MEDIA_TYPE "This is no image of a kind that is taken";
    TooManyPixels "too_many_pixels" UNPROCESSABLE_ENTITY "The image has too many pixels";
    BrokenImage "broken_image" UNPROCESSABLE_ENTITY "The image cannot be read";
    Invalid "invalid" UNPROCESSABLE_ENTITY "Some fields are not right";
    BuiltInRole "built_in_role" UNPROCESSABLE_ENTITY "A built-in role cannot be changed";
    ComputedRole "computed_role" UNPROCESSABLE_ENTITY "A computed role cannot be changed or given";
    ImportUnreadable "import_unreadable" UNPROCESSABLE_ENTITY "The file cannot be read as a table of people";
    OwnPassword "own_password" UNPROCESSABLE_ENTITY "One's own password is changed at /v1/me/password";
    OwnAccount "own_account" UNPROCESSABLE_ENTITY "One cannot do this to oneself";
    ConfirmationMismatch "confirmation_mismatch" UNPROCESSABLE_ENTITY "This is not what is to be confirmed";
    IdempotencyMismatch "idempotency_mismatch" UNPROCESSABLE_ENTITY "The key was used for another request";
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS "Too many requests";
    Internal "internal" INTERNAL_SERVER_ERROR "Something went wrong here";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "Not available at the moment";
    QueueFull "queue_full" SERVICE_UNAVAILABLE "The queue is full; keep your data and try again";
    NotReady "not_ready" SERVICE_UNAVAILABLE "The live index is catching up";
}
