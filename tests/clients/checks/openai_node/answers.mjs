// What is answered: texts, streams, models, vectors.

import assert from "node:assert/strict";

import { gather } from "../../support/gather.mjs";
import { MESSAGES as messages, TEXT, VECTORS } from "../../support/words.mjs";

const model = "test/says";

async function chat({ client }) {
    const { data, response } = await client.chat.completions.create({ model, messages }).withResponse();
    assert.match(data.id, /^gen-/);
    assert.equal(response.headers.get("x-generation-id"), data.id);
    assert.equal(data.object, "chat.completion");
    assert.equal(data.model, model);
    assert.equal(data.provider, "Actor");
    assert.deepEqual([data.choices[0].message.role, data.choices[0].message.content], ["assistant", TEXT]);
    assert.equal(data.choices[0].finish_reason, "stop");
    assert.equal(data.usage.total_tokens, 12);
    assert.equal(data.usage.cost, 0.000017);
}

async function stream({ client }) {
    const request = client.chat.completions.create({ model, messages, stream: true });
    const { data, response } = await request.withResponse();
    const chunks = await gather(data);
    const words = chunks.map((chunk) => chunk.choices[0]?.delta.content).filter(Boolean);
    assert.deepEqual(words, ["Half", " a", " sen", "tence", "."]);
    const finishes = chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean);
    assert.deepEqual(finishes, ["stop"]);
    const last = chunks.pop();
    assert.deepEqual(last.choices, []);
    assert.deepEqual([last.usage.total_tokens, last.usage.cost], [12, 0.000017]);
    assert(chunks.every((chunk) => !chunk.usage));
    assert(chunks.every((chunk) => chunk.id === response.headers.get("x-generation-id")));
}

async function helper({ client }) {
    const heard = [];
    const runner = client.chat.completions.stream({ model, messages });
    runner.on("content", (delta) => heard.push(delta));
    const answer = await runner.finalChatCompletion();
    assert.equal(heard.join(""), TEXT);
    assert.equal(answer.choices[0].message.content, TEXT);
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.equal((await runner.totalUsage()).total_tokens, 12);
}

async function models({ client }) {
    const listed = (await gather(client.models.list())).map((model) => model.id);
    assert(listed.includes(model) && listed.includes("test/503"), listed);
    const retrieved = await client.models.retrieve(model);
    assert.deepEqual([retrieved.id, retrieved.object, retrieved.owned_by], [model, "model", "test"]);
}

async function completion({ client }) {
    const answer = await client.completions.create({ model, prompt: "Once upon" });
    assert.equal(answer.object, "text_completion");
    assert.equal(answer.choices[0].text, TEXT);
    assert.equal(answer.usage.cost, 0.000017);
}

async function embeddings({ client, gateway }) {
    // The package asks for base64 by itself, and decodes it.
    const answer = await client.embeddings.create({ model, input: ["one", "two"] });
    assert.equal(JSON.parse(await gateway.seen()).encoding_format, "base64");
    assert.deepEqual(answer.data.map((one) => Array.from(one.embedding)), VECTORS);
    assert.equal(answer.usage.prompt_tokens, 7);
    const floats = await client.embeddings.create({ model, input: ["one", "two"], encoding_format: "float" });
    assert.deepEqual(floats.data.map((one) => one.embedding), VECTORS);
}

async function generation({ client }) {
    const { id, usage } = await client.chat.completions.create({ model, messages });
    const { data } = await client.get("/generation", { query: { id } });
    assert.deepEqual([data.id, data.total_cost, data.provider_name], [id, usage.cost, "Actor"]);
}

export const checks = {
    "a chat is answered, and its headers name it": chat,
    "a stream comes in order, with its usage in the last chunk": stream,
    "the stream helper gathers the same": helper,
    "the models are listed, and one is retrieved": models,
    "a text is completed": completion,
    "texts are embedded, as floats and as base64": embeddings,
    "what remains of a call can be looked up": generation,
};
