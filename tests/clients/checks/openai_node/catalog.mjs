// OpenRouter's lists, as this package reaches them: by its own calls and by plain ones.

import assert from "node:assert/strict";

import { gather } from "../../support/gather.mjs";
import { MESSAGES as messages } from "../../support/words.mjs";

async function lists({ client }) {
    const shown = async (query) => (await gather(client.models.list({ query }))).map((model) => model.id);
    assert.deepEqual(await shown({ q: "eye", sort: "newest" }), ["test/eye-2", "~test/eye-latest", "test/eye-1"]);
    assert.deepEqual(await shown({ offset: 1, limit: 1, q: "eye" }), ["test/eye-2"]);
    assert.deepEqual((await client.get("/models/count", { query: { zdr: true } })).data, { count: 1 });
    assert.equal((await client.models.retrieve("~test/eye-latest")).object, "model");
    const { data } = await client.get("/providers");
    assert.deepEqual(data.map((provider) => provider.slug), ["actor"]);
    await assert.rejects(shown({ limit: 0 }), (error) => error.status === 400 && error.message.includes("limit"));
}

async function metadata({ client }) {
    const headers = { "X-OpenRouter-Metadata": "enabled" };
    const ask = (more) => client.chat.completions.create({ model: "test/eye-1", messages, ...more }, { headers });
    assert.equal((await ask({})).openrouter_metadata.requested, "test/eye-1");
    const chunks = await gather(await ask({ stream: true }));
    assert.equal(chunks.pop().openrouter_metadata.summary, "available=1, selected=Actor");
}

export const checks = {
    "models are listed by OpenRouter's filters, a page at a time": lists,
    "the plan explains itself to who asks": metadata,
};
