//! Which price list is in force, and what it comes to.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use switchtower::Price;
use switchtower::catalog::{
    Catalog, EndpointSpec, Hours, InvalidHours, ModelSpec, Override, Prices, Problem, Provider,
    Rate, Weekday,
};

const DAY: u64 = 24 * 60 * 60;

#[test]
fn a_threshold_is_passed_only_by_more() {
    let prices = Prices::unknown()
        .with(Rate::Prompt, usd("1.25"))
        .with(Rate::Completion, usd("10"))
        .with_override(
            Override::new()
                .above(200_000)
                .with(Rate::Prompt, usd("2.50")),
        );
    let at = |tokens| prices.at(tokens, UNIX_EPOCH);

    assert_eq!(at(200_000).prompt(), Some(usd("1.25")));
    assert_eq!(at(200_001).prompt(), Some(usd("2.50")));
    assert_eq!(at(200_001).completion(), Some(usd("10")));
    assert!(matches!(at(200_000), Cow::Borrowed(_)));
}

#[test]
fn a_window_is_half_open_and_may_wrap() {
    let at = |clock: &str, hhmm: u64| {
        let hours: Hours = clock.parse().unwrap();
        hours.contains(moment(0, hhmm / 100 * 60 + hhmm % 100))
    };
    for (window, inside, outside) in [
        ("00:00-06:00", [0, 559], [600, 2359]),
        ("22:30-01:00", [2230, 59], [2229, 100]),
        ("09:00-24:00", [900, 2359], [0, 859]),
        ("23:59-00:00", [2359, 2359], [2358, 0]),
        ("24:00-00:01", [0, 0], [1, 2359]),
    ] {
        assert!(inside.iter().all(|hhmm| at(window, *hhmm)), "{window}");
        assert!(!outside.iter().any(|hhmm| at(window, *hhmm)), "{window}");
    }
}

#[test]
fn what_is_no_window_is_refused() {
    for (text, error) in [
        ("", InvalidHours::NotAWindow),
        ("00:00", InvalidHours::NotAWindow),
        ("0:00-6:00", InvalidHours::NotAWindow),
        ("+1:00-06:00", InvalidHours::NotAWindow),
        ("00:00-06:00-07:00", InvalidHours::NotAWindow),
        ("00:60-06:00", InvalidHours::NoTime),
        ("00:00-24:01", InvalidHours::NoTime),
        ("99:99-00:00", InvalidHours::NoTime),
        ("06:00-06:00", InvalidHours::Empty),
        ("24:00-00:00", InvalidHours::Empty),
    ] {
        assert_eq!(text.parse::<Hours>(), Err(error), "{text:?}");
    }
    assert_eq!(Hours::hhmm(u16::MAX, 0), Err(InvalidHours::NoTime));
    assert!("00:00-24:00".parse::<Hours>().is_ok(), "the whole day");
}

#[test]
fn the_last_override_that_applies_wins_rate_by_rate() {
    let prices = Prices::unknown()
        .with(Rate::Prompt, usd("1"))
        .with(Rate::Completion, usd("4"))
        .with_override(
            Override::new()
                .above(10)
                .with(Rate::Prompt, usd("2"))
                .with(Rate::Completion, usd("8")),
        )
        .with_override(Override::new().above(5).with(Rate::Prompt, usd("3")));
    let at = |tokens| {
        let list = prices.at(tokens, UNIX_EPOCH);
        (list.prompt().unwrap(), list.completion().unwrap())
    };
    assert_eq!(at(5), (usd("1"), usd("4")));
    assert_eq!(at(6), (usd("3"), usd("4")));
    assert_eq!(at(11), (usd("3"), usd("8")), "listed later, though lower");
}

#[test]
fn a_rate_that_stands_in_does_so_after_the_overrides() {
    let prices = Prices::unknown()
        .with(Rate::Prompt, usd("1"))
        .with_override(Override::new().with(Rate::Prompt, usd("2")));
    assert_eq!(prices.at(0, UNIX_EPOCH).cache_write_1h(), Some(usd("2")));
    assert_eq!(prices.at(0, UNIX_EPOCH).completion(), None, "still unknown");
}

#[test]
fn days_are_those_of_utc() {
    let weekend = Override::new()
        .on(&[Weekday::Saturday, Weekday::Sunday])
        .with(Rate::Prompt, Price::ZERO);
    assert_eq!(
        weekend.days(),
        Some(vec![Weekday::Saturday, Weekday::Sunday])
    );
    // 1970-01-01 was a Thursday.
    let held: Vec<_> = (0..7)
        .filter(|day| weekend.applies(0, moment(*day, 0)))
        .collect();
    assert_eq!(held, [2, 3]);
    assert!(!Override::new().on(&[]).applies(0, UNIX_EPOCH));
}

#[test]
fn more_overrides_than_anybody_needs_are_refused() {
    let catalog = |count| {
        let one = || Override::new().with(Rate::Prompt, usd("1"));
        let prices = (0..count).fold(Prices::unknown(), |list, _| list.with_override(one()));
        Catalog::builder()
            .provider(Provider::new("acme", "https://acme.test".parse().unwrap()))
            .model(
                ModelSpec::new("a/b").endpoint(EndpointSpec::new("acme", "b").with_prices(prices)),
            )
            .build()
    };
    assert!(catalog(Prices::MAX_OVERRIDES).is_ok());
    let error = catalog(Prices::MAX_OVERRIDES + 1).unwrap_err();
    assert!(matches!(error.kind(), Problem::TooMany { limit: 32 }));
    assert_eq!(
        error.field(),
        r#"models."a/b".endpoints[0].prices.overrides"#
    );
}

proptest! {
    #[test]
    fn the_list_in_force_is_that_of_a_slow_oracle(
        prices in lists(),
        tokens in 0_u64..12,
        wall in moments(),
    ) {
        let told = prices.at(tokens, wall);
        for rate in Rate::ALL {
            prop_assert_eq!(told.listed(rate), oracle(&prices, rate, tokens, wall));
        }
        let none = prices.overrides().iter().all(|o| !o.applies(tokens, wall));
        prop_assert_eq!(matches!(told, Cow::Borrowed(_)), none);
    }

    /// A hold covers the bill, whatever the hour and however long the prompt turns out to be.
    #[test]
    fn nothing_is_dearer_than_the_dearest(
        prices in lists(),
        bound in 0_u64..12,
        short in 0_u64..12,
        wall in moments(),
    ) {
        let tokens = bound.saturating_sub(short);
        let (dearest, told) = (prices.dearest(bound), prices.at(tokens, wall));
        for rate in Rate::ALL {
            prop_assert!(told.get(rate) <= dearest.get(rate), "{:?}", rate);
        }
    }

    #[test]
    fn hours_print_as_they_are_read(start in 0_u16..24 * 60, end in 1_u16..=24 * 60) {
        prop_assume!(start != end % (24 * 60) || end == 24 * 60 && start == 0);
        let hhmm = |minutes: u16| minutes / 60 * 100 + minutes % 60;
        let hours = Hours::hhmm(hhmm(start), hhmm(end)).unwrap();
        prop_assert_eq!((hours.start(), hours.end()), (hhmm(start), hhmm(end)));
        prop_assert_eq!(hours.to_string().parse(), Ok(hours));
    }
}

/// By the words of the specification, one minute and one rate at a time.
fn oracle(prices: &Prices, rate: Rate, tokens: u64, wall: SystemTime) -> Option<Price> {
    let seconds = wall.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let minute = seconds % DAY / 60;
    let weekday = Weekday::ALL[(seconds / DAY + 3) as usize % 7];
    let holds = |o: &Override| {
        let long = o.min_prompt_tokens().is_none_or(|above| tokens > above);
        let timely = o.hours().is_none_or(|hours| {
            let of_day = |hhmm: u16| u64::from(hhmm / 100 * 60 + hhmm % 100);
            let (mut at, end) = (of_day(hours.start()), of_day(hours.end()) % 1440);
            // Step by step from its start until its end comes.
            loop {
                if at == minute {
                    return true;
                }
                at = (at + 1) % 1440;
                if at == end {
                    return false;
                }
            }
        });
        long && timely && o.days().is_none_or(|days| days.contains(&weekday))
    };
    let overridden = prices.overrides().iter().rev().filter(|o| holds(o));
    let listed = overridden.filter_map(|o| o.listed(rate)).next();
    listed.or(prices.listed(rate))
}

fn lists() -> impl Strategy<Value = Prices> {
    let rates = || prop::collection::vec((0..Rate::ALL.len(), 0_u64..5), 0..5);
    let hours = (0_u16..24, 0_u16..24, 0_u16..60).prop_filter_map("empty", |(from, to, minute)| {
        Hours::hhmm(from * 100 + minute, to * 100).ok()
    });
    let days = prop::collection::vec(prop::sample::select(&Weekday::ALL[..]), 0..4);
    let overrides = (
        prop::option::of(0_u64..10),
        prop::option::of(hours),
        prop::option::weighted(0.3, days),
        rates(),
    )
        .prop_map(|(above, hours, days, rates)| {
            let mut one = Override::new();
            if let Some(above) = above {
                one = one.above(above);
            }
            if let Some(hours) = hours {
                one = one.during(hours);
            }
            if let Some(days) = days {
                one = one.on(&days);
            }
            let price = Price::from_femtodollars;
            rates
                .into_iter()
                .fold(one, |one, (rate, p)| one.with(Rate::ALL[rate], price(p)))
        });
    (rates(), prop::collection::vec(overrides, 0..5)).prop_map(|(rates, overrides)| {
        let price = Price::from_femtodollars;
        let base = rates
            .into_iter()
            .fold(Prices::unknown(), |list, (rate, p)| {
                list.with(Rate::ALL[rate], price(p))
            });
        overrides.into_iter().fold(base, Prices::with_override)
    })
}

fn moments() -> impl Strategy<Value = SystemTime> {
    (0_u64..14, 0_u64..1440).prop_map(|(day, minute)| moment(day, minute))
}

fn moment(day: u64, minute: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(day * DAY + minute * 60)
}

fn usd(per_million: &str) -> Price {
    Price::per_million(per_million).unwrap()
}
