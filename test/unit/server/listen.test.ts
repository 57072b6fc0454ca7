import { describe, expect, test } from "bun:test";
import { ListenError } from "../../../src/server/parts/open-port.ts";
import { ask } from "../../support/ask.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { createStage } from "../../support/stage.ts";
import { start } from "./running.ts";

const stage = createStage();
const ROUTES = `routes: [{ path: /a, backends: ["http://127.0.0.1:1"] }]`;

/** Why a gateway cannot start. */
function failure(begin: () => unknown): ListenError {
  try {
    begin();
  } catch (error) {
    if (error instanceof ListenError) return error;
    throw error;
  }
  throw new Error("this was expected to fail");
}

/** Occupies a port until the test is over. */
function busyPort(): number {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    reusePort: false,
    fetch: () => new Response("busy"),
  });
  stage.defer(() => server.stop(true));
  return server.port ?? 0;
}

describe("a port that cannot be had", () => {
  test("is an error that names the key that chooses another", () => {
    const { port } = start(stage, ROUTES);
    expect(failure(() => start(stage, ROUTES, { port })).message).toBe(
      `cannot listen on 127.0.0.1:${port}: another process has this port; stop it, or choose another port with \`server.port\``,
    );
  });

  test("for the operator frees the clients' port again", async () => {
    const own = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const port = own.port ?? 0;
    await own.stop(true);
    const admin = busyPort();
    const config = `
admin: { listen: "127.0.0.1:${admin}" }
${ROUTES}`;
    expect(failure(() => start(stage, config, { port })).message).toBe(
      `cannot listen on 127.0.0.1:${admin}: another process has this port; stop it, or choose another port with \`admin.listen\``,
    );
    const { url } = start(stage, ROUTES, { port });
    expect((await ask(`${url}/health`)).status).toBe(200);
  });

  test("leaves nothing of the start behind", () => {
    const clock = new FakeClock();
    expect(failure(() => start(stage, ROUTES, { port: busyPort(), clock }))).toBeDefined();
    const admin = `admin: { listen: "127.0.0.1:${busyPort()}" }\n`;
    expect(failure(() => start(stage, admin + ROUTES, { clock }))).toBeDefined();
    expect(clock.pending).toBe(0);
  });

  test("because the host is not this machine's says so", () => {
    const config = `
admin: { listen: "192.0.2.1:0", token: s3cret }
${ROUTES}`;
    expect(failure(() => start(stage, config)).message).toStartWith(
      "cannot listen on 192.0.2.1:0: this machine does not have that address",
    );
  });
});
