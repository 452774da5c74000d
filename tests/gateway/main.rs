//! The gateway over real sockets: a caller on one side, scripted providers on the other.

mod availability;
mod bad_input;
mod books;
mod broken;
mod connections;
mod down;
mod failover;
mod fronts;
mod hangup;
mod keyring;
mod keys;
mod last_words;
mod lookups;
mod mending;
mod metadata;
mod models;
mod operations;
mod pieces;
mod pressure;
mod retelling;
mod routes;
mod scripted;
mod shapes;
mod shutdown;
mod streams;
mod support;
