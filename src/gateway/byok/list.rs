//! `GET /byok`.

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode, Uri};
use serde::Serialize;

use super::told::Told;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::json;
use crate::gateway::query::Query;
use crate::gateway::router::Door;

#[derive(Serialize)]
struct Data<'a> {
    data: Vec<Told<'a>>,
    total_count: usize,
}

/// OpenRouter's default and maximum.
const LIMIT: usize = 50;
const MOST: usize = 100;

pub(in crate::gateway) async fn list(
    State(door): State<Door>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let listed = async {
        let caller = json::manager(&door, &headers)?;
        page(&door, &caller, &Query::read(&uri)?).await
    };
    let listed = listed.await;
    json::told(&door, StatusCode::OK, listed)
}

async fn page(door: &Door, caller: &Caller, query: &Query) -> Result<String, Error> {
    query.workspace()?;
    let account = json::account(caller, query.get("account")?)?;
    let provider = query.get("provider")?;
    let (offset, limit) = (query.offset()?, query.limit(LIMIT, MOST)?);
    let mut held = door.gateway.safe.list(account.as_deref()).await;
    held.retain(|it| provider.is_none_or(|slug| it.settings.provider == slug));
    let page = held.iter().skip(offset).take(limit);
    json::text(&Data {
        data: page.map(Told::of).collect(),
        total_count: held.len(),
    })
}
