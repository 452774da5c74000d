//! A claim and a record of a request, as the stack makes them.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use switchtower::catalog::Catalog;
use switchtower::settle::{Claim, Held, Ledger, Record, Slot};
use switchtower::{BoxError, Call, Caller, Error, KeyId, Payload, Stack};
use tower::{ServiceExt, service_fn};

const CATALOG: &str = r#"
providers.acme.base_url = "https://acme.example/v1"
[[models."acme/swift".endpoints]]
provider = "acme"
model = "swift-2"
prices = { prompt = "1", completion = "2" }
"#;
const ASK: &str =
    r#"{"model":"acme/swift","user":"anna","messages":[{"role":"user","content":"hi"}]}"#;
const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"swift-2","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29}}"#;

/// Keeps what it is given.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Option<Claim>, Option<Record>)>>);

impl Ledger for Kept {
    type Slot = Self;

    fn poll_slot(&mut self, _: &mut Context<'_>) -> Poll<Result<Self, BoxError>> {
        Poll::Ready(Ok(self.clone()))
    }
}

impl Slot for Kept {
    fn hold(&mut self, claim: &Claim) -> Result<Held, Error> {
        self.0.lock().unwrap().0 = Some(claim.clone());
        Ok(Held::Now)
    }

    fn write(&mut self, record: Record) {
        self.0.lock().unwrap().1 = Some(record);
    }
}

/// One of each.
pub(crate) fn made() -> (Claim, Record) {
    let kept = Kept::default();
    let catalog = Catalog::from_toml(CATALOG, "bench.toml", |_| None).unwrap();
    let stack = Stack::new(Arc::new(catalog)).with_ledger(kept.clone());
    let client = service_fn(|_: Request<Payload>| async {
        let answer = Response::builder().header("content-type", "application/json");
        Ok::<_, Error>(answer.body(Full::<Bytes>::from(ANSWER)).unwrap())
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut request = Request::post("/v1/chat/completions")
            .body(ASK.to_owned())
            .unwrap();
        let call = Call::new(std::time::Instant::now(), std::time::SystemTime::now(), 7);
        call.set_caller(Arc::new(Caller::new(KeyId::of("key"))));
        request.extensions_mut().insert(call);
        let answer = stack.around(client).oneshot(request).await.unwrap();
        http_body_util::BodyExt::collect(answer.into_body())
            .await
            .unwrap();
    });
    let mut kept = kept.0.lock().unwrap();
    (kept.0.take().unwrap(), kept.1.take().unwrap())
}
