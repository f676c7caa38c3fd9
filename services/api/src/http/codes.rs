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
    Unauthorized "unauthorized" UNAUTHORIZED "Credentials are missing or no longer good";
    LoginFailed "login_failed" UNAUTHORIZED "Login and password do not match";
    BootstrapRefused "bootstrap_refused" UNAUTHORIZED "The bootstrap token is not the right one";
    Forbidden "forbidden" FORBIDDEN "Your role does not allow this";
    PasswordChangeRequired "password_change_required" FORBIDDEN "Change your temporary password first";
    BeyondOwnRights "beyond_own_rights" FORBIDDEN "Their rights are not a subset of yours";
    NotFound "not_found" NOT_FOUND "There is nothing here that you may see";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "This address does not take that method";
    SetupComplete "setup_complete" CONFLICT "Setup has been done";
    EmailTaken "email_taken" CONFLICT "Somebody else has this e-mail address";
    UsernameTaken "username_taken" CONFLICT "Somebody else has this user name";
    AccountCodeTaken "account_code_taken" CONFLICT "Somebody else has this account code";
    NameTaken "name_taken" CONFLICT "This name is taken";
    InUse "in_use" CONFLICT "Something else still refers to it";
    LastAccountAdmin "last_account_admin" CONFLICT "At least one account admin who can log in must remain";
    AlreadyTracked "already_tracked" CONFLICT "Tracking is already permitted";
    NotTracked "not_tracked" CONFLICT "Tracking is not permitted";
    LimitReached "limit_reached" CONFLICT "There are as many as there may be";
    CaseClosed "case_closed" CONFLICT "The case is closed";
    IdempotencyInFlight "idempotency_in_flight" CONFLICT "A request with this key is still running";
    IdempotencySecretShown "idempotency_secret_shown" CONFLICT "The secret was shown once and is not kept";
    PreconditionFailed "precondition_failed" PRECONDITION_FAILED "It has changed since you read it";
    PreconditionRequired "precondition_required" PRECONDITION_REQUIRED "Say which version you are changing";
    UriTooLong "uri_too_long" URI_TOO_LONG "The address is too long";
    HeadersTooLarge "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE "The headers are too large";
    TooLarge "too_large" PAYLOAD_TOO_LARGE "The body is too large";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "This content type is not taken";
    Invalid "invalid" UNPROCESSABLE_ENTITY "Some fields are not right";
    OwnPassword "own_password" UNPROCESSABLE_ENTITY "One's own password is changed at /v1/me/password";
    IdempotencyMismatch "idempotency_mismatch" UNPROCESSABLE_ENTITY "The key was used for another request";
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS "Too many requests";
    Internal "internal" INTERNAL_SERVER_ERROR "Something went wrong here";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "Not available at the moment";
    QueueFull "queue_full" SERVICE_UNAVAILABLE "The queue is full; keep your data and try again";
    NotReady "not_ready" SERVICE_UNAVAILABLE "The live index is catching up";
}
