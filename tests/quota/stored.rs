//! Many at once, before books that are kept in a file.

use std::path::PathBuf;
use std::sync::Arc;

use switchtower::BoxError;
use switchtower::settle::store::{SqliteSettings, SqliteStore};

use super::thousand::{equal_costs, random_costs};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_calls_as_many_are_stored_as_the_limit_has_room_for() -> Result<(), BoxError>
{
    let file = File::new("equal");
    equal_costs(file.store()?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_calls_that_cost_what_chance_says_no_more_is_stored_than_the_limit()
-> Result<(), BoxError> {
    let file = File::new("chance");
    random_costs(file.store()?).await
}

/// Books, gone with this.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("switchtower-quota-{}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn store(&self) -> Result<Arc<SqliteStore>, BoxError> {
        Ok(Arc::new(SqliteStore::open(
            &self.0,
            SqliteSettings::default(),
        )?))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", "-lock"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}
