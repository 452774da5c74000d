//! An endpoint with all that belongs to it.

use std::sync::Arc;

use super::endpoint::Standing;
use crate::catalog::{Endpoint, Model};

/// An endpoint, the model that it serves and what has been learned of it: shared by all requests that may ask it, so that a plan of
/// many costs one reference each.
///
/// A [`Candidate`](crate::Candidate) of a plan derefs to it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Backend {
    /// The model that it serves.
    pub model: Arc<Model>,
    /// Where and at what price.
    pub endpoint: Arc<Endpoint>,
    /// What has been learned of it.
    pub standing: Arc<Standing>,
}
