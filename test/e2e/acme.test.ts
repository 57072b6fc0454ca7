import { afterEach, describe, expect, test } from "bun:test";
import type { PeerCertificate } from "node:tls";
import { connect } from "node:tls";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { asPem } from "../../src/server/acme/x509.ts";
import { eventually } from "../support/eventually.ts";
import { FakeIssuer } from "../support/fake-issuer.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage, type Stage } from "../support/stage.ts";

const stage = createStage(afterEach);

interface Ports {
  readonly plain: number;
  readonly secure: number;
}

/** An issuer with a port, which tries challenges at the ports of a gateway once they are known. */
function startIssuer(stage: Stage) {
  const ports = Promise.withResolvers<Ports>();
  /** Issuers of the certificates that other clients got during TLS-ALPN-01. */
  const others: unknown[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const body = request.method === "POST" ? await request.text() : undefined;
      return issuer.fetch(request.url, {
        method: request.method,
        ...(body === undefined ? {} : { body }),
      });
    },
  });
  const stop = () => server.stop(true);
  stage.defer(stop);
  const issuer = new FakeIssuer(
    {
      async http(name, token) {
        const { plain } = await ports.promise;
        const response = await fetch(
          `http://127.0.0.1:${plain}/.well-known/acme-challenge/${token}`,
          { headers: { host: name }, redirect: "manual" },
        );
        return response.status === 200 ? response.text() : undefined;
      },
      async tls(name) {
        const { secure } = await ports.promise;
        const { certificate, protocol } = await presented(secure, name, ["acme-tls/1"]);
        others.push(await issuerOf(secure, name));
        return protocol === "acme-tls/1" ? asPem("CERTIFICATE", certificate.raw) : undefined;
      },
    },
    server.url.origin,
  );
  return { issuer, ports, stop, others };
}

/** The certificate that a port presents for a name. */
function presented(port: number, servername: string, protocols: string[] = ["http/1.1"]) {
  return new Promise<{ certificate: PeerCertificate; protocol: string | false | null }>(
    (resolve, reject) => {
      const socket = connect(
        {
          port,
          host: "127.0.0.1",
          servername,
          ALPNProtocols: protocols,
          rejectUnauthorized: false,
        },
        () => {
          resolve({ certificate: socket.getPeerCertificate(), protocol: socket.alpnProtocol });
          socket.end();
        },
      );
      socket.on("error", reject);
    },
  );
}

interface Changes {
  readonly domains?: readonly string[];
  readonly redirect?: boolean;
  readonly storage?: string;
}

async function start(issuer: FakeIssuer, changes: Changes = {}) {
  const backend = await startMockProcess(stage, "A");
  const { domains = ["api.example.com"], redirect = false } = changes;
  const storage = changes.storage ?? join(stage.folder(), "acme");
  const config = (names: readonly string[]) => ({
    server: {
      tls: { port: 0, redirect, acme: { domains: names, directory: issuer.directory, storage } },
    },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  const gateway = await startGateway(stage, config(domains));
  const secure = Number(new URL(gateway.tlsUrl).port);
  return { gateway, config, storage, plain: gateway.port, secure };
}

const issuerOf = async (port: number, name = "api.example.com") =>
  (await presented(port, name)).certificate.issuer.CN;

describe("a certificate from an issuer", () => {
  test("is got by HTTP-01, before redirects and routes, and served without a restart", async () => {
    const { issuer, ports } = startIssuer(stage);
    issuer.offers = ["http-01"];
    const { gateway, plain, secure } = await start(issuer, { redirect: true });
    expect(await issuerOf(secure)).toBe("placeholder until a certificate is issued");
    ports.resolve({ plain, secure });
    await gateway.lines.waitFor(/acme: api\.example\.com: certificate issued/);
    await eventually(async () => (await issuerOf(secure)) === "Fake issuer");
    // When no challenge is under way, the page is not there.
    const page = `${gateway.url}/.well-known/acme-challenge/token`;
    expect((await fetch(page, { redirect: "manual" })).status).toBe(308);
  });

  test("is got by TLS-ALPN-01, while other clients get theirs", async () => {
    const { issuer, ports, others } = startIssuer(stage);
    issuer.offers = ["tls-alpn-01"];
    const { gateway, plain, secure } = await start(issuer);
    ports.resolve({ plain, secure });
    await gateway.lines.waitFor(/acme: api\.example\.com: certificate issued/);
    await eventually(async () => (await issuerOf(secure)) === "Fake issuer");
    expect(others).toEqual(["placeholder until a certificate is issued"]);
  });

  test("is there at once after a restart, although the issuer is gone", async () => {
    const first = startIssuer(stage);
    const before = await start(first.issuer);
    first.ports.resolve(before);
    await before.gateway.lines.waitFor(/certificate issued/);
    await eventually(() =>
      readdirSync(join(before.storage, readdirSync(before.storage)[0] ?? "")).includes(
        "api.example.com.pem",
      ),
    );
    await before.gateway.stop();
    await first.stop();
    const { secure } = await start(first.issuer, { storage: before.storage });
    expect(await issuerOf(secure)).toBe("Fake issuer");
    expect(first.issuer.ordered).toEqual(["api.example.com"]);
  });

  test("is kept where only its owner can read it", async () => {
    const { issuer, ports } = startIssuer(stage);
    const { gateway, plain, secure, storage } = await start(issuer);
    ports.resolve({ plain, secure });
    await gateway.lines.waitFor(/certificate issued/);
    const [folder = ""] = readdirSync(storage);
    const file = join(storage, folder, "api.example.com.pem");
    const stats = await eventually(() => statSync(file, { throwIfNoEntry: false }));
    expect((stats.mode & 0o777).toString(8)).toBe("600");
    expect((statSync(join(storage, folder)).mode & 0o777).toString(8)).toBe("700");
  });

  test("is renewed again and again while requests go on, of which none fails", async () => {
    const { issuer, ports } = startIssuer(stage);
    issuer.lifetimeMs = 3_000;
    const { gateway, plain, secure } = await start(issuer);
    ports.resolve({ plain, secure });
    const issued = () => gateway.lines.matching(/certificate issued/).length;
    await eventually(() => issued() > 0);
    const serials = new Set<string>();
    const statuses = new Set<number>();
    const asking = Array.from({ length: 4 }, async (_, index) => {
      while (issued() < 3) {
        const response = await fetch(`https://127.0.0.1:${secure}/echo`, {
          tls: { rejectUnauthorized: false, serverName: "api.example.com" },
          // Half of the clients take a new connection each time.
          headers: index % 2 === 0 ? {} : { connection: "close" },
        });
        statuses.add(response.status);
        await response.bytes();
        serials.add((await presented(secure, "api.example.com")).certificate.serialNumber);
      }
    });
    await Promise.all(asking);
    expect([...statuses]).toEqual([200]);
    expect(serials.size).toBeGreaterThanOrEqual(2);
  });

  test("is got for a name that a reload brings", async () => {
    const { issuer, ports } = startIssuer(stage);
    const { gateway, plain, secure, config } = await start(issuer);
    ports.resolve({ plain, secure });
    await gateway.lines.waitFor(/api\.example\.com: certificate issued/);
    await gateway.reload(config(["api.example.com", "www.example.com"]));
    await gateway.lines.waitFor(/www\.example\.com: certificate issued/);
    await eventually(async () => (await issuerOf(secure, "www.example.com")) === "Fake issuer");
    expect(await issuerOf(secure)).toBe("Fake issuer");
  });
});

test("an issuer that fails keeps no request from being served", async () => {
  const { issuer } = startIssuer(stage);
  issuer.refuseNext("directory", { type: "serverInternal", detail: "closed", status: 503 });
  const { gateway, secure } = await start(issuer);
  await gateway.lines.waitFor(/no certificate: .*closed; next attempt in \d+ s/);
  const response = await fetch(`https://127.0.0.1:${secure}/echo`, {
    tls: { rejectUnauthorized: false },
  });
  expect(response.status).toBe(200);
});
