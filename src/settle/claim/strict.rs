//! The most that a request can cost.

use super::asks::Asks;
use super::dearest::Most;
use super::no_bound::NoBound;
use crate::catalog::{Endpoint, UnknownPrices};
use crate::money::Femto;
use crate::wire::Modality;

/// What a chat format adds to each message. OpenAI counts 3 or 4 ("How to count tokens with tiktoken"); no format that is
/// known needs more than a dozen for the marks of a role and of an end.
const PER_MESSAGE: u64 = 16;
/// What a provider says of tools by itself: Anthropic counts up to 530 ("Tool use", pricing), others less.
const TOOLS: u64 = 640;

/// The most that a request can cost at an endpoint, by the formula of the [module docs](super).
///
/// # Errors
///
/// Where that has no bound.
pub fn strict(endpoint: &Endpoint, asks: &Asks) -> Result<Femto, NoBound> {
    match cap(endpoint) {
        Some(cap) => Ok(cap),
        None => bounded(endpoint, asks),
    }
}

/// Likewise, of one that has no [`cap`].
pub(super) fn bounded(endpoint: &Endpoint, asks: &Asks) -> Result<Femto, NoBound> {
    cost(endpoint, asks, &prompt(endpoint, asks)?)
}

/// Likewise, but where a part has no bound of its own the context bounds all of the prompt.
pub(super) fn within_context(endpoint: &Endpoint, asks: &Asks) -> Result<Femto, NoBound> {
    let most = match (prompt(endpoint, asks), endpoint.context_length()) {
        (Err(NoBound::Part(_) | NoBound::Strange), Some(context)) => Most {
            other: context,
            images: asks.images(),
            searches: searches(endpoint, asks)?.0,
            ..Most::default()
        },
        (most, _) => most?,
    };
    cost(endpoint, asks, &most)
}

/// The most that is charged, whatever is asked: of whom nobody knows the price, and of who charges for nothing.
pub(super) fn cap(endpoint: &Endpoint) -> Option<Femto> {
    match endpoint.unknown_price() {
        Some(UnknownPrices::Cap(amount)) => Some((*amount).into()),
        _ if endpoint.is_free() && endpoint.prices_elsewhere().next().is_none() => {
            Some(Femto::ZERO)
        }
        _ => None,
    }
}

fn cost(endpoint: &Endpoint, asks: &Asks, most: &Most) -> Result<Femto, NoBound> {
    let most = Most {
        output: output(endpoint, asks)?,
        ..*most
    };
    let cost = |prices| most.cost(prices, asks.output);
    let own = cost(endpoint.prices()).ok_or(NoBound::Price)?;
    // It may answer in another tier than was asked for.
    Ok(endpoint
        .prices_elsewhere()
        .filter_map(cost)
        .fold(own, Femto::max))
}

/// All that may be read.
fn prompt(endpoint: &Endpoint, asks: &Asks) -> Result<Most, NoBound> {
    if asks.strange {
        return Err(NoBound::Strange);
    }
    if asks.own_tools {
        return Err(NoBound::Tool);
    }
    let (searches, found) = searches(endpoint, asks)?;
    let added = asks.messages.saturating_mul(PER_MESSAGE) + if asks.tools { TOOLS } else { 0 };
    let mut most = Most {
        text: asks.body.saturating_add(added).saturating_add(found),
        images: asks.images(),
        searches,
        ..Most::default()
    };
    for &(modality, count, bytes) in &asks.parts {
        if count == 0 {
            continue;
        }
        let each = endpoint.bounds().of(modality);
        let tokens = each.ok_or(NoBound::Part(modality))?.saturating_mul(count);
        let place = match modality {
            Modality::Image => &mut most.image,
            _ => &mut most.other,
        };
        *place = place.saturating_add(tokens);
        most.text = most.text.saturating_sub(bytes);
    }
    Ok(most)
}

/// How often the web may be searched for all answers, and the tokens of what is found: as often for each as the catalogue says,
/// and as the request does.
fn searches(endpoint: &Endpoint, asks: &Asks) -> Result<(u64, u64), NoBound> {
    if !asks.searches {
        return Ok((0, 0));
    }
    let bounds = endpoint.bounds();
    let each = bounds.searches.ok_or(NoBound::Searches)?;
    let searches = each.max(asks.max_searches).saturating_mul(asks.answers);
    let found = bounds.search.ok_or(NoBound::Searches)?;
    Ok((searches, searches.saturating_mul(found)))
}

/// All that may be written.
fn output(endpoint: &Endpoint, asks: &Asks) -> Result<u64, NoBound> {
    let longest = match (asks.max_output, endpoint.max_completion_tokens()) {
        (Some(asked), Some(limit)) => Some(asked.min(limit)),
        (asked, limit) => asked.or(limit).or(endpoint.context_length()),
    };
    let longest = longest.ok_or(NoBound::Answer)?;
    // Of what was predicted, it is billed as well what turned out otherwise.
    Ok(longest
        .saturating_add(asks.predicted)
        .saturating_mul(asks.answers))
}
