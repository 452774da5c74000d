//! Prices, catalogues and sources: no text makes them panic, and what is accepted reads back the same.
#![no_main]

use std::time::UNIX_EPOCH;

use libfuzzer_sys::fuzz_target;
use switchtower::catalog::{Catalog, Changes, Format, Skipped};
use switchtower::{Money, Price};

fuzz_target!(|text: &str| {
    if let Ok(price) = text.parse::<Price>() {
        assert_eq!(price.to_string().parse(), Ok(price));
    }
    if let Ok(money) = text.parse::<Money>() {
        assert_eq!(money.to_string().parse(), Ok(money));
    }
    let _ = Price::per_million(text);
    source(text);
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

/// A catalogue that takes rows of everybody the seeds tell of, over whatever the text is.
fn source(text: &str) {
    let toml = r#"
        sources = ["fuzz.json", "fuzz.json"]
        providers.openai.base_url = "http://127.0.0.1/"
        providers.openrouter.base_url = "http://127.0.0.1/"
        providers.azure.base_url = "http://127.0.0.1/"
        providers.deepinfra.base_url = "http://127.0.0.1/"
        [providers.any]
        base_url = "http://127.0.0.1/"
        prices_as = ["*"]
    "#;
    let files = |_: &str| Ok(text.as_bytes().to_vec());
    let catalog = match Catalog::from_toml_with(toml, "fuzz.toml", |_| None, files) {
        Ok(catalog) => catalog,
        Err(error) => return assert!(!error.to_string().contains('\n'), "one line: {error}"),
    };
    assert!(Format::detect(text.as_bytes()).is_some());
    for report in catalog.reports() {
        let skipped: usize = Skipped::ALL.iter().map(|why| report.skipped(*why)).sum();
        assert_eq!(report.rows(), report.taken() + skipped, "{report}");
    }
    for model in catalog.models() {
        assert!(catalog.find(model.id()).is_some());
        assert!(!model.endpoints().is_empty());
    }
    assert!(Changes::between(&catalog, &catalog).is_empty());
}
