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
    let mut limits = Limits::of(&roster);
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
            None => limits.set(&books).await,
            Some(Err(error)) => warn!("{error}"),
            Some(Ok((catalog, changes))) => {
                info!("catalogue {}: {changes}", catalog.revision());
                for repriced in changes.repriced() {
                    info!("{repriced}");
                }
                report(&catalog);
                limits.want(catalog.limits());
                // Whoever is let in by the new catalogue is counted by its limits, if they can be set.
                limits.set(&books).await;
                roster.swap(catalog, Instant::now());
            }
        }
    }
}

/// Those in force, and those that the file says: again and again, until the books can be read.
struct Limits {
    set: Vec<Rule>,
    wanted: Vec<Rule>,
    /// Was it told that they cannot be set?
    told: bool,
}

// === impl Limits ===

impl Limits {
    fn of(roster: &Roster) -> Self {
        let set = roster.lineup().catalog().limits().to_vec();
        Self {
            wanted: set.clone(),
            set,
            told: false,
        }
    }

    fn want(&mut self, rules: &[Rule]) {
        if self.wanted != rules {
            (self.wanted, self.told) = (rules.to_vec(), false);
        }
    }

    /// They begin with what the books say was used, which takes a while where there are many.
    async fn set(&mut self, books: &Books) {
        if self.set == self.wanted {
            return;
        }
        let (books, rules) = (books.clone(), self.wanted.clone());
        let set = tokio::task::spawn_blocking(move || books.set_limits(rules));
        let why = match set.await {
            Ok(Ok(())) => {
                self.set.clone_from(&self.wanted);
                return info!("limits in force: {}", self.set.len());
            }
            Ok(Err(error)) => format!("the books cannot be read: {error}"),
            Err(error) => error.to_string(),
        };
        if !std::mem::replace(&mut self.told, true) {
            warn!("`[[limits]]` stay as they were for now: {why}");
        }
    }
}
