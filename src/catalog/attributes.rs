//! What is only told must be well-formed too: strict clients read it.

use http::Uri;

use super::check::{Checked, bad_name, ensure, is_model_name};
use super::field::Field;
use super::{ModelSpec, Problem, Provider};

/// More countries than there are.
const MAX_DATACENTERS: usize = 256;

pub(super) fn of_model(model: &ModelSpec) -> Checked {
    let at = |key: &'static str| move || Field::model(&model.id).key(key);
    let names = [
        ("canonical_slug", &model.canonical_slug),
        ("hugging_face_id", &model.hugging_face_id),
        ("family", &model.family),
    ];
    for (key, name) in names {
        if let Some(name) = name {
            ensure(is_model_name(name), at(key), || bad_name(name))?;
        }
    }
    match &model.expires {
        Some(date) => ensure(is_date(date), at("expiration_date"), || Problem::BadDate {
            text: date.clone(),
        }),
        None => Ok(()),
    }
}

pub(super) fn of_provider(provider: &Provider) -> Checked {
    let at = |key: &'static str| move || Field::provider(provider.slug()).key(key);
    let about = provider.about();
    let pages = [
        ("privacy_policy_url", &about.privacy_policy_url),
        ("terms_of_service_url", &about.terms_of_service_url),
        ("status_page_url", &about.status_page_url),
    ];
    for (key, page) in pages {
        if let Some(page) = page {
            ensure(is_page(page), at(key), || Problem::BadPage {
                text: page.clone(),
            })?;
        }
    }
    if let Some(country) = &about.headquarters {
        ensure(is_country(country), at("headquarters"), || {
            Problem::BadCountry {
                text: country.clone(),
            }
        })?;
    }
    let datacenters = about.datacenters.as_deref().unwrap_or_default();
    ensure(
        datacenters.len() <= MAX_DATACENTERS,
        at("datacenters"),
        || Problem::TooMany {
            limit: MAX_DATACENTERS,
        },
    )?;
    for (index, country) in datacenters.iter().enumerate() {
        let field = || at("datacenters")().item(index);
        ensure(is_country(country), field, || Problem::BadCountry {
            text: country.clone(),
        })?;
    }
    Ok(())
}

/// A date such as `2026-12-31`, as far as its digits show.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let within = |range: std::ops::Range<usize>, most| {
        let number: u8 = text[range].parse().unwrap_or(0);
        (1..=most).contains(&number)
    };
    shaped && within(5..7, 12) && within(8..10, 31)
}

fn is_page(text: &str) -> bool {
    let url = text.parse::<Uri>();
    url.is_ok_and(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some())
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
