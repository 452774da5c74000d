//! `GET /providers`.

use axum::body::Body;
use axum::extract::{Request, State};
use http::Response;
use serde::Serialize;

use super::one::{Data, tell};
use crate::catalog::Provider;
use crate::gateway::json;
use crate::gateway::router::Door;

#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    slug: &'a str,
    privacy_policy_url: Option<&'a str>,
    terms_of_service_url: Option<&'a str>,
    status_page_url: Option<&'a str>,
    headquarters: Option<&'a str>,
    datacenters: Option<&'a [Box<str>]>,
}

pub(in crate::gateway) async fn providers(
    State(door): State<Door>,
    request: Request,
) -> Response<Body> {
    json::answer(&door, request.headers(), || {
        let lineup = door.gateway.roster.lineup();
        let all = lineup.catalog().providers().iter();
        let data: Vec<_> = all.map(|provider| Told::of(provider)).collect();
        tell(&Data { data })
    })
}

// === impl Told ===

impl<'a> Told<'a> {
    fn of(provider: &'a Provider) -> Self {
        let about = provider.about();
        Self {
            name: provider.name(),
            slug: provider.slug(),
            privacy_policy_url: about.privacy_policy_url.as_deref(),
            terms_of_service_url: about.terms_of_service_url.as_deref(),
            status_page_url: about.status_page_url.as_deref(),
            headquarters: about.headquarters.as_deref(),
            datacenters: about.datacenters.as_deref(),
        }
    }
}
