//! The tables, and how they are brought up to date.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::fault::meaning;
use crate::settle::store::StoreError;

/// Each step takes the tables from the schema of its place to the next. Steps are added, never changed.
static STEPS: [&str; 5] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
];

/// Of all advisory locks, the one of those who change tables: "switchtw" in ASCII.
const LOCK: i64 = 0x7377_6974_6368_7477;

/// Are the tables up to date? It takes no longer than any question.
pub(super) async fn is_current(client: &Client) -> Result<bool, StoreError> {
    let known = "SELECT to_regclass(format('%I.switchtower_schema', current_schema())) IS NOT NULL";
    let known = client.query_typed_one(known, &[]).await;
    if !known.and_then(|row| row.try_get(0)).map_err(meaning)? {
        return Ok(false);
    }
    Ok(missing(client).await?.is_empty())
}

/// Brings the tables up to date. Of several who come at once one does, and the others wait.
pub(super) async fn migrate(client: &Client) -> Result<(), StoreError> {
    let migrated = steps(client).await;
    if migrated.is_err() {
        let _ = client.batch_execute("ROLLBACK").await;
    }
    migrated
}

async fn steps(client: &Client) -> Result<(), StoreError> {
    // What takes long on many rows is not given up half way.
    let begin = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";
    client.batch_execute(begin).await.map_err(meaning)?;
    client
        .query_typed("SELECT pg_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)])
        .await
        .map_err(meaning)?;
    client
        .batch_execute("CREATE TABLE IF NOT EXISTS switchtower_schema (version bigint NOT NULL)")
        .await
        .map_err(meaning)?;
    for step in missing(client).await? {
        client.batch_execute(step).await.map_err(meaning)?;
    }
    client
        .batch_execute(&format!(
            "DELETE FROM switchtower_schema; INSERT INTO switchtower_schema VALUES ({}); COMMIT",
            STEPS.len()
        ))
        .await
        .map_err(meaning)
}

/// The steps that are still to be taken.
async fn missing(client: &Client) -> Result<&'static [&'static str], StoreError> {
    let version = client
        .query_typed_one(
            "SELECT coalesce(max(version), 0) FROM switchtower_schema",
            &[],
        )
        .await
        .and_then(|row| row.try_get::<_, i64>(0))
        .map_err(meaning)?;
    let version = u32::try_from(version)
        .map_err(|_| StoreError::Corrupt(format!("switchtower_schema: {version}")))?;
    STEPS
        .get(version as usize..)
        .ok_or(StoreError::Newer(version))
}
