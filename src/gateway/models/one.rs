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
use crate::choose::model;
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

/// The model that a request of this name is for, suffixes and all; but none that a router would choose.
pub(super) fn find(catalog: &Catalog, name: &str) -> Result<Arc<Model>, Error> {
    model(name, catalog).cloned().ok_or_else(unknown)
}

/// Also of what is no text at all.
pub(super) fn unknown() -> Error {
    Error::new(Kind::NotFound, "no such model; GET /models lists them").with_param("model")
}

pub(super) fn tell(what: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(what)
        .map_err(|source| Error::new(Kind::Internal, "cannot be told").with_source(source))
}
