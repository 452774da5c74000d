//! Prices and catalogues: no text makes them panic, and what is accepted reads back the same.
#![no_main]

use std::time::UNIX_EPOCH;

use libfuzzer_sys::fuzz_target;
use switchtower::catalog::Catalog;
use switchtower::{Money, Price};

fuzz_target!(|text: &str| {
    if let Ok(price) = text.parse::<Price>() {
        assert_eq!(price.to_string().parse(), Ok(price));
    }
    if let Ok(money) = text.parse::<Money>() {
        assert_eq!(money.to_string().parse(), Ok(money));
    }
    let _ = Price::per_million(text);
    let env = |name: &str| (!name.is_empty()).then(|| "key".to_owned());
    match Catalog::from_toml(text, "fuzz.toml", env) {
        Ok(catalog) => {
            for model in catalog.models() {
                assert!(catalog.find(model.id()).is_some());
                assert!(!model.endpoints().is_empty());
                for endpoint in model.endpoints() {
                    let prices = endpoint.prices();
                    let (told, dearest) = (prices.at(9, UNIX_EPOCH), prices.dearest(9));
                    assert!(told.prompt() <= dearest.prompt());
                }
            }
            for (name, model) in catalog.families() {
                assert!(!model.is_hidden());
                assert_eq!(
                    catalog.latest(name).map(|found| found.id()),
                    Some(model.id())
                );
            }
            assert!(catalog.nearest(text).len() <= 3);
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "one line: {error}"),
    }
});
