// Each failure is the package's own typed error, whole in message and code.

import assert from "node:assert/strict";

import OpenAI from "openai";

import { booked } from "../../support/booked.mjs";
import { BROKEN, MESSAGES as messages } from "../../support/words.mjs";

const PROVIDERS_OWN = "as you wish";

/// `code` is what stands under /v1: under /api/v1 it is the status, as OpenRouter's clients want it.
async function raises(path, call, type, status, code, message) {
    const error = await call().then(
        () => assert.fail(`${type.name} was not raised`),
        (error) => error,
    );
    assert.equal(error.constructor, type, `${error.stack}`);
    assert.equal(error.status, status);
    assert.equal(error.code, path === "/v1" ? code : status);
    assert(error.message.startsWith(`${status} `) && error.message.includes(message), error.message);
    return error;
}

const provider = (model, ...expected) => ({ client, path }) =>
    raises(path, () => client.chat.completions.create({ model: `test/${model}`, messages }), ...expected);

async function rateLimited(scene) {
    const error = await provider("429", OpenAI.RateLimitError, 429, "rate_limit_exceeded", "rate-limiting")(scene);
    assert.equal(error.headers.get("retry-after"), "7");
}

async function badRequest({ client, path }) {
    for (const [bad, param] of [
        [{ messages: [] }, "messages"],
        [{ max_tokens: "many" }, "max_tokens"],
        [{ models: "one" }, "models"],
    ]) {
        const create = () => client.chat.completions.create({ model: "test/says", messages, ...bad });
        const error = await raises(path, create, OpenAI.BadRequestError, 400, null, param);
        if (path === "/v1") assert.equal(error.param, param);
    }
}

async function wrongKey({ client, path }) {
    const other = client.withOptions({ apiKey: "sk-or-v1-another" });
    const expected = [OpenAI.AuthenticationError, 401, "invalid_api_key", "key"];
    await raises(path, () => other.chat.completions.create({ model: "test/says", messages }), ...expected);
    await raises(path, () => other.models.list(), ...expected);
}

async function notFound({ client, path }) {
    const create = () => client.chat.completions.create({ model: "test/syas", messages });
    const [type, status] = path === "/v1" ? [OpenAI.NotFoundError, 404] : [OpenAI.BadRequestError, 400];
    await raises(path, create, type, status, "model_not_found", "test/says");
    await raises(path, () => client.get("/nothing"), OpenAI.NotFoundError, 404, null, "no such route");
    await raises(path, () => client.models.retrieve("test/nobody"), OpenAI.NotFoundError, 404, null, "no such model");
}

async function tooLarge({ client, path }) {
    const messages = [{ role: "user", content: "x".repeat(33 << 20) }];
    const create = () => client.chat.completions.create({ model: "test/says", messages });
    await raises(path, create, OpenAI.APIError, 413, "payload_too_large", "");
}

async function breaks({ client }, model) {
    let text = "";
    const read = async () => {
        for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
            text += chunk.choices[0]?.delta.content ?? "";
            assert.notEqual(chunk.choices[0]?.finish_reason, "stop", "it looks complete");
        }
    };
    await assert.rejects(read, (error) => error instanceof OpenAI.APIError && Boolean(error.message));
    assert.equal(text, BROKEN);
    const runner = client.chat.completions.stream({ model, messages });
    await assert.rejects(runner.finalChatCompletion(), OpenAI.APIError);
}

async function abort({ client, gateway }) {
    const controller = new AbortController();
    const { signal } = controller;
    const asked = { model: "test/drones", messages, stream: true };
    const stream = await client.chat.completions.create(asked, { signal });
    let id;
    for await (const chunk of stream) {
        id = chunk.id;
        // The stream ends here; without the abort it never would.
        if (chunk.choices[0].delta.content) controller.abort();
    }
    await gateway.left();
    const { data } = await booked(() => client.get("/generation", { query: { id } }));
    assert.deepEqual([data.cancelled, data.provider_responses[0].cost_certainty], [true, "estimated"]);
    await client.chat.completions.create({ model: "test/says", messages });
}

async function noHammering({ settings }) {
    let requests = 0;
    const counted = (...request) => {
        requests += 1;
        return fetch(...request);
    };
    const client = new OpenAI({ ...settings, maxRetries: 2, fetch: counted });
    for (const model of ["test/503", "test/500"]) {
        requests = 0;
        const create = client.chat.completions.create({ model, messages });
        await assert.rejects(create, (error) => error.headers.get("x-should-retry") === "false");
        assert.equal(requests, 1, `${model} was asked for again`);
    }
}

export const checks = {
    "bad parameters are a BadRequestError that names them": badRequest,
    "a provider's 400 is one, in the provider's words": provider(
        "400", OpenAI.BadRequestError, 400, null, PROVIDERS_OWN,
    ),
    "its 413 is an APIError": provider("413", OpenAI.APIError, 413, null, PROVIDERS_OWN),
    "its 422 is an UnprocessableEntityError": provider(
        "422", OpenAI.UnprocessableEntityError, 422, null, PROVIDERS_OWN,
    ),
    "a wrong key is an AuthenticationError": wrongKey,
    "a key that the provider refuses is not the caller's": provider(
        "401", OpenAI.APIError, 424, "upstream_auth", "key",
    ),
    "a provider's 402 is a RateLimitError": provider("402", OpenAI.RateLimitError, 429, "insufficient_quota", "quota"),
    "what is unknown is a NotFoundError, a model under /api/v1 a BadRequestError": notFound,
    "a provider's 404 is a NotFoundError": provider("404", OpenAI.NotFoundError, 404, "model_not_found", "model"),
    "a body that is too large is a 413": tooLarge,
    "a provider's 429 is a RateLimitError with its Retry-After": rateLimited,
    "its 500 is an InternalServerError": provider("500", OpenAI.InternalServerError, 502, "unavailable", "error"),
    "so is its 503": provider("503", OpenAI.InternalServerError, 503, "overloaded", "overloaded"),
    "a stream that is cut raises, after what was delivered": (scene) => breaks(scene, "test/breaks"),
    "an error in a stream does so": (scene) => breaks(scene, "test/fails"),
    "an abort lets the provider go, and the gateway lives on": abort,
    "nothing is asked again that x-should-retry forbids": noHammering,
};
