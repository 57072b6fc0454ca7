import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { connect } from "node:tls";
import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import { startChild } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { requires } from "../support/requires.ts";
import { unusedPort } from "../support/socket-server.ts";
import { createStage } from "../support/stage.ts";

// Let's Encrypt's own test issuer. It needs a recent Go, so it is not part of CI:
// go install github.com/letsencrypt/pebble/v2/cmd/...@latest
const hasPebble = requires(
  Bun.which("pebble") !== null && Bun.which("pebble-challtestsrv") !== null,
  "pebble and pebble-challtestsrv (go install github.com/letsencrypt/pebble/v2/cmd/...@latest)",
);

const stage = createStage(afterAll);

/** Starts pebble, which resolves every name to this machine, and a gateway that asks it. */
async function startBoth(plain: boolean) {
  const folder = stage.folder();
  await makeAuthority(folder, "ca");
  await issue(folder, "pebble", "IP:127.0.0.1");
  const [dns, api, management, http, https] = await Promise.all(
    Array.from({ length: 5 }, unusedPort),
  );
  await Bun.write(
    join(folder, "pebble.json"),
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${api}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: "pebble.pem",
        privateKey: "pebble.key",
        httpPort: http,
        tlsPort: https,
        retryAfter: { authz: 1, order: 1 },
      },
    }),
  );
  const none = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", ""];
  await startChild(stage, ["-dnsserver", `127.0.0.1:${dns}`, "-defaultIPv6", "", ...none], {
    command: ["pebble-challtestsrv"],
  });
  const pebble = await startChild(
    stage,
    ["-config", "pebble.json", "-dnsserver", `127.0.0.1:${dns}`, "-strict"],
    {
      command: ["pebble"],
      cwd: folder,
      // A fifth of good nonces is refused, as pebble does to find clients that do not try again.
      env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "20" },
    },
  );
  await pebble.lines.waitFor(/ACME directory available/);
  const backend = await startMockProcess(stage, "A");
  return startGateway(
    stage,
    {
      server: {
        port: plain ? http : "off",
        tls: {
          port: https,
          redirect: plain,
          acme: {
            domains: ["api.example.com"],
            email: "ops@example.com",
            directory: `https://127.0.0.1:${api}/dir`,
          },
        },
      },
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [backend.url] }],
    },
    { env: { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") } },
  );
}

describe.skipIf(!hasPebble || !hasOpenssl)("pebble", () => {
  test.each([
    ["HTTP-01", true],
    ["TLS-ALPN-01", false],
  ])("gives a certificate by %s", async (_, plain) => {
    const gateway = await startBoth(plain);
    await gateway.lines.waitFor(/acme: api\.example\.com: certificate issued/);
    const port = Number(new URL(gateway.tlsUrl).port);
    await eventually(async () => (await issuerAt(port)).startsWith("Pebble Intermediate CA"));
    expect(gateway.lines.matching(/\[ERROR\]/)).toEqual([]);
  });
});

function issuerAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { port, host: "127.0.0.1", servername: "api.example.com", rejectUnauthorized: false },
      () => {
        resolve(String(socket.getPeerCertificate().issuer.CN));
        socket.end();
      },
    );
    socket.on("error", reject);
  });
}
