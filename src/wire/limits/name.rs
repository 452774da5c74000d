//! What is a header about?

/// One figure of a provider's: which part of which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) part: Part,
    pub(super) unit: Unit,
    pub(super) span: Span,
}

/// Which figure is it?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Limit,
    Remaining,
    Reset,
}

/// What is counted?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Requests,
    Tokens,
    Input,
    Output,
}

/// Over which time is it counted?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Untold,
    /// Likewise, for a part of the account.
    Project,
    Second,
    Minute,
    FiveMinutes,
    Hour,
    Day,
    Month,
}

pub(super) const UNITS: usize = 4;
pub(super) const SPANS: usize = 8;

// === impl Told ===

impl Told {
    /// None of a header that is about something else, as nearly all are.
    pub(super) fn of(name: &str) -> Option<Self> {
        let (words, unit, span) = family(name)?;
        let mut told = Words {
            part: None,
            unit,
            span,
            five: false,
        };
        for word in words.split('-') {
            told.take(word)?;
        }
        Some(Self {
            part: told.part?,
            unit: told.unit,
            span: told.span,
        })
    }
}

/// What comes behind the name of a family, and what such a header is about if it does not say.
fn family(name: &str) -> Option<(&str, Unit, Span)> {
    let bare = name.strip_prefix("x-");
    let bare = bare.or_else(|| name.strip_prefix("anthropic-"));
    let bare = bare.unwrap_or(name);
    if let Some(words) = bare.strip_prefix("ratelimit-") {
        return Some((words, Unit::Requests, Span::Untold));
    }
    if let Some(words) = bare.strip_prefix("ratelimitbysize-") {
        return Some((words, Unit::Tokens, Span::Minute));
    }
    let words = bare.strip_prefix("tokenlimit-")?;
    Some((words, Unit::Tokens, Span::Untold))
}

struct Words {
    part: Option<Part>,
    unit: Unit,
    span: Span,
    five: bool,
}

// === impl Words ===

impl Words {
    fn take(&mut self, word: &str) -> Option<()> {
        match word {
            "limit" => self.part(Part::Limit)?,
            "remaining" => self.part(Part::Remaining)?,
            "reset" => self.part(Part::Reset)?,
            "requests" | "request" | "req" => self.unit = Unit::Requests,
            "tokens" | "token" => {
                if self.unit == Unit::Requests {
                    self.unit = Unit::Tokens;
                }
            }
            "input" | "prompt" => self.unit = Unit::Input,
            "output" | "generated" => self.unit = Unit::Output,
            "project" => self.span = Span::Project,
            "second" => self.span = Span::Second,
            "5" => self.five = true,
            "minute" if self.five => self.span = Span::FiveMinutes,
            "minute" => self.span = Span::Minute,
            "hour" => self.span = Span::Hour,
            "day" => self.span = Span::Day,
            "month" => self.span = Span::Month,
            _ => return None,
        }
        Some(())
    }

    fn part(&mut self, part: Part) -> Option<()> {
        self.part.replace(part).is_none().then_some(())
    }
}
