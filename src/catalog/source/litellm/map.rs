//! The map: a row for each model at each provider.

use super::attributes::Attributes;
use super::rates::rates;
use crate::catalog::Skipped;
use crate::catalog::source::company::{Taker, author};
use crate::catalog::source::name::{id, is_by};
use crate::catalog::source::sheet::Sheet;
use crate::catalog::source::value::Value;

/// Rows that tell how rows are written.
const ABOUT: [&str; 2] = ["sample_spec", "fallback_generalizations"];

pub(in crate::catalog::source) fn read(map: Value<'_>, takers: &[Taker], sheet: &mut Sheet) {
    for (key, row) in map.members() {
        match read_row(&key, row, takers, sheet) {
            Ok(()) => {}
            Err(why) => sheet.skip(why),
        }
    }
}

fn read_row(key: &str, row: Value<'_>, takers: &[Taker], sheet: &mut Sheet) -> Result<(), Skipped> {
    if ABOUT.contains(&key) {
        return Err(Skipped::Template);
    }
    let provider = row.get("litellm_provider").and_then(Value::text);
    let provider = provider.ok_or(Skipped::Malformed)?;
    let takers: Vec<_> = takers
        .iter()
        .filter(|taker| taker.is_litellm(&provider))
        .collect();
    if takers.is_empty() {
        return Err(Skipped::Provider);
    }
    let mode = row.get("mode").and_then(Value::text);
    // Only rows about classes of models have none.
    let mode = mode.ok_or(Skipped::Template)?;
    let attributes = Attributes::of(&mode, row).ok_or(Skipped::Mode)?;
    let upstream = upstream(key, &provider);
    if is_template(upstream) {
        return Err(Skipped::Template);
    }
    if is_regional(upstream, &provider) {
        return Err(Skipped::Region);
    }

    let author = author(&provider);
    let id = id(&takers[0].slug, author, upstream);
    let rates = rates(&provider, row);
    let mut model = attributes.model(&id);
    for taker in takers {
        let endpoint = attributes.endpoint(&taker.slug, upstream);
        for (tier, prices) in &rates.tiers {
            let tag = format!("{}/{}", taker.slug, tier.name());
            let endpoint = endpoint.clone().with_tag(&tag).with_prices(prices.clone());
            model = model.endpoint(endpoint);
        }
        let standard = endpoint.with_prices(rates.standard.prices.clone());
        model.endpoints.insert(0, standard);
    }
    if author.is_some_and(|author| is_by(author, &id)) {
        model = model.with_alias(upstream);
    }
    sheet.take(vec![model], rates.standard.gaps);
    Ok(())
}

/// The key without the provider before it: `azure/gpt-4o`, but also `vertex_ai/…` of `vertex_ai-llama_models`.
fn upstream<'a>(key: &'a str, provider: &str) -> &'a str {
    let base = |mark| provider.split_once(mark).map_or(provider, |(base, _)| base);
    let rest = [provider, base('-'), base('_')]
        .into_iter()
        .find_map(|name| key.strip_prefix(name)?.strip_prefix('/'));
    rest.unwrap_or(key)
}

/// `ft:gpt-4o` is what any fine-tuned one costs, `together-ai-4.1b-8b` any of that size, `container` one for code.
fn is_template(upstream: &str) -> bool {
    let classes = ["ft:", "together-ai-", "fireworks-ai-"];
    upstream == "container" || classes.iter().any(|class| upstream.starts_with(class))
}

/// `azure/eu/gpt-4o`, `bedrock/us-east-1/…`: elsewhere than at the one base URL.
fn is_regional(upstream: &str, provider: &str) -> bool {
    let hosts = ["azure", "bedrock", "bedrock_converse", "bedrock_mantle"];
    hosts.contains(&provider) && upstream.contains('/')
}
