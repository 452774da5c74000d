//! Conditions of a question.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row as Found};

use super::fault::meaning;
use crate::settle::store::StoreError;

type Arguments = Vec<(Box<dyn ToSql + Send + Sync>, Type)>;

/// Conditions, and what they speak of.
pub(super) struct Wheres {
    sql: String,
    arguments: Arguments,
}

// === impl Wheres ===

impl Wheres {
    /// Each of these with an argument of its own, which is yet to be added.
    pub(super) fn new(conditions: &[&str]) -> Self {
        let numbered = conditions.iter().enumerate();
        let numbered = numbered.map(|(place, condition)| format!("{condition}{}", place + 1));
        Self {
            sql: numbered.collect::<Vec<_>>().join(" AND "),
            arguments: Vec::new(),
        }
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// Adds the next argument, and tells its number.
    pub(super) fn add(&mut self, argument: Box<dyn ToSql + Send + Sync>, of: Type) -> usize {
        self.arguments.push((argument, of));
        self.arguments.len()
    }

    /// And this, which speaks of no argument.
    pub(super) fn and_that(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// And this, where `$` without a number is this name.
    pub(super) fn and(&mut self, condition: &str, name: String) {
        let place = format!("${}", self.add(Box::new(name), Type::TEXT));
        self.sql.push_str(" AND ");
        let mut rest = condition.chars().peekable();
        while let Some(letter) = rest.next() {
            let numbered = rest.peek().is_some_and(char::is_ascii_digit);
            if letter == '$' && !numbered {
                self.sql.push_str(&place);
            } else {
                self.sql.push(letter);
            }
        }
    }

    /// And this column is one of these names.
    pub(super) fn and_any(&mut self, column: &str, names: Vec<String>) {
        let place = self.add(Box::new(names), Type::TEXT_ARRAY);
        self.and_that(&format!("{column} = ANY(${place})"));
    }

    pub(super) async fn ask(&self, client: &Client, sql: &str) -> Result<Vec<Found>, StoreError> {
        let arguments = self.arguments.iter();
        let arguments: Vec<(&(dyn ToSql + Sync), Type)> = arguments
            .map(|(argument, of)| (&**argument as _, of.clone()))
            .collect();
        client.query_typed(sql, &arguments).await.map_err(meaning)
    }
}
