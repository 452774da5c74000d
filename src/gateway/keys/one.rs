//! `GET`, `PATCH` and `DELETE /keys/{hash}`.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;

use super::figures;
use super::keeper::missing;
use super::settings::read;
use super::told::Managed;
use crate::caller::KeyId;
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::input::{Input, body};
use crate::gateway::json;
use crate::gateway::router::Door;
use crate::keys::{KeySettings, RingKey};

#[derive(Serialize)]
struct Data<'a> {
    data: Managed<'a>,
}

pub(in crate::gateway) async fn get(
    State(door): State<Door>,
    hash: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response<Body> {
    let got = async {
        let (id, account) = named(&door, &headers, hash)?;
        let key = door.gateway.keeper.get(id, account.as_deref())?;
        told(&door, &key).await
    };
    let got = got.await;
    json::told(&door, StatusCode::OK, got)
}

pub(in crate::gateway) async fn change(
    State(door): State<Door>,
    hash: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    let (parts, sent) = request.into_parts();
    let changed = async {
        let (id, account) = named(&door, &parts.headers, hash)?;
        let mut input = Input::read(&body(sent).await?)?;
        let change = read(&mut input)?;
        input.finish()?;
        let now = wall();
        let of = move |settings: &KeySettings| Some(change.clone().of(settings, now));
        let keeper = &door.gateway.keeper;
        let changed = keeper.change(id, account, of).await?;
        told(&door, &*changed.ok_or_else(missing)?).await
    };
    let changed = changed.await;
    json::told(&door, StatusCode::OK, changed)
}

pub(in crate::gateway) async fn delete(
    State(door): State<Door>,
    hash: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response<Body> {
    let deleted = async {
        let (id, account) = named(&door, &headers, hash)?;
        let keeper = &door.gateway.keeper;
        keeper.change(id, account, |_| None).await?;
        Ok(r#"{"deleted":true}"#.to_owned())
    };
    let deleted = deleted.await;
    json::told(&door, StatusCode::OK, deleted)
}

/// Which key is meant, and of which account it must be?
fn named(
    door: &Door,
    headers: &HeaderMap,
    hash: Result<Path<String>, PathRejection>,
) -> Result<(KeyId, Option<String>), Error> {
    let caller = json::manager(door, headers)?;
    let Path(hash) = hash.map_err(|_| missing())?;
    let id = hash.parse().map_err(|_| missing())?;
    Ok((id, json::account(&caller, None)?))
}

async fn told(door: &Door, key: &RingKey) -> Result<String, Error> {
    let spent = figures::of(&door.gateway, vec![key.id()], wall()).await?;
    json::text(&Data {
        data: Managed::of(key, &spent.get(&key.id()).copied().unwrap_or_default()),
    })
}
