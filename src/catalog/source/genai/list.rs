//! The providers, and the models of each.

use std::time::SystemTime;

use super::row;
use crate::catalog::Skipped;
use crate::catalog::source::company::Taker;
use crate::catalog::source::sheet::Sheet;
use crate::catalog::source::value::Value;

pub(in crate::catalog::source) fn read(
    providers: Value<'_>,
    takers: &[Taker],
    wall: SystemTime,
    sheet: &mut Sheet,
) {
    for provider in providers.items() {
        let id = provider.get("id").and_then(Value::text).unwrap_or_default();
        let takers: Vec<_> = takers.iter().filter(|taker| taker.is_genai(&id)).collect();
        for model in provider.get("models").map(Value::items).unwrap_or_default() {
            let read = match takers.is_empty() {
                true => Err(Skipped::Provider),
                false => row::read(&id, model, &takers, wall, sheet),
            };
            if let Err(why) = read {
                sheet.skip(why);
            }
        }
    }
}
