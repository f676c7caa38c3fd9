//! Whether photos can be kept where they are to be kept. Writes one small file there.

use super::{Finding, PATIENCE};
use crate::objects::ObjectsSettings;
use tokio::time::timeout;

const NAME: &str = "object store";

/// Nothing is said where no place was given: `up` has its own, and the rest works without.
pub(super) async fn examine(settings: &ObjectsSettings) -> Option<Finding> {
    let objects = match settings.open(None) {
        Ok(objects) => objects?,
        Err(error) => {
            let mend = "Mend --objects (NEARHAND_OBJECTS) or its credentials.";
            return Some(Finding::failure(NAME, format!("{error:#}"), mend));
        }
    };
    let mend =
        "Check that it is there and that Nearhand may write to it; photos are refused otherwise.";
    Some(match timeout(PATIENCE * 3, objects.check()).await {
        Ok(Ok(())) => Finding::ok(NAME, "a file was written and read again"),
        Ok(Err(error)) => Finding::failure(NAME, error.to_string(), mend),
        Err(_) => Finding::failure(NAME, "no answer within 15 s", mend),
    })
}
