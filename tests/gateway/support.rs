//! A gateway with its providers, and a caller.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use switchtower::catalog::Catalog;
use switchtower::dispatch::deadline::Deadlines;
use switchtower::dispatch::recover::RecoverLayer;
use switchtower::gateway::{Bounds, Gateway, serve};
use switchtower::keys::KeyRing;
use switchtower::limits::{Level, Limits, Now, Subject, Unit};
use switchtower::settle::store::Store;
use switchtower::settle::{Books, HasBooks, Journal, JournalSettings, Ledger, Record};
use switchtower::standing::Breaker;
use switchtower::testing::{Prices, Script, Upstream};
use switchtower::{Caller as Identity, Stack, client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "sk-or-v1-caller";
/// Of who makes keys.
pub(crate) const MANAGER: &str = "sk-or-v1-manager";
/// Of `acme/large`, in the order of its prices.
pub(crate) const PROVIDERS: [&str; 3] = ["first", "second", "third"];
/// What the first one asks for a token, in femtodollars; the second asks twice as much, and so on.
pub(crate) const PRICES: Prices = Prices {
    prompt: 1_000_000_123,
    cached: 100_000_077,
    completion: 5_000_000_511,
    request: 0,
};

/// A gateway that serves until it is dropped.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Books,
    pub(crate) ring: KeyRing,
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) client: Client<HttpConnector, Full<Bytes>>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) server: JoinHandle<()>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A caller on a bare socket, who can leave, or not read, as it likes.
pub(crate) struct Caller {
    pub(crate) socket: TcpStream,
    pub(crate) heard: Vec<u8>,
}

// === impl House ===

impl House {
    /// With so many providers.
    pub(crate) async fn open(providers: usize) -> Self {
        Self::with(providers, |stack| stack, Bounds::default()).await
    }

    /// With so many providers, who are asked again however often they fail.
    pub(crate) async fn asking_always(providers: usize) -> Self {
        let change = |stack: Stack| stack.breaker(Breaker::never());
        Self::with(providers, change, Bounds::default()).await
    }

    /// With so many providers, and deadlines that a test can wait for, but that no provider misses which is not silent.
    pub(crate) async fn hurried(providers: usize) -> Self {
        let deadlines = Deadlines {
            headers: Duration::from_millis(500),
            first_token: Duration::from_millis(600),
            idle: Duration::from_millis(600),
            total: Duration::from_secs(8),
            ..Deadlines::default()
        };
        let change = |stack: Stack| stack.deadlines(deadlines);
        Self::with(providers, change, Bounds::default()).await
    }

    pub(crate) async fn with<L: Ledger + HasBooks + Clone + Send + Sync + 'static>(
        providers: usize,
        change: impl FnOnce(Stack) -> Stack<L>,
        bounds: Bounds,
    ) -> Self
    where
        L::Slot: Send + Sync + 'static,
    {
        let mut upstreams = Vec::new();
        for (place, name) in PROVIDERS[..providers].iter().enumerate() {
            let upstream = Upstream::builder()
                .name(*name)
                .seed(place as u64)
                .prices(prices(place));
            upstreams.push(upstream.start().await.unwrap());
        }
        let urls: Vec<_> = upstreams.iter().map(Upstream::base_url).collect();
        Self::around(upstreams, &urls, change, bounds).await
    }

    /// Around providers at these addresses.
    pub(crate) async fn around<L: Ledger + HasBooks + Clone + Send + Sync + 'static>(
        upstreams: Vec<Upstream>,
        urls: &[Uri],
        change: impl FnOnce(Stack) -> Stack<L>,
        bounds: Bounds,
    ) -> Self
    where
        L::Slot: Send + Sync + 'static,
    {
        let catalog = Arc::new(catalog(urls));
        // Most tests are about an answer of one provider; `mending` is about those of several.
        let stack = Stack::new(catalog.clone()).seed(7);
        let stack = change(stack.recover(RecoverLayer::new().on(false)));
        let gateway = Gateway::new(stack, client::hyper::plain()).keys([KEY]);
        Self::of(upstreams, gateway, bounds).await
    }

    /// This gateway, with these providers.
    pub(crate) async fn of(upstreams: Vec<Upstream>, gateway: Gateway, bounds: Bounds) -> Self {
        let gateway = gateway.management_keys([MANAGER]);
        let (ledger, ring) = (gateway.books().clone(), gateway.key_ring().clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, gateway.service(), bounds, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            ledger,
            ring,
            upstreams,
            client: Client::builder(TokioExecutor::new()).build_http(),
            stop: Some(stop),
            server,
        }
    }

    /// What provider `place` does from now on.
    pub(crate) fn script(&self, place: usize, script: Script) {
        self.upstreams[place].script(script);
    }

    /// How many calls all providers saw.
    pub(crate) fn calls(&self) -> u64 {
        self.upstreams.iter().map(Upstream::calls).sum()
    }

    /// Who brings this key asks for that; without a body where there is none.
    pub(crate) async fn as_who(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {key}"))
            .body(Full::from(Bytes::from(body)))
            .unwrap();
        Answer::read(self.send(request).await).await
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        within(self.client.request(request)).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path, "");
        Answer::read(self.send(request).await).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = self.request(Method::POST, path, body);
        Answer::read(self.send(request).await).await
    }

    /// As who manages.
    pub(crate) async fn manage(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = self.request(method, path, body);
        let key = format!("Bearer {MANAGER}").parse().unwrap();
        request.headers_mut().insert("authorization", key);
        Answer::read(self.send(request).await).await
    }

    /// A chat completion from the cheapest provider, or the next one.
    pub(crate) async fn ask(&self, more: Value) -> Answer {
        self.post("/api/v1/chat/completions", chat(more)).await
    }

    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Request<Full<Bytes>> {
        Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {KEY}"))
            .body(Full::from(body.into()))
            .unwrap()
    }

    /// A caller who asks on a socket of its own.
    pub(crate) async fn call(&self, more: Value) -> Caller {
        let mut caller = Caller::connect(self.address).await;
        caller.ask("/api/v1", &chat(more)).await;
        caller
    }

    /// The records, once there are so many.
    pub(crate) async fn records(&self, count: u64) -> Vec<Record> {
        within(async {
            while self.ledger.totals().records < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        self.ledger.records()
    }
}

// === impl Answer ===

impl Answer {
    pub(crate) async fn read(response: Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let body = within(body.collect()).await.unwrap().to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The chunks of a stream, of which each line is an event's data, a comment or empty, and of
    /// which the last is `[DONE]`.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        assert_eq!(
            self.header("content-type"),
            Some("text/event-stream"),
            "{self:?}"
        );
        let rest = self.body.strip_suffix("data: [DONE]\n\n");
        let rest = rest.unwrap_or_else(|| panic!("no [DONE] at the end: {self:?}"));
        let lines = rest
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with(':'));
        lines
            .map(|line| {
                let data = line.strip_prefix("data: ");
                let data = data.unwrap_or_else(|| panic!("not data: {line:?}"));
                serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// What a stream says, in all.
    pub(crate) fn text(&self) -> String {
        let chunks = self.chunks();
        let parts = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
        parts.collect()
    }
}

// === impl Caller ===

impl Caller {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let socket = within(TcpStream::connect(address)).await.unwrap();
        Self {
            socket,
            heard: Vec::new(),
        }
    }

    pub(crate) async fn ask(&mut self, version: &str, body: &str) {
        let length = body.len();
        let head = format!(
            "POST {version}/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n\
             content-length: {length}\r\n\r\n"
        );
        self.say(head.as_bytes()).await;
        self.say(body.as_bytes()).await;
    }

    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        within(self.socket.write_all(bytes)).await.unwrap();
    }

    /// Reads on until this has come; false if the connection ends before.
    pub(crate) async fn hear(&mut self, what: &str) -> bool {
        let what = what.as_bytes();
        let mut from = 0;
        loop {
            if self.heard[from..].windows(what.len()).any(|w| w == what) {
                return true;
            }
            from = self.heard.len().saturating_sub(what.len());
            let read = within(self.socket.read_buf(&mut self.heard)).await;
            if read.unwrap_or(0) == 0 {
                return false;
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }
}

/// A chat completion's body: `acme/large`, from the first provider, else the second, and so on, unless
/// `more` says otherwise.
pub(crate) fn chat(more: Value) -> String {
    let mut body = BTreeMap::from([
        ("model".to_owned(), json!("acme/large")),
        (
            "messages".to_owned(),
            json!([{"role": "user", "content": "Say something."}]),
        ),
        ("provider".to_owned(), json!({"order": PROVIDERS})),
    ]);
    let Value::Object(more) = more else {
        panic!("not an object")
    };
    body.extend(more);
    json!(body).to_string()
}

/// No test waits forever.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    let waited = tokio::time::timeout(Duration::from_secs(20), future).await;
    waited.expect("it takes too long")
}

/// What provider `place` bills.
pub(crate) fn prices(place: usize) -> Prices {
    let times = place as u128 + 1;
    Prices {
        prompt: PRICES.prompt * times,
        cached: PRICES.cached * times,
        completion: PRICES.completion * times,
        request: 0,
    }
}

/// `acme/large` at all providers, `acme/small` at the last two, `acme/lone` at the first, and there too,
/// without a price, `acme/unpriced`.
pub(crate) fn catalog(urls: &[Uri]) -> Catalog {
    use std::fmt::Write;
    let mut toml = String::new();
    for (name, url) in PROVIDERS.iter().zip(urls) {
        writeln!(
            toml,
            "[providers.{name}]\nname = \"{name} & Co.\"\nbase_url = \"{url}\""
        )
        .unwrap();
    }
    let models = [
        ("acme/large", 0..urls.len()),
        ("acme/small", urls.len().saturating_sub(2)..urls.len()),
        ("acme/lone", 0..1),
        ("acme/unpriced", 0..1),
    ];
    for (id, places) in models {
        let alias = id.replace("acme", "latest");
        writeln!(
            toml,
            "[models.{id:?}]\naliases = [{alias:?}]\ncontext_length = 8192"
        )
        .unwrap();
        for place in places {
            let (name, prices) = (PROVIDERS[place], prices(place));
            let dollars =
                |femto: u128| format!("{}.{:09}", femto / 1_000_000_000, femto % 1_000_000_000);
            let (prompt, cached) = (dollars(prices.prompt), dollars(prices.cached));
            let completion = dollars(prices.completion);
            writeln!(
                toml,
                "[[models.{id:?}.endpoints]]\nprovider = {name:?}\nmodel = \"upstream-model\""
            )
            .unwrap();
            if id != "acme/unpriced" {
                writeln!(
                    toml,
                    "prices = {{ prompt = {prompt:?}, completion = {completion:?}, cache_read = {cached:?} }}"
                )
                .unwrap();
            }
        }
    }
    Catalog::from_toml(&toml, "test.toml", |_| None)
        .unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

/// A journal as another process would open it: under a name of its own, be the one before gone or not.
/// What this caller's budgets stand at.
pub(crate) fn budgets(limits: &Limits, caller: &Identity) -> Vec<Level> {
    let subject = Subject {
        caller: Some(caller),
        ..Subject::default()
    };
    let now = Now {
        instant: Instant::now(),
        wall: SystemTime::now(),
    };
    limits.levels(&subject, &[Unit::Money], now)
}

pub(crate) fn journal(store: Arc<dyn Store>) -> Journal {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("gateway-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    Journal::open(store, JournalSettings::default().replica(name)).unwrap()
}
