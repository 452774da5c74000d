//! `POST /keys`.

use axum::body::Body;
use axum::extract::{Request, State};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::settings::{read, workspace};
use super::told::Managed;
use crate::caller::Caller;
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::input::{Input, body, required, wrong};
use crate::gateway::json;
use crate::gateway::random::random;
use crate::gateway::router::Door;
use crate::keys::{ApiKey, Class, KeySettings};

#[derive(Serialize)]
struct Created<'a> {
    data: Managed<'a>,
    /// In plain text, this once.
    key: &'a str,
}

/// As long as that of credits.
pub(in crate::gateway) const LONGEST_ACCOUNT: usize = 128;

pub(in crate::gateway) async fn create(
    State(door): State<Door>,
    request: Request,
) -> Response<Body> {
    let (parts, sent) = request.into_parts();
    let created = async {
        let caller = json::manager(&door, &parts.headers)?;
        create_key(&door, &caller, &body(sent).await?).await
    };
    let created = created.await;
    json::told(&door, StatusCode::CREATED, created)
}

async fn create_key(door: &Door, caller: &Caller, sent: &Bytes) -> Result<String, Error> {
    let now = wall();
    let mut input = Input::read(sent)?;
    let change = read(&mut input)?;
    let creator = input.text("creator_user_id", 255)?.flatten();
    let account = input.text("account", LONGEST_ACCOUNT)?.flatten();
    let account = json::account(caller, account.as_deref())?;
    let manages = input.flag("is_management_key")?.unwrap_or(false);
    workspace(&mut input)?;
    input.finish()?;
    let name = required("name", Some(change.name.clone()))?;
    if change.expires.flatten().is_some_and(|at| at <= now) {
        return Err(wrong("expires_at", "has passed"));
    }

    let key = ApiKey::from_bytes(random()?);
    let settings = KeySettings {
        account: account.unwrap_or_else(|| caller.account_name().to_owned()),
        class: match manages {
            true => Class::Management,
            false => Class::Inference,
        },
        creator,
        updated: None,
        ..change.of(&KeySettings::named(name, key.label(), now), now)
    };
    let made = door.gateway.keeper.create(key.id(), settings).await?;
    json::text(&Created {
        data: Managed::of(&made, &Default::default()),
        key: key.as_str(),
    })
}
