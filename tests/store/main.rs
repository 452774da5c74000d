//! One suite for every store: what is written is there once, all of it or nothing, and sums are sums.

mod bad_days;
mod entries;
mod memory;
mod sqlite;
mod suite;
