import { describe, expect, test } from "bun:test";
import { ApiProblem } from "../../../src/server/admin/api/api-problem.ts";
import { Gate } from "../../../src/server/admin/gate.ts";
import { IDLE_MS, LONGEST_MS } from "../../../src/server/admin/sessions.ts";
import type { Visitor } from "../../../src/server/admin/visitor.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const TOKEN = "the-token";
const HOST = "127.0.0.1:9090";

function gateWith(token: string | undefined = TOKEN) {
  const clock = new FakeClock();
  const gate = new Gate({
    clock,
    random: () => 0.5,
    isPublic: ({ url }) => url.endsWith("/admin/"),
  });
  gate.change(token);
  const admit = (
    given: Record<string, string> = {},
    path = "/admin/api/backends",
    peer = "10.0.0.1",
  ) => {
    const headers = new Headers({ host: HOST, ...given });
    const request = new Request(`http://${HOST}${path}`, { headers });
    return gate.admit(
      { peer, peerPort: 5, port: 9090, host: headers.get("host") ?? "", headers },
      request,
    );
  };
  const by = (...asked: Parameters<typeof admit>) => {
    const visitor = admit(...asked);
    return visitor instanceof Response ? visitor.status : visitor.by;
  };
  const nobody: Visitor = { by: "nobody", peer: "10.0.0.1", port: 9090 };
  const login = (given = {}) =>
    gate.login(nobody, TOKEN, new Headers({ host: HOST, ...given })).split(";")[0] ?? "";
  return { gate, clock, admit, by, login, nobody };
}

describe("the operator's port with a token", () => {
  test("lets in who sends it, and everybody to what shows nothing", () => {
    const { by } = gateWith();
    expect(by({ authorization: `Bearer ${TOKEN}` })).toBe("token");
    expect(by({ authorization: "Bearer wrong" })).toBe(401);
    expect([by(), by({}, "/admin/backends")]).toEqual([401, 401]);
    expect([by({}, "/admin/"), by({}, "/admin/api/session")]).toEqual(["nobody", "nobody"]);
  });

  test("lets a session in at the Host and port it was opened for, and for no other page", () => {
    const { by, login } = gateWith();
    const cookie = login();
    expect(cookie).toStartWith("gateway_session_9090=");
    expect(by({ cookie: `other=1; ${cookie}` })).toBe("session");
    expect(by({ cookie, host: "localhost:9090" })).toBe(401);
    expect(by({ cookie, origin: "http://127.0.0.1:3000" })).toBe(401);
    expect(by({ cookie, "sec-fetch-site": "same-site" })).toBe(401);
    expect(by({ cookie, "sec-fetch-site": "same-origin", origin: `http://${HOST}` })).toBe(
      "session",
    );
    expect(by({ cookie: cookie.replace("9090", "9091") })).toBe(401);
    expect(by({ cookie: `${cookie}x` })).toBe(401);
  });

  test("ends a session that is not used, and each one in the end", () => {
    const { by, login, clock } = gateWith();
    const cookie = login();
    clock.advance(IDLE_MS - 1);
    expect(by({ cookie })).toBe("session");
    clock.advance(IDLE_MS - 1);
    expect(by({ cookie })).toBe("session");
    clock.advance(IDLE_MS);
    expect(by({ cookie })).toBe(401);

    const other = login();
    for (let time = 0; time < LONGEST_MS; time += IDLE_MS / 2) {
      expect(by({ cookie: other })).toBe("session");
      clock.advance(IDLE_MS / 2);
    }
    expect(by({ cookie: other })).toBe(401);
  });

  test("ends them by a logout, another token, and beyond a hundred", () => {
    const { gate, admit, by, login } = gateWith();
    const [first, second] = [login(), login()];
    gate.logout(admit({ cookie: first }) as Visitor, new Headers());
    expect([by({ cookie: first }), by({ cookie: second })]).toEqual([401, "session"]);
    for (let opened = 0; opened < 100; opened += 1) login();
    expect(by({ cookie: second })).toBe(401);
    const last = login();
    gate.change(TOKEN);
    expect(by({ cookie: last })).toBe("session");
    gate.change("another");
    expect(by({ cookie: last })).toBe(401);
  });

  test("looks at no further token of an address that has sent many wrong ones", () => {
    const { by, clock, login } = gateWith();
    const cookie = login();
    const wrong = { authorization: "Bearer wrong" };
    const right = { authorization: `Bearer ${TOKEN}` };
    for (let tries = 0; tries < 20; tries += 1) expect(by(wrong)).toBe(401);
    expect([by(wrong), by(right)]).toEqual([429, 429]);
    expect(by(right, "/admin/api/backends", "10.0.0.2")).toBe("token");
    expect(by({ cookie })).toBe("session");
    clock.advance(1_000);
    expect(by(right)).toBe("token");
  });

  test("slows guesses on the main port too, by the address that trusted proxies say", () => {
    const { gate, by, clock } = gateWith();
    const sends = (authorization: string | undefined, client?: string) =>
      gate.bearsToken({
        peer: "10.0.0.1",
        peerPort: 5,
        port: 8080,
        host: "api.test",
        headers: new Headers(authorization === undefined ? {} : { authorization }),
        ...(client !== undefined && { client }),
      });
    const right = `Bearer ${TOKEN}`;
    expect([sends(right), sends(`bearer   ${TOKEN} `), sends(undefined)]).toEqual([
      true,
      true,
      false,
    ]);
    for (const other of ["Bearer", `Basic ${TOKEN}`, TOKEN, `Bearer a ${TOKEN}`, `${right}x`]) {
      expect(sends(other)).toBe(false);
    }
    for (let tries = 0; tries < 20; tries += 1) sends("Bearer wrong");
    expect([sends(right), by({ authorization: right })]).toEqual([false, 429]);
    expect(sends(right, "192.0.2.7")).toBe(true);
    clock.advance(1_000);
    expect(sends(right)).toBe(true);
  });

  test("finds its session behind another cookie of the name", () => {
    const { by, login } = gateWith();
    const cookie = login();
    expect(by({ cookie: `gateway_session_9090=planted; ${cookie}` })).toBe("session");
    const many = "gateway_session_9090=planted; ".repeat(8);
    expect(by({ cookie: many + cookie })).toBe(401);
  });

  test("opens no session for who came by the main port", () => {
    const { gate } = gateWith();
    const visitor: Visitor = { by: "token", peer: "10.0.0.1", port: 0 };
    expect(() => gate.login(visitor, TOKEN, new Headers({ host: "api.test" }))).toThrow(
      "log in on the operator's own port",
    );
  });

  test("knows who is still let in", () => {
    const { gate, admit, login } = gateWith();
    const visitors = [
      admit({ cookie: login() }),
      admit({ cookie: login() }),
      admit({ authorization: `Bearer ${TOKEN}` }),
    ] as Visitor[];
    const stillIn = () => visitors.map(({ isStillIn }) => isStillIn?.());
    expect(stillIn()).toEqual([true, true, true]);
    gate.logout(visitors[0] as Visitor, new Headers());
    expect(stillIn()).toEqual([false, true, true]);
    gate.change("another");
    expect(stillIn()).toEqual([false, false, false]);
  });

  test("marks the cookie for TLS where the browser speaks it", () => {
    const { gate, nobody } = gateWith();
    const cookieOf = (origin: string) =>
      gate.login(nobody, TOKEN, new Headers({ host: HOST, origin }));
    expect(cookieOf("https://admin.example.com")).toEndWith("; HttpOnly; SameSite=Strict; Secure");
    expect(cookieOf(`http://${HOST}`)).toEndWith("; HttpOnly; SameSite=Strict");
    expect(cookieOf(`http://${HOST}`)).not.toContain(TOKEN);
  });
});

test("without a token there is nothing to log in to, and strangers are refused", () => {
  const { gate, nobody } = gateWith();
  gate.change(undefined);
  expect(() => gate.login(nobody, "", new Headers())).toThrow(ApiProblem);
  const headers = new Headers({ host: "localhost:9090" });
  const asker = { peerPort: 5, port: 9090, host: "localhost:9090", headers };
  const request = new Request("http://localhost:9090/admin/");
  expect(gate.admit({ ...asker, peer: "127.0.0.1" }, request)).toMatchObject({ by: "local" });
  expect(gate.admit({ ...asker, peer: "10.0.0.1" }, request)).toHaveProperty("status", 403);
  // A name that leads here (DNS rebinding).
  expect(
    gate.admit({ ...asker, peer: "127.0.0.1", host: "evil.test:9090" }, request),
  ).toHaveProperty("status", 403);
});
