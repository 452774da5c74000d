//! What a caller sets for a key.

use std::num::NonZeroU64;

use crate::calendar::Period;
use crate::error::Error;
use crate::gateway::input::{Given, Input, present, wrong};
use crate::keys::{KeyChange, Rates};

/// The one workspace that there is. OpenRouter's SDKs demand a name.
pub(in crate::gateway) const WORKSPACE: &str = "00000000-0000-0000-0000-000000000000";

/// As OpenRouter's.
const LONGEST_NAME: usize = 255;
/// How many models or providers a key may be restricted to.
const MOST_NAMES: usize = 100;

/// Reads what `POST /keys` and `PATCH /keys/{hash}` have in common.
pub(super) fn read(input: &mut Input) -> Result<KeyChange, Error> {
    let name = input.text("name", LONGEST_NAME)?;
    Ok(KeyChange {
        name: present("name", name, "must be a string")?,
        disabled: input.flag("disabled")?,
        limit: input.money("limit")?,
        reset: period(input)?,
        include_byok: input.flag("include_byok_in_limit")?,
        expires: input.time("expires_at")?,
        models: input.names("allowed_models", MOST_NAMES)?,
        providers: input.names("allowed_providers", MOST_NAMES)?,
        rates: rates(input)?,
    })
}

/// Only the one workspace can be meant.
pub(in crate::gateway) fn workspace(input: &mut Input) -> Result<(), Error> {
    match input.text("workspace_id", 64)?.flatten() {
        Some(id) if id != WORKSPACE => Err(wrong("workspace_id", "names no workspace")),
        _ => Ok(()),
    }
}

fn period(input: &mut Input) -> Result<Given<Period>, Error> {
    let Some(Some(name)) = input.text("limit_reset", 16)?.map(Some) else {
        return Ok(None);
    };
    let Some(name) = name else {
        return Ok(Some(None));
    };
    let all = [Period::Daily, Period::Weekly, Period::Monthly];
    let found = all.into_iter().find(|period| period.as_str() == name);
    let why = "must be daily, weekly, monthly or null";
    found
        .map(|it| Some(Some(it)))
        .ok_or_else(|| wrong("limit_reset", why))
}

fn rates(input: &mut Input) -> Result<Option<Rates>, Error> {
    let Some(given) = input.object("rate_limits")? else {
        return Ok(None);
    };
    let Some(mut given) = given else {
        return Ok(Some(Rates::default()));
    };
    let mut rate = |name: &str| -> Result<Option<NonZeroU64>, Error> {
        let number = given.number(name)?.flatten();
        let number = number.map(|number| {
            let why = "must be above zero; null takes the limit away";
            NonZeroU64::new(number).ok_or_else(|| wrong(name, why))
        });
        number.transpose()
    };
    let rates = Rates {
        requests_per_minute: rate("requests_per_minute")?,
        requests_per_day: rate("requests_per_day")?,
        tokens_per_minute: rate("tokens_per_minute")?,
        tokens_per_day: rate("tokens_per_day")?,
    };
    given.finish()?;
    Ok(Some(rates))
}
