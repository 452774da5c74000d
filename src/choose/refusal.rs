//! Why there is no plan, in words that help.

use super::filter::Filters;
use super::models::STATIC;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::kind::Kind;
use crate::payload::Payload;
use crate::plan::{Filter, Rejected, Routing};
use crate::refused::Refused;
use crate::wire::{Fields, Operation};

/// How much of a caller's model name is repeated to it.
const NAME: usize = 128;
/// How many names are repeated.
const NAMES: usize = 3;

pub(super) fn no_model() -> Error {
    Error::new(
        Kind::Invalid,
        "no model: name one in `model` or in `models`",
    )
    .with_param("model")
}

pub(super) fn too_many_models(limit: usize) -> Error {
    Error::new(
        Kind::Invalid,
        format!("`models` names more than {limit} models"),
    )
    .with_param("models")
}

pub(super) fn nothing_for_router(router: &str, why: &str) -> Error {
    let message = format!("no endpoints found for `{router}`: {why}");
    let error = Error::new(Kind::NoEndpoints, message).with_param("model");
    error.with_refused(of(router))
}

/// The model answers another operation than the one that is asked for.
pub(super) fn wrong_operation(name: &str, right: Operation) -> Error {
    let shown: String = shown(name);
    let message = format!(
        "`{shown}` does not answer this: POST /{} does",
        right.path()
    );
    let error = Error::new(Kind::Invalid, message).with_param("model");
    error.with_refused(Refused {
        right: Some(right),
        ..of(name)
    })
}

pub(super) fn unserved(field: &'static str) -> Error {
    Error::new(
        Kind::Invalid,
        format!("`{field}` is known but not served yet"),
    )
    .with_param(field)
}

pub(super) fn unknown_model(name: &str, field: &'static str, catalog: &Catalog) -> Error {
    if name.is_empty() {
        return Error::new(
            Kind::Invalid,
            format!("`{field}` names no model: it is empty"),
        )
        .with_param(field);
    }
    let shown = shown(name);
    let nearest = catalog.nearest(&shown);
    let mut message = format!("`{shown}` is not a valid model ID");
    if let Some(variant) = variant_of(name, catalog) {
        message.push_str(&format!(", since there is no `:{variant}` of that model"));
    } else if name.contains("@preset/") {
        message.push_str(", since presets are known but not served yet");
    }
    if !nearest.is_empty() {
        message.push_str("; did you mean ");
        message.push_str(&listed(nearest.iter().map(|name| format!("`{name}`"))));
        message.push('?');
    }
    let error = Error::new(Kind::UnknownModel, message).with_param(field);
    error.with_refused(of(name))
}

/// What is told of a name that led nowhere.
fn of(name: &str) -> Refused {
    Refused {
        requested: vec![shown(name).into()],
        ..Refused::default()
    }
}

fn shown(name: &str) -> String {
    name.chars().take(NAME).collect()
}

/// A variant that the catalogue does not have, of a model that it has.
fn variant_of(name: &str, catalog: &Catalog) -> Option<&'static str> {
    let (base, variants) = name.split_once(':')?;
    catalog.find(base)?;
    let mut variants = variants.split(':');
    variants.find_map(|variant| STATIC.into_iter().find(|known| *known == variant))
}

pub(super) fn no_endpoints(
    payload: &Payload,
    filters: &Filters<'_>,
    routing: Routing,
    rejected: Vec<Rejected>,
) -> Error {
    let (view, body) = (payload.view(), payload.bytes());
    let models = view.model(body).into_iter().chain(view.models(body));
    let requested: Vec<Box<str>> = models.map(|name| shown(&name).into()).collect();
    let models = requested.iter().take(NAMES).map(|name| format!("`{name}`"));
    let count = |filter: Filter| rejected.iter().filter(|r| r.filter == filter).count();
    let removed = Filter::ALL.into_iter().filter_map(|filter| {
        let count = count(filter);
        (count > 0).then(|| {
            let why = match filter {
                Filter::RequireParameters => unsupported(filters, &rejected),
                Filter::UnknownPrice => " of unknown price".into(),
                _ => String::new(),
            };
            format!("`{}` removed {count}{why}", filter.field())
        })
    });
    let message = format!(
        "no endpoints found for {}: {}",
        listed(models),
        listed(removed)
    );
    // The one that removed most, of several the first: a tier that nobody asked for is seldom to blame.
    let worst = Filter::ALL.into_iter().rev().max_by_key(|f| count(*f));
    let param = worst.map_or("provider", Filter::field);
    let error = Error::new(Kind::NoEndpoints, message).with_param(param);
    error.with_refused(Refused {
        requested,
        routing,
        rejected,
        right: None,
    })
}

/// The parameters that are in the way.
fn unsupported(filters: &Filters<'_>, rejected: &[Rejected]) -> String {
    let rejected = rejected.iter();
    let by_this = rejected.filter(|rejected| rejected.filter == Filter::RequireParameters);
    let missing = by_this.flat_map(|rejected| filters.unsupported(&rejected.endpoint).iter());
    let missing: Fields = missing.collect();
    let names = missing.iter().map(|field| format!("`{}`", field.name()));
    format!(" for want of {}", listed(names))
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}
