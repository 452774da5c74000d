// Each failure is the package's own typed error, whole in message and code.

import assert from "node:assert/strict";

import { HTTPClient, OpenRouter } from "@openrouter/sdk";
import * as errors from "@openrouter/sdk/models/errors";

import { booked } from "../../support/booked.mjs";
import { gather } from "../../support/gather.mjs";
import { BROKEN, MESSAGES as messages } from "../../support/words.mjs";

async function raises(call, type, status, message) {
    const error = await call.then(
        () => assert.fail(`${type.name} was not raised`),
        (error) => error,
    );
    assert.equal(error.constructor, type, `${error.stack} ${error.body ?? ""}`);
    assert.equal(error.statusCode, status);
    const { error: told } = error.data$ ?? JSON.parse(error.body);
    assert.equal(told.code, status);
    assert(told.message.includes(message), told.message);
    return error;
}

const send = (client, model, more) => client.chat.send({ chatRequest: { model: `test/${model}`, messages, ...more } });

const provider = (model, ...expected) => ({ client }) => raises(send(client, model), ...expected);

async function wrongKey({ settings }) {
    const other = new OpenRouter({ ...settings, apiKey: "sk-or-v1-another" });
    const expected = [errors.UnauthorizedResponseError, 401, "key"];
    await raises(send(other, "says"), ...expected);
    await raises(other.endpoints.list({ author: "test", slug: "says" }), errors.OpenRouterDefaultError, 401, "key");
    await raises(other.generations.getGeneration({ id: "gen-1" }), ...expected);
    await raises(other.embeddings.generate({ requestBody: { model: "test/says", input: "one" } }), ...expected);
}

async function notFound({ client }) {
    await raises(send(client, "syas"), errors.BadRequestResponseError, 400, "test/says");
    const expected = [errors.NotFoundResponseError, 404, "no such"];
    await raises(client.endpoints.list({ author: "test", slug: "nobody" }), ...expected);
    await raises(client.generations.getGeneration({ id: "gen-1" }), ...expected);
}

async function rateLimited({ client }) {
    const error = await raises(send(client, "429"), errors.TooManyRequestsResponseError, 429, "rate-limiting");
    assert.equal(error.headers.get("retry-after"), "7");
}

async function tooLarge({ client }) {
    const large = [{ role: "user", content: "x".repeat(33 << 20) }];
    await raises(send(client, "says", { messages: large }), errors.PayloadTooLargeResponseError, 413, "");
}

async function breaks({ client }, model, code) {
    const chunks = await gather(await send(client, model, { stream: true }));
    assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), BROKEN);
    // This package delivers the error as data.
    const last = chunks.pop();
    assert.equal(last.error.code, code);
    assert(last.error.message && last.error.metadata.errorType, last.error);
    assert.equal(last.choices[0].finishReason, "error");
    assert(chunks.every((chunk) => !chunk.error && !chunk.choices[0]?.finishReason));
}

async function abort({ client, gateway }) {
    const controller = new AbortController();
    const { signal } = controller;
    const asked = { chatRequest: { model: "test/drones", messages, stream: true } };
    const stream = await client.chat.send(asked, { fetchOptions: { signal } });
    let id;
    const read = async () => {
        for await (const chunk of stream) {
            id = chunk.id;
            if (chunk.choices[0].delta.content) controller.abort();
        }
    };
    await assert.rejects(read, { name: "AbortError" });
    await gateway.left();
    const { data } = await booked(() => client.generations.getGeneration({ id }));
    assert.deepEqual([data.cancelled, data.streamed], [true, true]);
    await send(client, "says");
}

/// With its own retries, which heed no header: they are for 5xx, and what waiting does not mend has another status.
async function noHammering({ settings }) {
    let requests = 0;
    const httpClient = new HTTPClient();
    httpClient.addHook("beforeRequest", () => void (requests += 1));
    const { retryConfig: _, ...defaults } = settings;
    const client = new OpenRouter({ ...defaults, httpClient });
    for (const model of ["400", "401", "402", "404", "429"]) {
        requests = 0;
        await assert.rejects(send(client, model), errors.OpenRouterError);
        assert.equal(requests, 1, `${model} was asked for again`);
    }
}

export const checks = {
    "bad parameters are a BadRequestResponseError": ({ client }) =>
        raises(send(client, "says", { messages: [] }), errors.BadRequestResponseError, 400, "messages"),
    "a provider's 400 is one, in the provider's words": provider(
        "400", errors.BadRequestResponseError, 400, "as you wish",
    ),
    "its 413 is a PayloadTooLargeResponseError": provider(
        "413", errors.PayloadTooLargeResponseError, 413, "as you wish",
    ),
    "its 422 is an UnprocessableEntityResponseError": provider(
        "422", errors.UnprocessableEntityResponseError, 422, "as you wish",
    ),
    "a wrong key is an UnauthorizedResponseError": wrongKey,
    "a key that the provider refuses is not the caller's": provider("401", errors.OpenRouterDefaultError, 424, "key"),
    "a provider's 402 is a TooManyRequestsResponseError": provider(
        "402", errors.TooManyRequestsResponseError, 429, "quota",
    ),
    "what is unknown is a NotFoundResponseError, a model a BadRequestResponseError": notFound,
    "a provider's 404 is a NotFoundResponseError": provider("404", errors.NotFoundResponseError, 404, "model"),
    "a body that is too large is a PayloadTooLargeResponseError": tooLarge,
    "a provider's 429 is a TooManyRequestsResponseError with its Retry-After": rateLimited,
    "its 500 is a BadGatewayResponseError": provider("500", errors.BadGatewayResponseError, 502, "error"),
    "its 503 is a ServiceUnavailableResponseError": provider(
        "503", errors.ServiceUnavailableResponseError, 503, "overloaded",
    ),
    "a stream that is cut ends in its error": (scene) => breaks(scene, "breaks", 502),
    "so does one with an error in it": (scene) => breaks(scene, "fails", 502),
    "an abort lets the provider go, and the gateway lives on": abort,
    "its own retries ask once for what waiting does not mend": noHammering,
};
