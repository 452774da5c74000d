//! What a request may cost at most, against what serde_json sees in it: nothing that is read, written, searched for or run
//! costs more than the strict claim, and where no key stands twice the claim is no larger than that either.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use switchtower::Payload;
use switchtower::catalog::Catalog;
use switchtower::settle::claim::{Asks, NoBound, strict};

/// Each asks a dollar for one thing alone, a million tokens or one image or search: so a claim is a count.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let endpoint = |priced: &str| {
        let prices = PRICED.map(|name| format!("{name} = '{}'", u8::from(name == priced)));
        format!(
            "{{ provider = 'acme', tag = 'acme/{priced}', model = '{priced}', context_length = {CONTEXT}, prices = {{ {} }}, \
             bounds = {{ image = 1, file = 1, audio = 1, video = 1, searches = 2, search = 1 }} }}",
            prices.join(", ")
        )
    };
    let endpoints = PRICED.map(endpoint).join(", ");
    let toml = format!("providers.acme.base_url = 'https://acme.example'\nmodels.swift.endpoints = [{endpoints}]");
    Catalog::from_toml(&toml, "switchtower.toml", |_| None).expect("a catalogue")
});
const PRICED: [&str; 4] = ["prompt", "completion", "image", "web_search"];
const CONTEXT: u64 = 1000;
const TOKEN: i128 = 1_000_000_000;
const ONE: i128 = 1_000_000 * TOKEN;

fuzz_target!(|body: &[u8]| {
    let Ok(payload) = Payload::read(body.to_vec()) else { return };
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
    let needs = Needs::of(&value);
    needs.are_claimed(&Asks::of(&payload), false);

    if let Ok(payload) = Payload::read(value.to_string()) {
        needs.are_claimed(&Asks::of(&payload), true);
    }
});

/// What a request takes, by what stands in it, and of a key that stands twice by what stands last.
#[derive(Debug)]
struct Needs {
    read: u64,
    written: u64,
    images: u64,
    searches: u64,
    /// Is it said how often, as a whole number or not at all?
    is_plain: bool,
    runs_tools: bool,
}

impl Needs {
    fn of(all: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let number = |name: &str| whole(&all[name]);
        let has = |name: &str| all.get(name).is_some();

        let (mut uses, mut searches, mut runs_tools) = (2, !all["web_search_options"].is_null(), false);
        let (mut most, mut is_plain) = (0_u64, true);
        for tool in list(&all["tools"]) {
            match tool["type"].as_str() {
                Some(kind) if kind.contains("web_search") => {
                    searches = true;
                    is_plain &= tool["max_uses"].is_null() || tool["max_uses"].is_u64();
                    most = most.saturating_add(tool["max_uses"].as_u64().unwrap_or(0));
                }
                kind => runs_tools |= !matches!(kind, None | Some("function" | "custom")),
            }
        }
        uses = most.max(uses);

        let prompts = list(&all["prompt"]);
        let prompts = if prompts.iter().any(Value::is_number) { 1 } else { prompts.len().max(1) as u64 };
        let best = number("best_of").filter(|_| has("prompt"));
        let answers = number("n").max(best).unwrap_or(1).max(1).saturating_mul(prompts);
        let longest = number("max_tokens").max(number("max_completion_tokens")).unwrap_or(CONTEXT);
        let embeds = has("input") && !has("messages") && !has("prompt");

        let messages = list(&all["messages"]);
        let parts = messages.iter().flat_map(|message| list(&message["content"]));
        let images = parts.clone().filter(|part| part["type"] == "image_url").count();
        let texts = parts.map(|part| len(&part["text"]));
        let contents = messages.iter().map(|message| len(&message["content"]) + 16);
        Self {
            read: texts.chain(contents).sum(),
            written: if embeds { 0 } else { longest.saturating_mul(answers) },
            images: images as u64,
            searches: if searches { uses.saturating_mul(answers) } else { 0 },
            is_plain,
            runs_tools,
        }
    }

    fn are_claimed(&self, asks: &Asks, exactly: bool) {
        let claims = [0, 1, 2, 3].map(|at| {
            let claim = strict(&CATALOG.models()[0].endpoints()[at], asks);
            claim.map(|claim| claim.femtodollars())
        });
        let [Ok(read), Ok(written), Ok(images), Ok(searches)] = claims else {
            let refused = |claim: &Result<i128, NoBound>| matches!(claim, Err(NoBound::Tool | NoBound::Strange));
            assert!(claims.iter().all(refused), "{self:?} {claims:?}");
            return;
        };
        assert!(!self.runs_tools, "{self:?}");
        assert!(read >= i128::from(self.read) * TOKEN, "{self:?} {read}");
        assert!(written >= i128::from(self.written) * TOKEN, "{self:?} {written}");
        assert!(images >= i128::from(self.images) * ONE, "{self:?} {images}");
        assert!(searches >= i128::from(self.searches) * ONE, "{self:?} {searches}");
        if exactly && self.is_plain {
            assert_eq!(searches, i128::from(self.searches) * ONE, "{self:?}");
        }
    }
}

/// A whole number, however it is written; nothing is known of one that a float has rounded.
fn whole(value: &Value) -> Option<u64> {
    let float = |number: f64| if number.fract() == 0.0 && number < 9e15 { number as u64 } else { 0 };
    value.as_u64().or_else(|| value.as_f64().map(float))
}

/// The bytes of a text, which is no more than it takes as JSON.
fn len(value: &Value) -> u64 {
    value.as_str().map_or(0, str::len) as u64
}
