import { expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import { noHealthChecks, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { connectRaw, GET } from "../support/raw-client.ts";
import { hasProxies, startHaproxy } from "../support/reverse-proxy.ts";
import { createStage } from "../support/stage.ts";
import { askTls } from "../support/tls-client.ts";

const stage = createStage();
const LINE = "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n";
const SIGNATURE = "0d0a0d0a000d0a515549540a";
/** From 203.0.113.7, with an additional value. */
const BLOCK = Buffer.from(`${SIGNATURE}21110010cb007107c6336401dc0401bb04000100`, "hex");
const LOCAL = Buffer.from(`${SIGNATURE}20000000`, "hex");

async function start(server: TestConfig["server"], more: Partial<TestConfig> = {}) {
  const backend = await startRawBackend(stage, (request) => {
    request.send(answer([], request.all("x-forwarded-for").join("; ")));
    request.end();
  });
  const config = (changed: TestConfig["server"]): TestConfig => ({
    server: { ...server, ...changed },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
    ...more,
  });
  const gateway = await startGateway(stage, config({}));
  return {
    gateway,
    reload: (changed: TestConfig["server"]) => gateway.reload(config(changed)),
    open: (from?: string) => connectRaw(stage, gateway.port, from === undefined ? {} : { from }),
  };
}

test.each([
  ["a line", Buffer.from(LINE)],
  ["a block", BLOCK],
])("the client is who %s of the PROXY protocol names, for everything", async (_what, header) => {
  const { gateway, open } = await start(
    { proxy_protocol: ["127.0.0.1"] },
    { rate_limiting: { requests_per_second: 0.001, burst: 1, key: "client_ip" } },
  );
  const client = await open();
  client.send(Buffer.concat([header, Buffer.from(GET)]));
  await client.until("203.0.113.7");
  client.send(GET);
  await client.until("HTTP/1.1 429");

  // Byte by byte.
  const slow = await open();
  for (const byte of Buffer.concat([header, Buffer.from(GET)])) slow.send(Buffer.from([byte]));
  await slow.until("HTTP/1.1 429");

  const rows = await gateway.waitForRows(3);
  expect(rows.map((row) => row.client_ip)).toEqual(Array<string>(3).fill("203.0.113.7"));
});

test("a header that names nobody leaves the client the proxy", async () => {
  const { open } = await start({ proxy_protocol: ["127.0.0.1"] });
  for (const header of [LOCAL, Buffer.from("PROXY UNKNOWN\r\n")]) {
    const client = await open();
    client.send(Buffer.concat([header, Buffer.from(GET)]));
    await client.until("\r\n\r\n127.0.0.1");
  }
});

test("trusted_proxies and max_connections_per_client go by the client that the header names", async () => {
  const { open } = await start({
    proxy_protocol: ["127.0.0.1"],
    trusted_proxies: ["203.0.113.7"],
    max_connections_per_client: 2,
  });
  const request = GET.replace("Host", "X-Forwarded-For: 192.0.2.1\r\nHost");
  const trusted = await open();
  trusted.send(LINE + request);
  await trusted.until("\r\n\r\n192.0.2.1, 203.0.113.7");
  const other = await open();
  other.send(LINE.replace("203.0.113.7", "203.0.113.8") + request);
  await other.until("\r\n\r\n203.0.113.8");

  const second = await open();
  second.send(LINE + GET);
  await second.until("203.0.113.7");
  const third = await open();
  third.send(LINE + GET);
  await third.closed;
  expect(third.received()).toBe("");
});

test("a listed proxy that does not send a header is refused, with one line that says why", async () => {
  const { gateway, open } = await start({ proxy_protocol: ["127.0.0.1"], header_timeout: "300ms" });
  const plain = await open();
  plain.send(GET);
  await plain.closed;
  const line = await gateway.lines.waitFor(/INFO.*proxy_protocol/);
  expect(line).toContain(
    "a connection from 127.0.0.1, which `server.proxy_protocol` lists, was closed",
  );
  expect(line).toContain("does not begin with a PROXY header; let it send the PROXY protocol, or");

  const broken = await open();
  broken.send("PROXY TCP4 203.0.113.7 nobody 1 2\r\n");
  const silent = await open();
  const unfinished = await open();
  unfinished.send("PROXY TCP4 203.0.113.7");
  await Promise.all([broken.closed, silent.closed, unfinished.closed]);
  expect([plain, broken, silent, unfinished].map((client) => client.received()).join("")).toBe("");
  expect(gateway.lines.matching(/proxy_protocol/)).toHaveLength(1);
});

test("from anybody else a header is a malformed request", async () => {
  const { open, reload } = await start({ proxy_protocol: ["127.0.0.2"] });
  for (const header of [Buffer.from(LINE), BLOCK]) {
    const client = await open("127.0.0.1");
    client.send(Buffer.concat([header, Buffer.from(GET)]));
    await client.until("HTTP/1.1 400");
    await client.closed;
    expect(client.received()).not.toContain("203.0.113.7");
  }
  const listed = await open("127.0.0.2");
  listed.send(LINE + GET);
  await listed.until("203.0.113.7");

  await reload({ proxy_protocol: ["127.0.0.1"] });
  const now = await open("127.0.0.1");
  now.send(LINE + GET);
  await now.until("203.0.113.7");
  const before = await open("127.0.0.2");
  before.send(GET);
  await before.until("\r\n\r\n127.0.0.2");
});

test.skipIf(!hasProxies).each(["send-proxy", "send-proxy-v2"])(
  "HAProxy with %s names its clients",
  async (option) => {
    const { gateway } = await start({ proxy_protocol: ["127.0.0.1"] });
    const url = await startHaproxy(stage, {
      user: "nobody",
      lines: [
        "mode tcp",
        // HAProxy comes from another address than its clients.
        `server gateway 127.0.0.1:${gateway.port} ${option} source 127.0.0.1`,
      ],
    });
    const { port } = new URL(url);
    const client = await connectRaw(stage, Number(port), { from: "127.0.0.9" });
    client.send(GET);
    await client.until("\r\n\r\n127.0.0.9");
    expect(await (await ask(`${url}/things`)).text()).toBe("127.0.0.1");
  },
);

test.skipIf(!hasOpenssl)("on the TLS port the header comes before the handshake", async () => {
  const folder = stage.folder();
  await makeAuthority(folder, "ca");
  await issue(folder, "own", "DNS:localhost,IP:127.0.0.1");
  const file = (name: string) => join(folder, name);
  const { gateway } = await start({
    proxy_protocol: ["127.0.0.1"],
    tls: { port: 0, certificates: [{ certificate: file("own.pem"), key: file("own.key") }] },
  });
  const ca = await Bun.file(file("ca.pem")).text();
  const { port } = new URL(gateway.tlsUrl);
  for (const header of [Buffer.from(LINE), BLOCK]) {
    const socket = connect(Number(port), "127.0.0.1");
    stage.defer(() => socket.destroy());
    socket.write(header);
    const answered = await askTls(gateway.tlsUrl, "/things", {
      ca,
      socket,
      servername: "localhost",
    });
    expect(answered.status).toBe(200);
    expect(answered.text).toEndWith("\r\n\r\n203.0.113.7");
  }
  const rows = await gateway.waitForRows(2);
  expect(rows.map((row) => [row.client_ip, row.tls_version])).toEqual([
    ["203.0.113.7", "TLSv1.3"],
    ["203.0.113.7", "TLSv1.3"],
  ]);

  const plain = askTls(gateway.tlsUrl, "/things", { ca });
  expect(await plain.catch(() => "refused")).toBe("refused");
  await gateway.lines.waitFor(/does not begin with a PROXY header/);
});
