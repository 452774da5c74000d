//! From files to sheets, and from these to one catalogue.

use std::time::{SystemTime, UNIX_EPOCH};

use super::company::Taker;
use super::merge::merge;
use super::sheet::Sheet;
use super::value::Value;
use super::wanted::{Files, Wanted};
use super::{Format, Report, embedded, genai, litellm, openrouter};
use crate::catalog::builder::short_hash;
use crate::catalog::field::Field;
use crate::catalog::{BuildError, CatalogBuilder, Dropped, LoadError, Problem};

/// The most bytes of all files together.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Puts the sources under what the operator has written.
///
/// # Errors
///
/// `at` places what is wrong with the catalogue file; what is wrong with a source is placed there.
pub(in crate::catalog) fn gather(
    mut builder: CatalogBuilder,
    wanted: &Wanted,
    files: Files<'_>,
    wall: SystemTime,
    at: impl Fn(BuildError) -> LoadError,
) -> Result<CatalogBuilder, LoadError> {
    let takers: Vec<_> = builder
        .providers
        .iter()
        .map(|provider| Taker {
            slug: provider.slug().into(),
            known_as: wanted.known_as.get(provider.slug()).cloned(),
        })
        .collect();
    let mut sheets = Vec::new();
    let mut left = MAX_BYTES;
    for (index, name) in wanted.files.iter().enumerate() {
        let wrong = |problem| {
            at(BuildError::new(
                Field::default().key("sources").item(index),
                problem,
            ))
        };
        let bytes = files(name).map_err(|error| wrong(Problem::Read(error)))?;
        left = left.checked_sub(bytes.len()).ok_or_else(|| {
            wrong(Problem::TooLong {
                limit: MAX_BYTES as u64,
            })
        })?;
        sheets.push(sheet(name, &bytes, &takers, wall)?);
    }
    if wanted.embedded {
        sheets.push(sheet(embedded::NAME, embedded::PRICES, &takers, wall)?);
    }
    for sheet in &sheets {
        builder.add_revision(sheet.report.revision());
    }
    builder.models = merge(builder.models, &mut sheets);
    builder.until = sheets.iter().filter_map(|sheet| sheet.until).min();
    if let Some(until) = builder.until {
        // What holds until then is not what holds afterwards.
        let until = until.duration_since(UNIX_EPOCH).unwrap_or_default();
        builder.add_revision(&until.as_secs().to_string());
    }
    builder.reports = sheets.into_iter().map(|sheet| sheet.report).collect();
    drop_unserved(&mut builder);
    Ok(builder)
}

/// Where providers without a key are left out, a model may be left without an endpoint by nobody's fault.
fn drop_unserved(builder: &mut CatalogBuilder) {
    if builder.absent.is_empty() {
        return;
    }
    let (served, unserved) = builder
        .models
        .drain(..)
        .partition(|model| !model.endpoints.is_empty());
    builder.models = served;
    let unserved: Vec<_> = unserved;
    builder.dropped.extend(
        unserved
            .into_iter()
            .map(|model| Dropped::Model { id: model.id }),
    );
}

fn sheet(name: &str, bytes: &[u8], takers: &[Taker], wall: SystemTime) -> Result<Sheet, LoadError> {
    let whole = |problem| LoadError::whole(name, problem);
    let text = simdutf8::basic::from_utf8(bytes).map_err(|_| {
        whole(Problem::Syntax {
            message: "is not UTF-8".into(),
        })
    })?;
    let value = Value::parse(bytes).map_err(|error| {
        let problem = Problem::Syntax {
            message: error.problem.to_string().into(),
        };
        LoadError::at(name, text, error.at, Field::default(), problem)
    })?;
    let format = Format::of(value).ok_or_else(|| whole(Problem::UnknownFormat))?;
    let mut sheet = Sheet::new(Report::new(name, format, short_hash(bytes)));
    match format {
        Format::OpenRouterModels => openrouter::read_models(value, takers, &mut sheet),
        Format::OpenRouterEndpoints => openrouter::read_endpoints(value, takers, &mut sheet),
        Format::LiteLlm => litellm::read(value, takers, &mut sheet),
        Format::GenaiPrices => genai::read(value, takers, wall, &mut sheet),
    }
    match sheet.report.rows() {
        0 => Err(whole(Problem::UnknownFormat)),
        _ => Ok(sheet),
    }
}
