// Tools go to the provider as they are, and its calls come back.

import assert from "node:assert/strict";

import { CALLS, MESSAGES as messages, TEXT, TOOL_CHOICE as tool_choice, TOOLS as tools } from "../../support/words.mjs";

const model = "test/calls";

const told = (calls) => calls.map((call) => [call.id, call.function.name, call.function.arguments]);

async function whole({ client, gateway }) {
    const asked = { model, messages, tools, tool_choice, parallel_tool_calls: true };
    const answer = await client.chat.completions.create(asked);
    assert.deepEqual(told(answer.choices[0].message.tool_calls), CALLS);
    assert.equal(answer.choices[0].message.content, null);
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    const seen = await gateway.seen();
    for (const [name, value] of Object.entries({ tools, tool_choice, parallel_tool_calls: true })) {
        assert(seen.includes(`"${name}":${JSON.stringify(value)}`), `${name} is not untouched: ${seen}`);
    }
}

async function streamed({ client, gateway }) {
    const runner = client.chat.completions.stream({ model, messages, tools, tool_choice });
    const answer = await runner.finalChatCompletion();
    assert.deepEqual(told(answer.choices[0].message.tool_calls), CALLS);
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    const seen = JSON.parse(await gateway.seen());
    assert.deepEqual([seen.tools, seen.tool_choice], [tools, tool_choice]);
}

async function run({ client, gateway }, stream) {
    const cities = [];
    const weather = {
        type: "function",
        function: {
            ...tools[0].function,
            parse: JSON.parse,
            function: ({ city }) => {
                cities.push(city);
                return `sunny in ${city}`;
            },
        },
    };
    const runner = client.chat.completions.runTools({ model, messages, tools: [weather], stream });
    assert.equal(await runner.finalContent(), TEXT);
    assert.deepEqual(cities, ["Rome", "Oslo"]);
    // The second request had the calls and their results.
    const { messages: seen } = JSON.parse(await gateway.seen());
    assert.deepEqual(told(seen[1].tool_calls), CALLS);
    const results = seen.slice(2).map((message) => [message.role, message.tool_call_id, message.content]);
    assert.deepEqual(results, [
        ["tool", "call_1", "sunny in Rome"],
        ["tool", "call_2", "sunny in Oslo"],
    ]);
}

export const checks = {
    "tools go through untouched, and their calls come back": whole,
    "streamed calls of tools are put together": streamed,
    "runTools calls them and gets its answer": (scene) => run(scene, false),
    "runTools does so in a stream": (scene) => run(scene, true),
};
