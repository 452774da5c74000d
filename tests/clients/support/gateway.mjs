// The example gateway in front of the provider beside this folder, each a process of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const KEY = "sk-or-v1-of-this-test";
/// Of who makes keys.
export const MANAGEMENT_KEY = "sk-or-v1-of-who-manages-this-test";

/// Resolves once the gateway listens. `renew` puts a new one in its place: whom one check makes fail, it leaves alone for
/// a while.
export async function open(executable) {
    const script = fileURLToPath(new URL("../provider.py", import.meta.url));
    const provider = await start("python3", [script], process.env);
    const get = async (path) => (await fetch(provider.url + path)).text();
    const folder = mkdtempSync(join(tmpdir(), "gateway-"));
    process.once("exit", () => rmSync(folder, { recursive: true }));
    const catalog = join(folder, "switchtower.toml");
    writeFileSync(catalog, await get("/catalog"));
    let gateway;
    process.once("exit", () => {
        provider.child.kill();
        gateway?.child.kill();
    });
    const close = async () => {
        gateway.child.kill("SIGTERM");
        const [status] = await gateway.ended;
        if (status !== 0) throw new Error(`the gateway ended with ${status}`);
    };
    const house = {
        url: undefined,
        renew: async () => {
            if (gateway) await close();
            const args = ["--listen", "127.0.0.1:0", "--ledger", "memory", "--config", catalog];
            gateway = await start(executable, args, {
                SWITCHTOWER_KEY: KEY,
                SWITCHTOWER_MANAGEMENT_KEY: MANAGEMENT_KEY,
            });
            house.url = new URL(gateway.url).origin;
        },
        /// The last request as the provider got it.
        seen: () => get("/seen"),
        /// Resolves once the gateway has let go of a stream that does not end.
        left: () => get("/left"),
        close: async () => {
            provider.child.stdin.end();
            await close();
        },
    };
    await house.renew();
    return house;
}

async function start(command, args, env) {
    const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    for await (const line of createInterface({ input: child.stdout })) {
        const url = line.match(/^listening on (\S+)/)?.[1];
        if (url) {
            // Read on, so that a full pipe never stops it.
            child.stdout.resume();
            return { child, ended, url };
        }
    }
    throw new Error(`${command} did not start: exit status ${(await ended)[0]}`);
}
