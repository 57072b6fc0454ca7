import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { X509Certificate } from "node:crypto";
import { CertificateNames, subjectAltNames } from "../../../../../src/http/certificate-names.ts";
import { Certificates } from "../../../../../src/server/listener/tls/certificates.ts";
import type { TlsSettings } from "../../../../../src/server/listener/tls/handshake.ts";
import {
  type ContextOptions,
  openContext,
} from "../../../../../src/server/listener/tls/secure-context.ts";
import { hasOpenssl, issue, makeAuthority } from "../../../../support/certificates.ts";
import { eventually } from "../../../../support/eventually.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";
import { TlsServer } from "./tls-server.ts";

let folder: string;
const pem = (name: string) => readFileSync(join(folder, name));

const DEFAULT_OPTIONS: ContextOptions = {
  minVersion: "1.2",
  clientAuthorities: undefined,
  clientCertificates: "ignored",
};

function opened(name: string, options: Partial<ContextOptions> = {}) {
  const pair = { certificate: pem(`${name}.pem`), key: pem(`${name}.key`) };
  const { subjectAltName } = new X509Certificate(pair.certificate);
  return {
    names: new CertificateNames(subjectAltNames(subjectAltName)),
    context: openContext(pair, { ...DEFAULT_OPTIONS, ...options }),
  };
}

function settings(names: string[], options: Partial<TlsSettings & ContextOptions> = {}) {
  return {
    certificates: new Certificates(names.map((name) => opened(name, options))),
    clientCertificates: "ignored",
    challenge: undefined,
    ...options,
  } as const satisfies TlsSettings;
}

/** A client that says hello and reads the facts that come back. */
class Client {
  readonly socket: TLSSocket;
  readonly ended: Promise<void>;
  text = "";
  error: Error | undefined;
  #session: Buffer | undefined;

  constructor(server: TlsServer, options: ConnectionOptions = {}) {
    const ca = pem("ca.pem");
    this.socket = connect({ host: "127.0.0.1", port: server.port, ca, ...options });
    this.socket.on("data", (bytes) => (this.text += bytes.toString()));
    this.socket.on("error", (error) => (this.error = error));
    this.socket.on("session", (session) => (this.#session = session));
    this.socket.once("secureConnect", () => this.socket.write("hello"));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.socket.on("close", resolve);
  }

  /** What the server knows of the connection. */
  async facts(): Promise<unknown> {
    return JSON.parse((await this.line()) ?? "null");
  }

  async line(): Promise<string | undefined> {
    await eventually(() => this.text.includes("\nhello") || this.socket.destroyed);
    return this.text.split("\n")[0] || undefined;
  }

  async session(): Promise<Buffer> {
    return eventually(() => this.#session);
  }
}

async function facts(server: TlsServer, options: ConnectionOptions): Promise<unknown> {
  const client = new Client(server, options);
  const found = await client.facts();
  client.socket.destroy();
  return found;
}

/** What comes back for bytes that are no TLS. */
async function answerTo(server: TlsServer, bytes: string | Buffer): Promise<string> {
  const socket = connectTcp(server.port, "127.0.0.1");
  let text = "";
  socket.on("data", (data) => (text += data.toString("latin1")));
  socket.on("error", () => {});
  socket.write(bytes);
  await new Promise((resolve) => socket.on("close", resolve));
  return text;
}

describe.skipIf(!hasOpenssl)("a TLS handshake", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gateway-tls-"));
    await makeAuthority(folder, "ca");
    await issue(folder, "first", "DNS:localhost,IP:127.0.0.1");
    await issue(folder, "exact", "DNS:api.test");
    await issue(folder, "wildcard", "DNS:*.wild.test");
    await issue(folder, "device", "DNS:device");
    await makeAuthority(folder, "stranger");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["api.test", "exact"],
    ["a.wild.test", "wildcard"],
    ["localhost", "first"],
    [undefined, "first"],
  ])("for %p presents the certificate %p", async (servername, name) => {
    using server = new TlsServer(settings(["first", "exact", "wildcard"]));
    const client = new Client(server, servername === undefined ? {} : { servername });
    expect(await client.facts()).toMatchObject({ serverName: servername ?? "" });
    expect(client.socket.getPeerCertificate().subject.CN).toBe(name);
    client.socket.destroy();
  });

  test("without a server name that is covered presents the first certificate", async () => {
    using server = new TlsServer(settings(["first", "exact"]));
    const client = new Client(server, {
      servername: "other.test",
      checkServerIdentity: () => undefined,
    });
    expect(await client.facts()).toMatchObject({ serverName: "other.test" });
    expect(client.socket.getPeerCertificate().subject.CN).toBe("first");
    client.socket.destroy();
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("may use %s", async (version) => {
    using server = new TlsServer(settings(["first"]));
    const options = { minVersion: version, maxVersion: version };
    expect(await facts(server, options)).toMatchObject({ version });
  });

  test("refuses versions below the least", async () => {
    using server = new TlsServer(settings(["first"], { minVersion: "1.3" }));
    const client = new Client(server, { maxVersion: "TLSv1.2" });
    await client.ended;
    expect(client.error).toBeDefined();
    await eventually(() => server.failures.length > 0);
    expect(server.failures).toEqual([
      "the client offers no version of TLS from `server.tls.min_version` on",
    ]);
    await eventually(() => server.handshakes.size === 0);
  });

  test("of TLS 1.2 has forward secrecy and authenticated encryption", async () => {
    using server = new TlsServer(settings(["first"]));
    const by = (cipher: string) => ({ maxVersion: "TLSv1.2", ciphers: cipher }) as const;
    expect(await facts(server, by("ECDHE-ECDSA-AES128-GCM-SHA256"))).not.toBeNull();
    const client = new Client(server, by("ECDHE-ECDSA-AES128-SHA"));
    await client.ended;
    expect(client.text).toBe("");
    await eventually(() => server.failures.length > 0);
    expect(server.failures).toEqual(["the client offers no cipher that is accepted"]);
  });

  test("chooses a protocol by the gateway's preference", async () => {
    using server = new TlsServer(settings(["first"]));
    const both = { ALPNProtocols: ["http/1.1", "h2"] };
    expect(await facts(server, both)).toMatchObject({ protocol: "h2" });
    expect(await facts(server, { ALPNProtocols: ["x", "http/1.1"] })).toMatchObject({
      protocol: "http/1.1",
    });
    expect(await facts(server, {})).not.toHaveProperty("protocol");
    const client = new Client(server, { ALPNProtocols: ["x"] });
    await client.ended;
    expect(client.error).toBeDefined();
    await eventually(() => server.failures.length > 0);
    expect(server.failures).toEqual(["the client offers neither HTTP/2 nor HTTP/1.1 by ALPN"]);
  });

  test("may come in pieces", async () => {
    using server = new TlsServer(settings(["exact"]));
    const piecemeal = Bun.listen<{ out: ReturnType<typeof connectTcp> }>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          const out = connectTcp(server.port, "127.0.0.1").setNoDelay();
          out.on("data", (bytes) => socket.write(bytes));
          out.on("error", () => {});
          socket.data = { out };
        },
        async data(socket, bytes) {
          for (let at = 0; at < bytes.length; at += 40) {
            socket.data.out.write(bytes.subarray(at, at + 40));
            await Bun.sleep(0);
          }
        },
        close: (socket) => void socket.data.out.destroy(),
      },
    });
    const client = new Client(server, { servername: "api.test", port: piecemeal.port });
    expect(await client.facts()).toMatchObject({ serverName: "api.test" });
    client.socket.destroy();
    piecemeal.stop(true);
  });

  test("is resumed while its certificate is in use", async () => {
    const before = settings(["first"]);
    using server = new TlsServer(before);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const options = { minVersion: version, maxVersion: version };
      const client = new Client(server, options);
      await client.facts();
      const session = await client.session();
      client.socket.destroy();
      const again = new Client(server, { ...options, session });
      expect(await again.facts()).toMatchObject({ version });
      expect(again.socket.isSessionReused()).toBe(true);
      again.socket.destroy();
      server.settings = settings(["first"]);
      const other = new Client(server, { ...options, session });
      await other.facts();
      expect(other.socket.isSessionReused()).toBe(false);
      other.socket.destroy();
    }
  });

  test("of an open connection is not touched by other certificates", async () => {
    using server = new TlsServer(settings(["first"]));
    const client = new Client(server);
    await client.facts();
    server.settings = settings(["exact"]);
    client.socket.write("more");
    await eventually(() => client.text.endsWith("hellomore"));
    const next = new Client(server, { servername: "api.test" });
    await next.facts();
    expect(next.socket.getPeerCertificate().subject.CN).toBe("exact");
    next.socket.destroy();
    client.socket.destroy();
  });

  test("lets a client that has closed its sending side read on", async () => {
    using server = new TlsServer(settings(["first"]));
    const client = new Client(server, { allowHalfOpen: true } as ConnectionOptions);
    await client.facts();
    client.socket.end();
    await client.ended;
    expect(client.text).toEndWith("hellogoodbye");
  });

  test("tells which hosts belong to another certificate", async () => {
    using server = new TlsServer(settings(["first", "exact", "wildcard"]));
    await facts(server, { servername: "api.test" });
    const tls = server.connections[0]?.tls;
    expect(tls?.isMisdirected("api.test")).toBe(false);
    expect(tls?.isMisdirected("a.wild.test")).toBe(true);
    expect(tls?.isMisdirected("A.w%69ld.test.:443")).toBe(true);
    expect(tls?.isMisdirected("a.wild.test")).toBe(true);
    expect(tls?.isMisdirected("nobody.test")).toBe(false);
  });

  describe("with certificates of clients", () => {
    const client = (name: string) => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) });
    const asking = (clientCertificates: TlsSettings["clientCertificates"]) =>
      new TlsServer(settings(["first"], { clientCertificates, clientAuthorities: pem("ca.pem") }));

    test("tells who the client is", async () => {
      using server = asking("required");
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const found = await facts(server, { ...client("device"), maxVersion });
        expect(found).toMatchObject({ subject: "CN=device" });
      }
      const certificate = server.connections[0]?.tls.certificate;
      const expected = new X509Certificate(pem("device.pem"));
      expect(certificate?.fingerprint).toBe(
        expected.fingerprint256.replaceAll(":", "").toLowerCase(),
      );
      expect(Buffer.from(certificate?.der ?? []).equals(expected.raw)).toBe(true);
    });

    test("tells it of a resumed connection, too", async () => {
      using server = asking("required");
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const first = new Client(server, { ...client("device"), maxVersion });
        await first.facts();
        const session = await first.session();
        first.socket.destroy();
        const again = new Client(server, { ...client("device"), maxVersion, session });
        expect(await again.facts()).toMatchObject({ subject: "CN=device" });
        expect(again.socket.isSessionReused()).toBe(true);
        again.socket.destroy();
      }
    });

    test("does not let a session without one go on where one is required", async () => {
      using server = asking("asked for");
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const first = new Client(server, { maxVersion });
        await first.facts();
        const session = await first.session();
        first.socket.destroy();
        // The same context, which the store would not keep.
        server.settings = { ...server.settings, clientCertificates: "required" };
        const again = new Client(server, { maxVersion, session });
        expect(await again.line()).toBeUndefined();
        await again.ended;
        server.settings = { ...server.settings, clientCertificates: "asked for" };
      }
      expect(server.connections).toHaveLength(2);
    });

    test.each(["TLSv1.2", "TLSv1.3"] as const)(
      "refuses others where one is required, by %s",
      async (maxVersion) => {
        using server = asking("required");
        for (const options of [{}, client("stranger")]) {
          const refused = new Client(server, { ...options, maxVersion });
          expect(await refused.line()).toBeUndefined();
          await refused.ended;
        }
        await eventually(() => server.failures.length === 2);
        expect(server.connections).toHaveLength(0);
        await eventually(() => server.handshakes.size === 0);
      },
    );

    test("takes others for clients without one where it is only asked for", async () => {
      using server = asking("asked for");
      expect(await facts(server, client("device"))).toMatchObject({ subject: "CN=device" });
      expect(await facts(server, {})).not.toHaveProperty("subject");
      expect(server.ignored).toEqual([]);
      expect(await facts(server, client("stranger"))).not.toHaveProperty("subject");
      expect(server.ignored).toEqual([expect.stringContaining("is not accepted: ")]);
      expect(server.failures).toEqual([]);
    });
  });

  describe("for an ACME challenge", () => {
    const acme = { ALPNProtocols: ["acme-tls/1"], servername: "api.test" };

    test("presents the challenge's certificate, and nothing else", async () => {
      const challenge = (name: string) =>
        name === "api.test" ? opened("exact").context : undefined;
      using server = new TlsServer(settings(["first"], { challenge }));
      const client = new Client(server, acme);
      await client.ended;
      expect(client.socket.alpnProtocol).toBe("acme-tls/1");
      expect(server.connections).toHaveLength(0);
      await eventually(() => server.handshakes.size === 0);
    });

    test("that is not under way fails", async () => {
      using server = new TlsServer(settings(["first"], { challenge: () => undefined }));
      const client = new Client(server, acme);
      await client.ended;
      expect(client.error).toBeDefined();
      await eventually(() => server.failures.length === 1);
    });
  });

  describe("that cannot be", () => {
    test("is answered in plain HTTP if that is what came", async () => {
      using server = new TlsServer(settings(["first"]));
      const answer = await answerTo(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const [head = "", content = ""] = answer.split("\r\n\r\n");
      expect(head).toStartWith("HTTP/1.1 400 ");
      expect(head).toContain(`Content-Length: ${content.length}\r\n`);
      expect(content).toContain("https://");
      expect(server.failures).toEqual(["plain HTTP on the TLS port"]);
    });

    test("ends the connection", async () => {
      using server = new TlsServer(settings(["first"]));
      expect(await answerTo(server, "\0\0\0")).toBe("");
      expect(server.failures).toEqual(["it does not begin with a ClientHello"]);
      const endless = Buffer.concat([Buffer.from("16030140000100", "hex"), Buffer.alloc(16_400)]);
      endless.writeUInt16BE(0x3fff, 7);
      expect(await answerTo(server, endless)).toBe("");
      await eventually(() => server.handshakes.size === 0);
    });

    test("ends with an alert while there is no certificate", async () => {
      using server = new TlsServer(settings([]));
      const client = new Client(server);
      await client.ended;
      expect(client.error).toBeDefined();
      expect(server.failures).toEqual(["there is no certificate yet"]);
    });

    test("is given up when the client leaves, and when its time is up", async () => {
      const clock = new FakeClock();
      using server = new TlsServer(settings(["first"]), clock, 10_000);
      const leaving = connectTcp(server.port, "127.0.0.1");
      leaving.on("connect", () => leaving.end());
      await eventually(() => server.failures.length === 1);
      const slow = connectTcp(server.port, "127.0.0.1");
      const closed = new Promise((resolve) => slow.on("close", resolve));
      slow.on("error", () => {});
      slow.on("data", () => {});
      slow.write(Buffer.from("1603", "hex"));
      await eventually(() => server.handshakes.size === 1);
      clock.advance(10_000);
      await closed;
      expect(server.failures).toEqual([
        "the client left",
        "it took longer than `server.header_timeout`",
      ]);
    });

    test("ends at once when the gateway stops", async () => {
      using server = new TlsServer(settings(["first"]));
      const waiting = connectTcp(server.port, "127.0.0.1");
      waiting.on("error", () => {});
      const closed = new Promise((resolve) => waiting.on("close", resolve));
      const [handshake] = await eventually(
        () => server.handshakes.size > 0 && [...server.handshakes],
      );
      handshake?.drain();
      handshake?.cut();
      await closed;
      expect(server.failures).toEqual([]);
    });
  });
});
