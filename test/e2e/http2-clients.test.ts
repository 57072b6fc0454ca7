import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { requiresProgram } from "../support/requires.ts";
import { createStage } from "../support/stage.ts";

// Real clients, as Debian has them, with nothing of ours on their side.

const stage = createStage(afterAll);
let gateway: GatewayProcess;

beforeAll(async () => {
  const mock = await startMockProcess(stage, "A");
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url] }],
  });
});

async function run(...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "ignore", stdin: "ignore" });
  stage.defer(() => child.kill());
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return text;
}

describe.if(requiresProgram("curl", "curl"))("curl", () => {
  const curl = (...args: readonly string[]): Promise<string> => run("curl", "-sS", ...args);

  test("gets an answer with prior knowledge, and says which version it was", async () => {
    const out = await curl(
      "--http2-prior-knowledge",
      "-w",
      " %{http_version} %{http_code}",
      `${gateway.url}/bytes/5`,
    );
    expect(out).toBe("01234 2 200");
  });

  test("uploads a file after 100 Continue", async () => {
    const file = join(stage.folder(), "upload");
    await Bun.write(file, Buffer.alloc(300_000, "x"));
    const out = await curl(
      "--http2-prior-knowledge",
      "-H",
      "Expect: 100-continue",
      "-T",
      file,
      `${gateway.url}/echo`,
    );
    expect(JSON.parse(out)).toMatchObject({ method: "PUT", body_bytes: 300_000 });
  });

  test("that offers an upgrade to HTTP/2 is answered in HTTP/1.1", async () => {
    const out = await curl("--http2", "-w", " %{http_version}", `${gateway.url}/bytes/5`);
    expect(out).toBe("01234 1.1");
  });
});

describe.if(requiresProgram("nghttp", "nghttp2-client"))("nghttp", () => {
  test("gets several answers on one connection", async () => {
    const out = await run(
      "nghttp",
      "-ns",
      ...[1000, 70_000, 300_000].map((size) => `${gateway.url}/bytes/${size}`),
    );
    const sizes = [...out.matchAll(/200\s+(\S+) \/bytes\/(\d+)/g)].map(([, , path]) => path);
    expect(new Set(sizes)).toEqual(new Set(["1000", "70000", "300000"]));
  });
});

describe.if(requiresProgram("h2load", "nghttp2-client"))("h2load", () => {
  test("has all of its requests answered, many at a time on several connections", async () => {
    const out = await run(
      "h2load",
      "-n",
      "2000",
      "-c",
      "4",
      "-m",
      "50",
      `${gateway.url}/bytes/100`,
    );
    expect(out).toContain("2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout");
  });
});
