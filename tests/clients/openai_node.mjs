// The real `openai` package for Node against the example gateway, by changing base URL and key only.
//
//     cargo build --example gateway
//     npm ci --prefix tests/clients --ignore-scripts
//     node tests/clients/openai_node.mjs [path of the gateway's executable]
//
// Nothing but the loopback interface is used.

import OpenAI from "openai";
import { VERSION } from "openai/version";

import * as answers from "./checks/openai_node/answers.mjs";
import * as catalog from "./checks/openai_node/catalog.mjs";
import * as failures from "./checks/openai_node/failures.mjs";
import * as tools from "./checks/openai_node/tools.mjs";
import { KEY, open } from "./support/gateway.mjs";
import { Report } from "./support/report.mjs";

console.log(`openai ${VERSION}, node ${process.version}`);
const gateway = await open(process.argv[2] ?? "target/debug/examples/gateway");
const report = new Report();
for (const path of ["/api/v1", "/v1"]) {
    for (const { checks } of [answers, catalog, tools, failures]) {
        for (const [name, check] of Object.entries(checks)) {
            await gateway.renew();
            const settings = { baseURL: gateway.url + path, apiKey: KEY, maxRetries: 0 };
            const scene = { client: new OpenAI(settings), settings, path, gateway };
            await report.check(path, name, () => check(scene));
        }
    }
}
await report.check("", "the gateway and the provider end when they are told to", gateway.close);
report.end();
