use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::telling;
use crate::call::Call;
use crate::gateway::usage;
use crate::settle::MemoryLedger;
use crate::wire::Chunk;
use crate::wire::retell::retell;

/// Retells an answer that is one JSON document. `commit` holds all of it already.
pub(in crate::gateway) async fn whole(
    body: Body,
    ledger: &MemoryLedger,
    call: &Call,
) -> Result<Bytes, axum::Error> {
    let json = body.collect().await?.to_bytes();
    // Its end has been seen, so the record is there: it alone says what the request cost.
    let usage = ledger
        .get(call.id().as_str())
        .map(|record| usage::of(&record));
    match (Chunk::read(&json), usage) {
        (Ok(chunk), Some(usage)) => {
            Ok(retell(&json, &chunk, &telling::of_whole(call, usage)).into())
        }
        _ => Ok(json),
    }
}
