import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { ask, problemOf } from "../support/ask.ts";
import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

const shared = createStage(afterAll);
let folder = "";

/** All keys and certificates of the tests, created for each run. */
beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = shared.folder();
  for (const authority of ["ca", "other-ca"]) await makeAuthority(folder, authority);
  await issue(folder, "local", "IP:127.0.0.1,DNS:localhost");
  await issue(folder, "named", "DNS:backend.example.com");
  await issue(folder, "address", "IP:::1");
  await issue(folder, "client", "DNS:gateway.example.com");
});

const file = (name: string) => join(folder, name);

/** A backend that only speaks TLS and echoes WebSocket messages. */
function startBackend(certificate: string, wantsClient = false, hostname = "127.0.0.1"): string {
  const server = Bun.serve({
    hostname,
    port: 0,
    tls: {
      cert: Bun.file(file(`${certificate}.pem`)),
      key: Bun.file(file(`${certificate}.key`)),
      ...(wantsClient && {
        ca: Bun.file(file("ca.pem")),
        requestCert: true,
        rejectUnauthorized: true,
      }),
    },
    fetch(request, server) {
      if (server.upgrade(request)) return undefined;
      return new Response("in confidence");
    },
    websocket: {
      message: (socket, message) => void socket.send(message),
    },
  });
  stage.defer(() => server.stop(true));
  return `https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`;
}

function startBefore(backend: string, tls?: Readonly<Record<string, unknown>>) {
  return startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend], ...(tls !== undefined && { tls }) }],
  });
}

const tlsTest = test.skipIf(!hasOpenssl);

tlsTest("a backend whose certificate `ca` has signed is trusted", async () => {
  const gateway = await startBefore(startBackend("local"), { ca: file("ca.pem") });

  expect(await (await ask(`${gateway.url}/secret`)).text()).toBe("in confidence");
});

tlsTest.each([
  ["the system's authorities do not know", undefined],
  ["another authority than `ca` has signed", "other-ca.pem"],
])("a backend whose certificate %s costs a 502", async (_, ca) => {
  const gateway = await startBefore(
    startBackend("local"),
    ca === undefined ? undefined : { ca: file(ca) },
  );

  const problem = await problemOf(await ask(`${gateway.url}/secret`));

  expect(problem).toMatchObject({ status: 502, code: "backend_tls_failed" });
  expect(await gateway.waitForRows(1)).toMatchObject([{ error_code: "backend_tls_failed" }]);
});

tlsTest("the certificate has to be for the backend's host, or for `server_name`", async () => {
  const backend = startBackend("named");
  const strict = await startBefore(backend, { ca: file("ca.pem") });
  const named = await startBefore(backend, {
    ca: file("ca.pem"),
    server_name: "backend.example.com",
  });

  const problem = await problemOf(await ask(`${strict.url}/secret`));
  expect(problem).toMatchObject({ status: 502, code: "backend_tls_failed" });
  expect((await ask(`${named.url}/secret`)).status).toBe(200);
});

tlsTest("a backend at an IPv6 address has to show a certificate for that address", async () => {
  for (const [certificate, status] of [
    ["address", 200],
    ["local", 502],
  ] as const) {
    const backend = startBackend(certificate, false, "::1");
    const gateway = await startBefore(backend, { ca: file("ca.pem") });
    expect((await ask(`${gateway.url}/secret`)).status).toBe(status);
  }
});

tlsTest("a backend's name leads to whichever of its addresses is listened at", async () => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    const backend = startBackend("local", false, hostname).replace(
      /127\.0\.0\.1|\[::1\]/,
      "localhost",
    );
    const gateway = await startBefore(backend, { ca: file("ca.pem") });
    expect((await ask(`${gateway.url}/secret`)).status).toBe(200);
  }
});

tlsTest("a client cannot choose the name that the certificate has to be for", async () => {
  const gateway = await startBefore(startBackend("named"), { ca: file("ca.pem") });

  const answer = await ask(`${gateway.url}/secret`, { headers: { host: "backend.example.com" } });

  expect(await problemOf(answer)).toMatchObject({ code: "backend_tls_failed" });
});

tlsTest("each of several backends has to show a certificate for its own host", async () => {
  const local = startBackend("local");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      {
        path: "/*",
        backends: [local, startBackend("named")],
        tls: { ca: file("ca.pem") },
      },
    ],
  });

  const headers = { host: "backend.example.com" };
  const statuses = [
    await ask(`${gateway.url}/secret`, { headers }),
    await ask(`${gateway.url}/secret`, { headers }),
  ].map(({ status }) => status);

  // What the second does not get, because nothing can be sent to it, goes to the first.
  expect(statuses).toEqual([200, 200]);
  const rows = await gateway.waitForRows(2);
  expect(rows.map(({ backend, attempts }) => [backend, attempts])).toEqual([
    [local, 1],
    [local, 2],
  ]);
});

tlsTest("health checks go by the route's `tls`", async () => {
  const backend = startBackend("local");
  const gateway = await startGateway(stage, {
    health_check: { interval: "100ms", unhealthy_after: 1 },
    routes: [
      { path: "/trusted", backends: [backend], tls: { ca: file("ca.pem") } },
      { path: "/doubted", backends: [backend], tls: { ca: file("other-ca.pem") } },
    ],
  });

  expect(await gateway.lines.waitFor(/is unhealthy/)).toContain("certificate");
  expect(await problemOf(await ask(`${gateway.url}/doubted`))).toMatchObject({ status: 503 });
  expect(await (await ask(`${gateway.url}/trusted`)).text()).toBe("in confidence");
  expect(gateway.lines.matching(/is unhealthy/)).toHaveLength(1);
});

tlsTest("a backend that asks for a certificate is shown the one configured", async () => {
  const backend = startBackend("local", true);
  const without = await startBefore(backend, { ca: file("ca.pem") });
  const showing = await startBefore(backend, {
    ca: file("ca.pem"),
    certificate: file("client.pem"),
    key: file("client.key"),
  });

  expect((await ask(`${without.url}/secret`)).status).toBe(502);
  expect((await ask(`${showing.url}/secret`)).status).toBe(200);
});

tlsTest("`insecure_skip_verify` takes any certificate, and the log warns of it once", async () => {
  const gateway = await startBefore(startBackend("named"), { insecure_skip_verify: true });

  expect((await ask(`${gateway.url}/secret`)).status).toBe(200);
  expect((await ask(`${gateway.url}/secret`)).status).toBe(200);

  await gateway.waitForRows(2);
  expect(gateway.lines.matching(/\[WARN\].*insecure_skip_verify/)).toHaveLength(1);
});

tlsTest("a WebSocket to an https backend goes over TLS, by the same rules", async () => {
  const backend = startBackend("local");
  const trusting = await startBefore(backend, { ca: file("ca.pem") });
  const socket = new WebSocket(`${trusting.url.replace("http", "ws")}/socket`);
  stage.defer(() => socket.terminate());
  const echoed = new Promise((resolve, reject) => {
    socket.addEventListener("message", ({ data }) => resolve(data));
    socket.addEventListener("error", reject);
    socket.addEventListener("open", () => socket.send("in confidence"));
  });
  expect(await echoed).toBe("in confidence");

  const strict = await startBefore(backend);
  const refused = new WebSocket(`${strict.url.replace("http", "ws")}/socket`);
  await new Promise((resolve) => {
    refused.addEventListener("error", resolve);
  });
  expect(await strict.waitForRows(1)).toMatchObject([
    { status_code: 502, error_code: "backend_tls_failed" },
  ]);
});
