//! What an account owes, and for what.

mod reconcile;
mod replay;
mod rows;
mod statement;
