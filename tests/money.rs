//! Money is exact: checked against long arithmetic on decimal digits.

use proptest::prelude::*;
use switchtower::{Femto, Money, ParsePriceError, Price};

#[test]
fn prices_from_text() {
    for (text, femtodollars) in [
        ("0", 0),
        ("-0", 0),
        ("0.000", 0),
        ("0e999999999999999999999", 0),
        ("0.00000015", 150_000_000),
        ("1.5e-7", 150_000_000),
        ("15E-8", 150_000_000),
        ("0.0000000000015e+5", 150_000_000),
        ("2.8e-9", 2_800_000),
        (".5", 500_000_000_000_000),
        ("5.", 5_000_000_000_000_000),
        ("0001", 1_000_000_000_000_000),
        ("0.0000000000000010000", 1),
        ("18446.744073709551615", u64::MAX),
    ] {
        assert_eq!(
            text.parse(),
            Ok(Price::from_femtodollars(femtodollars)),
            "{text}"
        );
    }
}

#[test]
fn prices_that_are_none() {
    use ParsePriceError::{Empty, Negative, NotANumber, TooLarge, TooPrecise};

    for (text, error) in [
        ("", Empty),
        (".", NotANumber),
        ("-", NotANumber),
        ("+1", NotANumber),
        ("--1", NotANumber),
        ("1.2.3", NotANumber),
        ("1e", NotANumber),
        ("1e1.5", NotANumber),
        ("1e-+5", NotANumber),
        ("e5", NotANumber),
        (" 1", NotANumber),
        ("1,5", NotANumber),
        ("1_000", NotANumber),
        ("NaN", NotANumber),
        ("inf", NotANumber),
        ("٣", NotANumber),
        ("-1", Negative),
        ("-1e-7", Negative),
        ("0.0000000000000001", TooPrecise { places: 15 }),
        ("1e-9223372036854775807", TooPrecise { places: 15 }),
        ("1.0000000000000001", TooPrecise { places: 15 }),
        ("0.1234567890123456789012345", TooPrecise { places: 15 }),
        ("18446.744073709551616", TooLarge),
        ("1e99999999999999999999", TooLarge),
    ] {
        assert_eq!(text.parse::<Price>(), Err(error), "{text}");
    }
    assert_eq!(
        Price::per_million("0.0000000001"),
        Err(TooPrecise { places: 9 })
    );
}

#[test]
fn no_drift_over_ten_million_requests() {
    let price: Price = "1.875e-8".parse().unwrap();
    let mut total = Femto::ZERO;
    for _ in 0..10_000_000 {
        total += price.times(3);
    }
    assert_eq!(total.to_string(), "0.5625");
}

#[test]
fn rounding_saturates() {
    let most = Price::from_femtodollars(u64::MAX).times(u64::MAX);
    assert_eq!(most, Femto::MAX);
    assert_eq!((most + most).round(), Money::MAX);
    assert_eq!(Femto::from_femtodollars(i128::MIN).round(), Money::MIN);
}

#[test]
fn money_is_an_exact_json_number() {
    #[derive(serde::Serialize)]
    struct Usage {
        cost: Money,
        price: Price,
    }
    let usage = Usage {
        cost: "-9223372.036854775807".parse().unwrap(),
        price: "1e-15".parse().unwrap(),
    };
    assert_eq!(
        serde_json::to_string(&usage).unwrap(),
        r#"{"cost":-9223372.036854775807,"price":"0.000000000000001"}"#
    );
    assert_eq!(Money::MIN.to_string().parse(), Ok(Money::MIN));
    assert_eq!(Money::ZERO.to_string(), "0");
}

proptest! {
    #[test]
    fn parses_like_long_arithmetic(
        negative: bool,
        whole in "[0-9]{0,8}",
        fraction in proptest::option::of("[0-9]{0,20}"),
        exponent in proptest::option::of(-20_i32..20),
    ) {
        let mut text = format!("{}{whole}", if negative { "-" } else { "" });
        if let Some(fraction) = &fraction {
            text += &format!(".{fraction}");
        }
        if let Some(exponent) = exponent {
            text += &format!("e{exponent}");
        }
        let (size, exact) = scaled(
            &format!("{whole}{}", fraction.as_deref().unwrap_or("")),
            exponent.unwrap_or(0) - fraction.as_deref().unwrap_or("").len() as i32,
            15,
        );
        let digits = whole.len() + fraction.as_deref().unwrap_or("").len();
        let expected = match size {
            _ if text.is_empty() => Err(ParsePriceError::Empty),
            _ if digits == 0 => Err(ParsePriceError::NotANumber),
            Some(0) if exact => Ok(Price::ZERO),
            // Which of several faults is named does not matter.
            _ if negative || !exact => Err(ParsePriceError::Negative),
            Some(size) => u64::try_from(size).map(Price::from_femtodollars).map_err(|_| ParsePriceError::TooLarge),
            None => Err(ParsePriceError::TooLarge),
        };
        match (text.parse::<Price>(), expected) {
            (Ok(price), Ok(expected)) => prop_assert_eq!(price, expected, "{}", text),
            (Err(_), Err(_)) => {}
            (got, expected) => prop_assert!(false, "{}: {:?} is not {:?}", text, got, expected),
        }
    }

    #[test]
    fn prices_survive_text(femtodollars: u64) {
        let price = Price::from_femtodollars(femtodollars);
        let text = price.to_string();
        prop_assert_eq!(text.parse(), Ok(price));
        prop_assert!(!text.contains('e') && !text.ends_with('.'));
        prop_assert!(!text.contains('.') || !text.ends_with('0'));
    }

    #[test]
    fn per_million_is_a_millionth(thousandths in 0_u64..10_000_000) {
        let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
        let price = Price::per_million(&text).unwrap();
        prop_assert_eq!(price.times(1_000_000).to_string().parse::<Price>(), text.parse());
    }

    #[test]
    fn money_survives_text_and_json(picodollars: i64) {
        let money = Money::from_picodollars(picodollars);
        let text = money.to_string();
        prop_assert_eq!(text.parse(), Ok(money));
        prop_assert_eq!(serde_json::to_string(&money).unwrap(), text);
        prop_assert_eq!(Femto::from(money).round(), money);
    }

    #[test]
    fn rounds_to_the_nearest_and_to_even(femtodollars in -(1_i128 << 72)..1_i128 << 72) {
        let rounded = i128::from(Femto::from_femtodollars(femtodollars).round().picodollars());
        let error = femtodollars - rounded * 1_000;
        let saturated = rounded == i128::from(i64::MAX) || rounded == i128::from(i64::MIN);
        prop_assert!(saturated || error.abs() < 500 || (error.abs() == 500 && rounded % 2 == 0));
    }

    #[test]
    fn halves_go_to_even(picodollars in -1_000_000_i64..1_000_000) {
        let half = Femto::from_femtodollars(i128::from(picodollars) * 1_000 + 500);
        let even = picodollars + picodollars.rem_euclid(2);
        prop_assert_eq!(half.round(), Money::from_picodollars(even));
    }

    #[test]
    fn sums_are_associative(prices: [u64; 3], units: [u32; 3]) {
        let [a, b, c] = std::array::from_fn(|i| Price::from_femtodollars(prices[i]).times(units[i].into()));
        prop_assert_eq!((a + b) + c, a + (b + c));
        prop_assert_eq!([a, b, c].into_iter().sum::<Femto>(), c + b + a);
        let exact = (0..3).map(|i| i128::from(prices[i]) * i128::from(units[i])).sum::<i128>();
        prop_assert_eq!((a + b + c).femtodollars(), exact);
    }

    #[test]
    fn junk_never_panics(text in "\\PC{0,40}") {
        let _ = text.parse::<Price>();
        let _ = text.parse::<Money>();
    }
}

/// `digits` × 10^`exponent` in units of 10^-`places`, one digit at a time, and whether nothing was lost.
fn scaled(digits: &str, exponent: i32, places: i32) -> (Option<i128>, bool) {
    let mut digits = digits.to_owned();
    let mut exact = true;
    let shift = exponent + places;
    for _ in 0..shift {
        digits.push('0');
    }
    for _ in shift..0 {
        exact &= !matches!(digits.pop(), Some('1'..='9'));
    }
    let value = digits.trim_start_matches('0');
    if value.is_empty() {
        return (Some(0), exact);
    }
    (value.parse().ok(), exact)
}
