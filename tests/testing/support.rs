//! A real client.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use switchtower::testing::Upstream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn read(response: Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status,
            content_type: parts.headers["content-type"].to_str().unwrap().to_owned(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn chunks(&self) -> Vec<Value> {
        let data = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok())
            .collect()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.body.ends_with("data: [DONE]\n\n")
    }
}

pub(crate) fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

pub(crate) fn request(
    upstream: &Upstream,
    method: &str,
    path: &str,
    body: &str,
) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(format!("{}{path}", upstream.base_url()))
        .header("content-type", "application/json")
        .body(Full::from(body.to_owned()))
        .unwrap()
}

pub(crate) async fn send(
    upstream: &Upstream,
    method: &str,
    path: &str,
    body: &str,
) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
    client()
        .request(request(upstream, method, path, body))
        .await
}

pub(crate) async fn ask(
    upstream: &Upstream,
    more: Value,
) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
    let messages = json!([{"role": "user", "content": "Say hi!!"}]);
    let mut body = json!({"model": "acme/large", "messages": messages});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    send(upstream, "POST", "/chat/completions", &body.to_string()).await
}

pub(crate) async fn whole(upstream: &Upstream, more: Value) -> Answer {
    Answer::read(ask(upstream, more).await.unwrap()).await
}

pub(crate) async fn stream(upstream: &Upstream, mut more: Value) -> Answer {
    more["stream"] = true.into();
    whole(upstream, more).await
}

pub(crate) async fn get(upstream: &Upstream, path: &str) -> Answer {
    Answer::read(send(upstream, "GET", path, "").await.unwrap()).await
}

pub(crate) async fn post(upstream: &Upstream, path: &str, body: Value) -> Answer {
    Answer::read(
        send(upstream, "POST", path, &body.to_string())
            .await
            .unwrap(),
    )
    .await
}

pub(crate) async fn read_forever(upstream: Upstream) {
    let mut response = ask(&upstream, json!({"stream": true})).await.unwrap();
    while response.body_mut().frame().await.is_some() {}
}

/// Every byte of the answer to a streamed call, and how the connection ended.
pub(crate) async fn raw(upstream: &Upstream) -> (String, std::io::Result<()>) {
    let body = r#"{"stream":true}"#;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n",
        body.len()
    );
    let mut socket = TcpStream::connect(upstream.addr()).await.unwrap();
    socket
        .write_all(format!("{head}host: upstream\r\n\r\n{body}").as_bytes())
        .await
        .unwrap();
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    let end = loop {
        match socket.read(&mut buffer).await {
            Ok(0) => break Ok(()),
            Ok(read) => bytes.extend(&buffer[..read]),
            Err(error) => break Err(error),
        }
    };
    (String::from_utf8(bytes).unwrap(), end)
}
