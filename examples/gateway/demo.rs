//! Three providers on loopback sockets, each with its price, its speed and its manners.

use std::time::Duration;

use http::StatusCode;
use switchtower::catalog::{Catalog, LoadError};
use switchtower::testing::{Failure, Point, Prices, Script, Upstream};

const CATALOG: &str = include_str!("demo.toml");

/// They serve until this is dropped.
pub(crate) struct Demo {
    thrift: Upstream,
    brisk: Upstream,
    whimsy: Upstream,
}

impl Demo {
    pub(crate) async fn start() -> std::io::Result<Self> {
        // Femtodollars a token: a dollar per million tokens is 10⁹.
        let prices = |prompt, completion| Prices {
            prompt,
            completion,
            ..Prices::default()
        };
        let demo = Self {
            thrift: start("Thrift", prices(1_000_000_000, 5_000_000_000)).await?,
            brisk: start("Brisk", prices(3_000_000_000, 15_000_000_000)).await?,
            whimsy: start("Whimsy", prices(1_200_000_000, 6_000_000_000)).await?,
        };
        demo.thrift
            .script(paced(answer("Thrift, cheap and in no hurry"), 120, 30));
        demo.brisk
            .script(paced(answer("Brisk, dear and quick"), 15, 5));
        // Each in turn: fine, overloaded, cut before its first word, fine, an error inside a 200, reset.
        demo.whimsy.script_fn(|call| {
            let answer = paced(answer("Whimsy, when I feel like it"), 40, 10);
            match call.number % 6 {
                1 => Script::fail(Failure::overloaded()),
                2 => answer.cut(Point::After(0)),
                4 => answer.fail_at(Point::BeforeBody, StatusCode::INTERNAL_SERVER_ERROR),
                5 => answer.reset(Point::BeforeHeaders),
                _ => answer,
            }
        });
        Ok(demo)
    }

    /// The catalogue that leads to them.
    pub(crate) fn catalog(&self) -> Result<Catalog, LoadError> {
        let text = CATALOG
            .replace("{thrift}", &self.thrift.base_url().to_string())
            .replace("{brisk}", &self.brisk.base_url().to_string())
            .replace("{whimsy}", &self.whimsy.base_url().to_string());
        Catalog::from_toml(&text, "demo.toml", |_| None)
    }
}

async fn start(name: &str, prices: Prices) -> std::io::Result<Upstream> {
    Upstream::builder().name(name).prices(prices).start().await
}

fn answer(who: &str) -> Script {
    Script::new().text(&format!(
        "Hello! I am {who}. Nobody has thought about your question: I am a demo provider on your own \
         machine. But all of this has been routed, streamed, metered and paid for to the last token."
    ))
}

fn paced(script: Script, first: u64, between: u64) -> Script {
    script
        .first_token(Duration::from_millis(first))
        .between(Duration::from_millis(between))
}
