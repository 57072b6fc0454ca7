import { describe, expect, test } from "bun:test";
import type { LogRow } from "../../../../src/cli/top/columns.ts";
import { Top } from "../../../../src/cli/top/model.ts";
import { row, second } from "./support.ts";

const PAGE = 10;

function opened() {
  const asked: { quit: number; rows: unknown[]; open: LogRow[] } = { quit: 0, rows: [], open: [] };
  const top = new Top({
    quit: () => (asked.quit += 1),
    rows: (filters) => asked.rows.push(filters),
    open: (one) => asked.open.push(one),
  });
  const press = (...keys: string[]) => {
    for (const key of keys) top.press(key, PAGE);
  };
  const type = (text: string) => press("/", "clear line", ...Array.from(text), "enter");
  return { top, asked, press, type };
}

describe("groups", () => {
  test("stand in the order of their rates, means of the last five seconds", () => {
    const { top } = opened();
    for (let at = 0; at < 8; at += 1) top.second(second({ "/a": 10, "/b": at < 3 ? 100 : 20 }));
    expect(top.routeLines.map(({ name, rates }) => [name, rates.perSecond])).toEqual([
      ["/b", 20],
      ["/a", 10],
    ]);
    expect(top.routeLines[1]?.rates).toMatchObject({
      errorRate: 0.1,
      p50: 1,
      p99: 20,
      inFlight: null,
    });
  });

  test("are forgotten after two minutes without requests", () => {
    const { top } = opened();
    top.second(second({ "/a": 1 }));
    for (let at = 0; at < 119; at += 1) top.second(second({}));
    expect(top.routeLines).toHaveLength(1);
    top.second(second({}));
    expect(top.routeLines).toEqual([]);
  });

  test("are ordered by another column, and the other way round", () => {
    const { top, press } = opened();
    top.second(second({ "/a": 1, "/b": 100, "/c": 50 }));
    press("S");
    expect(top.routeLines.map(({ name }) => name)).toEqual(["/a", "/c", "/b"]);
    press("s", "s", "s", "s");
    expect(top.order).toEqual({ column: 0, isUp: false });
    expect(top.routeLines.map(({ name }) => name)).toEqual(["/c", "/b", "/a"]);
  });

  test("are filtered by a part of their names", () => {
    const { top, type, press } = opened();
    top.second(second({ "/api/users": 1, "/api/orders": 1 }));
    type("USERS");
    expect(top.routeLines.map(({ name }) => name)).toEqual(["/api/users"]);
    press("escape");
    expect(top.routeLines).toHaveLength(2);
  });

  test("backends without requests are shown with their state", () => {
    const { top, press } = opened();
    const up = { healthy: true, ejected_until: null, circuit_breaker: null, in_flight: 0 };
    top.backends(
      [
        up,
        { ...up, healthy: false },
        { ...up, drained: true },
        { ...up, circuit_breaker: "open" },
      ].map((state, at) => ({ ...state, url: `http://b${at}`, route: "/", upstream: "" })),
    );
    press("2");
    const states = new Map(top.backendLines.map(({ name, state }) => [name, state]));
    expect(Object.fromEntries(states)).toEqual({
      "http://b0": "up",
      "http://b1": "down",
      "http://b2": "drained",
      "http://b3": "breaker open",
    });
  });
});

describe("requests", () => {
  test("are asked for while they are shown", () => {
    const { asked, press } = opened();
    press("3", "tab");
    expect(asked.rows).toEqual([{}, undefined]);
  });

  test("are filtered by the gateway, in the words of `gateway logs`", () => {
    const { top, asked, press, type } = opened();
    press("3");
    top.rows([row()], 0);
    type("status:5xx duration:>200ms users");
    expect(asked.rows.at(-1)).toEqual({ status: "5xx", duration: ">200ms", path: "*users*" });
    expect(top.requestLines).toEqual([]);
  });

  test.each([
    ["status:foo", /status cannot be "foo"/],
    ["colour:red", /no filter colour/],
  ])("an impossible filter, %s, is said and typed on", (filter, problem) => {
    const { top, press, type, asked } = opened();
    press("3");
    type(filter);
    expect(top.message).toMatch(problem);
    expect(top.typing).toBe(filter);
    press("backspace", "escape");
    expect(top.typing).toBeUndefined();
    expect(asked.rows).toEqual([{}]);
  });

  test("of a route are shown when it is opened", () => {
    const { top, asked, press } = opened();
    top.second(second({ "/a": 5, "/b": 1 }));
    press("down", "enter");
    expect(top.view).toBe("requests");
    expect(asked.rows).toEqual([{ route: "/b" }]);
  });

  test("stand with the newest first, at most 500", () => {
    const { top, press, asked } = opened();
    press("3");
    for (let at = 0; at < 60; at += 1) {
      const time = new Date(Date.UTC(2026, 0, 1) + at * 1_000).toISOString();
      top.rows(
        Array.from({ length: 10 }, () => row({ timestamp: time, request_id: `${at}` })),
        1,
      );
    }
    expect(top.requestLines).toHaveLength(500);
    expect(top.skipped).toBe(60);
    press("enter");
    expect(asked.open[0]?.["request_id"]).toBe("59");
  });
});

describe("keys", () => {
  test("move the choice within the lines", () => {
    const { top, press } = opened();
    top.second(second(Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`/${at}`, 1]))));
    const places = ["up", "down", "page down", "end", "k", "home"].map((key) => {
      press(key);
      return top.chosen;
    });
    expect(places).toEqual([0, 1, 11, 29, 28, 0]);
  });

  test("hold everything still, and go on", () => {
    const { top, press } = opened();
    press("p");
    top.second(second({ "/a": 1 }));
    top.rows([row()], 0);
    expect([top.routeLines, top.requestLines]).toEqual([[], []]);
    press("p");
    top.second(second({ "/a": 1 }));
    expect(top.routeLines).toHaveLength(1);
  });

  test("scroll what is open, and leave it", () => {
    const { top, press } = opened();
    top.show(Array.from({ length: 12 }, (_, at) => `line ${at}`));
    press("end");
    expect(top.opened?.first).toBe(2);
    press("escape");
    expect(top.opened).toBeUndefined();
  });

  test.each(["q", "interrupt"])("%s ends it", (key) => {
    const { asked, press } = opened();
    press("?", "?", key);
    expect(asked.quit).toBe(1);
  });

  test("Ctrl-C ends it while a filter is typed", () => {
    const { asked, press } = opened();
    press("/", "q", "interrupt");
    expect(asked.quit).toBe(1);
  });
});
