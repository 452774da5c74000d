//! What the client asks, and how each answer ends.

use std::future::ready;
use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body::Body;
use switchtower::BoxError;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::testing::{Failure, Point, Script, Upstream};
use tonic::client::GrpcService;

use crate::chat::{Prompt, chat_client::ChatClient};

/// The bounds are those of the generated client.
pub(crate) async fn play<T>(
    client: impl Fn(Deadlines) -> ChatClient<T>,
    acme: &Upstream,
    beta: &Upstream,
) -> Result<(), BoxError>
where
    T: GrpcService<tonic::body::Body>,
    T::Error: Into<BoxError>,
    T::ResponseBody: Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as Body>::Error: Into<BoxError> + Send,
{
    let mut chat = client(Deadlines::default());
    let done = chat.complete(prompt("swift", "hi")).await?.into_inner();
    println!("complete: {} says {:?}", done.provider, done.text);

    print!("stream:");
    let mut deltas = chat.stream(prompt("swift", "hi")).await?.into_inner();
    while let Some(delta) = deltas.message().await? {
        print!(" {:?}", delta.text);
        std::io::stdout().flush()?;
    }
    println!();

    let unknown = chat.complete(prompt("swfit", "hi")).await.unwrap_err();
    println!("unknown model: {:?}, {}", unknown.code(), unknown.message());

    // A provider that falls silent after three words, and a caller who does not wait for the rest.
    acme.script(Script::new().stall(Point::After(3)));
    let mut deltas = chat.stream(prompt("swift", "hi")).await?.into_inner();
    deltas.message().await?;
    drop(deltas);
    acme.wait_left(1).await;
    println!("hang up: the provider sees its caller leave");

    // One who waits, but not for ever. The stack would: its own deadlines are longer.
    let deadlines = Deadlines {
        headers: Duration::from_millis(200),
        ..Deadlines::default()
    };
    let late = client(deadlines).complete(prompt("swift", "hi")).await;
    println!("no answer: {:?}", late.unwrap_err().code());
    let deadlines = Deadlines {
        idle: Duration::from_millis(200),
        ..Deadlines::default()
    };
    let deltas = client(deadlines).stream(prompt("swift", "hi")).await?;
    let late = deltas.into_inner().try_for_each(|_| ready(Ok(()))).await;
    println!("no more of it: {:?}", late.unwrap_err().code());

    acme.script(Script::fail(Failure::overloaded()));
    let done = chat.complete(prompt("swift", "hi")).await?.into_inner();
    println!(
        "fallback: {} answered, attempt {}",
        done.provider, done.attempts
    );

    // Once the caller has heard a word, nobody else can be asked: the stream ends with what happened.
    for provider in [acme, beta] {
        provider.script(Script::new().reset(Point::After(3)));
    }
    let deltas = chat.stream(prompt("swift", "hi")).await?.into_inner();
    let broken = deltas.try_for_each(|_| ready(Ok(()))).await.unwrap_err();
    println!("broken off: {:?}, {}", broken.code(), broken.message());

    Ok(())
}

fn prompt(model: &str, text: &str) -> Prompt {
    let (model, text) = (model.to_owned(), text.to_owned());
    Prompt { model, text }
}
