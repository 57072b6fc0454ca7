import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { ask, problemOf } from "../support/ask.ts";
import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { requiresProgram } from "../support/requires.ts";
import { createStage } from "../support/stage.ts";
import { askTls, type TlsAnswer } from "../support/tls-client.ts";

const stage = createStage();
const shared = createStage(afterAll);
const hasCurl = requiresProgram("curl", "curl");
let folder: string;
let mock: MockProcess;

const file = (name: string) => join(folder, name);
const pem = (name: string) => readFileSync(file(name));
const files = (name: string) => ({ certificate: file(`${name}.pem`), key: file(`${name}.key`) });
const identity = (name: string) => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) });

function configOf(
  names: readonly string[],
  tls: Readonly<Record<string, unknown>> = {},
  server: Readonly<Record<string, unknown>> = {},
) {
  return {
    server: { ...server, tls: { port: 0, certificates: names.map(files), ...tls } },
    logging: { level: "debug" },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url] }],
  };
}

function start(...config: Parameters<typeof configOf>) {
  return startGateway(stage, configOf(...config));
}

function askFor(url: string, target: string, options: ConnectionOptions = {}, fields?: string[]) {
  return askTls(url, target, { ca: pem("ca.pem"), ...options }, fields);
}

/** The fields that the backend got. */
function fieldsIn({ text }: TlsAnswer): Map<string, string> {
  const content = text.slice(text.indexOf("\r\n\r\n") + 4);
  const { fields } = JSON.parse(content) as { fields: [string, string][] };
  return new Map(fields);
}

/** What `openssl s_client` says about a connection on which it sends a request. */
async function openssl(url: string, ...args: string[]): Promise<string> {
  const asked = args[args.indexOf("-servername") + 1] ?? "";
  const named = args.includes("-servername") ? asked : "localhost";
  const { host } = new URL(url);
  const child = Bun.spawn(
    ["openssl", "s_client", "-connect", host, "-CAfile", file("ca.pem"), "-ign_eof", ...args],
    { stdin: "pipe", stdout: "pipe", stderr: "pipe" },
  );
  void child.stdin.write(`GET /echo HTTP/1.1\r\nHost: ${named}\r\nConnection: close\r\n\r\n`);
  void child.stdin.end();
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  return out + errors;
}

async function curl(...args: string[]): Promise<string> {
  const child = Bun.spawn(
    ["curl", "--silent", "--show-error", "--cacert", file("ca.pem"), ...args],
    {
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  return `${await new Response(child.stdout).text()}${await new Response(child.stderr).text()}`;
}

/** Puts a certificate's files in the place of another's, one after the other. */
function replace(name: string, by: string): void {
  for (const ending of ["pem", "key"]) {
    copyFileSync(file(`${by}.${ending}`), file("next"));
    renameSync(file("next"), file(`${name}.${ending}`));
  }
}

describe.skipIf(!hasOpenssl)("TLS from clients", () => {
  beforeAll(async () => {
    folder = shared.folder();
    mock = await startMockProcess(shared, "A");
    for (const authority of ["ca", "other-ca"]) await makeAuthority(folder, authority);
    await issue(folder, "first", "DNS:localhost,IP:127.0.0.1");
    await issue(folder, "renewed", "DNS:localhost,IP:127.0.0.1,DNS:renewed.test");
    await issue(folder, "api", "DNS:api.test");
    await issue(folder, "wild", "DNS:*.wild.test");
    await issue(folder, "device", "DNS:device-1");
  });

  test("presents the certificate of the server name, to openssl with and without one", async () => {
    const { tlsUrl } = await start(["first", "api", "wild"]);

    const named = await openssl(tlsUrl, "-servername", "a.wild.test");
    expect(named).toContain("subject=CN = wild");
    expect(named).toContain("Verification: OK");
    expect(named).toContain("HTTP/1.1 200 OK");
    expect(await openssl(tlsUrl, "-noservername")).toContain("subject=CN = first");
    expect((await askFor(tlsUrl, "/echo", { servername: "api.test" })).names).toBe("DNS:api.test");
  });

  test("resumes sessions, of TLS 1.2 and of TLS 1.3", async () => {
    const { tlsUrl } = await start(["first"]);

    for (const version of ["-tls1_2", "-tls1_3"]) {
      const session = file(`session${version}`);
      expect(await openssl(tlsUrl, version, "-sess_out", session)).toContain("New, TLSv1.");
      expect(await openssl(tlsUrl, version, "-sess_in", session)).toContain("Reused, TLSv1.");
    }
  });

  test("refuses versions below min_version, which is 1.2 unless it is higher", async () => {
    const usual = await start(["first"]);
    const strict = await start(["first"], { min_version: "1.3" });

    expect(await openssl(usual.tlsUrl, "-tls1_1")).not.toContain("HTTP/1.1");
    expect(await openssl(usual.tlsUrl, "-tls1_2")).toContain("HTTP/1.1 200 OK");
    expect(await openssl(strict.tlsUrl, "-tls1_2")).not.toContain("HTTP/1.1");
    expect(await openssl(strict.tlsUrl, "-tls1_3")).toContain("HTTP/1.1 200 OK");
    await strict.lines.waitFor(
      /INFO\] TLS handshake with 127.0.0.1 failed: the client offers no version/,
    );
  });

  test("with a client that does not trust the certificate fails, which the log says", async () => {
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const gateway = await start(["first"]);
      const trustsNobody = ["-CAfile", file("first.pem"), "-no-CApath", "-verify_return_error"];
      expect(await openssl(gateway.tlsUrl, version, ...trustsNobody)).not.toContain("HTTP/1.1");
      await gateway.lines.waitFor(/INFO\] TLS handshake with .* not trust the certificate/);
    }
  });

  test("is what backends and rows are told of", async () => {
    const gateway = await start(["first"], {}, { send_forwarded: true });

    const answer = await askFor(gateway.tlsUrl, "/echo", { servername: "localhost" });

    const fields = fieldsIn(answer);
    expect(fields.get("x-forwarded-proto")).toBe("https");
    expect(fields.get("forwarded")).toEndWith(";proto=https");
    await ask(`${gateway.url}/echo`);
    expect(await gateway.waitForRows(2)).toMatchObject([
      { protocol: "HTTP/1.1", tls_version: "TLSv1.3", server_name: "localhost" },
      { protocol: "HTTP/1.1", tls_version: null, server_name: null },
    ]);
  });

  test("may come after a PROXY header", async () => {
    const gateway = await start(["first", "api"], {}, { proxy_protocol: ["127.0.0.1"] });
    const socket = connectTcp(Number(new URL(gateway.tlsUrl).port), "127.0.0.1");
    socket.write("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n");

    const answer = await askFor(gateway.tlsUrl, "/echo", { socket, servername: "api.test" });

    expect(answer.names).toBe("DNS:api.test");
    expect(fieldsIn(answer).get("x-forwarded-for")).toBe("192.0.2.7");
    expect(await gateway.waitForRows(1)).toMatchObject([{ client_ip: "192.0.2.7" }]);
  });

  test("counts connections together with those of the plain port", async () => {
    const gateway = await start(["first"], {}, { max_connections_per_client: 1 });
    const plain = connectTcp(gateway.port, "127.0.0.1");
    await new Promise((resolve) => plain.on("connect", resolve));
    await eventually(async () => !(await askFor(gateway.tlsUrl, "/echo").catch(() => undefined)));
    plain.destroy();
    await eventually(() => askFor(gateway.tlsUrl, "/echo").catch(() => undefined));
    // Failed handshakes leave nothing behind either.
    for (let attempt = 0; attempt < 3; attempt += 1) await openssl(gateway.tlsUrl, "-tls1_1");
    await eventually(() => askFor(gateway.tlsUrl, "/echo").catch(() => undefined));
  });

  test("answers plain HTTP on its port with what to do", async () => {
    const { tlsUrl } = await start(["first"]);

    const response = await ask(tlsUrl.replace("https:", "http:"));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("https://");
  });

  test.skipIf(!hasCurl)("speaks HTTP/2 with clients that offer it, unless it is off", async () => {
    const gateway = await start(["first"]);
    const url = `${gateway.tlsUrl}/echo`;
    const version = ["--output", "/dev/null", "--write-out", "%{http_version} %{http_code}"];

    expect(await curl("--http2", ...version, url)).toBe("2 200");
    expect(await curl("--http1.1", ...version, url)).toBe("1.1 200");
    expect(await gateway.waitForRows(2)).toMatchObject([
      { protocol: "HTTP/2", tls_version: "TLSv1.3" },
      { protocol: "HTTP/1.1", tls_version: "TLSv1.3" },
    ]);
    await gateway.reload(configOf(["first"], {}, { http2: false }));
    const moved = await askFor(gateway.tlsUrl, "/echo").catch(() => undefined);
    expect(moved?.status).toBe(200);
    expect(await curl("--http2", ...version, url)).toBe("1.1 200");
  });

  test("may be the only way in", async () => {
    const gateway = await start(["first"], {}, { port: "off" });

    expect(gateway.url).toBe(gateway.tlsUrl);
    expect((await askFor(gateway.tlsUrl, "/echo")).status).toBe(200);
  });

  describe("certificates of clients", () => {
    test("reach backends, and nothing that clients say themselves", async () => {
      const { tlsUrl } = await start(["first"], { client_certificates: { ca: file("ca.pem") } });
      const forged = ["Client-Cert: :Zm9yZ2Vk:", "Client-Cert-Chain: :Zm9yZ2Vk:"];

      const fields = fieldsIn(await askFor(tlsUrl, "/echo", identity("device"), forged));

      const der = Buffer.from(
        pem("device.pem")
          .toString()
          .replaceAll(/-----.*?-----|\s/g, ""),
        "base64",
      );
      expect(fields.get("client-cert")).toBe(`:${der.toString("base64")}:`);
      expect(fields.has("client-cert-chain")).toBe(false);
    });

    test.skipIf(!hasCurl)("are required by default", async () => {
      const gateway = await start(["first"], { client_certificates: { ca: file("ca.pem") } });
      const url = `${gateway.tlsUrl}/echo`;

      expect(await curl(url)).toContain("curl: (");
      const stranger = ["--cert", file("other-ca.pem"), "--key", file("other-ca.key")];
      expect(await curl(...stranger, url)).toContain("curl: (");
      const device = ["--cert", file("device.pem"), "--key", file("device.key")];
      expect(await curl(...device, url)).toContain('"client-cert"');
      await gateway.lines.waitFor(/failed: the client's certificate is not accepted: self/);
      expect(await gateway.waitForRows(1)).toHaveLength(1);
    });

    test("may only be asked for", async () => {
      const { tlsUrl, lines } = await start(["first"], {
        client_certificates: { ca: file("ca.pem"), required: false },
      });

      expect(fieldsIn(await askFor(tlsUrl, "/echo")).has("client-cert")).toBe(false);
      const stranger = await askFor(tlsUrl, "/echo", identity("other-ca"));
      expect(fieldsIn(stranger).has("client-cert")).toBe(false);
      await lines.waitFor(
        /INFO\] TLS with .* is not accepted: self.* served like a client without/,
      );
      const device = await askFor(tlsUrl, "/echo", identity("device"));
      expect(fieldsIn(device).has("client-cert")).toBe(true);
    });

    test("are not those of a trusted proxy, which speaks for its clients itself", async () => {
      const { tlsUrl } = await start(
        ["first"],
        { client_certificates: { ca: file("ca.pem") } },
        { trusted_proxies: ["127.0.0.1"] },
      );

      const silent = fieldsIn(await askFor(tlsUrl, "/echo", identity("device")));
      expect(silent.has("client-cert")).toBe(false);
      const claims = ["Client-Cert: :b2Y6", "X-Forwarded-Proto: http"];
      const claimed = fieldsIn(await askFor(tlsUrl, "/echo", identity("device"), claims));
      expect(claimed.get("client-cert")).toBe(":b2Y6");
      expect(claimed.get("x-forwarded-proto")).toBe("http");
      expect(silent.get("x-forwarded-proto")).toBe("https");
    });
  });

  describe("a request without TLS", () => {
    test("is redirected to the same URL with https", async () => {
      const gateway = await start(["first"], { redirect: true });
      const { port } = new URL(gateway.tlsUrl);

      const response = await ask(`${gateway.url}/a/../b%20c?d=e&f`, { method: "POST", body: "x" });

      expect(response.status).toBe(308);
      expect(response.headers.get("location")).toBe(`https://127.0.0.1:${port}/b%20c?d=e&f`);
      expect((await ask(`${gateway.url}/health`)).status).toBe(200);
      expect((await askFor(gateway.tlsUrl, "/echo")).status).toBe(200);
      expect(await gateway.waitForRows(3)).toMatchObject([{ status_code: 308 }, {}, {}]);
    });

    test("is redirected to the port that clients use, if that is another one", async () => {
      const { url } = await start(["first"], { redirect: 443 });

      const response = await ask(`${url}/a`);
      expect(response.headers.get("location")).toBe("https://127.0.0.1/a");
    });

    test("is not redirected if a trusted proxy has accepted TLS", async () => {
      const { url } = await start(
        ["first"],
        { redirect: true },
        { trusted_proxies: ["127.0.0.1"] },
      );

      const secure = { headers: { "x-forwarded-proto": "https" } };
      expect((await ask(`${url}/echo`, secure)).status).toBe(200);
      expect((await ask(`${url}/echo`)).status).toBe(308);
    });
  });

  test("a host of another certificate than the connection's is a misdirected request", async () => {
    const gateway = await start(["first", "api", "wild"]);
    const asking = (host: string) =>
      ask(`${gateway.tlsUrl}/echo`, { headers: { host }, tls: { ca: pem("ca.pem") } });

    expect(await problemOf(await asking("API.test:8443"))).toMatchObject({
      status: 421,
      code: "misdirected_request",
    });
    expect((await asking("a.wild.test")).status).toBe(421);
    for (const host of ["localhost", "nobody.test", "a.b.wild.test"]) {
      expect((await asking(host)).status).toBe(200);
    }
    expect(await gateway.waitForRows(5)).toMatchObject([
      { error_code: "misdirected_request", ended_by: "client" },
      {},
      {},
      {},
      {},
    ]);
  });

  describe("certificates that change", () => {
    test("are in use soon after their files are replaced, and no request fails meanwhile", async () => {
      replace("changing", "first");
      const gateway = await start(["changing"]);
      const load = { statuses: new Map<number | string, number>(), isOver: false };
      const client = async (keepalive: boolean) => {
        while (!load.isOver) {
          const outcome = await ask(`${gateway.tlsUrl}/echo`, {
            keepalive,
            tls: { ca: pem("ca.pem") },
          })
            .then(async (response) => {
              await response.bytes();
              return response.status;
            })
            .catch(String);
          load.statuses.set(outcome, (load.statuses.get(outcome) ?? 0) + 1);
        }
      };
      const clients = [true, true, false, false].map(client);
      for (const name of ["renewed", "first", "renewed"]) {
        replace("changing", name);
        const names = name === "first" ? "IP Address:127.0.0.1" : "DNS:renewed.test";
        await eventually(async () => (await askFor(gateway.tlsUrl, "/echo")).names.endsWith(names));
      }
      load.isOver = true;
      await Promise.all(clients);

      expect([...load.statuses.keys()]).toEqual([200]);
      await gateway.lines.waitFor(/TLS certificates have been read again/);
    });

    test("stay in use while a new pair does not fit", async () => {
      replace("changing", "first");
      const gateway = await start(["changing"]);
      copyFileSync(file("renewed.pem"), file("changing.pem"));

      await gateway.lines.waitFor(
        /ERROR\] cannot read a TLS certificate again.*changing\.key is not/,
      );
      expect((await askFor(gateway.tlsUrl, "/echo")).names).not.toContain("renewed.test");
      copyFileSync(file("renewed.key"), file("changing.key"));
      await gateway.lines.waitFor(/TLS certificates have been read again/);
      expect((await askFor(gateway.tlsUrl, "/echo")).names).toContain("renewed.test");
      expect(gateway.lines.matching(/cannot read a TLS certificate/)).toHaveLength(1);
    });

    test("are read at a reload, which may also add and remove the port", async () => {
      replace("changing", "first");
      const plain = { ...configOf([]), server: {} };
      const gateway = await startGateway(stage, plain);
      expect(gateway.tlsUrl).toBe("");
      await gateway.reload(configOf(["changing"]));
      const line = await gateway.lines.waitFor(/listening on https:/);
      const url = /https:\S+/.exec(line)?.[0] ?? "";
      expect((await askFor(url, "/echo")).names).not.toContain("renewed.test");
      replace("changing", "renewed");
      await gateway.reload(configOf(["changing"], { min_version: "1.3" }));
      expect((await askFor(url, "/echo")).names).toContain("renewed.test");
      expect(await openssl(url, "-tls1_2")).not.toContain("HTTP/1.1");
      await gateway.reload(plain);
      expect(await askFor(url, "/echo").catch(() => "closed")).toBe("closed");
      expect((await ask(`${gateway.url}/echo`)).status).toBe(200);
    });

    test("that cannot be read at the start keep the gateway from starting", async () => {
      writeFileSync(file("broken.pem"), "");
      const starting = startGateway(stage, configOf(["broken"]));
      expect(starting).rejects.toThrow("broken.key does not exist");
      await starting.catch(() => {});
    });
  });
});
