//! The tables, and how they came to be.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::upgrade;
use crate::settle::store::StoreError;

type Step = fn(&Transaction<'_>) -> Result<(), StoreError>;

/// Each makes of the schema before it the next one. What has been published here is never changed.
const STEPS: [Step; 3] = [
    |transaction| Ok(transaction.execute_batch(include_str!("schema_1.sql"))?),
    upgrade::sums,
    // Holds that are written from now on say of which user and tag they are.
    |_| Ok(()),
];

/// Brings the file to the newest schema.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(left) = STEPS.get(done..) else {
        return Err(StoreError::Newer(version));
    };
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: u32 = connection.query_row(tables, (), |row| row.get(0))?;
    if version == 0 && tables > 0 {
        return Err(StoreError::Other("this file is of somebody else".into()));
    }
    for (step, to) in left.iter().zip(version + 1..) {
        let behavior = TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(behavior)?;
        step(&transaction)?;
        transaction.pragma_update(None, "user_version", to)?;
        transaction.commit()?;
    }
    Ok(())
}
