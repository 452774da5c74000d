//! Why there is no plan, in words that help.

use crate::catalog::Catalog;
use crate::error::Error;
use crate::kind::Kind;
use crate::payload::Payload;
use crate::plan::{Filter, Rejected};

/// How much of a caller's model name is repeated to it.
const NAME: usize = 128;
/// How many names are repeated.
const NAMES: usize = 3;

/// OpenRouter's, which change what a model's name means.
const VARIANTS: [&str; 8] = [
    "batch", "exacto", "extended", "floor", "free", "nitro", "online", "thinking",
];

pub(super) fn no_model() -> Error {
    Error::new(
        Kind::Invalid,
        "no model: name one in `model` or in `models`",
    )
    .with_param("model")
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
    let shown: String = name.chars().take(NAME).collect();
    if let Some((base, variant)) = name.split_once(':')
        && catalog.find(base).is_some()
        && variant
            .split(':')
            .all(|variant| VARIANTS.contains(&variant))
    {
        let message = format!("`{shown}`: the variant `:{variant}` is known but not served yet");
        return Error::new(Kind::UnknownModel, message).with_param(field);
    }
    let nearest = catalog.nearest(&shown);
    let mut message = format!("`{shown}` is not a valid model ID");
    if !nearest.is_empty() {
        message.push_str("; did you mean ");
        message.push_str(&listed(nearest.iter().map(|name| format!("`{name}`"))));
        message.push('?');
    }
    Error::new(Kind::UnknownModel, message).with_param(field)
}

pub(super) fn no_endpoints(payload: &Payload, rejected: &[Rejected]) -> Error {
    let (view, body) = (payload.view(), payload.bytes());
    let models = view.model(body).into_iter().chain(view.models(body));
    let models = models.take(NAMES).map(|name| {
        let shown: String = name.chars().take(NAME).collect();
        format!("`{shown}`")
    });
    let removed = Filter::ALL.into_iter().filter_map(|filter| {
        let count = rejected
            .iter()
            .filter(|rejected| rejected.filter == filter)
            .count();
        (count > 0).then(|| format!("`{}` removed {count}", filter.field()))
    });
    let message = format!(
        "no endpoints found for {}: {}",
        listed(models),
        listed(removed)
    );
    let param = rejected
        .first()
        .map_or("provider", |first| first.filter.field());
    Error::new(Kind::NoEndpoints, message).with_param(param)
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}
