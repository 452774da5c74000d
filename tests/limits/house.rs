//! A stack over the providers of a catalogue, and a client with hand-made answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use switchtower::admit::read::ReadLayer;
use switchtower::choose::{Ask, ChooseLayer, plan};
use switchtower::dispatch::gate::GateLayer;
use switchtower::standing::{Headroom, Lineup};
use switchtower::{Chain, Error, Payload, Plan, Stack};
use tower::{ServiceBuilder, ServiceExt};

use crate::flow::{self, Answer, Client, catalog, json};

pub(crate) struct House {
    pub(crate) stack: Stack,
    pub(crate) client: Client,
    chain: Chain<Client>,
}

pub(crate) const ONE: &str = r#"
    [providers.one]
    base_url = "https://one.test/v1"
    key_env = "KEY_ONE"
    [models."acme/swift"]
    [[models."acme/swift".endpoints]]
    provider = "one"
    model = "swift-one"
"#;

pub(crate) const HI: &str =
    r#"{"model":"acme/swift","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}"#;

/// A whole answer with these headers.
pub(crate) fn told(headers: &[(&'static str, &str)]) -> Answer {
    with(Answer::json([json("hi")]), headers)
}

pub(crate) fn with(answer: Answer, headers: &[(&'static str, &str)]) -> Answer {
    headers
        .iter()
        .fold(answer, |answer, (name, value)| answer.header(name, value))
}

/// So many requests remain of ten, for so long.
pub(crate) fn requests(remaining: &str, reset: &str) -> Answer {
    told(&[
        ("x-ratelimit-limit-requests", "10"),
        ("x-ratelimit-remaining-requests", remaining),
        ("x-ratelimit-reset-requests", reset),
    ])
}

impl House {
    pub(crate) fn new(toml: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        let client = Client::new(answers);
        let stack = Stack::new(catalog(toml)).seed(1);
        let chain = stack.around(client.clone());
        Self {
            stack,
            client,
            chain,
        }
    }

    /// Asks, and reads the answer to its end.
    pub(crate) async fn hear(&self, body: &str) -> Result<(), Error> {
        let body = Full::from(body.to_owned());
        let request = Request::post("/v1/chat/completions").body(body).unwrap();
        let answer = self.chain.clone().oneshot(request).await?;
        answer.into_body().collect().await.unwrap();
        Ok(())
    }

    /// What `gate` says to a request that waits for nothing; none if it lets it in, which is the last answer that it gets.
    pub(crate) async fn refused(&self, body: &str) -> Option<Error> {
        let chain = ServiceBuilder::new()
            .layer(ReadLayer::new())
            .layer(ChooseLayer::new(self.stack.roster().clone()))
            .layer(GateLayer::default())
            .service(Client::new([told(&[])]));
        let request = Request::post("/").body(Full::<Bytes>::from(body.to_owned()));
        chain.oneshot(request.unwrap()).await.err()
    }

    pub(crate) fn lineup(&self) -> Arc<Lineup> {
        self.stack.roster().lineup()
    }

    /// Of the endpoint at this place, with its first key.
    pub(crate) fn headroom(&self, endpoint: usize) -> Headroom {
        let lineup = self.lineup();
        let circuit = lineup.circuits(flow::now()).nth(endpoint).unwrap();
        circuit.keys[0].headroom
    }

    /// Requests that are left to the endpoint at this place.
    pub(crate) fn left(&self, endpoint: usize) -> Option<u64> {
        self.headroom(endpoint).requests.map(|left| left.left)
    }

    pub(crate) fn plan(&self, body: &str) -> Plan {
        let payload = Payload::read(body.to_owned()).unwrap();
        plan(&Ask::new(&payload, 1, flow::now()), &self.lineup()).unwrap()
    }

    pub(crate) fn asked(&self) -> usize {
        self.client.seen().len()
    }
}

/// Lets all who can go on go on.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
