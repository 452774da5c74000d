//! Files that change under a running gateway.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use switchtower::catalog::{Catalog, Changes, Problem, Rate, ReloadError, Reloader};
use switchtower::standing::{Breaker, Roster};
use switchtower::{Call, Payload, Price, Stack};
use tokio::task::JoinSet;
use tower::{ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_change_is_read_once_it_has_settled() {
    let town = Town::new("settled");
    town.prices(&[("a", "1e-6"), ("b", "2e-6")]);
    let mut reloader = town.open();
    assert!(reloader.check(at(0)).is_none());
    assert!(reloader.check(at(100)).is_none(), "nothing has changed");

    town.prices(&[("a", "1.5e-6"), ("b", "2e-6"), ("c", "3e-6")]);
    assert!(reloader.check(at(101)).is_none(), "it may still be written");
    assert!(reloader.check(at(102)).is_none());
    let (catalog, changes) = reloader.check(at(103)).unwrap().unwrap();
    assert_eq!(
        changes.to_string(),
        "1 model added, 0 removed; 1 price changed"
    );
    assert_eq!(
        changes.repriced()[0].to_string(),
        "openai/a@openai: prompt 0.000001 to 0.0000015"
    );
    assert_eq!(prompt(&catalog, "openai/a"), "1.5e-6".parse().unwrap());
    assert!(Arc::ptr_eq(&catalog, reloader.catalog()));
    assert!(reloader.check(at(200)).is_none());
}

#[test]
fn what_is_written_slowly_is_waited_for() {
    let town = Town::new("slowly");
    town.prices(&[("a", "1e-6")]);
    let mut reloader = town.open();
    // Each piece is a change of its own, and the last is a whole map.
    for (second, piece) in ["{", "{\"a\": 1", "{\"a\": {}"].into_iter().enumerate() {
        town.write("litellm.json", piece);
        assert!(reloader.check(at(second as u64)).is_none());
    }
    town.prices(&[("a", "2e-6")]);
    assert!(reloader.check(at(10)).is_none());
    let (catalog, _) = reloader.check(at(12)).unwrap().unwrap();
    assert_eq!(prompt(&catalog, "openai/a"), "2e-6".parse().unwrap());
}

#[test]
fn a_file_cut_short_is_refused_once_and_the_last_good_one_stays() {
    let town = Town::new("cut");
    town.prices(&[("a", "1e-6"), ("b", "2e-6")]);
    let mut reloader = town.open();
    let before = reloader.catalog().clone();
    let whole = fs::read_to_string(town.path("litellm.json")).unwrap();
    town.write("litellm.json", &whole[..whole.len() / 2]);

    assert!(reloader.check(at(0)).is_none());
    let error = reloader.check(at(2)).unwrap().unwrap_err();
    assert!(
        matches!(&error, ReloadError::Invalid(error) if matches!(error.kind(), Problem::Syntax { .. })),
        "{error}"
    );
    assert!(
        error.to_string().ends_with("; the last catalogue stays"),
        "{error}"
    );
    assert!(Arc::ptr_eq(&before, reloader.catalog()));
    assert!(reloader.check(at(3)).is_none(), "told once");
    // Whole again, it is what it was.
    town.write("litellm.json", &whole);
    assert!(reloader.check(at(4)).is_none());
    assert!(reloader.check(at(6)).is_none());
    assert!(Arc::ptr_eq(&before, reloader.catalog()));
    // The same of the catalogue's own file, and of one that is gone.
    let toml = fs::read_to_string(town.path("switchtower.toml")).unwrap();
    town.write("switchtower.toml", &toml[..toml.len() - 3]);
    assert!(reloader.check(at(7)).is_none());
    assert!(reloader.check(at(9)).unwrap().is_err());
    fs::remove_file(town.path("switchtower.toml")).unwrap();
    assert!(reloader.check(at(10)).is_none());
    let error = reloader.check(at(12)).unwrap().unwrap_err();
    assert!(
        matches!(&error, ReloadError::Invalid(error) if matches!(error.kind(), Problem::Read(_)))
    );
    assert!(Arc::ptr_eq(&before, reloader.catalog()));
}

#[test]
fn another_file_in_its_place_is_a_change() {
    let town = Town::new("replaced");
    town.prices(&[("a", "1e-6")]);
    let mut reloader = town.open();
    let (old, new) = (town.path("litellm.json"), town.path("new.json"));
    let modified = fs::metadata(&old).unwrap().modified().unwrap();
    fs::write(
        &new,
        fs::read_to_string(&old).unwrap().replace("1e-6", "2e-6"),
    )
    .unwrap();
    // As long, and of the same moment: only the file is another.
    fs::File::options()
        .write(true)
        .open(&new)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    fs::rename(&new, &old).unwrap();
    assert!(reloader.check(at(0)).is_none());
    let (catalog, _) = reloader.check(at(2)).unwrap().unwrap();
    assert_eq!(prompt(&catalog, "openai/a"), "2e-6".parse().unwrap());
}

#[test]
fn a_source_that_is_not_there_yet_is_waited_for() {
    let town = Town::new("later");
    town.prices(&[("a", "1e-6")]);
    let mut reloader = town.open();
    town.toml("sources = [\"litellm.json\", \"more.json\"]\n");
    assert!(reloader.check(at(0)).is_none());
    let error = reloader.check(at(2)).unwrap().unwrap_err();
    assert!(
        error.to_string().contains("sources[1]: cannot be read"),
        "{error}"
    );
    town.write("more.json", &map(&[("b", "2e-6")]));
    assert!(reloader.check(at(3)).is_none());
    let (catalog, changes) = reloader.check(at(5)).unwrap().unwrap();
    assert_eq!((catalog.models().len(), changes.added()), (2, 1));
}

#[test]
fn a_catalogue_that_shrinks_by_half_is_held() {
    let town = Town::new("shrinks");
    town.prices(&[("a", "1e-6"), ("b", "1e-6"), ("c", "1e-6"), ("d", "1e-6")]);
    let mut reloader = town.open();
    town.prices(&[("a", "1e-6")]);
    assert!(reloader.check(at(0)).is_none());
    let error = reloader.check(at(2)).unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("1 of 4 models are left; the last"),
        "{error}"
    );
    assert_eq!(reloader.catalog().models().len(), 4);
    // Half of them is not too few.
    town.prices(&[("a", "1e-6"), ("b", "1e-6")]);
    assert!(reloader.check(at(3)).is_none());
    let (catalog, changes) = reloader.check(at(5)).unwrap().unwrap();
    assert_eq!((catalog.models().len(), changes.removed()), (2, 2));
    // Nor may their prices vanish.
    town.write("litellm.json", &map(&[("a", "null"), ("b", "null")]));
    assert!(reloader.check(at(6)).is_none());
    let error = reloader.check(at(8)).unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("0 of 2 endpoints with a price"),
        "{error}"
    );
}

/// As many are left, but others.
#[test]
fn who_confirms_confirms_which_models_are_lost() {
    let town = Town::new("lost");
    let four = [("a", "1e-6"), ("b", "1e-6"), ("c", "1e-6"), ("d", "1e-6")];
    let held = |left: &str| {
        town.prices(&four);
        let mut reloader = town.open();
        town.prices(&[(left, "1e-6")]);
        assert!(reloader.check(at(0)).is_none());
        let Some(Err(ReloadError::Held(held))) = reloader.check(at(2)) else {
            panic!("three of four are lost")
        };
        held.token().to_owned()
    };
    assert_eq!(held("a"), held("a"));
    assert_ne!(held("a"), held("b"));
}

/// What the cache reads was billed as the prompt until it had a price.
#[test]
fn a_price_that_is_listed_at_last_is_held_against_what_stood_for_it() {
    let town = Town::new("stood-for");
    let row = |cached: &str| {
        format!(
            r#"{{"a": {{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3e-6{cached}}}}}"#
        )
    };
    let then = |price: &str| {
        town.write("litellm.json", &row(""));
        let mut reloader = town.open();
        town.write(
            "litellm.json",
            &row(&format!(", \"cache_read_input_token_cost\": {price}")),
        );
        assert!(reloader.check(at(0)).is_none());
        reloader
            .check(at(2))
            .unwrap()
            .map(|(_, changes)| changes.prices())
    };
    for held in ["0", "3e-9", "3.1e-5"] {
        let error = then(held).unwrap_err();
        assert!(
            error.to_string().contains("cache_read unknown to "),
            "{error}"
        );
    }
    // A fiftieth is what it may well be.
    for taken in ["6e-8", "3e-6", "3e-5"] {
        assert_eq!(then(taken).unwrap(), 1, "{taken}");
    }
}

/// One that is put before another is no other price of it.
#[test]
fn overrides_are_compared_by_their_conditions() {
    let town = Town::new("pairs");
    let row = |more: &str| {
        format!(
            r#"{{"a": {{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6{more}}}}}"#
        )
    };
    let above = |tokens: &str, price: &str| {
        format!(", \"input_cost_per_token_above_{tokens}_tokens\": {price}")
    };
    town.write("litellm.json", &row(&above("200k", "5e-5")));
    let mut reloader = town.open();
    town.write(
        "litellm.json",
        &row(&(above("32k", "2e-6") + &above("200k", "5e-5"))),
    );
    assert!(reloader.check(at(0)).is_none());
    let (_, changes) = reloader.check(at(2)).unwrap().unwrap();
    let told: Vec<_> = changes.repriced().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["openai/a@openai: prompt of override 0 unknown to 0.000002"]
    );
    // The same price, from so few tokens on that all prompts have it.
    town.write(
        "litellm.json",
        &row(&(above("32k", "2e-6") + &above("1", "5e-5"))),
    );
    assert!(reloader.check(at(3)).is_none());
    let error = reloader.check(at(5)).unwrap().unwrap_err();
    assert!(error.to_string().contains("0.000001 to 0.00005"), "{error}");
}

/// The system said no to the read, and nothing about the file tells that it would say yes by now.
#[cfg(unix)]
#[test]
fn what_the_system_refuses_to_read_is_tried_again() {
    use std::os::unix::fs::PermissionsExt;

    let town = Town::new("refused");
    town.prices(&[("a", "1e-6")]);
    let mut reloader = town.open();
    town.prices(&[("a", "2e-6")]);
    let mode =
        |mode| fs::set_permissions(town.path("litellm.json"), fs::Permissions::from_mode(mode));
    mode(0o000).unwrap();
    if fs::read(town.path("litellm.json")).is_ok() {
        // To the superuser nothing is refused.
        return;
    }
    assert!(reloader.check(at(0)).is_none());
    let error = reloader.check(at(2)).unwrap().unwrap_err();
    assert!(
        matches!(&error, ReloadError::Invalid(error) if matches!(error.kind(), Problem::Read(_))),
        "{error}"
    );
    assert!(reloader.check(at(3)).is_none(), "told once");
    mode(0o644).unwrap();
    let (catalog, _) = reloader.check(at(4)).unwrap().unwrap();
    assert_eq!(prompt(&catalog, "openai/a"), "2e-6".parse().unwrap());
}

#[test]
fn a_price_that_jumps_is_held_until_the_operator_confirms_it() {
    let town = Town::new("jumps");
    town.prices(&[("a", "1e-6"), ("b", "1e-6"), ("c", "0")]);
    let mut reloader = town.open();
    let mut clock = 0;
    let mut check = |reloader: &mut Reloader| {
        clock += 10;
        assert!(reloader.check(at(clock)).is_none());
        reloader.check(at(clock + 5)).unwrap()
    };
    // Ten times as much is taken, and so is a price where there was none to pay.
    town.prices(&[("a", "1e-5"), ("b", "1e-7"), ("c", "1")]);
    assert_eq!(check(&mut reloader).unwrap().1.prices(), 3);
    for (dear, what) in [
        ("1.01e-4", "0.00001 to 0.000101"),
        ("9e-7", "0.00001 to 0.0000009"),
        ("0", "0.00001 to 0"),
    ] {
        town.prices(&[("a", dear), ("b", "1e-7"), ("c", "1")]);
        let error = check(&mut reloader).unwrap_err();
        let expected =
            format!("a price jumps: openai/a@openai: prompt {what}; the last catalogue stays");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    // Another number is not this one.
    let ReloadError::Held(held) = held(&town, &mut reloader, &mut check) else {
        panic!("a price jumps")
    };
    town.toml(&format!(
        "sources = [\"litellm.json\"]\nconfirm = {:?}\n",
        "0123456789ab"
    ));
    assert!(matches!(check(&mut reloader), Err(ReloadError::Held(again)) if again == held));
    town.toml(&format!(
        "sources = [\"litellm.json\"]\nconfirm = {:?}\n",
        held.token()
    ));
    let (catalog, _) = check(&mut reloader).unwrap();
    assert_eq!(prompt(&catalog, "openai/a"), "1e-3".parse().unwrap());
    // It stands there still, and means nothing to the next jump.
    town.prices(&[("a", "1e-6"), ("b", "1e-7"), ("c", "1")]);
    assert!(check(&mut reloader).is_err());
}

fn held(
    town: &Town,
    reloader: &mut Reloader,
    check: &mut impl FnMut(&mut Reloader) -> Result<(Arc<Catalog>, Changes), ReloadError>,
) -> ReloadError {
    town.prices(&[("a", "1e-3"), ("b", "1e-7"), ("c", "1")]);
    check(reloader).unwrap_err()
}

#[test]
fn the_prices_of_long_prompts_are_guarded_too() {
    let town = Town::new("long");
    let map = |price: &str| {
        format!(
            r#"{{"a": {{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6,
                "input_cost_per_token_above_200k_tokens": {price}}}}}"#
        )
    };
    town.write("litellm.json", &map("2e-6"));
    let mut reloader = town.open();
    town.write("litellm.json", &map("2e-4"));
    assert!(reloader.check(at(0)).is_none());
    let error = reloader.check(at(2)).unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("prompt of override 0 0.000002 to 0.0002"),
        "{error}"
    );
}

/// Where nothing was dearer or cheaper before, the base list held.
#[test]
fn an_override_that_is_new_is_held_against_the_base_list() {
    let town = Town::new("new-override");
    let map = |more: &str| {
        format!(
            r#"{{"a": {{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6{more}}}}}"#
        )
    };
    town.write("litellm.json", &map(""));
    let mut reloader = town.open();
    let long = |price: &str| format!(", \"input_cost_per_token_above_1_tokens\": {price}");
    town.write("litellm.json", &map(&long("0")));
    assert!(reloader.check(at(0)).is_none());
    let error = reloader.check(at(2)).unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("prompt of override 0 unknown to 0"),
        "{error}"
    );

    town.write("litellm.json", &map(&long("2e-6")));
    assert!(reloader.check(at(3)).is_none());
    reloader.check(at(5)).unwrap().unwrap();
    // The same price from another length on is told, too.
    town.write(
        "litellm.json",
        &map(", \"input_cost_per_token_above_2_tokens\": 2e-6"),
    );
    assert!(reloader.check(at(6)).is_none());
    let (_, changes) = reloader.check(at(8)).unwrap().unwrap();
    assert!(!changes.is_empty());
    assert_eq!((changes.prices(), changes.conditions()), (0, 1));
    assert!(
        changes
            .to_string()
            .ends_with("0 prices changed, 1 under other conditions")
    );
}

/// An unknown price is charged to nobody.
#[test]
fn a_price_that_vanishes_is_held() {
    let town = Town::new("vanishes");
    town.prices(&[("a", "1e-6"), ("b", "1e-6"), ("c", "1e-6")]);
    let mut reloader = town.open();
    town.prices(&[("a", "null"), ("b", "1e-6"), ("c", "1e-6")]);
    assert!(reloader.check(at(0)).is_none());
    let error = reloader.check(at(2)).unwrap().unwrap_err();
    let expected = "a price jumps: openai/a@openai: prompt 0.000001 to unknown; ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

/// The operator has seen two jumps, and meanwhile the second has become another.
#[test]
fn who_confirms_confirms_every_jump() {
    let town = Town::new("every");
    town.prices(&[("a", "1e-6"), ("b", "1e-6")]);
    let mut reloader = town.open();
    town.prices(&[("a", "1e-3"), ("b", "1e-3")]);
    assert!(reloader.check(at(0)).is_none());
    let Some(Err(ReloadError::Held(held))) = reloader.check(at(2)) else {
        panic!("two prices jump")
    };
    town.prices(&[("a", "1e-3"), ("b", "0")]);
    town.toml(&format!(
        "sources = [\"litellm.json\"]\nconfirm = {:?}\n",
        held.token()
    ));
    assert!(reloader.check(at(3)).is_none());
    assert!(reloader.check(at(5)).unwrap().is_err());
}

#[test]
fn a_clock_that_is_set_back_delays_no_change() {
    let town = Town::new("back");
    town.prices(&[("a", "1e-6")]);
    let mut reloader = town.open();
    town.prices(&[("a", "2e-6")]);
    assert!(reloader.check(at(1_000_000)).is_none());
    assert!(reloader.check(at(10)).is_none());
    assert!(reloader.check(at(12)).unwrap().is_ok());
}

#[test]
fn a_price_with_a_date_comes_into_force_on_that_day() {
    let town = Town::new("dated");
    let data = r#"[{"id": "openai", "models": [{"id": "a", "match": {"equals": "a"}, "prices": [
        {"prices": {"input_mtok": 1, "output_mtok": 1}},
        {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": 2, "output_mtok": 2}},
        {"constraint": {"start_date": "2026-03-02"}, "prices": {"input_mtok": 100, "output_mtok": 100}}]}]}]"#;
    town.write("litellm.json", data);
    // 2026-03-01 is day 20 513 since 1970.
    let day = |day: u64| UNIX_EPOCH + Duration::from_secs(day * 24 * 60 * 60);
    let mut reloader = Reloader::open(town.path("switchtower.toml"), day(20_513) - SECOND).unwrap();
    assert_eq!(
        prompt(reloader.catalog(), "openai/a"),
        "1e-6".parse().unwrap()
    );
    let before = reloader.catalog().revision().to_owned();
    assert!(reloader.check(day(20_513) - SECOND).is_none());
    let (catalog, changes) = reloader.check(day(20_513)).unwrap().unwrap();
    assert_eq!(prompt(&catalog, "openai/a"), "2e-6".parse().unwrap());
    assert_eq!(changes.prices(), 2);
    assert_ne!(
        catalog.revision(),
        before,
        "other prices are another content"
    );
    assert!(reloader.check(day(20_513) + SECOND).is_none());
    // The guard looks at it as at any other, once.
    assert!(reloader.check(day(20_514)).unwrap().is_err());
    assert!(reloader.check(day(20_515)).is_none());
}

/// The file was touched before that day, and the day was forgotten.
#[test]
fn a_file_that_is_the_same_again_keeps_the_day_of_its_price() {
    let town = Town::new("touched");
    let data = r#"[{"id": "openai", "models": [{"id": "a", "match": {"equals": "a"}, "prices": [
        {"prices": {"input_mtok": 1, "output_mtok": 1}},
        {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": 2, "output_mtok": 2}}]}]}]"#;
    town.write("litellm.json", data);
    let day = UNIX_EPOCH + Duration::from_secs(20_513 * 24 * 60 * 60);
    let mut reloader = Reloader::open(town.path("switchtower.toml"), day - 60 * SECOND).unwrap();
    let changes: [(u32, &str, bool); 3] = [(50, data, false), (40, "[", true), (30, data, false)];
    for (before, text, told) in changes {
        town.write("litellm.json", text);
        assert!(reloader.check(day - before * SECOND).is_none());
        let checked = reloader.check(day - (before - 2) * SECOND);
        assert_eq!(checked.is_some(), told, "{text}");
    }
    let (catalog, _) = reloader.check(day).unwrap().unwrap();
    assert_eq!(prompt(&catalog, "openai/a"), "2e-6".parse().unwrap());
}

/// Two tasks ask as fast as they can while the catalogue is swapped as fast as it can be. The number of a snapshot is in
/// each of its prices; the first endpoint always fails, so that each request looks at its snapshot twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_sees_two_snapshots() {
    const SWAPS: u32 = 300;
    let roster = Roster::from(snapshot(1));
    let client = service_fn(|request: Request<Payload>| async move {
        let call = request.extensions().get::<Call>().unwrap();
        let plan = call.plan().unwrap();
        let number = number(&plan.catalog);
        for candidate in &plan.candidates {
            let listed = candidate.endpoint.prices().listed(Rate::Prompt);
            assert_eq!(listed, Some(price(number)), "{}", candidate.endpoint.key());
        }
        let path = request.uri().path();
        let response = match path.starts_with("/broken") {
            true => Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(Full::from("{}")),
            false => Response::builder().header("content-type", "application/json").body(Full::from(
                r#"{"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "Hi!"}}],
                    "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}}"#,
            )),
        };
        Ok::<_, Infallible>(response.unwrap())
    });
    // The one that fails is asked by each request all the same.
    let stack = Stack::new(roster.clone()).breaker(Breaker::never());
    let ledger = stack.ledger().clone();
    let chain = stack.around(client);
    let done = Arc::new(AtomicBool::new(false));
    let (answered, answers) = mpsc::channel();

    let snapshots: Vec<_> = (2..=SWAPS).map(snapshot).collect();
    let swapper = {
        let done = done.clone();
        std::thread::spawn(move || {
            let (began, mut requests) = (Instant::now(), 0);
            for snapshot in snapshots {
                roster.swap(snapshot, began);
                requests += answers.try_iter().count();
                // Of three more answers to two callers, one was asked for since; who has failed sends none.
                requests += answers.iter().take(3).count();
            }
            done.store(true, Ordering::Relaxed);
            (requests, began.elapsed())
        })
    };
    let mut callers = JoinSet::new();
    for _ in 0..2 {
        let (chain, ledger) = (chain.clone(), ledger.clone());
        let (done, answered) = (done.clone(), answered.clone());
        callers.spawn(async move {
            let mut seen = BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                let body = r#"{"model": "acme/swift", "provider": {"order": ["broken", "well"]},
                    "messages": [{"role": "user", "content": "hi"}]}"#;
                let request = Request::post("/v1/chat/completions")
                    .body(body.to_owned())
                    .unwrap();
                let response = chain.clone().oneshot(request).await.unwrap();
                let call = response.extensions().get::<Call>().unwrap().clone();
                response.into_body().collect().await.unwrap();
                let record = ledger.get(call.id().as_str()).unwrap();
                let number = number(&call.plan().unwrap().catalog);
                assert_eq!(record.attempts.len(), 2);
                for attempt in &record.attempts {
                    let endpoint = attempt.endpoint.as_ref().unwrap();
                    assert_eq!(
                        endpoint.prices().listed(Rate::Completion),
                        Some(price(number))
                    );
                }
                assert_eq!(record.charge, Some(price(number).times(150).round()));
                seen.insert(number);
                let _ = answered.send(());
            }
            seen
        });
    }
    drop(answered);
    let mut seen = BTreeSet::new();
    while let Some(caller) = callers.join_next().await {
        // Nobody waits for one that has failed.
        done.fetch_or(caller.is_err(), Ordering::Relaxed);
        seen.append(&mut caller.unwrap());
    }
    let (requests, took) = swapper.join().unwrap();
    let rate = f64::from(SWAPS) / took.as_secs_f64();
    println!("{rate:.0} swaps a second, and {requests} requests in {took:?}");
    assert!((2..=SWAPS).all(|number| seen.contains(&number)), "{seen:?}");
}

// === Helpers ===

/// A folder with a catalogue and its source, gone when the test is over.
struct Town(PathBuf);

impl Town {
    fn new(name: &str) -> Self {
        let folder = format!("switchtower-reload-{name}-{}", std::process::id());
        let town = Town(std::env::temp_dir().join(folder));
        fs::create_dir_all(&town.0).unwrap();
        town.toml("sources = [\"litellm.json\"]\n");
        town
    }

    fn open(&self) -> Reloader {
        Reloader::open(self.path("switchtower.toml"), UNIX_EPOCH).unwrap()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    fn toml(&self, head: &str) {
        self.write(
            "switchtower.toml",
            &format!("{head}[providers.openai]\nbase_url = \"https://api.openai.com/v1\""),
        );
    }

    fn prices(&self, rows: &[(&str, &str)]) {
        self.write("litellm.json", &map(rows));
    }

    /// Its moment is another each time, however coarse the clock of the file system is.
    fn write(&self, file: &str, text: &str) {
        static MOMENTS: AtomicU32 = AtomicU32::new(0);
        let path = self.path(file);
        fs::write(&path, text).unwrap();
        let moment = UNIX_EPOCH + SECOND * MOMENTS.fetch_add(1, Ordering::Relaxed);
        touch(&path, moment);
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn touch(path: &Path, moment: SystemTime) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(moment).unwrap();
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn map(rows: &[(&str, &str)]) -> String {
    let row = |(name, price): &(&str, &str)| {
        format!(
            r#""{name}": {{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": {price}}}"#
        )
    };
    format!(
        "{{{}}}",
        rows.iter().map(row).collect::<Vec<_>>().join(",\n")
    )
}

fn prompt(catalog: &Catalog, model: &str) -> Price {
    catalog.find(model).unwrap().endpoints()[0]
        .prices()
        .prompt()
        .unwrap()
}

fn snapshot(number: u32) -> Arc<Catalog> {
    let usd = format!("{number}");
    let toml = format!(
        r#"
        providers.broken.base_url = "http://127.0.0.1/broken"
        providers.well.base_url = "http://127.0.0.1/well"
        [[models."acme/swift".endpoints]]
        provider = "broken"
        model = "swift"
        prices = {{ prompt = "{usd}", completion = "{usd}" }}
        [[models."acme/swift".endpoints]]
        provider = "well"
        model = "swift"
        prices = {{ prompt = "{usd}", completion = "{usd}" }}
        [[models."acme/other".endpoints]]
        provider = "well"
        model = "other"
        prices = {{ prompt = "{usd}" }}
        "#
    );
    Arc::new(Catalog::from_toml(&toml, "switchtower.toml", |_| None).unwrap())
}

/// The number of a snapshot, by a model that nobody asks for.
fn number(catalog: &Catalog) -> u32 {
    let price = prompt(catalog, "acme/other").femtodollars();
    (price / 1_000_000_000) as u32
}

/// So many dollars for a million tokens.
fn price(number: u32) -> Price {
    Price::from_femtodollars(u64::from(number) * 1_000_000_000)
}
