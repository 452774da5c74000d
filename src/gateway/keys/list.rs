//! `GET /keys`.

use axum::body::Body;
use axum::extract::{Query, State};
use http::{HeaderMap, Response, StatusCode, Uri};
use serde::Serialize;

use super::figures;
use super::settings::WORKSPACE;
use super::told::Managed;
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::input::wrong;
use crate::gateway::json;
use crate::gateway::router::Door;
use crate::keys::RingKey;
use crate::kind::Kind;

/// Whose `offset` is the next one's start, as OpenRouter's list has it.
const PAGE: usize = 100;

#[derive(Serialize)]
struct Data<'a> {
    data: Vec<Managed<'a>>,
}

/// Which of them?
struct Asked {
    offset: usize,
    include_disabled: bool,
    /// None for all of them.
    account: Option<String>,
}

pub(in crate::gateway) async fn list(
    State(door): State<Door>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let listed = async {
        let caller = json::manager(&door, &headers)?;
        let mut asked = Asked::read(&uri)?;
        asked.account = json::account(&caller, asked.account.as_deref())?;
        page(&door, &asked).await
    };
    let listed = listed.await;
    json::told(&door, StatusCode::OK, listed)
}

async fn page(door: &Door, asked: &Asked) -> Result<String, Error> {
    let shown = |key: &RingKey| {
        let settings = key.settings();
        let account = asked.account.as_ref();
        account.is_none_or(|it| *it == settings.account)
            && (asked.include_disabled || !settings.disabled)
    };
    let ring = door.gateway.keeper.ring();
    let keys = ring.page(shown, asked.offset, PAGE);
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

// === impl Asked ===

impl Asked {
    fn read(uri: &Uri) -> Result<Self, Error> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = pairs.map_err(|_| Error::new(Kind::Invalid, "the query is none"))?;
        let mut asked = Self {
            offset: 0,
            include_disabled: false,
            account: None,
        };
        for (name, value) in &pairs {
            match (&**name, &**value) {
                (_, "") => {}
                ("offset", value) => {
                    let offset = value.parse();
                    asked.offset =
                        offset.map_err(|_| wrong(name, "is not a whole number, or too large"))?;
                }
                ("account", account) => asked.account = Some(account.to_owned()),
                ("include_disabled", "true") => asked.include_disabled = true,
                ("include_disabled", "false") => asked.include_disabled = false,
                ("include_disabled", _) => {
                    return Err(wrong(name, "is neither `true` nor `false`"));
                }
                ("workspace_id", id) if id != WORKSPACE => {
                    return Err(wrong(name, "names no workspace"));
                }
                _ => {}
            }
        }
        Ok(asked)
    }
}
