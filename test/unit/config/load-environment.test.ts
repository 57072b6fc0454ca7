import { describe, expect, test } from "bun:test";
import { loaded, printed, ROUTE, route, errorsIn } from "./loading.ts";

const textOf = (written: string, environment: Record<string, string> = {}) =>
  loaded(`logging:\n  database: ${written}\n${ROUTE}`, environment).logging.database;

describe("a variable in the configuration", () => {
  test.each([
    ["${A}", "one"],
    ["${B:-two}", "two"],
    ["${EMPTY:-two}", "two"],
    ["'${A}.${B:-two}.${A}'", "one.two.one"],
    ["'$${A}'", "${A}"],
    ["'$$${A}'", "$${A}"],
    ["$A", "$A"],
  ])("%s is put in place", (written, value) => {
    expect(textOf(written, { A: "one", EMPTY: "" })).toBe(value);
  });

  test.each(["12345", "true", "null", "a: b", "x\nroutes: []", "- a", "{ port: 1 }", '"', "*a"])(
    "stays text where text is wanted, and changes nothing around it: %j",
    (value) => {
      expect(
        loaded(`logging: { database: "\${A}", level: warn }\n${ROUTE}`, { A: value }).logging,
      ).toMatchObject({ database: value, level: "warn" });
    },
  );

  test("is a number, a boolean, a duration, a size or a rate where that is wanted", () => {
    const config = loaded(
      `server: { port: "\${PORT}", read_timeout: "\${TIME}", max_body_size: "\${SIZE}" }
cors: { enabled: "\${OFF}" }
${route('rate_limit: "${RATE}"')}`,
      { PORT: "9000", TIME: "5s", SIZE: "1KiB", OFF: "false", RATE: "60" },
    );
    expect(config.server).toMatchObject({
      port: 9000,
      timeouts: { request: 5_000 },
      max_body_size: 1024,
    });
    expect(config).toHaveProperty("cors.enabled", false);
    expect(config.routes[0]).toHaveProperty("rate_limit", { perSecond: 60, count: 60 });
  });

  test("that is not set is reported at its place, each of them", () => {
    expect(errorsIn(`server: { host: "\${A}", port: "\${B}\${C}" }\n${ROUTE}`)).toEqual([
      "1:18: environment variable A is not set; set it or write ${A:-default}",
      "1:32: environment variable B is not set; set it or write ${B:-default}",
      "1:36: environment variable C is not set; set it or write ${C:-default}",
    ]);
  });

  test("that is not set hides no other error", () => {
    expect(errorsIn(`server: { host: "\${A}", prot: 1 }\n${route("methods: [get]")}`)).toEqual([
      "1:18: environment variable A is not set; set it or write ${A:-default}",
      "1:25: unknown key `prot`, did you mean `port`?",
      "5:15: method names are case-sensitive; write `GET`",
    ]);
  });

  test("inside of a flow mapping needs quotes, and that is said", () => {
    expect(errorsIn(`server: { host: \${A} }\n${ROUTE}`, { A: "x" })).toEqual([
      "1:18: inside { } and [ ], text with `${…}` needs quotes",
    ]);
  });
});

describe("the value of a variable", () => {
  const SECRET = "hunter2-for-nobody";

  test.each([
    [
      `server: { port: "\${S}" }\n${ROUTE}`,
      "1:17: expected a whole number from 0 to 65535, or off, got the value of `${S}`",
    ],
    [
      `logging: { level: "\${S}" }\n${ROUTE}`,
      "1:19: expected one of `debug`, `info`, `warn` or `error`, got the value of `${S}`",
    ],
    [
      `server: { trusted_proxies: ["\${S}"] }\n${ROUTE}`,
      "1:29: `${S}` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1",
    ],
    [
      `admin: { listen: "\${S}:9090" }\n${ROUTE}`,
      "1:18: ${S} can be reached from other machines; set `admin.token`, or listen on 127.0.0.1",
    ],
    [route('methods: ["${S}/"]'), "4:15: `${S}/` is not the name of a method"],
    [
      'routes:\n  - path: /a\n    backends: ["http://${S}", "http://${S}"]\n',
      "3:31: `http://${S}` is already a backend here; raise its weight instead",
    ],
    [
      'routes:\n  - { path: "/${S}", backends: [http://a] }\n  - { path: "/${S}", backends: [http://a] }\n',
      '3:13: the requests for "/${S}" are already taken by route 1, which has the same path',
    ],
  ])("is reported by the variable's name alone: %j", (text, message) => {
    expect(errorsIn(text, { S: SECRET })).toEqual([message]);
    expect(printed(text, { S: SECRET })).not.toContain(SECRET);
  });
});
