//! `[providers.<slug>]`

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::document::Reader;
use super::keys::{Keys, pace};
use super::node::{Node, Table};
use crate::catalog::{
    About, BuildError, CatalogBuilder, Problem, Provider, ReportedCost, StopsBilling,
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

// === impl Reader ===

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn provider(
        &self,
        slug: &str,
        table: &Table<'_>,
        builder: CatalogBuilder,
    ) -> Result<CatalogBuilder, BuildError> {
        if let Some(node) = LITERAL_KEYS.iter().find_map(|key| table.get(key)) {
            return Err(node.is(Problem::LiteralKey));
        }
        table.only(&[
            "name",
            "base_url",
            "key_env",
            "keys",
            "rpm",
            "tpm",
            "auth_header",
            "headers",
            "data_collection",
            "zdr",
            "own_key",
            "privacy_policy_url",
            "terms_of_service_url",
            "status_page_url",
            "headquarters",
            "datacenters",
            "prices_as",
            "stops_billing_on_cancel",
            "reported_cost",
        ])?;

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
        provider = billing(table, data(table, provider)?)?.with_about(about(table)?);
        let header = match table.get("auth_header") {
            Some(node) => auth_header(&node, table)?,
            None => AUTHORIZATION,
        };
        let bearer = header == AUTHORIZATION;
        provider = provider.with_pace(pace(table)?);
        Ok(match self.keys(table, bearer)? {
            Keys::Unneeded => builder.provider(provider),
            Keys::Found(keys) => builder.provider(provider.with_keys(header, keys)),
            Keys::Absent(variable) => builder.absent(slug, &variable),
        })
    }
}

/// What it may do with what it is told, and whose key it is.
fn data(table: &Table<'_>, mut provider: Provider) -> Result<Provider, BuildError> {
    if let Some(node) = table.get("data_collection") {
        provider = provider.with_data_collection(node.allows()?);
    }
    Ok(provider
        .with_zdr(table.is("zdr")?)
        .with_own_key(table.is("own_key")?))
}

/// How it bills: a boolean, or the word for streams alone.
fn billing(table: &Table<'_>, mut provider: Provider) -> Result<Provider, BuildError> {
    if let Some(node) = table.get("stops_billing_on_cancel") {
        let named = |word: &str| (word == "streams").then_some(StopsBilling::Streams);
        let stops = match node.boolean() {
            Ok(true) => StopsBilling::Always,
            Ok(false) => StopsBilling::Never,
            Err(_) => node.one_of(named, ["streams"])?,
        };
        provider = provider.with_stops_billing(stops);
    }
    if let Some(node) = table.get("reported_cost") {
        let names = ReportedCost::ALL.map(ReportedCost::name);
        provider = provider.with_reported_cost(node.one_of(ReportedCost::named, names)?);
    }
    Ok(provider)
}

fn about(table: &Table<'_>) -> Result<About, BuildError> {
    let text = |key| {
        let text = table.get(key).map(|node| node.string());
        Ok(text.transpose()?.map(Into::into))
    };
    let datacenters = table.get("datacenters").map(|node| {
        let countries = node.items()?.map(|item| Ok(item.string()?.into()));
        countries.collect::<Result<Vec<_>, _>>()
    });
    Ok(About {
        privacy_policy_url: text("privacy_policy_url")?,
        terms_of_service_url: text("terms_of_service_url")?,
        status_page_url: text("status_page_url")?,
        headquarters: text("headquarters")?,
        datacenters: datacenters.transpose()?,
    })
}

fn auth_header(node: &Node<'_>, provider: &Table<'_>) -> Result<HeaderName, BuildError> {
    if provider.get("keys").is_none() {
        provider.need("key_env")?;
    }
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
