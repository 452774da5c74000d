//! One readable line a call.
//!
//! ```text
//! 16:01:35  anthropic/claude-sonnet-5.5  Thrift  1 attempt  12 in 40 out  $0.000212  first token 122 ms  gen-…
//! ```

use std::collections::BTreeMap;
use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Compact, Format, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// To stdout; `RUST_LOG` asks for more or less.
pub(crate) fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .event_format(Lines(Format::default().with_target(false).compact()))
        .with_env_filter(filter)
        .init();
}

/// A call's end as a sentence, any other event as it comes.
struct Lines(Format<Compact>);

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

// === impl Lines ===

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        match fields.sentence() {
            Some(sentence) => writeln!(writer, "{}  {sentence}", time()),
            None => self.0.format_event(context, writer, event),
        }
    }
}

// === impl Fields ===

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Fields {
    fn sentence(&self) -> Option<String> {
        let get = |name| self.0.get(name).map(String::as_str);
        match get("message")? {
            "settled" => {}
            "refused" => {
                let (status, error, id) = (get("status")?, get("error")?, get("id")?);
                return Some(format!("refused with {status}: {error}  {id}"));
            }
            _ => return None,
        }
        let attempts = match get("attempts")? {
            "1" => "1 attempt".to_owned(),
            many => format!("{many} attempts"),
        };
        let charge = get("charge").map_or("price unknown".to_owned(), |usd| format!("${usd}"));
        let first = match get("first_token_ms") {
            Some(milliseconds) => format!("first token {milliseconds} ms"),
            None => format!("whole after {} ms", get("took_ms")?),
        };
        let mut sentence = format!(
            "{}  {}  {attempts}  {} in {} out  {charge}  {first}  {}",
            get("model")?,
            get("provider")?,
            get("prompt_tokens")?,
            get("completion_tokens")?,
            get("id")?,
        );
        match get("end")? {
            "complete" => {}
            end => sentence.push_str(&format!("  {}", end.to_uppercase())),
        }
        Some(sentence)
    }
}

/// Of today, in UTC: the rest of the date is the same in every line.
fn time() -> String {
    let mut now = String::new();
    // 2026-11-25T16:01:35.639920Z
    match SystemTime.format_time(&mut Writer::new(&mut now)) {
        Ok(()) => now.get(11..19).unwrap_or_default().to_owned(),
        Err(_) => String::new(),
    }
}
