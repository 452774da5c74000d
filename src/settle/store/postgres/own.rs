//! A name is a lock of the database's, which ends with the connection.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::fault::meaning;
use crate::settle::store::StoreError;
use crate::settle::store::names::taken;

/// Of all advisory locks the one of this name, in this schema.
const LOCK: &str = "hashtextextended('switchtower ' || current_schema() || ' ' || $1, 0)";

/// Waits for the name, as long as for any lock: its last owner may be about to go.
pub(super) async fn take(client: &Client, name: &str) -> Result<(), StoreError> {
    let sql = format!("SELECT pg_advisory_lock({LOCK}) IS NULL");
    let locked = client.query_typed(&sql, &[(&name, Type::TEXT)]).await;
    locked.map(drop).map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => taken(name),
        _ => meaning(error),
    })
}

/// Takes the name if it is free just now.
pub(super) async fn try_take(client: &Client, name: &str) -> Result<bool, StoreError> {
    let sql = format!("SELECT pg_try_advisory_lock({LOCK})");
    let locked = client.query_typed_one(&sql, &[(&name, Type::TEXT)]).await;
    locked.and_then(|row| row.try_get(0)).map_err(meaning)
}
