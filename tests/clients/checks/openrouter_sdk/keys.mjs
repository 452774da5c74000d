// Keys are made, used, changed and taken back; credits and activity are told.

import assert from "node:assert/strict";

import { OpenRouter } from "@openrouter/sdk";

import { MANAGEMENT_KEY } from "../../support/gateway.mjs";
import { MESSAGES as messages } from "../../support/words.mjs";

const as = (apiKey, settings) => new OpenRouter({ ...settings, apiKey });
const ask = (client) => client.chat.send({ chatRequest: { model: "test/says", messages } });

async function life({ settings }) {
    const manager = as(MANAGEMENT_KEY, settings);
    const expiresAt = new Date(Date.UTC(2100, 0, 1));
    const requestBody = { name: "team", limit: 0.5, limitReset: "monthly", expiresAt };
    const made = await manager.apiKeys.create({ requestBody });
    assert.match(made.key, /^sk-or-v1-[0-9a-f]{64}$/);
    const { hash, name, limit, limitReset, disabled, usage } = made.data;
    assert.deepEqual([name, limit, limitReset, disabled, usage], ["team", 0.5, "monthly", false, 0]);
    assert.equal(made.data.expiresAt?.getTime(), expiresAt.getTime());

    const caller = as(made.key, settings);
    await ask(caller);
    const { data: current } = await caller.apiKeys.getCurrentKeyMetadata();
    assert.deepEqual([current.label, current.usage, current.usageMonthly], [made.data.label, 0.000017, 0.000017]);
    assert.deepEqual([current.limitRemaining, current.isManagementKey, current.isFreeTier], [0.499983, false, false]);

    const { data: listed } = await manager.apiKeys.list();
    assert(listed.some((one) => one.hash === hash && one.usage === 0.000017), JSON.stringify(listed));
    const { data: got } = await manager.apiKeys.get({ hash });
    assert.deepEqual([got.name, got.limitRemaining, got.updatedAt], ["team", 0.499983, null]);

    const update = (requestBody) => manager.apiKeys.update({ hash, requestBody });
    const { data: changed } = await update({ name: "other", limit: 1, disabled: true });
    assert.deepEqual([changed.name, changed.limit, changed.disabled, changed.limitReset], ["other", 1, true, "monthly"]);
    await assert.rejects(ask(caller), { statusCode: 401 });
    const { data: shown } = await manager.apiKeys.list({ includeDisabled: false });
    assert(shown.every((one) => one.hash !== hash));
    await update({ disabled: false });
    await ask(caller);

    assert.deepEqual(await manager.apiKeys.delete({ hash }), { deleted: true });
    await assert.rejects(ask(caller), { statusCode: 401 });
    await assert.rejects(manager.apiKeys.get({ hash }), { statusCode: 404 });
}

async function limited({ settings }) {
    const manager = as(MANAGEMENT_KEY, settings);
    const { key } = await manager.apiKeys.create({ requestBody: { name: "poor", limit: 0.00000001 } });
    await assert.rejects(ask(as(key, settings)), { statusCode: 402 });
}

async function money({ client, settings }) {
    const manager = as(MANAGEMENT_KEY, settings);
    await ask(client);
    const { data } = await manager.credits.getCredits();
    assert.deepEqual(data, { totalCredits: 0, totalUsage: 0.000017 });
    // Today is not over, and activity is of days that are.
    assert.deepEqual((await manager.analytics.getUserActivity()).data, []);
    await assert.rejects(client.credits.getCredits(), { statusCode: 403 });
    await assert.rejects(client.apiKeys.list(), { statusCode: 403 });
    await assert.rejects(ask(manager), { statusCode: 403 });
}

export const checks = {
    "a key is made, used, listed, changed and taken back": life,
    "a key spends no more than its limit": limited,
    "credits and activity are told to who manages": money,
};
