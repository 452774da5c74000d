//! Rows that are kept no longer.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::fault::meaning;
use crate::settle::store::StoreError;

/// Forgets so many of the oldest rows of this time, and tells how many, and of when the last one is.
///
/// What goes stays in the index until the table is vacuumed, so whoever goes on begins where he has ended: else each step walks
/// over all that went before. For the same reason the planner is not told the times: it would look for the first one there is.
pub(super) async fn prune(
    client: &Client,
    (from, before): (i64, i64),
    most: usize,
) -> Result<(usize, Option<i64>), StoreError> {
    let sql = "WITH gone AS (DELETE FROM switchtower_rows WHERE id IN ( \
            SELECT id FROM switchtower_rows WHERE created >= (SELECT $1) AND created < (SELECT $2) ORDER BY created LIMIT $3) \
            RETURNING created) \
        SELECT count(*), max(created) FROM gone";
    let asked = [
        (&from as _, Type::INT8),
        (&before as _, Type::INT8),
        (&i64::try_from(most).unwrap_or(i64::MAX) as _, Type::INT8),
    ];
    let gone = client.query_typed_one(sql, &asked).await;
    let gone = gone.and_then(|gone| Ok((gone.try_get::<_, i64>(0)?, gone.try_get(1)?)));
    let (gone, last) = gone.map_err(meaning)?;
    Ok((usize::try_from(gone).unwrap_or_default(), last))
}
