//! What follows from a failure: who is asked next, who is asked again, and who is not.

mod ambiguous;
mod budgets;
mod content;
#[path = "../flow/mod.rs"]
mod flow;
mod support;
mod table;
mod told;
mod whole;
