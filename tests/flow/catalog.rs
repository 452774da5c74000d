use std::sync::Arc;

use switchtower::catalog::Catalog;

/// Three providers of `acme/swift`: `one.test`, `two.test` and `three.test`, each with a key.
pub(crate) fn three() -> Arc<Catalog> {
    catalog(
        r#"
        [providers.one]
        base_url = "https://one.test/v1"
        key_env = "KEY_ONE"
        [providers.two]
        base_url = "https://two.test/v1"
        key_env = "KEY_TWO"
        [providers.three]
        base_url = "https://three.test/v1"
        key_env = "KEY_THREE"

        [models."acme/swift"]
        context_length = 8000
        [[models."acme/swift".endpoints]]
        provider = "one"
        model = "swift-one"
        prices = { prompt = "1", completion = "2" }
        [[models."acme/swift".endpoints]]
        provider = "two"
        model = "swift-two"
        prices = { prompt = "1", completion = "2" }
        [[models."acme/swift".endpoints]]
        provider = "three"
        model = "swift-three"
        prices = { prompt = "1", completion = "2" }
        "#,
    )
}

pub(crate) fn catalog(toml: &str) -> Arc<Catalog> {
    let key = |name: &str| Some(format!("secret-{name}"));
    Arc::new(Catalog::from_toml(toml, "test.toml", key).unwrap())
}

/// A request for `acme/swift` that wants `one`, then `two`, then `three`.
pub(crate) fn ordered(stream: bool) -> String {
    format!(
        r#"{{"model":"acme/swift","stream":{stream},"messages":[{{"role":"user","content":"hi"}}],"provider":{{"order":["one","two","three"]}}}}"#
    )
}
