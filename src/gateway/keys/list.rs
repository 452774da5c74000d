//! `GET /keys`.

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode, Uri};
use serde::Serialize;

use super::figures;
use super::told::Managed;
use crate::caller::Caller;
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::json;
use crate::gateway::query::Query;
use crate::gateway::router::Door;
use crate::keys::RingKey;

/// Whose `offset` is the next one's start, as OpenRouter's list has it.
const PAGE: usize = 100;

#[derive(Serialize)]
struct Data<'a> {
    data: Vec<Managed<'a>>,
}

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
    let disabled = query.flag("include_disabled")?;
    let shown = |key: &RingKey| {
        let settings = key.settings();
        account.as_ref().is_none_or(|it| *it == settings.account)
            && (disabled || !settings.disabled)
    };
    let ring = door.gateway.keeper.ring();
    let keys = ring.page(shown, query.offset()?, PAGE);
    let ids = keys.iter().map(|key| key.id()).collect();
    let spent = figures::of(&door.gateway, ids, wall()).await?;
    let told = keys.iter().map(|key| {
        let figures = spent.get(&key.id()).copied();
        Managed::of(key, &figures.unwrap_or_default())
    });
    json::text(&Data {
        data: told.collect(),
    })
}
