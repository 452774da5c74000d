//! What a list of models is asked for.

use super::filter::Filter;
use super::page::Page;
use super::sort::Sort;
use crate::error::Error;
use crate::kind::Kind;
use crate::money::Price;
use crate::wire::{Field, Fields, Modalities, Modality};

/// A query string that has been understood. The [module docs](super) have the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Query {
    pub(super) filter: Filter,
    pub(super) sort: Option<Sort>,
    pub(super) page: Option<Page>,
}

/// What OpenRouter can tell, and a catalogue cannot.
const UNSERVED: [&str; 13] = [
    "arch",
    "category",
    "max_agentic_index",
    "max_coding_index",
    "max_intelligence_index",
    "max_tool_success_rate",
    "min_agentic_index",
    "min_coding_index",
    "min_intelligence_index",
    "min_tool_success_rate",
    "region",
    "use_rss",
    "use_rss_chat_links",
];

// === impl Query ===

impl Query {
    /// Of a list that shows models with these outputs, unless the query says otherwise.
    ///
    /// An empty value says nothing. A name that OpenRouter does not have says nothing either: callers have reasons
    /// of their own, such as to get past a cache.
    pub(super) fn read(pairs: &[(String, String)], output: Modalities) -> Result<Self, Error> {
        let mut query = Self::default();
        query.filter.output = Some(output);
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        for (at, (name, value)) in pairs.clone().enumerate() {
            let known = query.take(name, value)?;
            if known && pairs.clone().take(at).any(|(before, _)| before == name) {
                return Err(wrong(name, "is given twice"));
            }
        }
        Ok(query)
    }

    /// Is this name known?
    fn take(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        let filter = &mut self.filter;
        if UNSERVED.contains(&name) {
            return Err(wrong(name, "is known but not served yet"));
        }
        match name {
            "q" => filter.words = names(name, value.split_whitespace())?,
            "model_authors" => filter.authors = names(name, listed(value))?,
            "providers" => filter.providers = names(name, listed(value))?,
            "supported_parameters" => filter.parameters = parameters(name, value)?,
            "input_modalities" => filter.input = modalities(name, listed(value))?,
            "output_modalities" => {
                filter.output = match value {
                    "all" => None,
                    value => {
                        let served = listed(value).filter(|item| !OTHERS.contains(item));
                        Some(modalities(name, served)?)
                    }
                }
            }
            "context" => filter.context = Some(number(name, value)?),
            "min_price" => filter.prompt.0 = Some(price(name, value)?),
            "max_price" => filter.prompt.1 = Some(price(name, value)?),
            "min_output_price" => filter.completion.0 = Some(price(name, value)?),
            "max_output_price" => filter.completion.1 = Some(price(name, value)?),
            "min_age_days" => filter.age.0 = Some(number(name, value)?),
            "max_age_days" => filter.age.1 = Some(number(name, value)?),
            "distillable" => {
                filter.distillable = Some(match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err(wrong(name, "is neither `true` nor `false`")),
                })
            }
            "zdr" if value == "true" => filter.zdr = true,
            "zdr" => return Err(wrong(name, "can only be `true`")),
            "sort" => self.sort = Some(Sort::named(value).map_err(|why| wrong(name, &why))?),
            "offset" => self.page.get_or_insert_default().offset = number(name, value)?,
            "limit" => {
                let limit = number(name, value)?;
                if !(1..=Page::LONGEST).contains(&limit) {
                    return Err(wrong(name, "is not within 1 and 1000"));
                }
                self.page.get_or_insert_default().limit = limit;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Each of them is looked for in each row.
const NAMES: usize = 32;

/// Some names or words, in lower case.
fn names<'a>(name: &str, named: impl Iterator<Item = &'a str>) -> Result<Vec<Box<str>>, Error> {
    let mut names = Vec::new();
    for named in named {
        if names.len() == NAMES {
            return Err(wrong(name, "says more than 32 things"));
        }
        names.push(named.to_lowercase().into());
    }
    Ok(names)
}

fn listed(value: &str) -> impl Iterator<Item = &str> {
    let items = value.split(',').map(str::trim);
    items.filter(|item| !item.is_empty())
}

fn parameters(name: &str, value: &str) -> Result<Fields, Error> {
    let named = |item: &str| {
        let mut all = Fields::PARAMETERS.iter();
        all.find(|field: &Field| field.name() == item)
            .ok_or_else(|| unknown(name, item))
    };
    listed(value).map(named).collect()
}

/// OpenRouter's outputs, of which a catalogue here has none.
const OTHERS: [&str; 4] = ["decisions", "rerank", "speech", "transcription"];

fn modalities<'a>(name: &str, named: impl Iterator<Item = &'a str>) -> Result<Modalities, Error> {
    named
        .map(|item| Modality::named(item).ok_or_else(|| unknown(name, item)))
        .collect()
}

fn number<N: std::str::FromStr>(name: &str, value: &str) -> Result<N, Error> {
    let number = value.parse();
    number.map_err(|_| wrong(name, "is not a whole number, or too large"))
}

/// In USD for a million tokens.
fn price(name: &str, value: &str) -> Result<Price, Error> {
    Price::per_million(value).map_err(|why| wrong(name, &why.to_string()))
}

fn unknown(name: &str, item: &str) -> Error {
    let shown: String = item.chars().take(64).collect();
    wrong(name, &format!("names what is not there: `{shown}`"))
}

fn wrong(name: &str, why: &str) -> Error {
    Error::new(Kind::Invalid, format!("`{name}` {why}")).with_param(name.to_owned())
}
