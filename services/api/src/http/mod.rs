//! What every route shares about HTTP: reading requests, writing answers, errors, the request layer, and
//! their description. No route, no rule of the product.

pub(crate) mod body;
pub(crate) mod changes;
pub(crate) mod codes;
pub(crate) mod cursor;
pub(crate) mod deadlines;
pub(crate) mod head;
pub(crate) mod inflate;
pub(crate) mod json;
pub(crate) mod local;
pub(crate) mod observe;
pub(crate) mod origin;
pub(crate) mod pages;
pub(crate) mod place;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod reply;
pub(crate) mod request_id;
pub(crate) mod request_layer;
pub(crate) mod security;
pub(crate) mod serve;
pub(crate) mod unparsed;
