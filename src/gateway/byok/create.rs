//! `POST /byok`.

use axum::body::Body;
use axum::extract::{Request, State};
use http::{Response, StatusCode};

use super::input::{Change, secret};
use super::told::{One, Told};
use crate::caller::Caller;
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::input::{Input, body, required, wrong};
use crate::gateway::json;
use crate::gateway::keys::{LONGEST_ACCOUNT, workspace};
use crate::gateway::router::Door;
use crate::keys::ProviderKeySettings;

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

async fn create_key(door: &Door, caller: &Caller, sent: &[u8]) -> Result<String, Error> {
    let mut input = Input::read(sent)?;
    let provider = required("provider", input.text("provider", 255)?)?;
    let secret = required("key", Some(secret(&mut input)?))?;
    let account = input.text("account", LONGEST_ACCOUNT)?.flatten();
    let account = json::account(caller, account.as_deref())?;
    let account = account.unwrap_or_else(|| caller.account_name().to_owned());
    let change = Change::read(&mut input, door, &account)?;
    workspace(&mut input)?;
    input.finish()?;
    let lineup = door.gateway.roster.lineup();
    let mut known = lineup.catalog().providers().iter();
    if !known.any(|it| it.slug() == provider) {
        return Err(wrong("provider", "names none of GET /providers"));
    }
    let label = ProviderKeySettings::label_of(&secret);
    let settings = ProviderKeySettings {
        account,
        ..ProviderKeySettings::of(provider, label, wall())
    };
    let place = change.sort;
    let settings = change.of(&settings);
    let made = door.gateway.safe.create(settings, place, secret).await?;
    json::text(&One {
        data: Told::of(&made),
    })
}
