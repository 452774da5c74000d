//! Many at once, before books that one process keeps.

use std::sync::Arc;

use switchtower::BoxError;
use switchtower::settle::store::PostgresStore;
use tokio::task::{JoinError, spawn_blocking};

use crate::schema::Schema;
use crate::thousand::{equal_costs, random_costs};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn of_a_thousand_calls_as_many_are_stored_as_the_limit_has_room_for() -> Result<(), BoxError>
{
    let books = books().await?;
    equal_costs(books.0.clone()).await?;
    Ok(spawn_blocking(move || drop(books)).await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL: set SWITCHTOWER_POSTGRES_URL and run with --include-ignored"]
async fn of_a_thousand_calls_that_cost_what_chance_says_no_more_is_stored_than_the_limit()
-> Result<(), BoxError> {
    let books = books().await?;
    random_costs(books.0.clone()).await?;
    Ok(spawn_blocking(move || drop(books)).await?)
}

async fn books() -> Result<(Arc<PostgresStore>, Schema), JoinError> {
    spawn_blocking(|| {
        let schema = Schema::new();
        (schema.open(), schema)
    })
    .await
}
