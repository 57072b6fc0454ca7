import { beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ask, problemOf } from "../support/ask.ts";
import { hasOpenssl, issuedForAll } from "../support/certificates.ts";
import { type Echo, valuesOf } from "../support/echo.ts";
import { eventually } from "../support/eventually.ts";
import {
  CLIENT_ID,
  CLIENT_SECRET,
  type FakeOpenidProvider,
} from "../support/fake-openid-provider.ts";
import {
  type GatewayProcess,
  noHealthChecks,
  startGateway,
  type TestConfig,
} from "../support/gateway-process.ts";
import { answerOf, http2Session, request } from "../support/http2-ask.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { connectRaw } from "../support/raw-client.ts";
import { serveOpenidProvider } from "../support/served-openid-provider.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();
const KEY = "0123456789abcdef0123456789abcdef";

let issuer: string;
let provider: FakeOpenidProvider;
let backend: string;

beforeEach(async () => {
  ({ issuer, provider } = serveOpenidProvider(stage));
  backend = (await startMockProcess(stage, "A")).url;
});

function config(options: Record<string, unknown> = {}, more: object = {}): TestConfig {
  const oidc = {
    issuer,
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    keys: [KEY],
    ...options,
  };
  return {
    health_check: noHealthChecks,
    auth: { login: { oidc } },
    routes: [
      { path: "/*", backends: [backend], auth: "login" },
      { path: "/open/*", strip_prefix: "/open", backends: [backend] },
    ],
    ...more,
  };
}

/** A client with cookies, of one gateway. */
class Person {
  readonly cookies = new Map<string, string>();
  readonly #gateway: GatewayProcess;

  constructor(gateway: GatewayProcess) {
    this.#gateway = gateway;
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async get(page: string, headers: Record<string, string> = {}): Promise<Response> {
    const url = new URL(page, this.#gateway.url);
    const answer = await ask(url.href, { headers: { cookie: this.cookie, ...headers } });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/; Max-Age=0/.test(cookie)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** Opens a page and is sent to the issuer; returns its address. */
  async away(page = "/echo"): Promise<string> {
    const answer = await this.get(page, { accept: "text/html" });
    return answer.headers.get("location") ?? "";
  }

  async logIn(): Promise<Response> {
    return this.get(provider.logIn(await this.away()));
  }
}

async function start(options: Record<string, unknown> = {}, more: object = {}) {
  const gateway = await startGateway(stage, config(options, more));
  const person = new Person(gateway);
  return { gateway, person };
}

/** The Cookie fields that the backend says it got. */
async function cookiesAt(answer: Response): Promise<string[]> {
  return valuesOf((await answer.json()) as Echo, "cookie");
}

describe("a session", () => {
  test("is known whatever is spoken, and its cookie reaches no backend", async () => {
    const { gateway, person } = await start();
    await person.logIn();
    person.cookies.set("theme", "dark");
    for (const page of ["/echo", "/open/echo"]) {
      expect(await cookiesAt(await person.get(page))).toEqual(["theme=dark"]);
    }
    const session = http2Session(stage, gateway.url);
    const crumbs = person.cookie.split("; ");
    const answer = await answerOf(
      request(session, "/echo", { cookie: crumbs as unknown as string }),
    );
    expect(answer.status).toBe(200);
    expect(answer.content).not.toContain("gateway_session");
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`, {
      headers: { cookie: person.cookie },
    });
    stage.defer(() => socket.close());
    socket.addEventListener("open", () => socket.send("hello"));
    socket.addEventListener("message", ({ data }) => resolve(data));
    socket.addEventListener("close", reject);
    expect(String(await promise)).toContain("hello");
  });

  test("is in the row, with its provider, and its tokens are nowhere", async () => {
    const { gateway, person } = await start({ access_token_header: "authorization" });
    await person.logIn();
    await person.get("/echo");
    const rows = await gateway.waitForRows(3);
    expect(rows.map(({ subject, provider }) => [subject, provider])).toEqual([
      [null, null],
      ["ada", "login"],
      ["ada", "login"],
    ]);
    const written = JSON.stringify(rows) + gateway.lines.text + gateway.errors.text;
    expect(written).not.toMatch(/access-|eyJ/);
    for (const value of person.cookies.values()) {
      if (value.length > 20) expect(written).not.toContain(value);
    }
  });

  test("is the same at every gateway that has its key", async () => {
    const { person } = await start();
    const other = await startGateway(stage, config());
    await person.logIn();
    const headers = { cookie: person.cookie };
    expect((await ask(`${other.url}/echo`, { headers })).status).toBe(200);
    const stranger = await startGateway(stage, config({ keys: [KEY.toUpperCase()] }));
    expect((await ask(`${stranger.url}/echo`, { headers })).status).toBe(401);
  });

  test("goes on through a reload, and so does a login that is on its way", async () => {
    const { gateway, person } = await start();
    await person.logIn();
    const other = new Person(gateway);
    const address = await other.away();
    const changed = config({}, { routes: [{ path: "/*", backends: [backend], auth: ["login"] }] });
    await gateway.reload(changed);
    expect((await person.get("/echo")).status).toBe(200);
    expect((await other.get(provider.logIn(address, "eve"))).status).toBe(302);
    expect((await other.get("/echo")).status).toBe(200);
    await gateway.reload(config({ timeout: "7s" }));
    expect((await person.get("/echo")).status).toBe(200);
  });

  test("goes on through reloads and ends at a restart, with keys that are made at the start", async () => {
    provider.isForPublicClients = true;
    const without = { keys: undefined, client_secret: undefined };
    const { gateway, person } = await start(without);
    await person.logIn();
    await gateway.reload(config(without, { server: { max_in_flight: 9_000 } }));
    await gateway.reload(config({ ...without, timeout: "7s" }));
    expect((await person.get("/echo")).status).toBe(200);
    const next = await startGateway(stage, config(without));
    const headers = { cookie: person.cookie };
    expect((await ask(`${next.url}/echo`, { headers })).status).toBe(401);
  });

  test("is refreshed once, even if the client that caused it leaves meanwhile", async () => {
    provider.expiresIn = 1;
    const { gateway, person } = await start({ access_token_header: "x-token" });
    await person.logIn();
    const { promise: isAsked, resolve: asked } = Promise.withResolvers<void>();
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<undefined>();
    provider.answerInstead = (path) => {
      if (path !== "/token") return undefined;
      asked();
      // The answer comes when the client has left.
      return mayAnswer as Promise<unknown> as Promise<Response>;
    };
    // Until the access token is due.
    let client = await connectRaw(stage, gateway.port);
    await eventually(async () => {
      client = await connectRaw(stage, gateway.port);
      client.send(`GET /echo HTTP/1.1\r\nHost: a\r\nCookie: ${person.cookie}\r\n\r\n`);
      return Promise.race([isAsked.then(() => true), client.until("\r\n\r\n").then(() => false)]);
    });
    client.reset();
    await client.closed;
    answer(undefined);
    provider.answerInstead = () => undefined;
    const before = person.cookie;
    const next = await person.get("/echo");
    expect(next.status).toBe(200);
    expect(person.cookie).not.toBe(before);
    expect(provider.count("/token")).toBe(2);
  });
});

describe("an issuer with TLS", () => {
  const issued = issuedForAll("issuer", "DNS:localhost");

  test.skipIf(!hasOpenssl)("is believed by the authorities of `ca` only", async () => {
    const { cert, key, folder } = issued;
    ({ issuer, provider } = serveOpenidProvider(stage, { cert, key }));
    const { gateway, person } = await start({ ca: join(folder, "ca.pem") });
    await person.logIn();
    expect((await person.get("/echo")).status).toBe(200);
    await gateway.reload(config({ timeout: "7s" }));
    const stranger = new Person(gateway);
    const answer = await stranger.get("/echo", { accept: "text/html" });
    expect((await problemOf(answer)).code).toBe("auth_unavailable");
    expect(gateway.lines.text + gateway.errors.text).toMatch(/cannot be used: .*certificate/);
  });
});

describe("somebody without a session", () => {
  test("is answered in every protocol, and redirected in none but a browser's GET", async () => {
    const { gateway, person } = await start();
    for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
      const answer = await ask(`${gateway.url}/echo`, { method });
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
        401,
        'Cookie realm="login"',
      ]);
    }
    const session = http2Session(stage, gateway.url);
    const html = { accept: "text/html" };
    expect((await answerOf(request(session, "/echo", html))).status).toBe(302);
    const grpc = await answerOf(
      request(session, "/a.B/C", { ":method": "POST", "content-type": "application/grpc" }, ""),
    );
    expect([grpc.status, grpc.fields["grpc-status"]]).toEqual([200, "16"]);
    expect((await person.get("/open/echo")).status).toBe(200);
  });

  test("gets no login from what is made up, whatever its size", async () => {
    const { gateway } = await start();
    for (const value of ["a".repeat(30_000), "1", "5".repeat(1_000), "1%00", '"1AAAA"']) {
      const names = ["", "-1", "-2", "-3", "-4", "-logins", "-login-AAAAAAAA"];
      const cookie = names.map((name) => `gateway_session${name}=${value}`).join("; ");
      const headers = { cookie: cookie.slice(0, 40_000), accept: "text/html" };
      const answer = await ask(`${gateway.url}/echo`, { headers });
      expect(answer.status).toBe(302);
      const back = `${gateway.url}/oauth2/callback?code=a&state=AAAAAAAA${value}`;
      expect((await problemOf(await ask(back, { headers }))).code).toBe("login_failed");
    }
    const states = Array.from({ length: 1_000 }, (_, at) => `state=${at}`).join("&");
    const many = await ask(`${gateway.url}/oauth2/callback?${states}`);
    expect((await problemOf(many)).code).toBe("login_failed");
  });
});
