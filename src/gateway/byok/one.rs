//! `GET`, `PATCH` and `DELETE /byok/{id}`.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use http::{HeaderMap, Response, StatusCode};

use super::input::{Change, secret};
use super::safe::{Held, missing};
use super::told::{One, Told};
use crate::error::Error;
use crate::gateway::input::{Input, body};
use crate::gateway::json;
use crate::gateway::router::Door;
use crate::keys::ProviderKeySettings;

pub(in crate::gateway) async fn get(
    State(door): State<Door>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response<Body> {
    let got = async {
        let held = named(&door, &headers, id).await?;
        json::text(&One {
            data: Told::of(&held),
        })
    };
    let got = got.await;
    json::told(&door, StatusCode::OK, got)
}

pub(in crate::gateway) async fn change(
    State(door): State<Door>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    let (parts, sent) = request.into_parts();
    let changed = async {
        let held = named(&door, &parts.headers, id).await?;
        let account = &held.settings.account;
        let mut input = Input::read(&body(sent).await?)?;
        let secret = secret(&mut input)?;
        let change = Change::read(&mut input, &door, account)?;
        input.finish()?;
        let label = secret.as_ref().map(|it| ProviderKeySettings::label_of(it));
        let of = move |before: &ProviderKeySettings| {
            let mut after = change.clone().of(before);
            if let Some(label) = &label {
                after.label.clone_from(label);
            }
            Some(after)
        };
        let changed = door
            .gateway
            .safe
            .change(&held.id, account, secret, of)
            .await?;
        json::text(&One {
            data: Told::of(changed.as_ref().ok_or_else(missing)?),
        })
    };
    let changed = changed.await;
    json::told(&door, StatusCode::OK, changed)
}

pub(in crate::gateway) async fn delete(
    State(door): State<Door>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response<Body> {
    let deleted = async {
        let held = named(&door, &headers, id).await?;
        let safe = &door.gateway.safe;
        safe.change(&held.id, &held.settings.account, None, |_| None)
            .await?;
        Ok(r#"{"deleted":true}"#.to_owned())
    };
    let deleted = deleted.await;
    json::told(&door, StatusCode::OK, deleted)
}

/// Which one is meant, of those that whoever asks may manage?
async fn named(
    door: &Door,
    headers: &HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<Held, Error> {
    let caller = json::manager(door, headers)?;
    let account = json::account(&caller, None)?;
    let Path(id) = id.map_err(|_| missing())?;
    door.gateway.safe.get(&id, account.as_deref()).await
}
