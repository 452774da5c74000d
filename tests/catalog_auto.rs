//! The catalogue: what routers and the names of families choose from.

use proptest::prelude::*;
use switchtower::catalog::{
    AutoRule, AutoSpec, Catalog, EndpointSpec, ModelSpec, Pattern, Problem, Provider, Task,
};

#[test]
fn a_rule_lists_models_in_its_own_order() {
    let rule = |auto: AutoSpec| ids(&build(&MODELS, auto), |rule| rule.models().to_vec());
    assert_eq!(
        rule(AutoSpec::new().with_models("openai/gpt-6").with_models("*")),
        [
            "openai/gpt-6",
            "anthropic/claude-opus-5",
            "anthropic/claude-opus-4",
            "openai/gpt-5"
        ],
        "each once, and none that is hidden"
    );
    assert_eq!(
        rule(AutoSpec::new().with_models("*/gpt-*")),
        ["openai/gpt-5", "openai/gpt-6"]
    );
    assert!(rule(AutoSpec::new().with_models("mistral/*")).is_empty());
    assert!(
        build(&MODELS, AutoSpec::new())
            .auto()
            .unwrap()
            .models()
            .is_empty()
    );
}

#[test]
fn the_first_task_that_has_a_model_decides() {
    let auto = AutoSpec::new()
        .with_models("openai/*")
        .with_task(Task::Vision, "anthropic/claude-opus-5")
        .with_task(Task::Tools, "openai/gpt-6");
    let catalog = build(&MODELS, auto);
    let order = |tasks: &[Task]| {
        ids(&catalog, |rule| {
            let models = rule.models_for(|task| tasks.contains(&task));
            models.cloned().collect()
        })
    };
    assert_eq!(order(&[]), ["openai/gpt-5", "openai/gpt-6"]);
    assert_eq!(order(&[Task::Tools]), ["openai/gpt-6", "openai/gpt-5"]);
    assert_eq!(
        order(&[Task::Long, Task::Tools]),
        ["openai/gpt-6", "openai/gpt-5"]
    );
    assert_eq!(
        order(&[Task::Tools, Task::Vision]),
        ["anthropic/claude-opus-5", "openai/gpt-5", "openai/gpt-6"]
    );
    assert_eq!(catalog.auto().unwrap().long_above(), 100_000);
}

#[test]
fn a_file_has_a_rule() {
    let text = r#"
        [auto]
        models = ["a/*", "b"]
        long_above = 5
        tasks = { vision = "b" }
        [providers.p]
        base_url = "https://p.test"
        [models."x/b"]
        aliases = ["b"]
        endpoints = [{ provider = "p", model = "b" }]
        [models."a/c"]
        endpoints = [{ provider = "p", model = "c" }]
    "#;
    let catalog = Catalog::from_toml(text, "t.toml", |_| None).unwrap();
    assert_eq!(ids(&catalog, |rule| rule.models().to_vec()), ["a/c", "x/b"]);
    let rule = catalog.auto().unwrap();
    assert_eq!(rule.task(Task::Vision).unwrap().id(), "x/b");
    assert!(rule.task(Task::Tools).is_none());
    assert_eq!(rule.long_above(), 5);
    assert!(Catalog::default().auto().is_none());
}

#[test]
fn a_model_without_a_key_is_left_out_of_the_rule() {
    let text = r#"
        [auto]
        models = ["a/one", "a/two"]
        tasks = { tools = "a/one" }
        [providers.shut]
        base_url = "https://p.test"
        key_env = "KEY"
        [providers.open]
        base_url = "https://p.test"
        [models."a/one"]
        endpoints = [{ provider = "shut", model = "b" }]
        [models."a/two"]
        endpoints = [{ provider = "open", model = "c" }]
    "#;
    let catalog = Catalog::from_toml_available(text, "t.toml", |_| None).unwrap();
    assert_eq!(ids(&catalog, |rule| rule.models().to_vec()), ["a/two"]);
    assert!(catalog.auto().unwrap().task(Task::Tools).is_none());
}

#[test]
fn a_rule_has_a_bound() {
    let rule = |count| (0..count).fold(AutoSpec::new(), |auto, _| auto.with_models("*"));
    let build = |count| Catalog::builder().auto(rule(count)).build();
    assert!(build(Pattern::MOST).is_ok());
    let error = build(Pattern::MOST + 1).unwrap_err();
    assert!(matches!(
        error.kind(),
        Problem::TooMany {
            limit: Pattern::MOST
        }
    ));
}

#[test]
fn families_are_told_by_ids() {
    for (id, family) in [
        ("anthropic/claude-sonnet-5.5", Some("claude-sonnet")),
        ("anthropic/claude-3-opus", Some("claude-opus")),
        ("openai/gpt-4o-mini", Some("gpt-mini")),
        ("openai/gpt-6", Some("gpt")),
        ("google/gemini-2.5-flash-20260101", Some("gemini-flash")),
        ("deepseek/deepseek-v3.1", Some("deepseek")),
        ("acme/vision-v2", Some("vision")),
        ("openai/gpt-5:free", None),
        ("acme/70b", None),
        ("gpt-5", None),
    ] {
        let catalog = build(&[(id, None, false)], AutoSpec::new());
        assert_eq!(catalog.models()[0].family(), family, "{id}");
    }
}

#[test]
fn the_newest_of_a_family() {
    let latest = |models: &[_], name: &str| {
        let catalog = build(models, AutoSpec::new());
        catalog.latest(name).map(|model| model.id().to_owned())
    };
    let claude = "~anthropic/claude-opus-latest";
    assert_eq!(latest(&MODELS, claude).unwrap(), "anthropic/claude-opus-5");
    assert_eq!(
        latest(&MODELS, "~openai/gpt-latest").unwrap(),
        "openai/gpt-6"
    );
    for unknown in [
        "~openai/claude-opus-latest",
        "openai/gpt-latest",
        "~openai/gpt",
        "",
        "~",
    ] {
        assert_eq!(latest(&MODELS, unknown), None, "{unknown}");
    }
    // Who does not say when it appeared is older, and of equals the last in the alphabet wins.
    let dated = [("a/m-2", None, false), ("a/m-1", Some(7), false)];
    assert_eq!(latest(&dated, "~a/m-latest").unwrap(), "a/m-1");
    let same = [("a/m-2", None, false), ("a/m-1", None, false)];
    assert_eq!(latest(&same, "~a/m-latest").unwrap(), "a/m-2");
}

#[test]
fn a_family_may_be_given() {
    let endpoint = || EndpointSpec::new("acme", "m");
    let catalog = Catalog::builder()
        .provider(Provider::new("acme", "https://acme.test".parse().unwrap()))
        .model(
            ModelSpec::new("a/sol-6")
                .with_family("large")
                .endpoint(endpoint()),
        )
        .model(
            ModelSpec::new("a/sol-7")
                .with_alias("sol")
                .endpoint(endpoint()),
        )
        .build()
        .unwrap();
    let families: Vec<_> = catalog
        .families()
        .map(|(name, model)| (name, model.id()))
        .collect();
    assert_eq!(
        families,
        [("~a/large-latest", "a/sol-6"), ("~a/sol-latest", "a/sol-7")]
    );
}

proptest! {
    #[test]
    fn a_pattern_is_what_a_slow_matcher_says(pattern in "[ab*/]{0,9}", name in "[ab/]{0,9}") {
        let told = Pattern::new(&pattern).matches(&name);
        prop_assert_eq!(told, slow(pattern.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn a_name_is_a_pattern_of_itself(name in "[^*]{0,20}") {
        let pattern = Pattern::new(&name);
        prop_assert!(pattern.is_exact() && pattern.matches(&name));
    }
}

/// By the meaning of a star: it is either nothing, or one letter and another star.
fn slow(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) if slow(rest, name) => true,
        ([b'*', ..], [_, left @ ..]) => slow(pattern, left),
        ([letter, rest @ ..], [first, left @ ..]) => letter == first && slow(rest, left),
        _ => false,
    }
}

/// Id, `created`, hidden?
type Row = (&'static str, Option<u64>, bool);

const MODELS: [Row; 5] = [
    ("anthropic/claude-opus-5", Some(50), false),
    ("anthropic/claude-opus-4", Some(40), false),
    ("anthropic/claude-opus-6", Some(60), true),
    ("openai/gpt-5", Some(50), false),
    ("openai/gpt-6", Some(60), false),
];

fn build(models: &[Row], auto: AutoSpec) -> Catalog {
    let builder = Catalog::builder()
        .provider(Provider::new("acme", "https://acme.test".parse().unwrap()))
        .auto(auto);
    let models = models.iter().map(|(id, created, hidden)| {
        let mut model = ModelSpec::new(id).endpoint(EndpointSpec::new("acme", "m"));
        if let Some(created) = created {
            model = model.with_created(*created);
        }
        match hidden {
            true => model.hidden(),
            false => model,
        }
    });
    models
        .fold(builder, |builder, model| builder.model(model))
        .build()
        .unwrap()
}

fn ids(
    catalog: &Catalog,
    of: impl Fn(&AutoRule) -> Vec<std::sync::Arc<switchtower::catalog::Model>>,
) -> Vec<String> {
    let models = of(catalog.auto().unwrap());
    models.iter().map(|model| model.id().to_owned()).collect()
}
