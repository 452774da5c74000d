//! What an account owes, and for what.

mod reconcile;
mod rows;
mod statement;
