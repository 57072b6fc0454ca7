import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask } from "../../support/ask.ts";
import { hasOpenssl, issue, makeAuthority } from "../../support/certificates.ts";
import { askRaw } from "../../support/raw-http.ts";
import { createStage } from "../../support/stage.ts";
import { askTls } from "../../support/tls-client.ts";
import { mockBackend, type Running, start, UNCHECKED } from "./running.ts";

const stage = createStage();
let folder: string;

const tls = (rest = "", name = "own") =>
  `, tls: { port: 0, certificates: [{ certificate: ${folder}/${name}.pem, key: ${folder}/${name}.key }]${rest} }`;
const routes = () => `${UNCHECKED}routes: [{ path: "/*", backends: ["${mockBackend(stage)}"] }]`;

function secureUrl(running: Running): string {
  const [url = ""] =
    running
      .log()
      .match(/https:\/\/127\.0\.0\.1:[0-9]+/g)
      ?.slice(-1) ?? [];
  return url;
}

const askSecure = (running: Running, target = "/echo") =>
  askTls(secureUrl(running), target, { ca: readFileSync(join(folder, "ca.pem")) });

describe.skipIf(!hasOpenssl)("the clients' ports", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gateway-ports-"));
    await makeAuthority(folder, "ca");
    for (const name of ["own", "other"]) await issue(folder, name, "IP:127.0.0.1");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** Starts without TLS and adds it, so that the log names its port. */
  async function withTls(rest = ""): Promise<Running> {
    const config = routes();
    const running = start(stage, config);
    await running.reloadWith(config, { server: tls(rest) });
    return running;
  }

  test("are one without TLS and one with it", async () => {
    const running = await withTls();
    expect((await ask(`${running.url}/echo`)).status).toBe(200);
    expect((await askSecure(running)).status).toBe(200);
  });

  test("change by a reload, while open connections go on", async () => {
    const running = await withTls();
    const before = secureUrl(running);
    await running.reloadWith(routes(), { server: tls("", "other") });
    expect(secureUrl(running)).toBe(before);
    expect((await askSecure(running)).status).toBe(200);
    await running.reloadWith(routes(), { server: "" });
    expect(await askSecure(running).catch(() => "closed")).toBe("closed");
    expect((await ask(`${running.url}/echo`)).status).toBe(200);
  });

  test("stay where they are if another address cannot be had, which the log says", async () => {
    const running = await withTls();
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    stage.defer(() => taken.stop(true));
    const server = tls("", "other").replace("port: 0", `port: ${taken.port}`);
    await running.reloadWith(routes(), { server });
    expect(running.log()).toContain(
      `cannot listen on 127.0.0.1:${taken.port}: another process has this port; stop it, or choose another port with \`server.tls.port\`; the old address stays in use`,
    );
    expect((await askSecure(running)).status).toBe(200);
  });

  test("log why a handshake failed", async () => {
    const running = await withTls();
    const port = Number(new URL(secureUrl(running)).port);
    for (let count = 0; count < 2; count += 1) {
      expect(await askRaw(port, ["GET / HTTP/1.1"])).toMatchObject({ status: 400 });
    }
    const line = "TLS handshake with 127.0.0.1 failed: plain HTTP on the TLS port";
    expect(running.log()).toContain(`[INFO] ${line} (at most one such line a minute; `);
    expect(running.log()).toContain(`[DEBUG] ${line}\n`);
  });

  describe("with a redirect", () => {
    test("send requests without TLS to https", async () => {
      const running = await withTls(", redirect: true");
      const secure = secureUrl(running);
      const port = Number(new URL(running.url).port);
      const location = async (target: string, host = "127.0.0.1:1") => {
        const answer = await askRaw(port, [`GET ${target} HTTP/1.1`, `Host: ${host}`]);
        expect(answer.status).toBe(308);
        return answer.all("location");
      };
      expect(await location("/a/./b%20c?d=\x80'")).toEqual([`${secure}/a/./b%20c?d=%80'`]);
      expect(await location("/", "[::1]:80")).toEqual([secure.replace("127.0.0.1", "[::1]") + "/"]);
      expect(await location("/", "Example.test")).toEqual([
        secure.replace("127.0.0.1", "Example.test") + "/",
      ]);
      expect((await ask(`${running.url}/health`)).status).toBe(200);
      const nameless = await askRaw(port, ["GET /a HTTP/1.0"]);
      expect(nameless.status).toBe(400);
    });

    test("may name another port", async () => {
      const running = await withTls(", redirect: 443");
      const response = await ask(`${running.url}/a?b`);
      expect(response.headers.get("location")).toBe("https://127.0.0.1/a?b");
    });
  });
});
