//! The gRPC service: its handlers ask the stack.

use std::future::ready;

use futures_util::StreamExt;
use http_body_util::{BodyDataStream, BodyExt};
use serde_json::{Value, json};
use switchtower::wire::sse::Scanner;
use switchtower::{Call, End, Error, Kind};
use tonic::body::Body;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

use crate::chat::{Completion, Delta, Prompt, chat_server::Chat};
use crate::status::status;

/// The stack around its client, in one box, so that the service need not spell the chain.
pub(crate) type Llm = BoxCloneSyncService<http::Request<String>, http::Response<Body>, Error>;

pub(crate) struct Service {
    pub(crate) llm: Llm,
}

// Nothing is spawned here, so nothing outlives the caller: when it hangs up, tonic drops the handler or
// the stream, and with it goes the call to the provider.
#[tonic::async_trait]
impl Chat for Service {
    async fn complete(&self, prompt: Request<Prompt>) -> Result<Response<Completion>, Status> {
        let (call, body) = self.ask(prompt.into_inner(), false).await?;
        let answer: Value = serde_json::from_slice(&body.collect().await?.to_bytes())
            .map_err(|error| Status::internal(error.to_string()))?;
        let attempts = call.attempts();
        let candidate = attempts.last().and_then(|attempt| attempt.candidate());
        Ok(Response::new(Completion {
            text: string(&answer["choices"][0]["message"]["content"]),
            provider: candidate.map_or_else(String::new, |c| c.endpoint.tag().to_owned()),
            attempts: attempts.len() as u32,
        }))
    }

    type StreamStream = BoxStream<Delta>;

    async fn stream(
        &self,
        prompt: Request<Prompt>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let (call, body) = self.ask(prompt.into_inner(), true).await?;
        let deltas = BodyDataStream::new(body).filter_map(move |frame| {
            ready(frame.and_then(|frame| delta(&frame, &call)).transpose())
        });
        Ok(Response::new(Box::pin(deltas)))
    }
}

impl Service {
    async fn ask(&self, prompt: Prompt, stream: bool) -> Result<(Call, Body), Status> {
        let messages = json!([{"role": "user", "content": prompt.text}]);
        let ask = json!({"model": prompt.model, "stream": stream, "messages": messages});
        let ask = http::Request::post("/v1/chat/completions").body(ask.to_string());
        let answer = self.llm.clone().oneshot(ask.expect("a fixed path"));
        let mut answer = answer.await.map_err(status)?;
        Ok((
            Call::of(answer.extensions_mut()).clone(),
            answer.into_body(),
        ))
    }
}

/// What a frame says to the caller. The stack's frames are one event each; comments say nothing.
fn delta(frame: &[u8], call: &Call) -> Result<Option<Delta>, Status> {
    let event = Scanner::default().finish(frame);
    let Some(data) = event.and_then(|event| event.data) else {
        return Ok(None);
    };
    let chunk: Value = serde_json::from_slice(&data).unwrap_or_default(); // `[DONE]` is no JSON
    // A provider that breaks after its first words is one last event with an error.
    if let Some(message) = chunk["error"]["message"].as_str() {
        let kind = match call.last().and_then(|attempt| attempt.ended()) {
            Some((End::Failed(kind), _)) => kind,
            _ => Kind::Unavailable,
        };
        return Err(status(Error::new(kind, message.to_owned())));
    }
    let text = string(&chunk["choices"][0]["delta"]["content"]);
    Ok((!text.is_empty()).then_some(Delta { text }))
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
