//! `GET /models/{id}` and `GET /model/{author}/{slug}`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use http::Response;
use serde::Serialize;

use super::summary::Summary;
use super::told::Told;
use crate::catalog::{Catalog, Model};
use crate::error::Error;
use crate::gateway::json;
use crate::gateway::router::Door;
use crate::kind::Kind;

/// What most answers are wrapped in.
#[derive(Serialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

/// As OpenAI tells it, without a wrapper; its SDKs send the slash of an id as `%2F`.
pub(in crate::gateway) async fn bare(
    State(door): State<Door>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        let Path(id) = id.map_err(|_| unknown())?;
        let model = find(door.gateway.roster.lineup().catalog(), &id)?;
        tell(&Told::of(&model, &Summary::of(&model)))
    })
}

pub(in crate::gateway) async fn one(
    State(door): State<Door>,
    names: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        let Path((author, slug)) = names.map_err(|_| unknown())?;
        let catalog = door.gateway.roster.lineup().catalog().clone();
        let name = format!("{author}/{slug}");
        let model = find(&catalog, &name)?;
        let mut data = Told::of(&model, &Summary::of(&model));
        if catalog.latest(&name).is_some() {
            data = data.by_alias(&name, &model);
        }
        tell(&Data { data })
    })
}

/// The model that a request of this name is for: of the catalogue, the newest of a family, or one of these with
/// suffixes that only order its endpoints.
pub(super) fn find(catalog: &Catalog, name: &str) -> Result<Arc<Model>, Error> {
    let mut rest = name;
    loop {
        if let Some(model) = catalog.find(rest).or_else(|| catalog.latest(rest)) {
            return Ok(model.clone());
        }
        let (base, suffix) = rest.rsplit_once(':').ok_or_else(unknown)?;
        if !matches!(suffix, "nitro" | "floor" | "exacto" | "online") {
            // `alias:free` is the `:free` of whatever the alias stands for.
            let id = catalog.find(base).ok_or_else(unknown)?.id();
            let model = catalog.find(&format!("{id}:{suffix}"));
            return model.cloned().ok_or_else(unknown);
        }
        rest = base;
    }
}

/// Also of what is no text at all.
pub(super) fn unknown() -> Error {
    Error::new(Kind::NotFound, "no such model; GET /models lists them").with_param("model")
}

pub(super) fn tell(what: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(what)
        .map_err(|source| Error::new(Kind::Internal, "cannot be told").with_source(source))
}
