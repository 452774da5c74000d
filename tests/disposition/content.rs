//! Content that a provider will not have: the next model is asked, not the next endpoint.

use switchtower::wire::{Dialect, error::envelope};
use switchtower::{Again, Disposition, Dispositions, Error, Fault, Kind, Next};

use crate::flow::{Answer, Client, event, good, role};
use crate::support::{ask, body, four, places, stack};

/// As they are spelled, with the reasons that they give.
const SPELLED: [(u16, &str, &[&str]); 14] = [
    // OpenAI: images, and prompts to models that reason
    (
        400,
        r#"{"error":{"code":"content_policy_violation","message":"Your request was rejected","type":"invalid_request_error"}}"#,
        &[],
    ),
    (
        400,
        r#"{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}"#,
        &[],
    ),
    (
        400,
        r#"{"error":{"code":"moderation_blocked","message":"Your request was rejected by the safety system"}}"#,
        &[],
    ),
    // Azure
    (
        400,
        r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}}}}}"#,
        &["violence"],
    ),
    // Anthropic
    (
        400,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#,
        &[],
    ),
    // OpenRouter: moderation, and a guardrail
    (
        403,
        r#"{"error":{"code":403,"message":"\"a/b\" requires moderation on Acme. Your input was flagged.","metadata":{"reasons":["sexual","violence"],"flagged_input":"s3cret","provider_name":"Acme","model_slug":"a/b"}}}"#,
        &["sexual", "violence"],
    ),
    (
        403,
        r#"{"error":{"code":403,"message":"Request blocked by content filter: [EMAIL]","metadata":{"patterns":["s3cret"]}}}"#,
        &[],
    ),
    (
        400,
        r#"{"error":{"code":400,"message":"no","metadata":{"error_type":"content_policy_violation"}}}"#,
        &[],
    ),
    // xAI, whose words name the account
    (
        403,
        r#"{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Team: s3cret, API key ID: s3cret, Model: grok-4, Failed check: SAFETY_CHECK_TYPE_BIO"}"#,
        &[],
    ),
    // DeepSeek, Moonshot, DashScope in both spellings
    (
        400,
        r#"{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
        &[],
    ),
    (
        400,
        r#"{"error":{"code":400,"message":"The request was rejected because it was considered high risk","param":"prompt","type":"content_filter"}}"#,
        &[],
    ),
    (
        400,
        r#"{"error":{"code":"data_inspection_failed","param":null,"message":"Input data may contain inappropriate content.","type":"data_inspection_failed"}}"#,
        &[],
    ),
    (
        400,
        r#"{"code":"DataInspectionFailed","message":"Output data may contain inappropriate content."}"#,
        &[],
    ),
    // Gemini
    (
        400,
        r#"[{"error":{"code":400,"message":"The prompt was blocked: PROHIBITED_CONTENT","status":"INVALID_ARGUMENT"}}]"#,
        &[],
    ),
];

#[tokio::test(start_paused = true)]
async fn every_spelling_is_understood_and_no_word_of_it_is_repeated() {
    for (status, spelled, reasons) in SPELLED {
        let error = refused(status, spelled).await;
        assert_eq!(error.kind(), Kind::ContentPolicy, "{spelled}");
        // As OpenRouter has it: 403 from who moderates, else 400.
        assert_eq!(error.status().as_u16(), status, "{spelled}");
        assert_eq!(error.kind().rule().fault, Fault::Caller);
        assert_eq!(error.kind().rule().error_type, "content_policy_violation");
        let told = &error.upstream().unwrap().reasons;
        let told: Vec<&str> = told.iter().map(AsRef::as_ref).collect();
        assert_eq!(told, reasons, "{spelled}");
        let envelope = envelope(&error, Dialect::OpenRouter, None);
        let metadata = &envelope["error"]["metadata"];
        assert_eq!(metadata["reasons"], serde_json::json!(reasons));
        assert!(
            !format!("{error} {error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_sounds_like_it_is_not_taken_for_it() {
    for (status, spelled, kind) in [
        (
            400,
            r#"{"error":{"message":"messages.0.content: field required","code":"invalid_value"}}"#,
            Kind::Refused,
        ),
        (
            403,
            r#"{"error":{"message":"Country not supported","code":"unsupported_country"}}"#,
            Kind::UpstreamAuth,
        ),
        (
            429,
            r#"{"error":{"message":"content_filter is busy","code":"rate_limit_exceeded"}}"#,
            Kind::RateLimited,
        ),
        (
            500,
            r#"{"error":{"message":"our safety system failed","code":"content_filter"}}"#,
            Kind::Unavailable,
        ),
        (
            403,
            r#"{"error":{"message":"no","metadata":{"reasons":[]}}}"#,
            Kind::UpstreamAuth,
        ),
    ] {
        assert_eq!(refused(status, spelled).await.kind(), kind, "{spelled}");
    }
}

#[tokio::test(start_paused = true)]
async fn reasons_are_bounded() {
    let many: Vec<_> = (0..100)
        .map(|n| format!("{n}{}", "ü".repeat(100)))
        .collect();
    let body = serde_json::json!({"error": {"metadata": {"reasons": many}}}).to_string();
    let error = refused(403, &body).await;
    let reasons = &error.upstream().unwrap().reasons;
    assert_eq!(reasons.len(), 8);
    assert!(reasons.iter().all(|reason| reason.chars().count() == 64));
}

/// Out of credit is no rate limit, however it is spelled: waiting does not help.
#[tokio::test(start_paused = true)]
async fn an_account_out_of_credit_is_told_from_a_rate() {
    for (status, spelled, kind) in [
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#,
            Kind::QuotaExhausted,
        ),
        (
            403,
            r#"{"code":"permission denied","error":"Your team has either used all available credits or reached its monthly spending limit."}"#,
            Kind::QuotaExhausted,
        ),
        (
            402,
            r#"{"error":{"message":"Insufficient Balance","type":"unknown_error"}}"#,
            Kind::QuotaExhausted,
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#,
            Kind::QuotaExhausted,
        ),
        // Moonshot, MiniMax, Z.AI, DashScope
        (
            429,
            r#"{"error":{"message":"Your account org-1 <ak-1> is suspended due to insufficient balance, please recharge your account","type":"exceeded_current_quota_error"}}"#,
            Kind::QuotaExhausted,
        ),
        (
            500,
            r#"{"type":"error","error":{"type":"insufficient_balance_error","message":"insufficient balance (1008)"}}"#,
            Kind::QuotaExhausted,
        ),
        (
            500,
            r#"{"error":{"message":"insufficient balance (1008)"}}"#,
            Kind::QuotaExhausted,
        ),
        (
            429,
            r#"{"error":{"code":"1113","message":"Insufficient balance or no resource package. Please recharge."}}"#,
            Kind::QuotaExhausted,
        ),
        (
            400,
            r#"{"error":{"message":"Access denied, please make sure your account is in good standing.","type":"Arrearage","param":null,"code":"Arrearage"}}"#,
            Kind::QuotaExhausted,
        ),
        // Gemini says this of a rate as well.
        (
            429,
            r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}"#,
            Kind::RateLimited,
        ),
    ] {
        assert_eq!(refused(status, spelled).await.kind(), kind, "{spelled}");
    }
}

async fn refused(status: u16, spelled: &str) -> Error {
    // What passes is asked for again.
    let client = Client::new(vec![Answer::status(status, spelled); 3]);
    let stack = stack(places(&[("a", "one", None)], ""));
    let (answer, _) = ask(&stack, &client, body(&["a"], true)).await;
    answer.map(drop).unwrap_err()
}

// === Who is asked next ===

fn flagged() -> Answer {
    Answer::status(400, r#"{"error":{"code":"content_filter"}}"#)
}

#[tokio::test(start_paused = true)]
async fn the_next_model_is_asked_and_no_other_endpoint_of_this_one() {
    let in_band = event(r#"{"error":{"code":"content_filter","message":"no"}}"#);
    for first in [
        flagged(),
        Answer::sse([role(), in_band.clone()]),
        Answer::sse([in_band]),
    ] {
        let client = Client::new([first, Answer::sse(good("hi"))]);
        let (answer, _) = ask(&stack(four("")), &client, body(&["a", "b"], true)).await;
        assert!(answer.is_ok());
        assert_eq!(client.hosts(), ["one.test", "three.test"]);
    }
}

#[tokio::test(start_paused = true)]
async fn it_stays_refused_whoever_fails_in_between() {
    let down = || Answer::status(503, "{}");
    let client = Client::new([down(), flagged(), down(), flagged()]);
    let (answer, _) = ask(&stack(four("")), &client, body(&["a", "b"], true)).await;
    assert_eq!(answer.map(drop).unwrap_err().kind(), Kind::ContentPolicy);
    assert_eq!(
        client.hosts(),
        ["one.test", "two.test", "three.test", "four.test"]
    );

    let client = Client::new([flagged(), down(), down(), down(), down()]);
    let (answer, _) = ask(&stack(four("")), &client, body(&["a", "b"], true)).await;
    answer.map(drop).unwrap_err();
    let hosts = client.hosts();
    assert_eq!(hosts[..3], ["one.test", "three.test", "four.test"]);
    assert!(!hosts.contains(&"two.test".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn without_another_model_the_caller_is_told() {
    let client = Client::new([flagged()]);
    let (answer, _) = ask(&stack(four("")), &client, body(&["a"], true)).await;
    let error = answer.map(drop).unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::ContentPolicy, 400)
    );
    assert_eq!(client.hosts(), ["one.test"]);
}

#[tokio::test(start_paused = true)]
async fn the_catalogue_decides_for_a_model_and_the_operator_for_all() {
    let to = |next| {
        Dispositions::default().with(
            Kind::ContentPolicy,
            Disposition {
                again: Again::Never,
                next,
            },
        )
    };
    let all = ["one.test", "two.test"];
    for (extra, dispositions, hosts) in [
        (
            "content_policy = 'stop'",
            Dispositions::default(),
            &all[..1],
        ),
        ("", to(Next::Stop), &all[..1]),
        ("", to(Next::Any), &all[..]),
        (
            "content_policy = 'move_on'",
            to(Next::Stop),
            &["one.test", "three.test"],
        ),
        ("content_policy = 'stop'", to(Next::Any), &all[..1]),
    ] {
        let client = Client::new([flagged(), Answer::sse(good("hi"))]);
        let stack = stack(four(extra)).dispositions(dispositions);
        let _ = ask(&stack, &client, body(&["a", "b"], true)).await;
        assert_eq!(client.hosts(), hosts, "{extra}");
    }
}
