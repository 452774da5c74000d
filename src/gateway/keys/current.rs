//! `GET /key`.

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;

use super::figures;
use super::told::{Current, Daily};
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::blocking::failed;
use crate::gateway::json;
use crate::gateway::router::Door;
use crate::keys::NotAdmitted;

#[derive(Serialize)]
struct Data<'a> {
    data: Current<'a>,
}

pub(in crate::gateway) async fn current(
    State(door): State<Door>,
    headers: HeaderMap,
) -> Response<Body> {
    let told = told(&door, &headers).await;
    json::told(&door, StatusCode::OK, told)
}

async fn told(door: &Door, headers: &HeaderMap) -> Result<String, Error> {
    let now = wall();
    let id = door.gateway.keys.identify(headers, now)?.key();
    // It may be gone since.
    let key = door.gateway.keeper.ring().get(id);
    let key = key.ok_or(NotAdmitted::Unknown)?;
    let tier = door.gateway.keeper.tier(key.caller()).await;
    let tier = tier.map_err(|why| failed(&why))?;
    let daily = match &tier.daily {
        Some(level) => Daily::of(level),
        None => Daily::unlimited(figures::free_today(&door.gateway, key.caller(), now).await?),
    };
    let spent = figures::of(&door.gateway, vec![id], now).await?;
    let spent = spent.get(&id).copied().unwrap_or_default();
    json::text(&Data {
        data: Current::of(&key, &spent, tier.is_free, daily),
    })
}
