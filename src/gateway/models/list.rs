//! `GET /models`, `/models/user`, `/models/count` and `/embeddings/models`.

use axum::body::Body;
use axum::extract::{Query as Pairs, Request, State};
use http::{Response, Uri};
use serde::Serialize;
use serde_json::json;

use super::query::Query;
use super::shelf::Row;
use crate::clock::{now, wall};
use crate::error::Error;
use crate::gateway::json;
use crate::gateway::refuse::original;
use crate::gateway::router::Door;
use crate::keys::Rights;
use crate::kind::Kind;
use crate::wire::{Modalities, Modality};

/// What is around the rows.
#[derive(Serialize)]
struct Around<'a> {
    object: &'static str,
    total_count: usize,
    links: Links<'a>,
}

#[derive(Serialize)]
struct Links<'a> {
    next: Option<&'a str>,
}

pub(in crate::gateway) async fn list(State(door): State<Door>, request: Request) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        told(&door, original(&request), Modalities::TEXT, None)
    })
}

/// Of the models that the key may ask.
pub(in crate::gateway) async fn own(State(door): State<Door>, request: Request) -> Response<Body> {
    json::answer_to(&door, request.headers(), |caller| {
        let rights = Some(caller.rights());
        told(&door, original(&request), Modalities::TEXT, rights)
    })
}

pub(in crate::gateway) async fn embeddings(
    State(door): State<Door>,
    request: Request,
) -> Response<Body> {
    let vectors = Modalities::NONE.with(Modality::Embeddings);
    json::answer(&door, request.headers(), || {
        told(&door, original(&request), vectors, None)
    })
}

pub(in crate::gateway) async fn count(
    State(door): State<Door>,
    request: Request,
) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        let (query, _) = read(request.uri(), Modalities::TEXT)?;
        let count = select(&door, &query, None, |rows| rows.len());
        Ok(json!({ "data": { "count": count } }).to_string())
    })
}

fn told(
    door: &Door,
    uri: &Uri,
    output: Modalities,
    rights: Option<&Rights>,
) -> Result<String, Error> {
    let (query, pairs) = read(uri, output)?;
    Ok(select(door, &query, rights, |rows| {
        let shown = query.page.map_or(0..rows.len(), |page| page.of(rows.len()));
        let asked = uri.query().unwrap_or_default();
        let next = query
            .page
            .and_then(|page| page.next((uri.path(), asked), &pairs, rows.len()));
        // Strict clients demand `links` and `total_count`, OpenAI's `object`.
        let around = Around {
            object: "list",
            total_count: rows.len(),
            links: Links {
                next: next.as_deref(),
            },
        };
        let mut body = serde_json::to_string(&around).expect("text and numbers are JSON");
        body.pop();
        let rows = &rows[shown];
        // Of a long list megabytes: copied once.
        body.reserve(rows.iter().map(|row| row.json.len() + 1).sum::<usize>() + 16);
        body.push_str(",\"data\":[");
        for (place, row) in rows.iter().enumerate() {
            body.push_str(if place == 0 { "" } else { "," });
            body.push_str(&row.json);
        }
        body.push_str("]}");
        body
    }))
}

fn read(uri: &Uri, output: Modalities) -> Result<(Query, Vec<(String, String)>), Error> {
    let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(uri);
    let Pairs(pairs) = pairs.map_err(|_| Error::new(Kind::Invalid, "the query is none"))?;
    Ok((Query::read(&pairs, output)?, pairs))
}

/// Looks at the rows that the query is for, in its order.
fn select<T>(
    door: &Door,
    query: &Query,
    rights: Option<&Rights>,
    look: impl FnOnce(&[&Row]) -> T,
) -> T {
    let lineup = door.gateway.roster.lineup();
    let shelf = door.gateway.shelf.rows(lineup.catalog());
    let today = wall()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let models = lineup.catalog().models();
    let admits = |row: &&Row| {
        let model = &models[row.model];
        let may = |rights: &Rights| {
            let mut endpoints = model.endpoints().iter();
            rights.allow_model(model) && endpoints.any(|it| rights.allow_provider(it))
        };
        rights.is_none_or(may)
            && query
                .filter
                .admits(&row.id, &row.name, model, &row.summary, today)
    };
    let mut rows: Vec<_> = shelf.iter().filter(admits).collect();
    if let Some(sort) = query.sort {
        sort.apply(&mut rows, &lineup, now());
    }
    look(&rows)
}
