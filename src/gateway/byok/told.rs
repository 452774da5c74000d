//! A key of a provider as OpenRouter tells it: without the key.

use serde::Serialize;

use super::safe::Held;
use crate::calendar::timestamp;
use crate::gateway::keys::WORKSPACE;

#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    id: &'a str,
    /// This one is ours.
    account: &'a str,
    provider: &'a str,
    label: &'a str,
    name: Option<&'a str>,
    disabled: bool,
    is_fallback: bool,
    always_use: bool,
    sort_order: u32,
    allowed_models: Option<&'a [String]>,
    allowed_api_key_hashes: Option<Vec<String>>,
    allowed_user_ids: Option<&'a [String]>,
    workspace_id: &'static str,
    created_at: String,
}

#[derive(Debug, Serialize)]
pub(super) struct One<'a> {
    pub(super) data: Told<'a>,
}

// === impl Told ===

impl<'a> Told<'a> {
    pub(super) fn of(held: &'a Held) -> Self {
        let settings = &held.settings;
        let keys = settings.keys.as_ref();
        Self {
            id: &held.id,
            account: &settings.account,
            provider: &settings.provider,
            label: &settings.label,
            name: settings.name.as_deref(),
            disabled: settings.disabled,
            is_fallback: settings.fallback,
            always_use: settings.always,
            sort_order: settings.sort,
            allowed_models: settings.models.as_deref(),
            allowed_api_key_hashes: keys.map(|keys| keys.iter().map(|it| it.to_string()).collect()),
            allowed_user_ids: settings.users.as_deref(),
            workspace_id: WORKSPACE,
            created_at: timestamp(settings.created),
        }
    }
}
