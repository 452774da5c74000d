//! A schema of its own for each test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use switchtower::settle::store::{PostgresSettings, PostgresStore, StoreError};
use tokio_postgres::{Client, NoTls};

/// A schema, gone with this.
pub(crate) struct Schema {
    name: String,
    pub(crate) url: String,
}

// === impl Schema ===

impl Schema {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{count}", std::process::id());
        let url = server();
        let joint = if url.contains('?') { '&' } else { '?' };
        let schema = Self {
            url: format!("{url}{joint}options=-csearch_path%3D{name}"),
            name,
        };
        schema.sql(&format!(
            "DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}",
            schema.name
        ));
        schema
    }

    pub(crate) fn open(&self) -> Arc<PostgresStore> {
        Arc::new(self.try_open().unwrap())
    }

    pub(crate) fn try_open(&self) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(&self.url, PostgresSettings::default())
    }

    /// It stays, until the server goes.
    pub(crate) fn keep(mut self) {
        self.name.clear();
    }

    /// By a connection of its own.
    pub(crate) fn sql(&self, sql: &str) {
        self.with(async |client| client.batch_execute(sql).await.unwrap());
    }

    /// The one number that this asks for.
    #[allow(dead_code, reason = "others ask for none")]
    pub(crate) fn count(&self, sql: &str) -> i64 {
        let found = std::cell::Cell::new(0);
        self.with(async |client| found.set(client.query_one(sql, &[]).await.unwrap().get(0)));
        found.get()
    }

    /// Does this while somebody else has locked a table.
    #[allow(dead_code, reason = "others lock none")]
    pub(crate) fn locking(&self, table: &str, work: impl FnOnce()) {
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        self.with(async |client| {
            client.batch_execute(&lock).await.unwrap();
            work();
        });
    }

    fn with(&self, work: impl AsyncFnOnce(Client)) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
            tokio::spawn(connection);
            work(client).await;
        });
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            self.sql(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}

pub(crate) fn server() -> String {
    std::env::var("SWITCHTOWER_POSTGRES_URL").expect("SWITCHTOWER_POSTGRES_URL")
}
