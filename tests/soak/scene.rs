//! All that a fault acts on.

use crate::{admin::Admin, load::Fleet, phone::Phone, plan::Sizes, stack::Stack};
use nearhand_play::demo::dice::Dice;
use std::{collections::HashSet, sync::Arc};
use uuid::Uuid;

/// Device, time and key of a fix.
pub(crate) type Identity = (Uuid, i64, Uuid);

/// The installation, its load, and what draws the rest.
pub(crate) struct Scene {
    pub(crate) stack: Stack,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) admin: Arc<Admin>,
    pub(crate) dice: Dice,
    pub(crate) sizes: Sizes,
    /// Phones that return after days without a network.
    pub(crate) returning: Vec<Phone>,
    /// A phone whose every fix fails.
    pub(crate) poisoned: Phone,
    /// Fixes that waited in the queue when it was emptied: they alone may be gone.
    pub(crate) emptied: HashSet<Identity>,
    /// Entries that nobody can read, put into the queue: each is a dead letter for good.
    pub(crate) unreadable: u64,
}
