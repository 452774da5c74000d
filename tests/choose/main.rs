//! Who can answer, and in what order: the planner, by its plans.

mod draw;
mod edges;
mod exacto;
mod filters;
mod health;
mod layer;
mod models;
mod needs;
mod order;
mod own_keys;
mod properties;
mod rights;
mod routers;
mod sorts;
mod sticky;
mod strategies;
mod support;
mod thresholds;
mod tiers;
mod variants;
mod wishes;
