// Who is asked is the caller's choice, and the plan explains itself.

import assert from "node:assert/strict";

import { gather } from "../../support/gather.mjs";
import { MESSAGES as messages } from "../../support/words.mjs";

async function preferences({ client }) {
    const send = (provider) => client.chat.send({ chatRequest: { model: "test/eye-1", messages, provider } });
    for (const provider of [
        { order: ["actor"], allowFallbacks: false },
        { only: ["actor/fp8"], sort: "throughput" },
        { sort: { by: "latency", partition: "none" }, preferredMaxLatency: { p90: 5 } },
        { zdr: true, dataCollection: "deny", enforceDistillableText: true, quantizations: ["fp8"] },
        { maxPrice: { prompt: "0.5", completion: "2" }, requireParameters: true },
    ]) {
        assert.equal((await send(provider)).model, "test/eye-1", provider);
    }
    for (const provider of [{ ignore: ["Actor"] }, { quantizations: ["fp4"] }, { maxPrice: { prompt: "0.4" } }]) {
        await assert.rejects(send(provider), (error) => error.statusCode === 404, provider);
    }
}

async function names({ client }) {
    const send = (model, more) => client.chat.send({ chatRequest: { model, messages, ...more } });
    assert.equal((await send("~test/eye-latest")).model, "test/eye-2");
    assert.equal((await send("test/eye-1:nitro")).model, "test/eye-1");
    assert.equal((await send("test/503", { models: ["test/says"] })).model, "test/says");
}

async function metadata({ client }) {
    const ask = (chatRequest) => client.chat.send({ xOpenRouterMetadata: "enabled", chatRequest });
    const chatRequest = { model: "test/503", models: ["test/eye-1"], messages };
    const told = (await ask(chatRequest)).openrouterMetadata;
    assert.deepEqual([told.requested, told.strategy, told.region], ["test/503", "fallback", null]);
    assert.deepEqual([told.summary, told.attempt, told.isByok], ["available=2, selected=Actor", 2, false]);
    assert.deepEqual(told.endpoints.available, [
        { provider: "Actor", model: "test/503", selected: false },
        { provider: "Actor", model: "test/eye-1", selected: true },
    ]);
    assert.deepEqual(told.attempts.map((attempt) => attempt.status), [503, 200]);

    const chunks = await gather(await ask({ ...chatRequest, stream: true }));
    assert.equal(chunks.pop().openrouterMetadata.attempt, 2);
    assert(chunks.every((chunk) => !chunk.openrouterMetadata));

    const refused = await ask({ model: "test/401", messages }).catch((error) => error);
    assert.equal(JSON.parse(refused.body).openrouter_metadata.attempts.length, 1);
    const unasked = await client.chat.send({ chatRequest });
    assert.equal(unasked.openrouterMetadata, undefined);
}

export const checks = {
    "preferences of every kind are obeyed": preferences,
    "a model is asked for by its other names": names,
    "the plan explains itself to who asks": metadata,
};
