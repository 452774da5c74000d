//! What has to hold for every request, whatever happened to it.

use memchr::memmem;
use switchtower::settle::{AttemptRecord, Certainty, Record};
use switchtower::{Again, End, Kind, Next, Phase};

use crate::book::Entry;
use crate::caller::{Ask, Heard};
use crate::script::Fault;
use crate::told::Told;
use crate::world::World;

/// One request, by all who know of it.
pub(crate) struct Case<'a> {
    pub(crate) world: &'a World,
    pub(crate) ask: &'a Ask,
    pub(crate) heard: &'a Heard,
    pub(crate) record: Option<&'a Record>,
    /// The numbers of its calls, with their entries, in order.
    pub(crate) calls: &'a [(usize, &'a Entry)],
}

/// The most retries of one candidate, as `RetryLayer` has it.
const RETRIES: usize = 2;

/// How often an answer is mended, as `RecoverLayer` has it.
const MENDED: usize = 2;

type Verdict = Result<(), String>;

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}

impl Case<'_> {
    /// Everything that does not hold.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let verdicts = [
            self.secrets(),
            self.recorded(),
            self.attempts(),
            self.costs(),
            self.charged(),
            self.told(),
        ];
        let found = verdicts.into_iter().filter_map(Result::err);
        self.heard.complaints.iter().cloned().chain(found).collect()
    }

    /// No key is told to anyone.
    fn secrets(&self) -> Verdict {
        let told = memmem::find(&self.heard.bytes, b"secret").is_some();
        ensure(!told, || "the answer names a key".to_owned())?;
        if let Some(error) = &self.heard.refused {
            let text = format!("{error} {error:?}");
            ensure(!text.contains("secret"), || {
                format!("the error names a key: {text}")
            })?;
        }
        let record = self.record.filter(|_| self.ask.number.is_multiple_of(16));
        let text = record
            .map(|record| format!("{record:?}"))
            .unwrap_or_default();
        ensure(!text.contains("secret"), || {
            format!("the record names a key: {text}")
        })
    }

    /// A record for whoever had a plan, and for nobody else; and it tells the same end.
    fn recorded(&self) -> Verdict {
        let Some(record) = self.record else {
            let planned =
                self.heard.planned == Some(true) || !self.calls.is_empty() || self.heard.answered;
            return ensure(!planned, || "there is no record".to_owned());
        };
        ensure(self.heard.planned != Some(false), || {
            "a record without a plan".to_owned()
        })?;
        let end = match (&self.heard.refused, self.answer()) {
            (Some(error), _) => End::Failed(error.kind()),
            // It left while somebody was asked for the rest.
            (None, Some(_))
                if self.is_mended() && self.heard.left && record.end == End::Cancelled =>
            {
                End::Cancelled
            }
            (None, Some((attempt, ..))) if self.heard.answered => attempt.end,
            _ => End::Cancelled,
        };
        ensure(record.end == end, || {
            format!("the record ends {:?}, the request {end:?}", record.end)
        })?;
        ensure(record.streamed == self.ask.stream, || {
            "the record takes it for another form".to_owned()
        })
    }

    /// The attempt whose words were told last, with its call.
    fn answer(&self) -> Option<(&AttemptRecord, usize, &Entry)> {
        let record = self.record?;
        let place = record.answered_by?;
        let (call, entry) = *self.calls.get(place)?;
        Some((record.attempts.get(place)?, call, entry))
    }

    /// Has an answer broken after its first words, so that somebody was asked for the rest?
    pub(crate) fn is_mended(&self) -> bool {
        let attempts = self.record.map_or(&[][..], |record| &record.attempts);
        let broke = |attempt: &AttemptRecord| {
            attempt.first_token.is_some() && matches!(attempt.end, End::Failed(_))
        };
        self.world.recovers && attempts.iter().any(broke)
    }

    /// Was the attempt at this place under way at once with another one?
    fn is_hedged(&self, place: usize) -> bool {
        let attempts = self.record.map_or(&[][..], |record| &record.attempts);
        let spans = attempts.iter().zip(self.calls);
        let spans: Vec<_> = spans
            .map(|(attempt, (_, entry))| (entry.at, entry.at + attempt.took))
            .collect();
        let (from, until) = spans[place];
        let mut others = spans.iter().enumerate();
        others.any(|(other, (began, over))| other != place && *began < until && from < *over)
    }

    /// Each attempt is one call, and each was allowed.
    fn attempts(&self) -> Verdict {
        let Some(record) = self.record else {
            return Ok(());
        };
        let (attempts, calls) = (&record.attempts, self.calls);
        ensure(attempts.len() == calls.len(), || {
            format!("{} attempts, {} calls", attempts.len(), calls.len())
        })?;
        let tries = self.world.tries as usize;
        ensure(attempts.len() <= tries, || {
            format!("{} attempts of {tries}", attempts.len())
        })?;
        for (attempt, (call, entry)) in attempts.iter().zip(calls) {
            let id = attempt.upstream_id.as_deref();
            ensure(id.is_none_or(|id| id == format!("u-{call}")), || {
                format!("call {call} is told to be {id:?}")
            })?;
            let provider = attempt
                .endpoint
                .as_deref()
                .map(|endpoint| endpoint.provider().slug());
            ensure(provider == Some(&format!("p{}", entry.provider)), || {
                format!("call {call} was at {provider:?}")
            })?;
            // Whoever leaves before the status is scanned knows of none.
            let status = attempt.status.is_none() || attempt.status == entry.status;
            ensure(status, || {
                format!("call {call} has status {:?}", attempt.status)
            })?;
            let sane = match attempt.end {
                End::Complete => entry.sent.whole,
                End::Failed(Kind::Elapsed(_)) | End::Cancelled => true,
                End::Failed(_) => {
                    !matches!(entry.fault, Fault::Nothing | Fault::Slow | Fault::NoDone)
                }
                End::Superseded => self.world.hedges || self.world.recovers,
            };
            ensure(sane, || {
                format!(
                    "call {call}, {:?}, is told to have ended {:?}",
                    entry.fault, attempt.end
                )
            })?;
        }
        for (at, (pair, calls)) in attempts.windows(2).zip(calls.windows(2)).enumerate() {
            // Of two at once the one decides or the other.
            let hedged = self.is_hedged(at) || self.is_hedged(at + 1);
            // Whoever leaves in the moment of a hedge leaves both.
            let left = self.world.hedges && pair.iter().all(|it| it.end == End::Cancelled);
            // Who is asked for the rest of an answer is asked whatever the one before said.
            let rest =
                self.world.recovers && attempts[..at].iter().any(|it| it.first_token.is_some());
            if !hedged && !rest && !left && pair[0].end != End::Superseded {
                self.follows(&pair[0], calls[0].1, calls[1].1)?;
            }
        }
        let alike = calls
            .chunk_by(|a, b| a.1.endpoint == b.1.endpoint)
            .map(<[_]>::len)
            .max();
        let keys = self
            .world
            .providers
            .iter()
            .map(|provider| provider.keys)
            .max();
        let most = RETRIES + keys.unwrap_or(1) + if self.world.recovers { MENDED } else { 0 };
        ensure(alike.unwrap_or(0) <= most, || {
            format!("{alike:?} tries of one candidate in a row")
        })
    }

    /// May `next` be asked, after `last` has ended like this?
    fn follows(&self, ended: &AttemptRecord, last: &Entry, next: &Entry) -> Verdict {
        let End::Failed(kind) = ended.end else {
            return Err(format!(
                "somebody is asked after an attempt that ended {:?}",
                ended.end
            ));
        };
        let (rule, same) = (kind.disposition(), last.endpoint == next.endpoint);
        let model = |entry: &Entry| self.world.endpoints[entry.endpoint].model;
        let context = |entry: &Entry| self.world.endpoints[entry.endpoint].context;
        let keys = self.world.providers[last.provider].keys;
        let another_key = matches!(
            kind,
            Kind::UpstreamAuth | Kind::QuotaExhausted | Kind::RateLimited
        ) && last.provider == next.provider
            && last.key != next.key;
        let mends = self.world.recovers && ended.first_token.is_some();
        let may = match (same, rule.next) {
            _ if mends => model(last) == model(next),
            (true, _) if another_key && keys > 1 => true,
            (true, _) => rule.again == Again::Last,
            (false, Next::Any) => true,
            (false, Next::Stop) => false,
            (false, Next::Model) => model(last) != model(next),
            (false, Next::LargerContext) => match (context(last), context(next)) {
                (Some(small), Some(large)) => small < large,
                _ => true,
            },
        };
        ensure(may, || {
            format!(
                "after {kind:?} at {} comes {}",
                last.endpoint, next.endpoint
            )
        })
    }

    /// An exact cost is what the upstream's own book says.
    fn costs(&self) -> Verdict {
        let attempts = self.record.map_or(&[][..], |record| &record.attempts);
        for (attempt, (call, entry)) in attempts.iter().zip(self.calls) {
            let (cost, prices) = (attempt.cost, &self.world.endpoints[entry.endpoint].prices);
            let amount = cost.amount.map(|amount| amount.picodollars());
            let bill = prices.as_ref().map(|prices| entry.picodollars(prices));
            let right = match cost.certainty {
                Certainty::Exact => amount == bill.or((entry.status != Some(200)).then_some(0)),
                Certainty::Estimated => amount.is_some_and(|amount| amount >= 0),
                Certainty::Unknown => amount.is_none() && prices.is_none(),
            };
            ensure(right, || {
                format!("call {call} costs {cost:?}, and its upstream bills {bill:?}")
            })?;
            let told = attempt.end == End::Complete && entry.sent.told_usage && !self.heard.left;
            let known = !told
                || entry.fault == Fault::Error(crate::script::At::After)
                || cost.certainty != Certainty::Estimated;
            ensure(known, || {
                format!("call {call} told its usage, and is estimated")
            })?;
        }
        Ok(())
    }

    /// What the caller pays is what the attempt costs that answered.
    fn charged(&self) -> Verdict {
        let Some(record) = self.record else {
            return Ok(());
        };
        let due = match self.answer() {
            Some((last, ..)) => match if self.is_mended() {
                record.end
            } else {
                last.end
            } {
                End::Complete | End::Cancelled => last.cost.amount,
                End::Failed(Kind::Elapsed(Phase::Total)) if last.first_token.is_some() => {
                    last.cost.amount
                }
                _ => Some(switchtower::Money::ZERO),
            },
            None => Some(switchtower::Money::ZERO),
        };
        ensure(record.charge == due, || {
            format!("{:?} is charged, and {due:?} is due", record.charge)
        })
    }

    /// The caller was told one answer: all of it exactly if the record says so.
    fn told(&self) -> Verdict {
        let heard = self.heard;
        if !heard.answered {
            return ensure(heard.left || heard.refused.is_some(), || {
                "it heard nothing".to_owned()
            });
        }
        let Some((_, call, entry)) = self.answer() else {
            return Err("an answer that no upstream gave".to_owned());
        };
        let complete = self
            .record
            .is_some_and(|record| record.end == End::Complete);
        if !heard.stream {
            let document = entry.document.as_deref().unwrap_or_default();
            ensure(document.starts_with(&heard.bytes), || {
                "it is not the document that was sent".to_owned()
            })?;
            let whole = document.len() == heard.bytes.len() && complete;
            return ensure(heard.left || whole, || {
                "half a document, told as an answer".to_owned()
            });
        }
        let told = Told::read(&heard.bytes)?;
        for (choice, said) in told.said.iter().enumerate() {
            let sent = |entry: &Entry| {
                let sent = &entry.full[choice].as_bytes()[..entry.sent.said[choice]];
                sent.starts_with(said.as_bytes())
            };
            // While the rest is asked for, all that was told is of the one that broke.
            let of_another = self.is_mended() && self.calls.iter().any(|(_, other)| sent(other));
            ensure(sent(entry) || of_another, || {
                format!("call {call} did not say {said:?}")
            })?;
        }
        let uninvited = told.usage_alone && !self.ask.wants_usage && !self.world.always_usage;
        ensure(!uninvited, || {
            "a chunk of usage for a caller who did not want it".to_owned()
        })?;
        if heard.left {
            return Ok(());
        }
        told.end(self.ask.choices)?;
        let end = self.record.map(|record| record.end.as_str());
        if let Some(error) = &told.error {
            let kind = error["choices"][0]["native_finish_reason"].as_str();
            return ensure(!complete && kind == end, || {
                format!("it was told {kind:?}, and the record says {end:?}")
            });
        }
        ensure(complete, || {
            format!("it was told that all is well, and the record says {end:?}")
        })?;
        ensure(told.said == entry.full, || {
            "a part of an answer, told as all of it".to_owned()
        })?;
        let usage = entry.sent.told_usage && (self.ask.wants_usage || self.world.always_usage);
        let excused = matches!(entry.fault, Fault::Error(_));
        ensure(told.usage || !usage || excused, || {
            "the usage was told, and kept from the caller".to_owned()
        })
    }
}
