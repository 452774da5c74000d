// What there is to be asked: lists with their filters and pages, one model, endpoints, providers.

import assert from "node:assert/strict";

import * as errors from "@openrouter/sdk/models/errors";

import { gather } from "../../support/gather.mjs";
import { KEY } from "../../support/gateway.mjs";

const LATEST = "~test/eye-latest";

const models = async (pages) => (await gather(await pages)).flatMap((page) => page.result.data);
const ids = async (pages) => (await models(pages)).map((model) => model.id);

async function filters({ client }) {
    const shown = (filter) => ids(client.models.list(filter));
    assert.deepEqual(await shown({ q: "eye", sort: "newest" }), ["test/eye-2", LATEST, "test/eye-1"]);
    assert.deepEqual(await shown({ supportedParameters: "tools,seed" }), ["test/eye-1"]);
    assert.deepEqual(await shown({ inputModalities: "image" }), ["test/eye-1"]);
    assert.deepEqual(await shown({ outputModalities: "embeddings" }), ["test/vectors"]);
    assert.deepEqual(await shown({ context: 8193 }), ["test/eye-1"]);
    assert.deepEqual(await shown({ minPrice: 0, maxPrice: 0.5, minOutputPrice: 2 }), ["test/eye-1"]);
    assert.deepEqual(await shown({ zdr: "true", distillable: "true" }), ["test/eye-1"]);
    assert.deepEqual(await shown({ providers: "Actor", modelAuthors: "nobody" }), []);
    const { length } = await shown({ outputModalities: "all" });
    assert.equal((await shown({})).length, length - 1);
    await assert.rejects(shown({ region: "eu" }), (error) => {
        assert.equal(error.constructor, errors.BadRequestResponseError);
        return error.message.includes("`region` is known but not served yet");
    });
}

async function pages({ client }) {
    const all = await ids(client.models.list());
    const pages = await gather(await client.models.list({ limit: 7 }));
    const listed = pages.flatMap((page) => page.result.data.map((model) => model.id));
    assert.deepEqual(listed, all);
    assert(pages.every((page) => page.result.data.length <= 7 && page.result.totalCount === all.length));
    assert.match(pages[0].result.links.next, /^\/api\/v1\/models\?offset=7&limit=7$/);
    assert.deepEqual((await client.models.count()).data, { count: all.length });
    assert.deepEqual(await ids(client.models.listForUser({ bearer: KEY })), all);
    assert.deepEqual(await ids(client.embeddings.listModels()), ["test/vectors"]);
}

async function model({ client }) {
    const { data } = await client.models.get({ author: "test", slug: "eye-1:nitro" });
    assert.deepEqual([data.id, data.canonicalSlug, data.name], ["test/eye-1", "test/eye-1-20231114", "Test: Eye 1"]);
    assert.deepEqual(data.architecture.inputModalities, ["text", "image"]);
    assert.deepEqual([data.architecture.modality, data.expirationDate], ["text+image->text", "2027-01-31"]);
    assert.deepEqual(data.supportedParameters, ["tools", "seed"]);
    const [long, night] = data.pricing.overrides;
    assert.deepEqual([long.minPromptTokens, long.prompt], [20000, "0.000001"]);
    assert.deepEqual([night.utcStart, night.utcEnd, night.completion], [2200, 600, "0.000001"]);
    const latest = await client.models.get({ author: "~test", slug: "eye-latest" });
    assert.deepEqual(latest.data.aliasTarget, { name: "Test: Eye 2", slug: "test/eye-2" });
    const secret = await client.models.get({ author: "test", slug: "secret" });
    assert.equal(secret.data.id, "test/secret");
    await assert.rejects(client.models.get({ author: "test", slug: "eye-1:free" }), (error) => {
        return error.constructor === errors.NotFoundResponseError;
    });
}

async function endpoints({ client }) {
    const { data } = await client.endpoints.list({ author: "test", slug: "eye-1" });
    const [endpoint] = data.endpoints;
    assert.deepEqual([endpoint.tag, endpoint.quantization, endpoint.maxPromptTokens], ["actor/fp8", "fp8", 30000]);
    assert.deepEqual([endpoint.status, endpoint.supportsImplicitCaching], [0, false]);
    const zdr = await client.endpoints.listZdrEndpoints();
    assert.deepEqual(zdr.data.map((one) => [one.modelId, one.tag]), [["test/eye-1", "actor/fp8"]]);
}

/// One answer is too little to know an uptime, and enough for a latency.
async function measured({ client }) {
    const chatRequest = { model: "test/eye-2", messages: [{ role: "user", content: "hi" }], stream: true };
    await gather(await client.chat.send({ chatRequest }));
    const { data } = await client.endpoints.list({ author: "test", slug: "eye-2" });
    const { uptimeLast30m, latencyLast30m, throughputLast30m } = data.endpoints[0];
    assert.equal(uptimeLast30m, null);
    assert(latencyLast30m.p50 > 0 && latencyLast30m.p99 < 30_000, latencyLast30m);
    assert(throughputLast30m.p90 > 0, throughputLast30m);
}

async function providers({ client }) {
    const { data } = await client.providers.list();
    assert.deepEqual(data.map((one) => [one.name, one.slug, one.headquarters]), [["Actor", "actor", "DE"]]);
}

export const checks = {
    "models are listed by filters, and what is not served is refused": filters,
    "a long list comes in pages, and is counted": pages,
    "a model is told, with a suffix, as the newest of its family, and hidden": model,
    "its endpoints are told, and those that retain nothing": endpoints,
    "what was measured is told": measured,
    "the providers are listed": providers,
};
