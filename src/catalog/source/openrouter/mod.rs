//! OpenRouter's own JSON: `/models`, and `/models/{author}/{slug}/endpoints`. Prices are decimal strings in USD for
//! one unit; a price below zero marks a router, whose price depends on whom it asks.

mod about;
mod endpoints;
mod models;
mod pricing;

pub(super) use endpoints::read as read_endpoints;
pub(super) use models::read as read_models;
