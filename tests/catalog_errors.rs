//! The catalogue: what a file must say, and how its errors read.

use proptest::prelude::*;
use switchtower::catalog::{Catalog, EndpointSpec, LoadError, ModelSpec, Problem, Provider};

/// What the parser says is repeated, and whoever reads a log has a line for it.
#[test]
fn an_error_of_the_syntax_is_one_line() {
    for odd in [
        "= 1",
        "[",
        "'",
        "\"\"\"\n",
        "a = \0",
        "a =\r\n",
        "a = 1979-",
        "a = 1979-13-01",
        "a = 1979-05-27T24:00:00",
        "a = 00:32:00.a999999",
        "a = 25:00:00",
        "a = 0x",
        "a = 1__0",
        "a = tru",
        "a = [1,\n2",
        "a = 1\na = 2",
    ] {
        let told = load(odd).unwrap_err().to_string();
        assert!(!told.contains('\n') && told.trim_end() == told, "{told:?}");
    }
}

#[test]
fn every_error_names_its_place() {
    for (find, put, error) in [
        (
            r#"prompt = "0.15""#,
            r#"prompt = "0.1x""#,
            r#"t.toml:13:21: models."a/b".endpoints[0].prices.prompt: "0.1x" is not a decimal number"#,
        ),
        (
            r#"prompt = "0.15""#,
            r#"prompt = "-1""#,
            r#"t.toml:13:21: models."a/b".endpoints[0].prices.prompt: "-1" is negative"#,
        ),
        (
            r#"prompt = "0.15""#,
            r#"prompt = "0.0000000001""#,
            r#"t.toml:13:21: models."a/b".endpoints[0].prices.prompt: "0.0000000001" has more than 9 decimals, which would be lost"#,
        ),
        (
            r#"prompt = "0.15""#,
            "prompt = 0.15",
            r#"t.toml:13:21: models."a/b".endpoints[0].prices.prompt: write it as a string, "0.15", so that no digit is lost"#,
        ),
        (
            r#"prompt = "0.15""#,
            "prompt = 3",
            r#"t.toml:13:21: models."a/b".endpoints[0].prices.prompt: write it as a string, "3", so that no digit is lost"#,
        ),
        (
            r#"prompt = "0.15""#,
            "prompt = true",
            r#"t.toml:13:21: models."a/b".endpoints[0].prices.prompt: must be a string, not a boolean"#,
        ),
        (
            r#"prompt = "0.15""#,
            r#"input = "1""#,
            r#"t.toml:13:12: models."a/b".endpoints[0].prices.input: is not a known key; there are prompt, completion, cache_read, cache_write, cache_write_1h, reasoning, audio, audio_cache_read, audio_output, image_token, image_output, request, image, web_search, overrides"#,
        ),
        (
            r#"model = "m""#,
            r#"modle = "m""#,
            r#"t.toml:12:1: models."a/b".endpoints[0].modle: is not a known key; there are provider, model, tag, prices, context_length, max_completion_tokens, max_prompt_tokens, quantization, parameters, data_collection, zdr, own_key, implicit_caching, weight, score, rpm, tpm, prefill, recover, bounds"#,
        ),
        (
            r#"model = "m""#,
            "",
            r#"t.toml:10:1: models."a/b".endpoints[0].model: is missing"#,
        ),
        (
            r#"model = "m""#,
            r#"model = " ""#,
            r#"t.toml:12:9: models."a/b".endpoints[0].model: " " is empty or holds what a name must not"#,
        ),
        (
            r#"provider = "acme""#,
            r#"provider = "acne""#,
            r#"t.toml:11:12: models."a/b".endpoints[0].provider: there is no provider "acne""#,
        ),
        (
            r#"provider = "acme""#,
            "provider = \"acme\"\ntag = \"acmefp8\"",
            r#"t.toml:12:7: models."a/b".endpoints[0].tag: "acmefp8" is neither "acme" nor begins with "acme/""#,
        ),
        (
            "context_length = 1000",
            "context_length = 0",
            r#"t.toml:8:18: models."a/b".context_length: 0 is not a positive whole number"#,
        ),
        (
            "context_length = 1000",
            "context_length = -5",
            r#"t.toml:8:18: models."a/b".context_length: -5 is not a positive whole number"#,
        ),
        (
            "context_length = 1000",
            "context_length = 1e3",
            r#"t.toml:8:18: models."a/b".context_length: must be a whole number, not a float"#,
        ),
        (
            r#"["b"]"#,
            r#"["b", "b"]"#,
            r#"t.toml:7:17: models."a/b".aliases[1]: "b" is an alias of "a/b" already"#,
        ),
        (
            r#"["b"]"#,
            r#"["a/b"]"#,
            r#"t.toml:7:12: models."a/b".aliases[0]: "a/b" is the id of a model"#,
        ),
        (
            r#"["b"]"#,
            r#""b""#,
            r#"t.toml:7:11: models."a/b".aliases: must be an array, not a string"#,
        ),
        (
            r#"https://acme.test"#,
            "acme.test",
            r#"t.toml:2:12: providers.acme.base_url: cannot be a base URL: it does not begin with http:// or https://"#,
        ),
        (
            r#"https://acme.test"#,
            "https://me:pw@acme.test",
            r#"t.toml:2:12: providers.acme.base_url: cannot be a base URL: it holds a user name or a password"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"key_env = "UNSET""#,
            r#"t.toml:3:11: providers.acme.key_env: environment variable UNSET is not set"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"key_env = "EMPTY""#,
            r#"t.toml:3:11: providers.acme.key_env: environment variable EMPTY is empty"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"keys = ["$KEY", "$UNSET"]"#,
            r#"t.toml:3:17: providers.acme.keys[1]: environment variable UNSET is not set"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"keys = ["sk-not-told"]"#,
            r#"t.toml:3:9: providers.acme.keys[0]: must be the name of an environment variable: upper case letters, digits and _"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"keys = []"#,
            r#"t.toml:3:1: providers.acme.keys: is missing"#,
        ),
        (
            r#"key_env = "KEY""#,
            "key_env = \"KEY\"\nkeys = [\"$KEY\"]",
            r#"t.toml:4:1: providers.acme.keys: cannot stand beside key_env; one of them is enough"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"keys = [{ env = "KEY", name = "2" }, "$KEY"]"#,
            r#"t.toml:3:38: providers.acme.keys[1]: another key of the provider has the name "2"; give this one its own"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"keys = [{ env = "KEY", name = "a b" }]"#,
            r#"t.toml:3:9: providers.acme.keys[0]: "a b" is empty or holds what a name must not"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"keys = [{ env = "KEY", value = "sk-1" }]"#,
            r#"t.toml:3:24: providers.acme.keys[0].value: is not a known key; there are env, name, rpm, tpm"#,
        ),
        (
            r#"key_env = "KEY""#,
            "key_env = \"KEY\"\nrpm = 0",
            r#"t.toml:4:7: providers.acme.rpm: 0 is not a positive whole number"#,
        ),
        (
            r#"key_env = "KEY""#,
            "key_env = \"KEY\"\ntpm = 4294967296",
            r#"t.toml:4:7: providers.acme.tpm: 4294967296 is not a positive whole number"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"key_env = "UNFIT""#,
            r#"t.toml:3:11: providers.acme.key_env: environment variable UNFIT holds what no header can carry"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"auth_header = "api-key""#,
            r#"t.toml:1:12: providers.acme.key_env: is missing"#,
        ),
        (
            r#"key_env = "KEY""#,
            r#"headers = { host = "x" }"#,
            r#"t.toml:3:20: providers.acme.headers.host: is not a header that can be set here"#,
        ),
        (
            r#"name = "Acme""#,
            r#"data_collection = "never""#,
            r#"t.toml:4:19: providers.acme.data_collection: "never" is not one of allow, deny"#,
        ),
        (
            r#"name = "Acme""#,
            r#"zdr = "yes""#,
            r#"t.toml:4:7: providers.acme.zdr: must be a boolean, not a string"#,
        ),
        (
            r#"name = "Acme""#,
            r#"status_page_url = "ftp://acme.test""#,
            r#"t.toml:4:19: providers.acme.status_page_url: "ftp://acme.test" does not begin with http:// or https:// and a host"#,
        ),
        (
            r#"name = "Acme""#,
            r#"headquarters = "Germany""#,
            r#"t.toml:4:16: providers.acme.headquarters: "Germany" is not a country's two letters, such as DE"#,
        ),
        (
            r#"name = "Acme""#,
            r#"datacenters = ["DE", "us"]"#,
            r#"t.toml:4:22: providers.acme.datacenters[1]: "us" is not a country's two letters, such as DE"#,
        ),
        (
            "context_length = 1000",
            r#"input = ["text", "smell"]"#,
            r#"t.toml:8:18: models."a/b".input[1]: "smell" is not one of text, image, file, audio, video, embeddings"#,
        ),
        (
            "context_length = 1000",
            r#"strategy = "random""#,
            r#"t.toml:8:12: models."a/b".strategy: "random" is not one of balanced, weighted, listed, least_in_flight, power_of_two, expected_cost"#,
        ),
        (
            "context_length = 1000",
            r#"expiration_date = "2026-13-01""#,
            r#"t.toml:8:19: models."a/b".expiration_date: "2026-13-01" is not a date such as 2026-12-31"#,
        ),
        (
            "context_length = 1000",
            "expiration_date = 2026-12-31T00:00:00Z",
            r#"t.toml:8:19: models."a/b".expiration_date: "2026-12-31T00:00:00Z" is not a date such as 2026-12-31"#,
        ),
        (
            "context_length = 1000",
            r#"family = """#,
            r#"t.toml:8:10: models."a/b".family: "" is empty or holds what a name must not"#,
        ),
        (
            r#"model = "m""#,
            "model = \"m\"\nquantization = \"int3\"",
            r#"t.toml:13:16: models."a/b".endpoints[0].quantization: "int3" is not one of int4, int8, fp4, mxfp4, nvfp4, fp6, fp8, mxfp8, fp16, bf16, fp32, unknown"#,
        ),
        (
            r#"model = "m""#,
            "model = \"m\"\nparameters = [\"tools\", \"messages\"]",
            r#"t.toml:13:24: models."a/b".endpoints[0].parameters[1]: "messages" is not one of "#,
        ),
        (
            r#"model = "m""#,
            "model = \"m\"\nweight = 4294967296",
            r#"t.toml:13:10: models."a/b".endpoints[0].weight: 4294967296 is not a positive whole number"#,
        ),
        (
            r#"model = "m""#,
            "model = \"m\"\nscore = \"1.001\"",
            r#"t.toml:13:9: models."a/b".endpoints[0].score: "1.001" is not a number from 0 to 1 with at most three decimals"#,
        ),
        (
            r#"model = "m""#,
            "model = \"m\"\nscore = \"0.0001\"",
            r#"t.toml:13:9: models."a/b".endpoints[0].score: "0.0001" is not a number from 0 to 1 with at most three decimals"#,
        ),
        (
            r#"prompt = "0.15""#,
            r#"overrides = [{ utc = "6-9", prompt = "1" }]"#,
            r#"t.toml:13:33: models."a/b".endpoints[0].prices.overrides[0].utc: "6-9" is not two times of the day such as 22:00-06:00"#,
        ),
        (
            r#"prompt = "0.15""#,
            r#"overrides = [{ utc = "06:00-06:00", prompt = "1" }]"#,
            r#"t.toml:13:33: models."a/b".endpoints[0].prices.overrides[0].utc: "06:00-06:00" begins when it ends"#,
        ),
        (
            r#"prompt = "0.15""#,
            r#"overrides = [{ weekdays = ["monday"], prompt = "1" }]"#,
            r#"t.toml:13:39: models."a/b".endpoints[0].prices.overrides[0].weekdays[0]: "monday" is not one of mon, tue, wed, thu, fri, sat, sun"#,
        ),
        (
            r#"prompt = "0.15""#,
            r#"overrides = [{ prompt = "1" }]"#,
            r#"t.toml:13:25: models."a/b".endpoints[0].prices.overrides[0]: needs a price, and a condition: above, utc or weekdays"#,
        ),
        (
            r#"prompt = "0.15""#,
            "overrides = [{ above = 9 }]",
            r#"t.toml:13:25: models."a/b".endpoints[0].prices.overrides[0]: needs a price, and a condition: above, utc or weekdays"#,
        ),
        (
            r#"prompt = "0.15""#,
            "overrides = [{ above = 9, prompt = 1.5 }]",
            r#"t.toml:13:47: models."a/b".endpoints[0].prices.overrides[0].prompt: write it as a string, "1.5", so that no digit is lost"#,
        ),
        (
            r#"prompt = "0.15", completion = "0.6""#,
            r#"overrides = [{ above = 9, prompt = "1" }]"#,
            r#"t.toml:13:12: models."a/b".endpoints[0].prices.overrides: no price holds otherwise: list those as well"#,
        ),
        (
            r#"prompt = "0.15""#,
            r#"overrides = [{ over = 9, prompt = "1" }]"#,
            r#"t.toml:13:27: models."a/b".endpoints[0].prices.overrides[0].over: is not a known key; there are prompt, "#,
        ),
        (
            "[models.\"a/b\"]",
            "[auto]\nmodels = [\"*\", \"a/c\"]\n[models.\"a/b\"]",
            r#"t.toml:7:16: auto.models[1]: there is no model "a/c""#,
        ),
        (
            "[models.\"a/b\"]",
            "[auto]\nmodels = []\ntasks = { tools = \"c\" }\n[models.\"a/b\"]",
            r#"t.toml:8:19: auto.tasks.tools: there is no model "c""#,
        ),
        (
            "[models.\"a/b\"]",
            "[auto]\nmodels = []\ntasks = { poetry = \"b\" }\n[models.\"a/b\"]",
            "t.toml:8:11: auto.tasks.poetry: is not a known key; there are vision, long, tools, reasoning",
        ),
        (
            "[models.\"a/b\"]",
            "[auto]\n[models.\"a/b\"]",
            "t.toml:6:2: auto.models: is missing",
        ),
        (
            "[models.\"a/b\"]",
            "[auto]\nmodels = [\"b\"]\n[models.\"a/b\"]\nhidden = true",
            r#"t.toml:7:11: auto.models[0]: "b" is hidden, so that no router chooses it"#,
        ),
        (
            "[models.\"a/b\"]",
            "[modles.x]\n[models.\"a/b\"]",
            "t.toml:6:2: modles: is not a known key; there are providers, models, auto, limits, hold, max_debt, sources, embedded, confirm, unknown_prices",
        ),
    ] {
        let text = ACME.replacen(find, put, 1);
        assert_ne!(text, ACME, "{find}");
        let told = load(&text).unwrap_err().to_string();
        // Of a long list of words the beginning is enough.
        match error.ends_with(' ') {
            true => assert!(told.starts_with(error), "{told}"),
            false => assert_eq!(told, error),
        }
    }
}

#[test]
fn secrets_in_the_file_are_refused_and_not_repeated() {
    for (line, kind) in [
        (r#"key = "sk-oops""#, "LiteralKey"),
        (r#"api_key = "sk-oops""#, "LiteralKey"),
        (r#"headers = { Authorization = "sk-oops" }"#, "LiteralKey"),
        (r#"key_env = "sk-oops""#, "BadVariable"),
        (r#"key_env = "gsk_oops""#, "BadVariable"),
    ] {
        let error = load(&ACME.replacen(r#"key_env = "KEY""#, line, 1)).unwrap_err();
        assert_eq!(format!("{:?}", error.kind()), kind);
        assert_eq!(error.position().unwrap().0, 3);
        assert!(!format!("{error} {error:?}").contains("oops"), "{error}");
    }
}

#[test]
fn two_models_do_not_share_a_name() {
    let two = |alias: &str| {
        format!(
            "{ACME}\n[models.c]\naliases = [\"{alias}\"]\nendpoints = [{{ provider = 'acme', model = 'c' }}]"
        )
    };
    assert!(load(&two("d")).is_ok());
    assert!(
        matches!(load(&two("b")).unwrap_err().kind(), Problem::DuplicateAlias { model, .. } if **model == *"a/b")
    );
    assert!(matches!(
        load(&two("a/b")).unwrap_err().kind(),
        Problem::AliasIsModel { .. }
    ));

    let twice = ACME.replace(
        "prices",
        "[[models.\"a/b\".endpoints]]\nprovider = 'acme'\nmodel = 'n'\nprices",
    );
    let error = load(&twice).unwrap_err();
    assert!(matches!(error.kind(), Problem::DuplicateTag { .. }));
    assert_eq!(error.field(), r#"models."a/b".endpoints[1].tag"#);

    let error = load("[models.lonely]\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.toml:1:9: models.lonely: the model has no endpoints"
    );
}

/// A list of `only` would mean two providers, and one of `ignore` as well.
#[test]
fn a_provider_is_not_called_what_another_one_is() {
    let two = |name: &str| {
        format!("{ACME}\n[providers.other]\nname = \"{name}\"\nbase_url = \"https://other.test\"")
    };
    for name in ["Other", "OTHER", "Acme Two"] {
        assert!(load(&two(name)).is_ok(), "{name}");
    }
    for name in ["acme", "Acme"] {
        let error = load(&two(name)).unwrap_err();
        assert!(
            matches!(error.kind(), Problem::NameIsProvider { .. }),
            "{error}"
        );
        assert_eq!(error.field(), "providers.other.name");
    }
}

#[test]
fn what_is_not_toml() {
    let error = load("[providers\n").unwrap_err();
    assert!(matches!(error.kind(), Problem::Syntax { .. }));
    assert_eq!(error.position().unwrap().0, 1);
    assert_eq!(error.field(), "");

    let error = load(&"#".repeat((16 << 20) + 1)).unwrap_err();
    assert_eq!(error.to_string(), "t.toml: is longer than 16777216 bytes");

    let error = Catalog::load("no/such/file.toml").unwrap_err();
    assert!(matches!(error.kind(), Problem::Read(_)));
    assert!(
        error
            .to_string()
            .starts_with("no/such/file.toml: cannot be read: ")
    );
    assert!(load("").unwrap().is_empty());
}

#[test]
fn the_builder_checks_too() {
    let provider = |slug| Provider::new(slug, "https://acme.test".parse().unwrap());
    let model = |id| ModelSpec::new(id).endpoint(EndpointSpec::new("acme", "m"));

    let twice = Catalog::builder()
        .provider(provider("acme"))
        .provider(provider("acme"));
    assert!(matches!(
        twice.build().unwrap_err().kind(),
        Problem::DuplicateProvider
    ));
    let twice = Catalog::builder()
        .provider(provider("acme"))
        .model(model("m"))
        .model(model("m"));
    assert_eq!(
        twice.build().unwrap_err().to_string(),
        "models.m: the model exists already"
    );
    assert!(
        Catalog::builder()
            .provider(provider("a/b"))
            .build()
            .is_err()
    );
    assert!(Catalog::builder().provider(provider("")).build().is_err());

    let build = |id| {
        Catalog::builder()
            .provider(provider("acme"))
            .model(model(id))
            .build()
            .unwrap()
    };
    assert_eq!(build("m").revision(), build("m").revision());
    assert_ne!(build("m").revision(), build("n").revision());
}

proptest! {
    #[test]
    fn no_text_panics(junk in "\\PC{0,60}", at in 0..ACME.len()) {
        let mut text = ACME.to_owned();
        text.insert_str(at, &junk);
        if let Err(error) = load(&text) {
            let (line, column) = error.position().unwrap();
            prop_assert!(line <= text.lines().count() + 1 && column > 0);
        }
        if let Ok(catalog) = load(ACME) {
            prop_assert!(catalog.nearest(&junk).len() <= 3);
        }
    }
}

const ACME: &str = r#"[providers.acme]
base_url = "https://acme.test"
key_env = "KEY"
name = "Acme"

[models."a/b"]
aliases = ["b"]
context_length = 1000

[[models."a/b".endpoints]]
provider = "acme"
model = "m"
prices = { prompt = "0.15", completion = "0.6" }
"#;

fn load(text: &str) -> Result<Catalog, LoadError> {
    Catalog::from_toml(text, "t.toml", |name| match name {
        "KEY" => Some("sk-123".into()),
        "EMPTY" => Some(String::new()),
        "UNFIT" => Some("sk\n123".into()),
        _ => None,
    })
}
