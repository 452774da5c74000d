//! The catalogue's files, looked at every second.

use std::time::{Duration, Instant, SystemTime};

use switchtower::catalog::{Catalog, Reloader};
use switchtower::limits::Rule;
use switchtower::settle::Books;
use switchtower::standing::Roster;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

const EVERY: Duration = Duration::from_secs(1);

/// What each source gave, and which prices it has that no list has.
pub(crate) fn report(catalog: &Catalog) {
    for report in catalog.reports() {
        info!("{report}");
        for unpriced in report.unpriced() {
            tracing::debug!("not priced: {unpriced}");
        }
    }
}

/// Puts in force what the files say, for ever. Who asks at that moment stays with what was in force.
pub(crate) async fn watch(mut reloader: Reloader, roster: Roster, books: Books) {
    let mut seconds = tokio::time::interval(EVERY);
    // What a long look has missed is not made up for.
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        // Files may block, and a map takes some milliseconds to be read.
        let look = tokio::task::spawn_blocking(move || {
            let found = reloader.check(SystemTime::now());
            (reloader, found)
        });
        let Ok((looked, found)) = look.await else {
            return warn!("the catalogue is not looked at any more");
        };
        reloader = looked;
        match found {
            None => {}
            Some(Err(error)) => warn!("{error}"),
            Some(Ok((catalog, changes))) => {
                info!("catalogue {}: {changes}", catalog.revision());
                for repriced in changes.repriced() {
                    info!("{repriced}");
                }
                report(&catalog);
                if catalog.limits() != roster.lineup().catalog().limits() {
                    limit(&books, catalog.limits().to_vec()).await;
                }
                roster.swap(catalog, Instant::now());
            }
        }
    }
}

/// Limits begin with what the books say was used, which takes a while where there are many.
async fn limit(books: &Books, rules: Vec<Rule>) {
    let (books, count) = (books.clone(), rules.len());
    let set = tokio::task::spawn_blocking(move || books.set_limits(rules));
    match set.await {
        Ok(Ok(())) => info!("limits in force: {count}"),
        Ok(Err(error)) => {
            warn!("`[[limits]]` stay as they were, the books cannot be read: {error}")
        }
        Err(error) => warn!("`[[limits]]` stay as they were: {error}"),
    }
}
