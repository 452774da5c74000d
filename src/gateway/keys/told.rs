//! A key as OpenRouter tells it.

use serde::Serialize;

use super::figures::Figures;
use super::settings::WORKSPACE;
use crate::calendar::timestamp;
use crate::keys::{Class, Rates, RingKey};
use crate::limits::Level;
use crate::money::Money;

/// All that is told of a key to who manages it.
#[derive(Debug, Serialize)]
pub(super) struct Managed<'a> {
    hash: String,
    name: &'a str,
    /// These two are ours.
    account: &'a str,
    is_management_key: bool,
    disabled: bool,
    created_at: String,
    updated_at: Option<String>,
    workspace_id: &'static str,
    /// OpenRouter's partners name one; its SDKs demand a word.
    external_user: Option<&'a str>,
    allowed_models: Option<&'a [String]>,
    allowed_providers: Option<&'a [String]>,
    rate_limits: Option<Limits>,
    #[serde(flatten)]
    common: Common<'a>,
}

/// What a key is told of itself.
#[derive(Debug, Serialize)]
pub(super) struct Current<'a> {
    is_free_tier: bool,
    is_management_key: bool,
    is_provisioning_key: bool,
    rate_limit: RateLimit,
    free_model_daily_requests: Daily,
    workspace_id: &'static str,
    organization_id: Option<&'static str>,
    allowed_data_regions: [&'static str; 1],
    #[serde(flatten)]
    common: Common<'a>,
}

#[derive(Debug, Serialize)]
struct Common<'a> {
    label: &'a str,
    limit: Option<Money>,
    limit_remaining: Option<Money>,
    limit_reset: Option<&'static str>,
    include_byok_in_limit: bool,
    usage: Money,
    usage_daily: Money,
    usage_weekly: Money,
    usage_monthly: Money,
    byok_usage: Money,
    byok_usage_daily: Money,
    byok_usage_weekly: Money,
    byok_usage_monthly: Money,
    creator_user_id: Option<&'a str>,
    expires_at: Option<String>,
}

/// OpenRouter's has meant nothing for long, but its SDKs demand it.
#[derive(Debug, Serialize)]
struct RateLimit {
    requests: i64,
    interval: &'static str,
    note: &'static str,
}

/// Of free models, today.
#[derive(Debug, Serialize)]
pub(super) struct Daily {
    used: u64,
    limit: u64,
    remaining: u64,
}

/// No limit, for SDKs that demand one: the largest integer that is exact in JavaScript.
const UNLIMITED: u64 = (1 << 53) - 1;

#[derive(Debug, Serialize)]
struct Limits {
    requests_per_minute: Option<u64>,
    requests_per_day: Option<u64>,
    tokens_per_minute: Option<u64>,
    tokens_per_day: Option<u64>,
}

// === impl Managed ===

impl<'a> Managed<'a> {
    pub(super) fn of(key: &'a RingKey, figures: &Figures) -> Self {
        let settings = key.settings();
        Self {
            hash: key.id().to_string(),
            name: &settings.name,
            account: &settings.account,
            is_management_key: settings.class == Class::Management,
            disabled: settings.disabled,
            created_at: timestamp(settings.created),
            updated_at: settings.updated.map(timestamp),
            workspace_id: WORKSPACE,
            external_user: None,
            allowed_models: settings.models.as_deref(),
            allowed_providers: settings.providers.as_deref(),
            rate_limits: (settings.rates != Rates::default()).then(|| Limits::of(&settings.rates)),
            common: Common::of(key, figures),
        }
    }
}

// === impl Current ===

impl<'a> Current<'a> {
    pub(super) fn of(
        key: &'a RingKey,
        figures: &Figures,
        is_free_tier: bool,
        daily: Daily,
    ) -> Self {
        let manages = key.caller().rights().manage();
        Self {
            is_free_tier,
            is_management_key: manages,
            is_provisioning_key: manages,
            rate_limit: RateLimit {
                requests: -1,
                interval: "10s",
                note: "This field is deprecated and safe to ignore.",
            },
            free_model_daily_requests: daily,
            workspace_id: WORKSPACE,
            organization_id: None,
            allowed_data_regions: ["global"],
            common: Common::of(key, figures),
        }
    }
}

// === impl Daily ===

impl Daily {
    pub(super) fn of(level: &Level) -> Self {
        Self {
            used: level.used,
            limit: level.most.min(UNLIMITED),
            remaining: level.remaining().min(UNLIMITED),
        }
    }

    pub(super) fn unlimited(used: u64) -> Self {
        Self {
            used,
            limit: UNLIMITED,
            remaining: UNLIMITED.saturating_sub(used),
        }
    }
}

// === impl Common ===

impl<'a> Common<'a> {
    fn of(key: &'a RingKey, figures: &Figures) -> Self {
        let settings = key.settings();
        let counted = figures.counted(settings.reset);
        let left = |limit: Money| limit.saturating_sub(counted).max(Money::ZERO);
        Self {
            label: &settings.label,
            limit: settings.limit,
            limit_remaining: settings.limit.map(left),
            limit_reset: settings.reset.map(|reset| reset.as_str()),
            include_byok_in_limit: settings.include_byok,
            usage: figures.total.paid(),
            usage_daily: figures.daily.paid(),
            usage_weekly: figures.weekly.paid(),
            usage_monthly: figures.monthly.paid(),
            byok_usage: figures.total.byok(),
            byok_usage_daily: figures.daily.byok(),
            byok_usage_weekly: figures.weekly.byok(),
            byok_usage_monthly: figures.monthly.byok(),
            creator_user_id: settings.creator.as_deref(),
            expires_at: settings.expires.map(timestamp),
        }
    }
}

// === impl Limits ===

impl Limits {
    fn of(rates: &Rates) -> Self {
        Self {
            requests_per_minute: rates.requests_per_minute.map(Into::into),
            requests_per_day: rates.requests_per_day.map(Into::into),
            tokens_per_minute: rates.tokens_per_minute.map(Into::into),
            tokens_per_day: rates.tokens_per_day.map(Into::into),
        }
    }
}
