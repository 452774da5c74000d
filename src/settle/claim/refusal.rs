//! Why nobody is asked, in words that help.

use serde::Deserialize;

use super::no_bound::NoBound;
use crate::error::Error;
use crate::kind::Kind;
use crate::payload::Payload;
use crate::plan::Plan;
use crate::refused::Refused;

/// Of a caller's own word so many characters are repeated to it.
const NAME: usize = 64;

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Adds to a refusal who has left the plan, and by which rule.
pub(super) fn nobody(error: Error, left: Plan) -> Error {
    error.with_refused(Refused {
        requested: vec![(*left.requested).into()],
        routing: left.routing,
        rejected: left.rejected,
        right: None,
    })
}

/// The part that nobody knows, by its type.
fn strange(payload: &Payload) -> String {
    let part = payload.view().strange_part();
    let part = part.map_or(&b"{}"[..], |part| part.of(payload.bytes()));
    match serde_json::from_slice(part) {
        Ok(Typed { kind: Some(kind) }) => {
            let kind: String = kind.chars().take(NAME).collect();
            format!("one of type `{kind}`")
        }
        _ => "one without a type".to_owned(),
    }
}

/// A spending limit cannot be kept, since nobody can say what the request costs at the most.
pub(super) fn no_bound(why: NoBound, payload: &Payload) -> Error {
    let limited = "since there is a spending limit";
    let (kind, message, param) = match why {
        NoBound::Answer => (
            Kind::Invalid,
            format!("{limited}, the answer needs a bound: set `max_tokens`"),
            "max_tokens",
        ),
        NoBound::Part(modality) => (
            Kind::Invalid,
            format!(
                "{limited}, a part of the messages cannot be taken: of type `{}` no endpoint declares how many tokens it \
                 takes at the most",
                modality.name()
            ),
            "messages",
        ),
        NoBound::Strange => (
            Kind::Invalid,
            format!(
                "{limited}, a part of the messages cannot be taken: nobody knows how many tokens {} takes at the most",
                strange(payload)
            ),
            "messages",
        ),
        NoBound::Searches => (
            Kind::Invalid,
            format!(
                "{limited}, the web cannot be searched: no endpoint declares how often it does so at the most, and how much that finds"
            ),
            "web_search_options",
        ),
        NoBound::Tool => (
            Kind::Invalid,
            format!(
                "{limited}, no tool can be taken that the provider runs itself, but for searches of the web: nobody knows its price"
            ),
            "tools",
        ),
        NoBound::Price => (
            Kind::NoEndpoints,
            format!("{limited}, nobody can be asked: of no endpoint the price is known"),
            "model",
        ),
    };
    Error::new(kind, message).with_param(param)
}
