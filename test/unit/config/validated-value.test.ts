import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { messages, readText, ROUTES, valueOf } from "./example.ts";

describe("the value", () => {
  test("has the defaults of what is absent, and everything decoded", () => {
    expect(valueOf(`${ROUTES}    rate_limit: 60/m\n    health_check: {}\n`)).toEqual({
      server: {
        host: "0.0.0.0",
        port: 8080,
        read_timeout: 30_000,
        max_body_size: 1024,
        http2: false,
        trusted_proxies: [],
      },
      level: "info",
      routes: [
        {
          path: "/a",
          backends: [{ url: "http://a", weight: 1 }],
          rate_limit: { perSecond: 1, count: 60 },
          health_check: { timeout: 3_000 },
        },
      ],
    });
  });

  test("has no optional section that is absent, whatever defaults are in it", () => {
    expect(valueOf(ROUTES)).not.toHaveProperty("cors");
    expect(valueOf(`cors: { max_age: 0 }\n${ROUTES}`)).toHaveProperty("cors", {
      origins: ["*"],
      max_age: 0,
    });
  });

  test("does not share its defaults with another", () => {
    const first = valueOf(ROUTES) as { server: { trusted_proxies: string[] } };
    first.server.trusted_proxies.push("10.0.0.1");
    expect(valueOf(ROUTES)).toHaveProperty("server.trusted_proxies", []);
  });

  test("is absent when anything is wrong", () => {
    expect(valueOf(`levl: info\n${ROUTES}`)).toBeUndefined();
    expect(valueOf("not a mapping")).toBeUndefined();
  });

  test("may be what a transform of a whole mapping makes of it", () => {
    const address = Type.Transform(Type.Object({ host: Type.String(), port: Type.Integer() }))
      .Decode(({ host, port }) => {
        if (port === 0) throw new Error(`nobody listens on port 0 of ${host}`);
        return `${host}:${port}`;
      })
      .Encode((text) => ({ host: text, port: 0 }));
    const whole = Type.Object({ at: address });
    expect(valueOf("at: { host: a, port: 1 }", {}, whole)).toEqual({ at: "a:1" });
    expect(messages("at: { host: a, port: x }", {}, whole)).toEqual([
      '1:22: error: expected a whole number, got the text "x"',
    ]);
    expect(messages("at: { host: '${HOST}', port: 0 }", { HOST: "secret.example" }, whole)).toEqual(
      ["1:5: error: nobody listens on port 0 of ${HOST}"],
    );
  });
});

describe("the part of a value that is well-formed", () => {
  const text = `server: { port: eighty, host: a }
level: loud
routes:
  - path: /a
    rate_limit: { requests_per_second: 5 }
    backends: [{ url: http://a }, 7, { url: http://b, weight: 0 }]
`;

  test("is there for further checks, with gaps where something is wrong", () => {
    const { partial, value } = readText(text);
    expect(value).toBeUndefined();
    expect(partial).toEqual({
      server: {
        host: "a",
        read_timeout: 30_000,
        max_body_size: 1024,
        http2: false,
        trusted_proxies: [],
      },
      routes: [
        {
          path: "/a",
          backends: [{ url: "http://a", weight: 1 }, undefined, { url: "http://b" }],
          rate_limit: { requests_per_second: { perSecond: 5, count: 5 }, key: "all" },
        },
      ],
    });
  });

  test("says which of its parts are complete", () => {
    const { partial, isWhole } = readText(text);
    const { server, routes } = partial as { server: object; routes: Record<string, object>[] };
    const [first] = routes;
    expect(isWhole(partial)).toBe(false);
    expect(isWhole(server)).toBe(false);
    expect(isWhole(first)).toBe(false);
    expect(isWhole(first?.["backends"])).toBe(false);
    expect(isWhole(first?.["rate_limit"])).toBe(true);
    expect(isWhole(first?.["path"])).toBe(true);
    expect(isWhole(first?.["health_check"])).toBe(false);
  });

  test("has no default for a key that was misspelt", () => {
    expect(readText(`server: { prot: 1 }\n${ROUTES}`).partial).not.toHaveProperty("server.port");
  });
});
