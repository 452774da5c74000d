//! A plan alone: one request among ten endpoints, in a small catalogue and in a large one.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Prices, Provider, Rate};
use switchtower::choose::{Ask, plan};
use switchtower::standing::{Roster, Sticky};
use switchtower::wire::{Field, Fields};
use switchtower::{Payload, Price};

use crate::measure::{Cost, Gauge};

const ENDPOINTS: usize = 10;

/// What a request says of providers: nothing; all that filters look at; and an order by what was measured.
pub(crate) const WISHES: [(&str, &str); 3] = [
    ("", ""),
    (
        "filtered",
        r#""provider":{"ignore":["p9","p8"],"max_price":{"prompt":7,"completion":"7"},"zdr":true,"require_parameters":true},"#,
    ),
    (
        "sorted",
        r#""provider":{"sort":"throughput","preferred_max_latency":{"p90":2}},"session_id":"chat-1","#,
    ),
];

/// The cost of a plan for this body with this wish, in a catalogue of so many models with ten endpoints each.
pub(crate) fn plan_of(gauge: &mut Gauge, body: &Bytes, wish: &str, models: usize) -> Cost {
    let text = std::str::from_utf8(body).expect("JSON is text");
    let text = text.replacen('{', &format!("{{{wish}"), 1);
    let payload = Payload::read(text).unwrap();
    let now = Instant::now();
    let roster = Roster::new(Arc::new(catalog(models)), now);
    let lineup = roster.lineup();
    for (endpoint, standing) in lineup.endpoints().take(2 * ENDPOINTS) {
        let first_token = Duration::from_millis(100 + endpoint.index() as u64);
        for _ in 0..200 {
            standing.succeeded(now, Some(first_token), Some(50_000));
        }
    }
    let sticky = Arc::new(Sticky::new(now));
    let mut seed = 0;
    gauge.of(|| {
        seed += 1;
        let ask = Ask::new(&payload, seed, now).wall(SystemTime::UNIX_EPOCH);
        let plan = plan(&ask.sticky(&sticky), &lineup).unwrap();
        assert_eq!(plan.candidates.len() + plan.rejected.len(), ENDPOINTS);
        plan
    })
}

fn catalog(models: usize) -> Catalog {
    let slugs: Vec<_> = (0..ENDPOINTS).map(|n| format!("p{n}")).collect();
    let provider = |slug: &String| {
        let url = format!("http://{slug}.example/v1").parse().unwrap();
        Provider::new(slug, url).with_zdr(true)
    };
    let providers = slugs.iter().map(provider);
    let catalog = providers.fold(Catalog::builder(), |catalog, p| catalog.provider(p));
    let names = (1..models).map(|n| format!("acme/other-{n}"));
    let names = std::iter::once("acme/swift".to_owned()).chain(names);
    let model = |name: String| {
        let endpoints = slugs.iter().enumerate().map(|(place, slug)| {
            let price = Price::per_million(&format!("{}", place + 1)).unwrap();
            let prices = Prices::unknown()
                .with(Rate::Prompt, price)
                .with(Rate::Completion, price)
                .with(Rate::CacheRead, Price::ZERO);
            EndpointSpec::new(slug, "swift-2")
                .with_prices(prices)
                .with_parameters(Fields::PARAMETERS.without(Fields::of(&[Field::TopA])))
        });
        endpoints.fold(ModelSpec::new(&name), ModelSpec::endpoint)
    };
    let models = names.map(model);
    let catalog = models.fold(catalog, |catalog, model| catalog.model(model));
    catalog.build().unwrap()
}
