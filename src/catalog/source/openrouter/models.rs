//! `/models`: what models there are, and what OpenRouter asks for them.

use super::about::{model, parameters};
use super::pricing::draft;
use crate::catalog::source::company::Taker;
use crate::catalog::source::sheet::{Draft, Sheet};
use crate::catalog::source::value::{Value, tokens};
use crate::catalog::{EndpointSpec, Skipped};

pub(in crate::catalog::source) fn read(listing: Value<'_>, takers: &[Taker], sheet: &mut Sheet) {
    let resellers: Vec<_> = takers
        .iter()
        .filter(|taker| taker.is_openrouter("openrouter"))
        .collect();
    for row in listing.get("data").map(Value::items).unwrap_or_default() {
        let Some(id) = row.get("id").and_then(Value::text) else {
            sheet.skip(Skipped::Malformed);
            continue;
        };
        let mut model = model(&id, row);
        // The prices are OpenRouter's own: nobody else's endpoint has them.
        let draft = match resellers.is_empty() {
            true => Draft::default(),
            false => draft(row.get("pricing")),
        };
        for taker in &resellers {
            let mut endpoint =
                EndpointSpec::new(&taker.slug, &id).with_prices(draft.prices.clone());
            let top = row.get("top_provider");
            endpoint.max_completion_tokens =
                top.and_then(|top| tokens(top, "max_completion_tokens"));
            endpoint.parameters = parameters(row);
            model = model.endpoint(endpoint);
        }
        sheet.take(vec![model], draft.gaps);
    }
}
