//! Puts the endpoints that are left into the order in which to ask them.

use super::super::ask::Ask;
use super::super::cost::token_price;
use super::super::entry::Entry;
use super::super::filter::{Filters, place};
use super::Mode;
use super::balance::draw;
use super::explore::explore;
use super::measure::Measure;
use super::place::{Doing, Late, NO_BAND, Place};
use super::strategy::better_of_two;
use super::thresholds::late;
use crate::catalog::Strategy;
use crate::plan::Reason;
use crate::standing::{Backend, Conversation, Need};
use crate::wire::{Partition, Thresholds};

/// Orders them. They come model by model, each model's in the order of the catalogue.
pub(in crate::choose) fn rank(
    entries: &mut [Entry<'_>],
    ask: &Ask<'_>,
    filters: &Filters<'_>,
    conversation: Option<&Conversation>,
    random: &mut fastrand::Rng,
) {
    for entry in entries.iter_mut() {
        entry.mode = Mode::of(filters, &entry.wanted, &entry.endpoint);
    }
    // A partition says over what a sort ranges; without one, or between two, it says nothing.
    let first = entries.first().map(|entry| entry.mode);
    let together = filters.preferences.partition == Some(Partition::Together)
        && matches!(first, Some(Mode::Sorted(_)))
        && entries.iter().all(|entry| Some(entry.mode) == first);
    for of_model in entries.chunk_by_mut(|a, b| a.place.model == b.place.model) {
        put(of_model, ask, filters, conversation, random);
    }
    if together {
        entries.iter_mut().for_each(|entry| entry.place.model = 0);
    }
    entries.sort_unstable_by_key(|entry| entry.place);
    for rivals in entries.chunk_by_mut(|a, b| a.place.competes_with(&b.place)) {
        head(rivals, ask, random);
    }
    if filters.preferences.allow_fallbacks {
        explore(entries, random);
    }
}

/// Gives each endpoint of one model its place.
fn put(
    entries: &mut [Entry<'_>],
    ask: &Ask<'_>,
    filters: &Filters<'_>,
    conversation: Option<&Conversation>,
    random: &mut fastrand::Rng,
) {
    let (wish, now) = (filters.preferences, ask.now);
    let needs = match entries.first() {
        Some(entry) => &filters.needs.of_model(entry.standing.density()),
        None => return,
    };
    let mut measure = Measure::of(entries, ask, needs);
    let warm = conversation.and_then(|conversation| {
        let warm = conversation.warm(entries.first()?.endpoint.model(), now)?;
        Some((conversation, warm))
    });
    let listed = wish.order.len() as u32;
    let none = Thresholds::default();
    let hurries = wish.preferred_min_throughput != none || wish.preferred_max_latency != none;
    for entry in entries.iter_mut() {
        let Backend {
            endpoint, standing, ..
        } = &**entry.backend;
        let warm = warm.is_some_and(|(conversation, warm)| conversation.is(warm, endpoint));
        let (mode, shared) = (entry.mode, !endpoint.has_own_key());
        let tokens = || Need {
            input: needs.prompt,
            output: needs.answer,
        };
        let doing = Doing::of(standing, tokens, now);
        let band = match place(&wish.order, endpoint) {
            Some(place) => place as u32,
            None if needs.tier.is_some() && needs.tier == endpoint.tier() => listed,
            None => NO_BAND,
        };
        let late = match hurries {
            true => late(wish, standing, now),
            false => Late::Meets,
        };
        let moves = doing <= Doing::Degraded
            && !matches!(mode, Mode::Ordered | Mode::Strategy(Strategy::ExpectedCost));
        let prices = endpoint.prices().at(needs.prompt, ask.wall);
        let rank = measure.rank(entry, &prices, warm, random);
        entry.unknown = late == Late::Unmeasured || rank.is_none();
        entry.place = Place {
            late,
            shared,
            band,
            cold: !(warm && moves),
            doing,
            rank: rank.unwrap_or(mode.unmeasured()),
            price: token_price(&prices, needs),
            ..entry.place
        };
    }
    // Whoever names an endpoint wants it, fast or not, and an own key comes first: it is as good as the best of its model.
    let best = entries.iter().map(|entry| entry.place.late).min();
    for entry in entries {
        let ordered = entry.place.band < listed;
        if let Some(best) = best.filter(|_| ordered || !entry.place.shared) {
            entry.place.late = best;
        }
        let reason = entry.place.reason(ordered);
        entry.reason = reason.unwrap_or(entry.mode.reason());
    }
}

/// Draws the first of those that compete for one place, unless one of them stands there anyway.
fn head(rivals: &mut [Entry<'_>], ask: &Ask<'_>, random: &mut fastrand::Rng) {
    let Some(Entry {
        place: first, mode, ..
    }) = rivals.first().cloned()
    else {
        return;
    };
    if !first.cold || first.doing >= Doing::Unsteady {
        return;
    }
    let alike = |entry: &&Entry<'_>| entry.place.doing == first.doing && entry.mode == mode;
    let count = rivals.iter().take_while(alike).count();
    let (drawn, reason) = match mode {
        Mode::Strategy(Strategy::Balanced) => {
            let prices = rivals[..count].iter().map(|entry| entry.place.price);
            (draw(prices, random), Reason::Drawn)
        }
        Mode::Tools => {
            let equals = rivals[..count].iter();
            let equals = equals.take_while(|entry| entry.place.rank == first.rank);
            (
                draw(equals.map(|entry| entry.place.price), random),
                Reason::Quality,
            )
        }
        Mode::Strategy(Strategy::PowerOfTwo) => {
            let standing = |place: usize| &*rivals[place].standing;
            (
                better_of_two(count, standing, random, ask.now),
                Reason::PowerOfTwo,
            )
        }
        _ => return,
    };
    if let Some(drawn) = drawn {
        rivals[..=drawn].rotate_right(1);
        let plain = mode.reason();
        if rivals[0].reason == plain {
            rivals[0].reason = reason;
        }
    }
}
