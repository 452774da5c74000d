//! The year in PostgreSQL.

use std::time::Instant;

use switchtower::Day;
use switchtower::settle::store::{PostgresSettings, PostgresStore, SpendQuery, Store};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::year::Year;

/// A schema of its own, gone with this.
struct Schema {
    runtime: Runtime,
    client: Client,
}

const NAME: &str = "switchtower_bench";

/// Tells what is not kept.
pub(crate) fn report(url: &str, year: Year) -> Option<String> {
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}options=-csearch_path%3D{NAME}");
    let schema = Schema::new(&url);
    let began = Instant::now();
    let store = PostgresStore::open(&url, PostgresSettings::default()).unwrap();
    // Making it writes no log; what is asked reads the same pages.
    schema.run("ALTER TABLE switchtower_rows SET UNLOGGED");
    year.begin(&store);
    schema.copy(year.per_cell);
    schema.sum(year.per_cell);
    // As autovacuum would have done by then.
    schema.run("VACUUM ANALYZE switchtower_rows; VACUUM ANALYZE switchtower_days");
    assert_eq!(summed(&store), year.rows(), "the sums tell all rows");
    println!("made in {:.0} s\n", began.elapsed().as_secs_f64());
    let size = "SELECT (pg_total_relation_size('switchtower_rows') + pg_total_relation_size('switchtower_days'))::bigint";
    let bytes: i64 = schema.ask(size);
    year.ask(&store, "PostgreSQL", bytes as u64)
}

/// How many requests all of the sums tell.
fn summed(store: &dyn Store) -> u64 {
    let query = SpendQuery {
        from: Day::from_number(0),
        to: Day::from_number(100_000),
        by: Vec::new(),
        account: None,
        keys: None,
        user: None,
        tag: None,
        limit: 1,
    };
    store.spend(&query).unwrap()[0].requests
}

// === impl Schema ===

impl Schema {
    fn new(url: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let (client, connection) = runtime
            .block_on(tokio_postgres::connect(url, NoTls))
            .unwrap();
        runtime.spawn(connection);
        let schema = Self { runtime, client };
        schema.run(&format!("DROP SCHEMA IF EXISTS {NAME} CASCADE"));
        schema.run(&format!("CREATE SCHEMA {NAME}"));
        schema
    }

    /// Each by itself: some may stand in no transaction.
    fn run(&self, statements: &str) {
        for statement in statements.split("; ") {
            let ran = self.client.batch_execute(statement);
            self.runtime.block_on(ran).unwrap();
        }
    }

    fn ask<T: for<'a> tokio_postgres::types::FromSql<'a>>(&self, question: &str) -> T {
        let asked = self.client.query_one(question, &[]);
        self.runtime.block_on(asked).unwrap().get(0)
    }

    /// So many of each row, with names and times of their own.
    fn copy(&self, per_cell: u64) {
        let columns: String = self.ask(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute \
             WHERE attrelid = 'switchtower_rows'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'created')",
        );
        for (from, to) in Year::days() {
            self.run(&format!(
                "INSERT INTO switchtower_rows (id, created, {columns}) \
                 SELECT left(id, 15) || lpad((substr(id, 16)::bigint + n)::text, 20, '0'), created + n, {columns} \
                 FROM (SELECT * FROM switchtower_rows WHERE created >= {from} AND created < {to} ORDER BY id) AS day \
                 CROSS JOIN generate_series(1, {per_cell} - 1) AS n"
            ));
        }
    }

    /// The sums of so many of each.
    fn sum(&self, per_cell: u64) {
        let times: String = self.ask(&format!(
            "SELECT string_agg(format('%1$I = %1$I * {per_cell}', attname), ', ') FROM pg_attribute \
             WHERE attrelid = 'switchtower_days'::regclass AND attnum > 0 AND atttypid = 'numeric'::regtype"
        ));
        self.run(&format!("UPDATE switchtower_days SET {times}"));
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.run(&format!("DROP SCHEMA {NAME} CASCADE"));
    }
}
