//! What a log tells of a plan: all of its order, as far as it fits into a line.

use std::cell::RefCell;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Once};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
use switchtower::choose::ChooseLayer;
use switchtower::settle::store::MemoryStore;
use switchtower::settle::{HasBooks, JournalSettings, MemoryLedger};
use switchtower::{BoxError, Kind, Payload, Stack};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tracing::Level;
use tracing_subscriber::fmt::fmt;

#[tokio::test(flavor = "current_thread")]
async fn a_plan_is_told_with_its_reasons_in_one_bounded_field() -> Result<(), BoxError> {
    Told::listen();

    let line = planned(2, r#"{"order": ["acme/1", "acme/0"]}"#).await?;
    assert!(line.contains("candidates=2 rejected=0"), "{line}");
    let plan =
        "plan=swift@acme/1 (named in provider.order), swift@acme/0 (named in provider.order)";
    assert!(line.ends_with(plan), "{line}");

    let line = planned(300, r#"{"ignore": ["acme/7"]}"#).await?;
    assert!(line.contains("candidates=299 rejected=1"), "{line}");
    assert!(line.ends_with(", and 291 more"), "{line}");
    assert_eq!(line.matches("swift@").count(), 8, "{line}");
    assert!(!line.contains("a secret"), "{line}");
    Ok(())
}

/// Three words for the life of a circuit, without a word of the request.
#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn who_is_left_alone_is_told_once_and_so_is_its_return() -> Result<(), BoxError> {
    Told::listen();

    let catalog = Catalog::builder()
        .provider(Provider::new("acme", "https://api.acme.test/v1".parse()?))
        .model(ModelSpec::new("swift").endpoint(EndpointSpec::new("acme", "m")))
        .build()?;
    let asked = Arc::new(AtomicUsize::new(0));
    let client = service_fn(move |_| {
        let status = match asked.fetch_add(1, Relaxed) {
            0..5 => 500,
            _ => 200,
        };
        let body = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
        let body = Full::<Bytes>::from(body);
        async move { Ok::<_, BoxError>(http::Response::builder().status(status).body(body)?) }
    });
    let chain = Stack::new(Arc::new(catalog)).tries(1).around(client);
    for _ in 0..7 {
        let ask = r#"{"model": "swift", "messages": [{"role": "user", "content": "a secret"}]}"#;
        let request = http::Request::new(Full::<Bytes>::from(ask));
        if let Ok(answer) = chain.clone().oneshot(request).await {
            answer.into_body().collect().await?;
        }
    }
    let told = Told::taken();
    let of = |word: &str| {
        let word = format!(": {word} ");
        told.lines()
            .filter(|line| line.contains(&word))
            .collect::<Vec<_>>()
    };
    let ([ejected], [probing], [readmitted]) = (
        &of("ejected")[..],
        &of("probing")[..],
        &of("readmitted")[..],
    ) else {
        panic!("{told}");
    };
    assert!(
        ejected.contains(" WARN ") && ejected.contains(r#"cause="failures" wait_ms="#),
        "{ejected}"
    );
    for line in [ejected, probing, readmitted] {
        assert!(line.contains(r#"endpoint="swift@acme""#), "{line}");
    }
    assert!(!told.contains("a secret"), "{told}");
    Ok(())
}

/// Another ledger has other limits: what the catalogue says of money was dropped without a word.
#[tokio::test]
async fn limits_that_the_ledger_does_not_count_are_told() -> Result<(), BoxError> {
    Told::listen();
    let catalog = Catalog::from_toml(LIMITED, "switchtower.toml", |_| None)?;
    let catalog = Arc::new(catalog);
    let lines = || -> Vec<String> {
        let told = Told::taken();
        told.lines().map(str::to_owned).collect()
    };
    let stack = Stack::new(catalog.clone());
    let limits = stack.ledger().books().limits().clone();
    let _same = stack.with_ledger(MemoryLedger::new(10).limits(limits));
    let store = Arc::new(MemoryStore::default());
    let _opened = Stack::new(catalog.clone()).with_journal(store, JournalSettings::default())?;
    assert_eq!(lines(), [""; 0]);

    let _other = Stack::new(catalog).with_ledger(MemoryLedger::new(10));
    let lines = lines();
    for (line, rule) in lines.iter().zip(["budget", "at-once"]) {
        assert!(line.contains("WARN"), "{line}");
        assert!(
            line.contains("a limit that the ledger does not count"),
            "{line}"
        );
        assert!(line.contains(&format!("rule=\"{rule}\"")), "{line}");
    }
    assert_eq!(lines.len(), 2, "{lines:?}");
    Ok(())
}

/// A journal that is opened for a stack claims by the limits of its catalogue.
#[tokio::test]
async fn a_journal_has_the_limits_of_the_stack() -> Result<(), BoxError> {
    Told::listen();
    let catalog = Arc::new(Catalog::from_toml(LIMITED, "switchtower.toml", |_| None)?);
    let client = service_fn(|_| async {
        let body = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
        Ok::<_, BoxError>(http::Response::new(Full::<Bytes>::from(body)))
    });
    for kept in [false, true] {
        let ask = r#"{"model": "swift", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}"#;
        let request = http::Request::new(Full::<Bytes>::from(ask));
        let stack = Stack::new(catalog.clone());
        let answer = if kept {
            let store = Arc::new(MemoryStore::default());
            let stack = stack.with_journal(store, JournalSettings::default())?;
            stack.around(client).oneshot(request).await.map(drop)
        } else {
            stack.around(client).oneshot(request).await.map(drop)
        };
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), Kind::PaymentRequired, "{error:?}");
    }
    Ok(())
}

// === Helpers ===

const LIMITED: &str = r#"
    providers.acme.base_url = "https://api.acme.test/v1"
    [[models.swift.endpoints]]
    provider = "acme"
    model = "m"
    prices = { prompt = "1", completion = "1" }
    [[limits]]
    name = "budget"
    scope = "account"
    unit = "money"
    window = "daily"
    limit = "0"
    [[limits]]
    name = "requests"
    scope = "account"
    unit = "requests"
    window = "daily"
    limit = 100
    [[limits]]
    name = "at-once"
    scope = "account"
    unit = "concurrency"
    limit = 100
"#;

/// The line about the plan of one request, to a model at so many endpoints.
async fn planned(endpoints: usize, preferences: &str) -> Result<String, BoxError> {
    let endpoint = |number| EndpointSpec::new("acme", "m").with_tag(&format!("acme/{number}"));
    let model = (0..endpoints).map(endpoint);
    let catalog = Catalog::builder()
        .provider(Provider::new("acme", "https://api.acme.test/v1".parse()?))
        .model(model.fold(ModelSpec::new("swift"), ModelSpec::endpoint))
        .build()?;
    let client = service_fn(|_| async { Ok::<_, BoxError>(http::Response::new(())) });
    let choose = ServiceBuilder::new().layer(ChooseLayer::new(Arc::new(catalog)));
    let ask = format!(
        r#"{{"model": "swift", "messages": [{{"role": "user", "content": "a secret"}}], "provider": {preferences}}}"#
    );
    let request = http::Request::new(Payload::read(ask)?);
    choose.service(client).oneshot(request).await?;
    let told = Told::taken();
    let mut lines = told.lines().filter(|line| line.contains(" planned "));
    let line = lines.next().ok_or("nothing was told")?.to_owned();
    assert_eq!(lines.next(), None);
    Ok(line)
}

/// What was told in the thread of a test.
///
/// One subscriber hears the whole process. Where each thread has one of its own, a callsite that a thread
/// without one comes by first is switched off for all: tracing asks that thread alone while there is one subscriber.
struct Told;

thread_local! {
    static TOLD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Told {
    /// Each test begins with it.
    fn listen() {
        static ONE: Once = Once::new();
        ONE.call_once(|| {
            let told = fmt().with_max_level(Level::DEBUG).with_ansi(false);
            told.with_writer(|| Told).init();
        });
    }

    /// What was told since the last time.
    fn taken() -> String {
        String::from_utf8(TOLD.take()).unwrap()
    }

    /// What of it was told of limits.
    fn near() -> Vec<String> {
        let told = Told::taken();
        let lines = told.lines().filter(|line| line.contains("near a limit"));
        lines.map(str::to_owned).collect()
    }
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        TOLD.with_borrow_mut(|told| told.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A threshold is told once, and again only if meanwhile it was well below.
#[test]
fn a_limit_that_is_near_is_told_once() -> Result<(), BoxError> {
    use std::time::{Instant, UNIX_EPOCH};
    use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};

    Told::listen();
    let at_once = Rule::new(
        "at-once",
        Scope::Account,
        Unit::Concurrency,
        Window::Forever,
        10,
    )?;
    let limits = Limits::new([at_once.soft([50, 90])?]);
    let now = Now {
        instant: Instant::now(),
        wall: UNIX_EPOCH,
    };
    let take = || limits.take(&Subject::default(), &[(Unit::Concurrency, 1)], now);
    let told = Told::near;
    let mut taken: Vec<_> = (0..4).map(|_| take().unwrap()).collect();
    assert_eq!(told(), [""; 0]);
    taken.push(take()?);
    let line = &told()[0];
    assert!(line.contains("WARN"), "{line}");
    let fields = r#"near a limit rule="at-once" scope="account" whose="default" unit="concurrency" percent=50 used=0 held=5 limit=10"#;
    assert!(line.ends_with(fields), "{line}");
    // To and fro at the threshold is nothing new.
    taken.pop();
    taken.push(take()?);
    assert_eq!(told(), [""; 0]);
    while taken.len() < 9 {
        taken.push(take()?);
    }
    assert!(told()[0].contains("percent=90"));
    // It has been less than half by more than a tenth.
    taken.truncate(3);
    while taken.len() < 5 {
        taken.push(take()?);
    }
    assert_eq!(told().len(), 1);
    Ok(())
}

/// By the name by which settings know it, and never by a key, even where a caller takes one for a name.
#[test]
fn whose_limit_is_near_is_told() -> Result<(), BoxError> {
    use std::time::{Instant, UNIX_EPOCH};
    use switchtower::limits::{Limits, Now, Rule, Scope, Subject, Unit, Window};
    use switchtower::{Caller, KeyId, Money};

    Told::listen();
    let now = Now {
        instant: Instant::now(),
        wall: UNIX_EPOCH,
    };
    let key = format!("sk-or-v1-{}", "0123456789abcdef".repeat(4));
    let caller = Caller::new(KeyId::of(&key)).account("acme");
    let near = |scope: Scope, subject: Subject<'_>| -> Result<String, BoxError> {
        let rule = Rule::money("budget", scope, Window::Forever, "0.001".parse()?)?;
        // One value has a count of its own, and the rest have one.
        let limits = Limits::with_values([rule.soft([20])?], 1);
        let other = Caller::new(KeyId::of("other"));
        let before = Subject {
            caller: Some(&other),
            user: Some("other"),
            tag: Some("other"),
            ..Subject::default()
        };
        if subject.models == ["rest"] {
            limits.charge(&before, Unit::Money, 1, UNIX_EPOCH, now);
        }
        let money: Money = "0.000201".parse()?;
        let mut taken = limits.take(&subject, &[(Unit::Money, 1000)], now)?;
        taken.settle(Unit::Money, money.picodollars().unsigned_abs(), now);
        let mut told = Told::near();
        let line = told.pop().ok_or("nothing was told")?;
        assert_eq!(told, [""; 0]);
        assert!(!line.contains(&key[12..]), "{line}");
        let (_, whose) = line.split_once("whose=").ok_or("of nobody")?;
        let end = r#" unit="money" percent=20 used=0.000201 held=0 limit=0.001"#;
        Ok(whose.strip_suffix(end).ok_or(line.clone())?.to_owned())
    };
    let of = Subject {
        caller: Some(&caller),
        ..Subject::default()
    };
    assert_eq!(near(Scope::Account, of)?, r#""acme""#);
    // The operator's word.
    let numbered = caller.clone().account("0123456789abcdef0123456789abcdef");
    let of_number = Subject {
        caller: Some(&numbered),
        ..of
    };
    let told = near(Scope::Account, of_number)?;
    assert_eq!(told, r#""0123456789abcdef0123456789abcdef""#);
    assert_eq!(
        near(Scope::Key, of)?,
        format!("{:?}", KeyId::of(&key).to_string())
    );
    let rest = Subject {
        models: &["rest"],
        ..of
    };
    assert_eq!(near(Scope::Key, rest)?, r#""(the rest)""#);
    let providers = Subject {
        providers: &["swift"],
        ..of
    };
    assert_eq!(near(Scope::Provider, providers)?, r#""swift""#);
    let (bearer, short) = (format!("Bearer {key}"), &key[..20]);
    let azure = &key[9..41];
    for (name, told) in [
        ("eve@example.com", "acme/eve@example.com"),
        (
            "c0ffee00-1234-4abc-8def-0123456789ab",
            "acme/c0ffee00-1234-4abc-8def-0123456789ab",
        ),
        ("desk-1\n WARN", "acme/desk-1\\n WARN"),
        (&*key, "acme/sk-...def"),
        (&*bearer, "acme/Bea...def"),
        (azure, "acme/012...def"),
        (short, "acme/..."),
    ] {
        let told = format!("\"{told}\"");
        let (user, tag) = (Some(name), Some(name));
        assert_eq!(near(Scope::User, Subject { user, ..of })?, told);
        assert_eq!(near(Scope::Tag, Subject { tag, ..of })?, told);
        let model = Some(name);
        assert_eq!(
            near(Scope::Model, Subject { model, ..of })?,
            told.replace("acme/", "")
        );
    }
    Ok(())
}
