//! `GET /byok`.

use axum::body::Body;
use axum::extract::{Query, State};
use http::{HeaderMap, Response, StatusCode, Uri};
use serde::Serialize;

use super::told::Told;
use crate::error::Error;
use crate::gateway::input::wrong;
use crate::gateway::json;
use crate::gateway::keys::WORKSPACE;
use crate::gateway::router::Door;
use crate::kind::Kind;

#[derive(Serialize)]
struct Data<'a> {
    data: Vec<Told<'a>>,
    total_count: usize,
}

/// Which of them?
struct Asked {
    offset: usize,
    limit: usize,
    provider: Option<String>,
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
        let asked = Asked::read(&uri)?;
        let mut held = door.gateway.safe.list(caller.account_name()).await;
        let provider = asked.provider.as_ref();
        held.retain(|it| provider.is_none_or(|slug| it.settings.provider == *slug));
        let page = held.iter().skip(asked.offset).take(asked.limit);
        json::text(&Data {
            data: page.map(Told::of).collect(),
            total_count: held.len(),
        })
    };
    let listed = listed.await;
    json::told(&door, StatusCode::OK, listed)
}

// === impl Asked ===

impl Asked {
    fn read(uri: &Uri) -> Result<Self, Error> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = pairs.map_err(|_| Error::new(Kind::Invalid, "the query is none"))?;
        let mut asked = Self {
            offset: 0,
            limit: LIMIT,
            provider: None,
        };
        for (name, value) in pairs {
            let number = || {
                let number = value.parse();
                number.map_err(|_| wrong(&name, "is not a whole number, or too large"))
            };
            match &*name {
                _ if value.is_empty() => {}
                "offset" => asked.offset = number()?,
                "limit" => asked.limit = number()?,
                "provider" => asked.provider = Some(value),
                "workspace_id" if value != WORKSPACE => {
                    return Err(wrong(&name, "names no workspace"));
                }
                _ => {}
            }
        }
        match (1..=MOST).contains(&asked.limit) {
            true => Ok(asked),
            false => Err(wrong("limit", "is not within 1 and 100")),
        }
    }
}
