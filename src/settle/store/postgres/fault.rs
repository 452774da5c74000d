//! What an error of PostgreSQL means.

use tokio_postgres::error::SqlState;

use crate::settle::store::StoreError;

/// What this error means to whoever keeps books.
///
/// The classes are those of PostgreSQL's appendix A, "PostgreSQL Error Codes".
pub(super) fn meaning(error: tokio_postgres::Error) -> StoreError {
    let Some(state) = error.code() else {
        // Not a word of the database: the connection, or what came over it.
        return StoreError::Away(Box::new(error));
    };
    if *state == SqlState::DISK_FULL {
        return StoreError::Full(Box::new(error));
    }
    let passing = [
        SqlState::QUERY_CANCELED,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    // Connection exception, insufficient resources, operator intervention.
    let away = ["08", "53", "57"];
    if passing.contains(state) || away.contains(&&state.code()[..2]) {
        return StoreError::Away(Box::new(error));
    }
    if ["XX001", "XX002"].contains(&state.code()) {
        return StoreError::Corrupt(error.to_string());
    }
    StoreError::Other(Box::new(error))
}

/// Does the database answer all the same, over the same connection? It is one statement that took too long, or was in the way
/// of others.
pub(super) fn is_of_statement(error: &StoreError) -> bool {
    let StoreError::Away(error) = error else {
        return false;
    };
    let error = error.downcast_ref::<tokio_postgres::Error>();
    let state = error.and_then(tokio_postgres::Error::code);
    let of_statement = [
        SqlState::QUERY_CANCELED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    state.is_some_and(|state| of_statement.contains(state))
}
