// What is answered, to the last key of OpenRouter's schemas.

import assert from "node:assert/strict";

import { gather } from "../../support/gather.mjs";
import { CALLS, MESSAGES as messages, TEXT, TOOL_CHOICE, TOOLS as tools, VECTORS } from "../../support/words.mjs";

const model = "test/says";

async function chat({ client }) {
    const answer = await client.chat.send({ chatRequest: { model, messages } });
    assert.match(answer.id, /^gen-/);
    assert.deepEqual([answer.object, answer.model], ["chat.completion", model]);
    assert.deepEqual([answer.choices[0].message.content, answer.choices[0].finishReason], [TEXT, "stop"]);
    assert.deepEqual([answer.usage.totalTokens, answer.usage.cost, answer.usage.isByok], [12, 0.000017, false]);
    const { upstreamInferencePromptCost, upstreamInferenceCompletionsCost } = answer.usage.costDetails;
    assert.deepEqual([upstreamInferencePromptCost, upstreamInferenceCompletionsCost], [0.000007, 0.00001]);
}

async function stream({ client }) {
    const chunks = await gather(await client.chat.send({ chatRequest: { model, messages, stream: true } }));
    const words = chunks.map((chunk) => chunk.choices[0]?.delta.content).filter(Boolean);
    assert.deepEqual(words, ["Half", " a", " sen", "tence", "."]);
    const finishes = chunks.map((chunk) => chunk.choices[0]?.finishReason).filter(Boolean);
    assert.deepEqual(finishes, ["stop"]);
    const last = chunks.pop();
    assert.deepEqual([last.choices, last.usage.totalTokens, last.usage.cost], [[], 12, 0.000017]);
    assert(chunks.every((chunk) => chunk.id === last.id && !chunk.usage));
}

const told = (calls) => calls.map((call) => [call.id, call.function.name, call.function.arguments]);

async function toolCalls({ client, gateway }) {
    const chatRequest = { model: "test/calls", messages, tools, toolChoice: TOOL_CHOICE };
    const answer = await client.chat.send({ chatRequest });
    assert.deepEqual(told(answer.choices[0].message.toolCalls), CALLS);
    assert.equal(answer.choices[0].finishReason, "tool_calls");
    const seen = JSON.parse(await gateway.seen());
    assert.deepEqual([seen.tools, seen.tool_choice], [tools, TOOL_CHOICE]);
}

async function streamedToolCalls({ client }) {
    const chatRequest = { model: "test/calls", messages, tools, stream: true };
    const calls = [];
    for await (const chunk of await client.chat.send({ chatRequest })) {
        for (const part of chunk.choices[0]?.delta.toolCalls ?? []) {
            calls[part.index] ??= [part.id, part.function.name, ""];
            calls[part.index][2] += part.function.arguments;
        }
    }
    assert.deepEqual(calls, CALLS);
}

async function mended({ client }) {
    const chatRequest = { model: "test/mumbles", messages, tools };
    const answer = await client.chat.send({ chatRequest });
    const { message, finishReason, index } = answer.choices[0];
    assert.deepEqual([index, message.role, message.content, finishReason], [0, "assistant", "Half", "stop"]);
    assert.deepEqual(told(message.toolCalls), CALLS.slice(0, 1));
    const chunks = await gather(await client.chat.send({ chatRequest: { ...chatRequest, stream: true } }));
    const parts = chunks.flatMap((chunk) => chunk.choices[0]?.delta.toolCalls ?? []);
    assert(parts.every((part) => part.index === 0), parts);
    const whole = (name) => parts.map((part) => part.function[name] ?? "").join("");
    assert.deepEqual([[parts[0].id, whole("name"), whole("arguments")]], CALLS.slice(0, 1));
    assert.equal(chunks.pop().usage.totalTokens, 12);
}

async function preferences({ client }) {
    const send = (provider) => client.chat.send({ chatRequest: { model, messages, provider } });
    assert.equal((await send({ only: ["actor"], maxPrice: { prompt: "1", completion: "2" } })).choices.length, 1);
    await assert.rejects(send({ ignore: ["actor"] }), (error) => error.statusCode === 404);
}

async function models({ client }) {
    const pages = await gather(await client.models.list());
    const listed = pages.flatMap((page) => page.result.data);
    const one = listed.find((listed) => listed.id === model);
    assert.deepEqual([one.contextLength, one.pricing.prompt, one.pricing.completion], [8192, "0.000001", "0.000002"]);
    assert(listed.some((listed) => listed.id === "test/unpriced"));
}

async function endpoints({ client }) {
    for (const slug of ["says", "unpriced"]) {
        const { data } = await client.endpoints.list({ author: "test", slug });
        assert.equal(data.id, `test/${slug}`);
        assert.deepEqual(data.endpoints.map((endpoint) => endpoint.providerName), ["Actor"]);
    }
}

async function embeddings({ client }) {
    const request = { model, input: ["one", "two"] };
    const answer = await client.embeddings.generate({ requestBody: request });
    assert.deepEqual(answer.data.map((one) => one.embedding), VECTORS);
    assert.deepEqual([answer.usage.promptTokens, answer.usage.cost], [7, 0.000007]);
    const requestBody = { ...request, encodingFormat: "base64" };
    const encoded = await client.embeddings.generate({ requestBody });
    assert.equal(typeof encoded.data[0].embedding, "string");
}

async function generation({ client }) {
    const { id, usage } = await client.chat.send({ chatRequest: { model, messages } });
    const { data } = await client.generations.getGeneration({ id });
    assert.deepEqual([data.id, data.totalCost, data.providerName, data.model], [id, usage.cost, "Actor", model]);
    assert.deepEqual([data.streamed, data.cancelled, data.finishReason], [false, false, "stop"]);
    assert.deepEqual(data.providerResponses.map((response) => response.status), [200]);
}

async function unpriced({ client }) {
    const model = "test/unpriced";
    const answer = await client.chat.send({ chatRequest: { model, messages } });
    assert.equal(answer.choices[0].message.content, TEXT);
    const chunks = await gather(await client.chat.send({ chatRequest: { model, messages, stream: true } }));
    assert.equal(chunks.pop().usage.totalTokens, 12);
    const embedded = await client.embeddings.generate({ requestBody: { model, input: "one" } });
    assert.equal(embedded.usage.promptTokens, 7);
    const { data } = await client.generations.getGeneration({ id: answer.id });
    assert.equal(data.tokensPrompt, 7);
}

export const checks = {
    "a chat is answered": chat,
    "a stream comes in order, with its usage in the last chunk": stream,
    "tools go through untouched, and their calls come back": toolCalls,
    "so do the calls in a stream": streamedToolCalls,
    "what a provider spells loosely is mended": mended,
    "preferences are obeyed": preferences,
    "the models are listed": models,
    "the endpoints of a model are listed": endpoints,
    "texts are embedded, as floats and as base64": embeddings,
    "what remains of a call can be looked up": generation,
    "a model whose price is unknown is no less": unpriced,
};
