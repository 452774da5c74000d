//! `/models/{author}/{slug}/endpoints`: who serves one model, and what each of them asks.

use super::about::{model, parameters};
use super::pricing::draft;
use crate::catalog::source::company::Taker;
use crate::catalog::source::sheet::Sheet;
use crate::catalog::source::value::{Value, tokens};
use crate::catalog::{EndpointSpec, Skipped};
use crate::wire::Quantization;

/// What the provider calls the model does not stand there; some other source must say it.
const UNNAMED: &str = "";

pub(in crate::catalog::source) fn read(listing: Value<'_>, takers: &[Taker], sheet: &mut Sheet) {
    let Some(about) = listing.get("data") else {
        return;
    };
    let id = about.get("id").and_then(Value::text);
    // Once: to find its members, all the rows are passed over.
    let model = id.as_deref().map(|id| model(id, about));
    for row in about.get("endpoints").map(Value::items).unwrap_or_default() {
        let tag = row.get("tag").and_then(Value::text);
        let (Some(model), Some(tag)) = (&model, tag) else {
            sheet.skip(Skipped::Malformed);
            continue;
        };
        let (base, variant) = match tag.split_once('/') {
            Some((base, variant)) => (base, Some(variant)),
            None => (&*tag, None),
        };
        let takers: Vec<_> = takers
            .iter()
            .filter(|taker| taker.is_openrouter(base))
            .collect();
        if takers.is_empty() {
            sheet.skip(Skipped::Provider);
            continue;
        }
        let draft = draft(row.get("pricing"));
        let mut model = model.clone();
        for taker in takers {
            let mut endpoint =
                EndpointSpec::new(&taker.slug, UNNAMED).with_prices(draft.prices.clone());
            if let Some(variant) = variant {
                endpoint = endpoint.with_tag(&format!("{}/{variant}", taker.slug));
            }
            model = model.endpoint(describe(endpoint, row));
        }
        sheet.take(vec![model], draft.gaps);
    }
}

fn describe(mut endpoint: EndpointSpec, row: Value<'_>) -> EndpointSpec {
    endpoint.context_length = tokens(row, "context_length");
    endpoint.max_completion_tokens = tokens(row, "max_completion_tokens");
    endpoint.max_prompt_tokens = tokens(row, "max_prompt_tokens");
    endpoint.parameters = parameters(row);
    let quantization = row.get("quantization").and_then(Value::text);
    endpoint.quantization = quantization
        .and_then(|name| Quantization::named(&name))
        .filter(|quantization| *quantization != Quantization::Unknown);
    let caches = row.get("supports_implicit_caching").and_then(Value::bool);
    endpoint.implicit_caching = caches;
    endpoint
}
