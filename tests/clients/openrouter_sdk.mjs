// The real `@openrouter/sdk` against the example gateway, by changing server URL and key only. It checks every
// answer against the schemas of OpenRouter's API, and refuses what differs.
//
//     cargo build --example gateway
//     npm ci --prefix tests/clients --ignore-scripts
//     node tests/clients/openrouter_sdk.mjs [path of the gateway's executable]
//
// Nothing but the loopback interface is used.

import { createRequire } from "node:module";

import { OpenRouter } from "@openrouter/sdk";

import * as answers from "./checks/openrouter_sdk/answers.mjs";
import * as catalog from "./checks/openrouter_sdk/catalog.mjs";
import * as failures from "./checks/openrouter_sdk/failures.mjs";
import * as keys from "./checks/openrouter_sdk/keys.mjs";
import * as routing from "./checks/openrouter_sdk/routing.mjs";
import { KEY, open } from "./support/gateway.mjs";
import { Report } from "./support/report.mjs";

const { version } = createRequire(import.meta.url)("@openrouter/sdk/package.json");
console.log(`@openrouter/sdk ${version}, node ${process.version}`);
const gateway = await open(process.argv[2] ?? "target/debug/examples/gateway");
const report = new Report();
for (const { checks } of [answers, catalog, keys, routing, failures]) {
    for (const [name, check] of Object.entries(checks)) {
        await gateway.renew();
        // A 5xx that stays would be repeated for an hour.
        const settings = { serverURL: `${gateway.url}/api/v1`, apiKey: KEY, retryConfig: { strategy: "none" } };
        const scene = { client: new OpenRouter(settings), settings, gateway };
        await report.check("/api/v1", name, () => check(scene));
    }
}
await report.check("", "the gateway and the provider end when they are told to", gateway.close);
report.end();
