//! `GET /circuits`.

use std::time::{Instant, SystemTime};

use axum::body::Body;
use axum::extract::{Request, State};
use http::Response;
use serde::Serialize;

use super::json;
use super::router::Door;
use crate::calendar::timestamp as date;
use crate::clock::{now, wall};
use crate::error::Error;
use crate::kind::Kind;
use crate::standing::{CircuitView, Lineup};

#[derive(Serialize)]
struct Data<'a> {
    data: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    circuit: CircuitView<'a>,
    reopens_at: Option<String>,
}

pub(super) async fn list(State(door): State<Door>, request: Request) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        told(&door.gateway.roster.lineup(), now(), wall())
    })
}

fn told(lineup: &Lineup, now: Instant, wall: SystemTime) -> Result<String, Error> {
    let circuits = lineup.circuits(now).map(|circuit| Told {
        reopens_at: circuit
            .reopens_in
            .and_then(|wait| wall.checked_add(wait))
            .map(date),
        circuit,
    });
    let data = Data {
        data: circuits.collect(),
    };
    serde_json::to_string(&data)
        .map_err(|source| Error::new(Kind::Internal, "cannot be told").with_source(source))
}
