//! `switchtower.toml`, read key by key.

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use toml::de::{DeTable, DeValue};

use super::node::{Node, Table, offset};
use super::{
    BuildError, Catalog, CatalogBuilder, EndpointSpec, LoadError, ModelSpec, Prices, Problem,
    Provider, Rate, Secret,
};
use crate::Price;

/// What becomes of a provider whose key is not in the environment?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyless {
    Refused,
    Dropped,
}

struct Reader<F> {
    env: F,
    keyless: Keyless,
}

const RATE_KEYS: [&str; Rate::ALL.len()] = {
    let mut keys = [""; Rate::ALL.len()];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = Rate::ALL[index].key();
        index += 1;
    }
    keys
};

/// Where people put keys that belong in the environment.
const LITERAL_KEYS: [&str; 6] = ["key", "api_key", "apikey", "token", "secret", "password"];
const KEY_HEADERS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "api-key",
    "x-api-key",
    "x-goog-api-key",
];
/// Those that the client writes, and those that end at the next hop (RFC 9110, 7.6.1).
const OWN_HEADERS: [&str; 9] = [
    "host",
    "content-length",
    "content-type",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn read(
    text: &str,
    file: &str,
    env: impl Fn(&str) -> Option<String>,
    keyless: Keyless,
) -> Result<Catalog, LoadError> {
    let root = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().into();
        LoadError::at(file, text, at, <_>::default(), Problem::Syntax { message })
    })?;
    Reader { env, keyless }
        .document(&Table::root(root.get_ref()))
        .and_then(|builder| builder.revision_of(text).build())
        .map_err(|error| {
            let (field, problem) = error.into_parts();
            let at = offset(root.get_ref(), &field, problem.is_the_key());
            LoadError::at(file, text, at, field, problem)
        })
}

// === impl Reader ===

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn document(&self, root: &Table<'_>) -> Result<CatalogBuilder, BuildError> {
        root.only(&["providers", "models"])?;
        let mut builder = CatalogBuilder::default();
        if let Some(providers) = root.get("providers") {
            for (slug, node) in providers.table()?.in_order() {
                builder = self.provider(slug, &node.table()?, builder)?;
            }
        }
        if let Some(models) = root.get("models") {
            for (id, node) in models.table()?.in_order() {
                builder = builder.model(model(id, &node.table()?)?);
            }
        }
        Ok(builder)
    }

    fn provider(
        &self,
        slug: &str,
        table: &Table<'_>,
        builder: CatalogBuilder,
    ) -> Result<CatalogBuilder, BuildError> {
        if let Some(node) = LITERAL_KEYS.iter().find_map(|key| table.get(key)) {
            return Err(node.is(Problem::LiteralKey));
        }
        table.only(&["name", "base_url", "key_env", "auth_header", "headers"])?;

        let base_url = table.need("base_url")?;
        let url = base_url.string()?.parse();
        let url = url.map_err(|error| base_url.is(Problem::BadUrl(error)))?;
        let mut provider = Provider::new(slug, url);
        if let Some(name) = table.get("name") {
            provider = provider.with_name(name.string()?);
        }
        if let Some(headers) = table.get("headers") {
            for (name, node) in headers.table()?.in_order() {
                let (name, value) = header(name, &node)?;
                provider = provider.with_header(name, value);
            }
        }
        let header = match table.get("auth_header") {
            Some(node) => auth_header(&node, table)?,
            None => AUTHORIZATION,
        };
        let Some(variable) = table.get("key_env") else {
            return Ok(builder.provider(provider));
        };
        match self.key(&variable, header == AUTHORIZATION)? {
            Some(key) => Ok(builder.provider(provider.with_key_in(header, key))),
            None => Ok(builder.absent(slug, variable.string()?)),
        }
    }

    fn key(&self, variable: &Node<'_>, bearer: bool) -> Result<Option<Secret>, BuildError> {
        let name = variable.string()?;
        // A key pasted here by mistake is not upper case, and so is not printed.
        let is_name = name
            .bytes()
            .all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
        if name.is_empty() || !is_name {
            return Err(variable.is(Problem::BadVariable));
        }
        let found = (self.env)(name);
        let key = match found.as_deref().map(str::trim) {
            Some(key) if !key.is_empty() => key,
            _ if self.keyless == Keyless::Dropped => return Ok(None),
            Some(_) => return Err(variable.is(Problem::EmptyVariable { name: name.into() })),
            None => return Err(variable.is(Problem::UnsetVariable { name: name.into() })),
        };
        let secret = if bearer {
            Secret::bearer(key)
        } else {
            Secret::plain(key)
        };
        secret
            .map(Some)
            .map_err(|_| variable.is(Problem::UnfitVariable { name: name.into() }))
    }
}

fn auth_header(node: &Node<'_>, provider: &Table<'_>) -> Result<HeaderName, BuildError> {
    provider.need("key_env")?;
    let name: HeaderName = node
        .string()?
        .parse()
        .map_err(|_| node.is(Problem::BadHeader))?;
    if OWN_HEADERS.contains(&name.as_str()) {
        return Err(node.is(Problem::BadHeader));
    }
    Ok(name)
}

fn header(name: &str, node: &Node<'_>) -> Result<(HeaderName, HeaderValue), BuildError> {
    let name: HeaderName = name.parse().map_err(|_| node.is(Problem::BadHeader))?;
    if KEY_HEADERS.contains(&name.as_str()) {
        return Err(node.is(Problem::LiteralKey));
    }
    if OWN_HEADERS.contains(&name.as_str()) {
        return Err(node.is(Problem::BadHeader));
    }
    let value = HeaderValue::from_str(node.string()?);
    let mut value = value.map_err(|_| node.is(Problem::BadHeader))?;
    // It may yet be a secret, by another name.
    value.set_sensitive(true);
    Ok((name, value))
}

fn model(id: &str, table: &Table<'_>) -> Result<ModelSpec, BuildError> {
    table.only(&[
        "name",
        "description",
        "created",
        "aliases",
        "context_length",
        "endpoints",
    ])?;
    let mut model = ModelSpec::new(id);
    if let Some(node) = table.get("name") {
        model = model.with_name(node.string()?);
    }
    if let Some(node) = table.get("description") {
        model = model.with_description(node.string()?);
    }
    if let Some(node) = table.get("created") {
        model = model.with_created(node.positive()?.get());
    }
    if let Some(node) = table.get("context_length") {
        model = model.with_context_length(node.positive()?);
    }
    if let Some(node) = table.get("aliases") {
        for alias in node.items()? {
            model = model.with_alias(alias.string()?);
        }
    }
    if let Some(node) = table.get("endpoints") {
        for item in node.items()? {
            model = model.endpoint(endpoint(&item.table()?)?);
        }
    }
    Ok(model)
}

fn endpoint(table: &Table<'_>) -> Result<EndpointSpec, BuildError> {
    table.only(&[
        "provider",
        "model",
        "tag",
        "prices",
        "context_length",
        "max_completion_tokens",
    ])?;
    let provider = table.need("provider")?.string()?;
    let mut endpoint = EndpointSpec::new(provider, table.need("model")?.string()?);
    if let Some(node) = table.get("tag") {
        endpoint = endpoint.with_tag(node.string()?);
    }
    if let Some(node) = table.get("context_length") {
        endpoint = endpoint.with_context_length(node.positive()?);
    }
    if let Some(node) = table.get("max_completion_tokens") {
        endpoint = endpoint.with_max_completion_tokens(node.positive()?);
    }
    if let Some(node) = table.get("prices") {
        endpoint = endpoint.with_prices(prices(&node.table()?)?);
    }
    Ok(endpoint)
}

fn prices(table: &Table<'_>) -> Result<Prices, BuildError> {
    table.only(&RATE_KEYS)?;
    let mut prices = Prices::unknown();
    for rate in Rate::ALL {
        if let Some(node) = table.get(rate.key()) {
            prices = prices.with(rate, price(rate, &node)?);
        }
    }
    Ok(prices)
}

fn price(rate: Rate, node: &Node<'_>) -> Result<Price, BuildError> {
    let text = match node.value {
        DeValue::Float(float) => {
            let text = float.as_str().into();
            return Err(node.is(Problem::BarePrice { text }));
        }
        DeValue::Integer(integer) => {
            let text = integer.to_string().into();
            return Err(node.is(Problem::BarePrice { text }));
        }
        _ => node.string()?,
    };
    let price = match rate {
        Rate::Request => text.parse(),
        _ => Price::per_million(text),
    };
    price.map_err(|error| {
        node.is(Problem::BadPrice {
            text: text.into(),
            error,
        })
    })
}
