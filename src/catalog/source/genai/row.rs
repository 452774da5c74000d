//! A model of a provider.

use std::time::SystemTime;

use super::dated::{InForce, earlier, has_begun, in_force};
use super::names::names;
use super::rates::draft;
use crate::catalog::source::company::{Taker, author};
use crate::catalog::source::name::{id, is_by};
use crate::catalog::source::sheet::Sheet;
use crate::catalog::source::value::{Value, tokens};
use crate::catalog::{EndpointSpec, Gap, ModelSpec, Skipped};
use crate::wire::{Modalities, Modality, Tier};

/// Some ten times as many as any variant has: each is compared with those before.
const MAX_PRICES: usize = 128;

/// A price list that takes the place of some prices for one tier.
type Variant<'a> = (Tier, Vec<(String, Value<'a>)>);

pub(super) fn read(
    provider: &str,
    row: Value<'_>,
    takers: &[&Taker],
    wall: SystemTime,
    sheet: &mut Sheet,
) -> Result<(), Skipped> {
    let title = row
        .get("id")
        .and_then(Value::text)
        .ok_or(Skipped::Malformed)?;
    let prices = row.get("prices").ok_or(Skipped::Malformed)?;
    if row.get("deprecated").and_then(Value::bool) == Some(true) {
        return Err(Skipped::Retired);
    }
    let standard = in_force(prices, wall);
    // What is skipped today may have a price on that day.
    if let Some(until) = standard.until {
        sheet.until = earlier(sheet.until, until);
    }
    if standard
        .base
        .is_none_or(|list| list.get("input_mtok").is_none())
    {
        return Err(Skipped::Mode);
    }
    let mut gaps = Vec::new();
    let variants = variants(row, wall, &mut gaps, &mut sheet.until);
    if standard.odd {
        gaps.push(("constraint".into(), Gap::Condition));
    }

    let names = names(&title, row.get("match"));
    let takers: Vec<_> = takers
        .iter()
        .filter(|taker| serves(taker, provider, &names[0]))
        .collect();
    let Some(taker) = takers.first() else {
        return Err(Skipped::Provider);
    };
    let mut list = draft(&standard, &[]);
    list.finish();
    gaps.append(&mut list.gaps);
    let mut models = Vec::new();
    for name in &names {
        let author = author(provider).filter(|author| is_of(author, name));
        let id = id(&taker.slug, author, name);
        let mut model = about(&id, name, row, &standard);
        for taker in &takers {
            let endpoint = EndpointSpec::new(&taker.slug, name);
            model = model.endpoint(endpoint.clone().with_prices(list.prices.clone()));
            for (tier, instead) in &variants {
                let tag = format!("{}/{}", taker.slug, tier.name());
                let prices = draft(&standard, instead).prices;
                model = model.endpoint(endpoint.clone().with_tag(&tag).with_prices(prices));
            }
        }
        if author.is_some_and(|author| is_by(author, &id)) {
            model = model.with_alias(name);
        }
        models.push(model);
    }
    sheet.take(models, gaps);
    Ok(())
}

fn about(id: &str, name: &str, row: Value<'_>, standard: &InForce<'_>) -> ModelSpec {
    let mut model = ModelSpec::new(id);
    if let Some(title) = row.get("name").and_then(Value::text) {
        model = model.with_name(&title);
    }
    model.context_length = tokens(row, "context_window");
    let lists = |key| standard.base.is_some_and(|list| list.get(key).is_some());
    // It does not say what a model writes; but what has no price for output writes no text.
    if name.contains("embed") && !lists("output_mtok") {
        model = model.with_output(Modalities::NONE.with(Modality::Embeddings));
    } else if lists("output_image_mtok") {
        model = model.with_output(Modalities::TEXT.with(Modality::Image));
    }
    model
}

/// Each price is that of the first variant which has begun.
fn variants<'a>(
    row: Value<'a>,
    wall: SystemTime,
    gaps: &mut Vec<(Box<str>, Gap)>,
    until: &mut Option<SystemTime>,
) -> Vec<Variant<'a>> {
    let mut found: Vec<Variant<'a>> = Vec::new();
    for variant in row
        .get("price_variants")
        .map(Value::items)
        .unwrap_or_default()
    {
        let conditions = variant.get("when").map(Value::members).unwrap_or_default();
        let tier = match conditions.as_slice() {
            [(key, value)] if key == "service_tier" => {
                let name = value.text().unwrap_or_default();
                Tier::named(&name).ok_or(Gap::Tier)
            }
            [(key, value)] if key == "processing" && value.text().as_deref() == Some("batch") => {
                Err(Gap::Batch)
            }
            _ => Err(Gap::Condition),
        };
        let (begun, later) = has_begun(variant.get("constraint"), wall);
        if let Some(later) = later {
            *until = earlier(*until, later);
        }
        match tier {
            Err(why) if begun => gaps.push(("price_variants".into(), why)),
            Ok(tier) if begun && tier != Tier::Default => {
                let prices = variant
                    .get("prices")
                    .map(Value::members)
                    .unwrap_or_default();
                let at = found.iter().position(|(of, _)| *of == tier);
                let at = at.unwrap_or_else(|| {
                    found.push((tier, Vec::new()));
                    found.len() - 1
                });
                let list = &mut found[at].1;
                for (key, value) in prices {
                    if list.iter().any(|(other, _)| *other == key) {
                        continue;
                    }
                    match list.len() < MAX_PRICES {
                        true => list.push((key.into_owned(), value)),
                        false => gaps.push(("price_variants".into(), Gap::Bound)),
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Under `google` stand the models of two providers: AI Studio has Google's own, Vertex those of others too.
fn serves(taker: &Taker, provider: &str, name: &str) -> bool {
    provider != "google" || !taker.is_litellm("gemini") || is_of("google", name)
}

fn is_of(author: &str, name: &str) -> bool {
    author != "google"
        || ["gem", "learnlm", "text-embedding"]
            .iter()
            .any(|begins| name.starts_with(begins))
}
