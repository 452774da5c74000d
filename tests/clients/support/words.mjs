// What the provider says, and what is asked of it.

export const TEXT = "Half a sentence.";
export const BROKEN = "Half a sen";
export const VECTORS = [
    [0.5, -0.25, 0.125],
    [1, 0, -1],
];
export const CALLS = [
    ["call_1", "weather", '{"city": "Rome"}'],
    ["call_2", "weather", '{"city": "Oslo"}'],
];
export const MESSAGES = [{ role: "user", content: "hi" }];
export const TOOLS = [
    {
        type: "function",
        function: {
            name: "weather",
            description: "The weather in a city, in \u00b0C",
            parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        },
    },
];
export const TOOL_CHOICE = { type: "function", function: { name: "weather" } };
