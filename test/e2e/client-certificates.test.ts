import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { hasOpenssl, issue, makeAuthority, openssl } from "../support/certificates.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";
import { askTls } from "../support/tls-client.ts";

const stage = createStage(afterAll);
const certificateTest = test.skipIf(!hasOpenssl);
let folder = "";
let gateway: GatewayProcess;
/** The same, behind proxies. */
let proxied: GatewayProcess;

const file = (name: string) => join(folder, name);
const pem = (name: string) => readFileSync(file(name), "utf8");

/** Makes NAME.pem with a subject of openssl's form, and NAME.key. Neither has blanks. */
async function issueTo(name: string, subject: string, names: string, authority = "ca") {
  await Bun.write(file(`${name}.ext`), `subjectAltName=${names}\n`);
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  await openssl(
    folder,
    `req -new ${key} -utf8 -keyout ${name}.key -out ${name}.csr -subj ${subject}`,
  );
  await openssl(
    folder,
    `x509 -req -in ${name}.csr -CA ${authority}.pem -CAkey ${authority}.key -CAcreateserial -days 2 -extfile ${name}.ext -out ${name}.pem`,
  );
}

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = stage.folder();
  for (const authority of ["ca", "other-ca"]) await makeAuthority(folder, authority);
  await issue(folder, "server", "IP:127.0.0.1,DNS:localhost");
  await issueTo("device", "/C=DE/O=Acme/CN=device-1", "DNS:a.example.com");
  await issueTo("turned", "/CN=device-2/O=Acme/C=DE", "DNS:b.example.com");
  await issueTo("joined", "/O=Acme+CN=device-3", "DNS:c.example.com");
  await issueTo("comma", "/O=Evil/CN=device-4,O=Acme", "DNS:d.example.com");
  await issueTo("slash", "/O=Evil\\/O=Acme/CN=device-5", "DNS:e.example.com");
  await issueTo("double", "/O=Acme/CN=admin/CN=device-6", "DNS:f.example.com");
  await issueTo("service", "/CN=service", "URI:spiffe://acme/service/7,DNS:x.example.com");
  await issueTo("stranger", "/O=Acme/CN=device-7", "DNS:a.example.com", "other-ca");
  const mock = await startMockProcess(stage, "A");
  await openssl(folder, "x509 -in service.pem -outform DER -out service.der");
  const fingerprint = new Bun.CryptoHasher("sha256")
    .update(readFileSync(file("service.der")))
    .digest("hex");
  const server = {
    tls: {
      port: 0,
      certificates: [{ certificate: file("server.pem"), key: file("server.key") }],
      client_certificates: { ca: file("ca.pem"), required: false },
    },
  };
  const config = {
    health_check: noHealthChecks,
    auth: {
      devices: { client_certificate: { subjects: ["CN=device-*,O=Acme"] } },
      services: { client_certificate: { sans: ["uri:spiffe://acme/service/*"] } },
      pinned: { client_certificate: { fingerprints: [fingerprint.toUpperCase()] } },
      any: { client_certificate: true },
    },
    routes: [
      { path: "/devices", auth: "devices" },
      { path: "/services", auth: "services" },
      { path: "/both", auth: ["devices", "services"] },
      { path: "/pinned", auth: "pinned" },
      { path: "/any", auth: "any" },
      { path: "/listed", auth: "any", require: { claims: { sans: "dns:a.example.com" } } },
      { path: "/open" },
    ].map((route) => ({ rewrite: "/echo", backends: [mock.url], ...route })),
  };
  gateway = await startGateway(stage, { ...config, server });
  proxied = await startGateway(stage, {
    ...config,
    server: { ...server, trusted_proxies: ["127.0.0.1"] },
  });
});

function askWith(certificate: string | undefined, path: string, of = gateway): Promise<Response> {
  const own = certificate && { cert: pem(`${certificate}.pem`), key: pem(`${certificate}.key`) };
  return ask(`${of.tlsUrl}${path}`, {
    tls: { ca: pem("ca.pem"), ...(own as object) },
    // A connection with another certificate is not the same.
    keepalive: false,
    headers: { "x-auth-subject": "admin", "client-cert": ":AAAA:" },
  });
}

async function toldBy(response: Response): Promise<ReadonlyMap<string, string>> {
  const { fields } = (await response.json()) as { fields: [string, string][] };
  return new Map(fields);
}

describe("a client is known by its certificate", () => {
  certificateTest.each([
    ["device", "/devices", 200],
    ["turned", "/devices", 200],
    ["joined", "/devices", 200],
    ["comma", "/devices", 401],
    ["slash", "/devices", 401],
    ["double", "/devices", 401],
    ["service", "/devices", 401],
    ["stranger", "/devices", 401],
    [undefined, "/devices", 401],
    ["service", "/services", 200],
    ["device", "/services", 401],
    ["device", "/both", 200],
    ["service", "/both", 200],
    ["comma", "/both", 401],
    ["service", "/pinned", 200],
    ["device", "/pinned", 401],
    ["comma", "/any", 200],
    ["stranger", "/any", 401],
    ["device", "/listed", 200],
    ["service", "/listed", 403],
    [undefined, "/open", 200],
  ])("%p on %s: %p", async (certificate, path, status) => {
    const answer = await askWith(certificate, path);
    await answer.bytes();
    expect(answer.status).toBe(status);
    expect(answer.headers.has("www-authenticate")).toBe(status === 401);
  });

  certificateTest("and the backend learns who it is", async () => {
    const device = await toldBy(await askWith("device", "/devices"));
    expect(device.get("x-auth-subject")).toBe("device-1");
    expect(device.get("x-auth-provider")).toBe("devices");
    expect(device.get("client-cert")).toStartWith(":MII");
    const service = await toldBy(await askWith("service", "/both"));
    expect(service.get("x-auth-subject")).toBe("spiffe://acme/service/7");
    const comma = await toldBy(await askWith("comma", "/any"));
    expect(comma.get("x-auth-subject")).toBe("device-4,O=Acme");
    const nobody = await toldBy(await askWith(undefined, "/open"));
    expect([nobody.has("x-auth-subject"), nobody.has("client-cert")]).toEqual([false, false]);
  });

  certificateTest.each(["TLSv1.2", "TLSv1.3"] as const)(
    "on a connection that resumes a session of %s too",
    async (version) => {
      const options = {
        ca: pem("ca.pem"),
        cert: pem("device.pem"),
        key: pem("device.key"),
        minVersion: version,
        maxVersion: version,
      };
      const { status, session } = await askTls(gateway.tlsUrl, "/devices", options);
      expect(status).toBe(200);
      expect(session).toBeDefined();
      const again = await askTls(gateway.tlsUrl, "/devices", {
        ...options,
        ...(session !== undefined && { session }),
      });
      expect(again).toMatchObject({ status: 200, isResumed: true });
    },
  );

  certificateTest("and not by that of the proxy in between", async () => {
    const answer = await askWith("device", "/devices", proxied);
    expect(answer.status).toBe(401);
    expect((await answer.json()) as object).toMatchObject({ code: "unauthorized" });
  });

  certificateTest("and not without TLS, whatever it says", async () => {
    const answer = await ask(`${gateway.url}/any`, { headers: { "client-cert": ":AAAA:" } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe('ClientCertificate realm="any"');
  });
});
