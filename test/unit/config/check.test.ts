import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { splitAddress } from "../../../src/config/admin-schema.ts";
import { hasOpenssl, makeAuthority } from "../../support/certificates.ts";
import { createStage } from "../../support/stage.ts";
import { ROUTE, route, errorsIn } from "./loading.ts";

const stage = createStage();

const routes = (...written: string[]) =>
  `routes:\n${written.map((one) => `  - { ${one}, backends: [http://a] }\n`).join("")}`;

describe("routes", () => {
  test.each([
    ["/a", 13, 'the requests for "/a" are already taken by route 1, which has the same path'],
    ["//a", 15, 'a path must begin with a single "/", as the paths of requests do'],
    ["/%61", 13, 'the requests for "/a" are already taken by route 1, which has the same path'],
    ["a", 13, 'a path must begin with "/"; write "/a"'],
    ["/a*", 16, 'a wildcard must be a whole segment; write "/a/*"'],
    [
      "/*/a",
      15,
      '"*" matches everything below and must be the last segment; one segment is a parameter, like ":id"; write "/:any/a"',
    ],
    ["/:x/:x", 18, 'the name "x" is used twice; each parameter needs its own'],
    ["/a b", 16, 'a path must not contain white space, which is "%20" in a request'],
    ["/a/../b", 17, '".." is resolved before a request is matched; leave it out'],
    ["/a%00b", 13, "no request can match this: the path contains an encoded NUL"],
    [
      "/a%zz",
      13,
      'no request can match this: the path contains a "%" that is not followed by two hexadecimal digits',
    ],
  ])("cannot have the path %s after /a", (path, column, message) => {
    expect(errorsIn(routes("path: /a", `path: '${path}'`))).toEqual([`3:${column}: ${message}`]);
  });

  test("of one shape conflict when both take a method, whatever their parameters are called", () => {
    const text = routes(
      "path: '/a/:x'",
      "path: '/a/:y'",
      "methods: [GET, POST], path: /b",
      "methods: [POST, PUT], path: /b",
      "path: /b",
    );
    expect(errorsIn(text)).toEqual([
      '3:13: the requests for "/a/:y" are already taken by route 1, "/a/:x"',
      '5:35: POST on "/b" is already taken by route 3, which has the same path',
    ]);
  });

  test("conflict although another between them could not be read", () => {
    expect(errorsIn(routes("path: /a", "path: b", "pth: /c", "path: /a"))).toEqual([
      '3:13: a path must begin with "/"; write "/b"',
      "4:7: unknown key `pth`, did you mean `path`?",
      '5:13: the requests for "/a" are already taken by route 1, which has the same path',
    ]);
  });

  test("whose methods could not be read are not said to take all of them", () => {
    expect(errorsIn(routes("path: /a", "path: /a, methods: 5"))).toEqual([
      "3:26: expected a method's name, like GET, got 5",
    ]);
    expect(errorsIn(routes("path: /a, methods: [GET]", "path: /a, methods: [GET, 5]"))).toEqual([
      '3:13: GET on "/a" is already taken by route 1, which has the same path',
      "3:32: expected a method's name, like GET, got 5",
    ]);
  });

  test("take methods as they are sent, and only those that can be forwarded", () => {
    expect(errorsIn(route("methods: [get, Post, TRACE, GET, 7]"))).toEqual([
      "4:15: method names are case-sensitive; write `GET`",
      "4:20: method names are case-sensitive; write `POST`",
      "4:26: `TRACE` is not a method that the gateway forwards",
      "4:38: expected a method's name, like GET, got 7",
    ]);
  });

  test("take methods written as text, and mark all of it for one that is wrong", () => {
    expect(errorsIn(route("methods: GET, POST"))).toEqual([]);
    expect(errorsIn(route("methods: GET, post"))).toEqual([
      "4:14: method names are case-sensitive; write `POST`",
    ]);
  });

  test("of which one is no mapping have the others checked", () => {
    expect(errorsIn("routes:\n  - 5\n  - { path: b, backends: [http://a, http://a] }\n")).toEqual([
      "2:5: expected a mapping, got 5",
      '3:13: a path must begin with "/"; write "/b"',
      "3:37: `http://a` is already a backend here; raise its weight instead",
    ]);
  });
});

describe("backends", () => {
  test.each([
    ["localhost", "begins with http:// or https://; write `http://localhost`"],
    ["ftp://a", "begins with http:// or https://, like http://localhost:9001"],
    ["http://", "needs a host, like http://localhost:9001"],
    ["http://a?x", "cannot have a query; leave out ? and what follows"],
    ["http://a#x", "cannot have a fragment; leave out # and what follows"],
    ["http://u:p@a", "cannot have a user name or password; leave out @ and what precedes it"],
    ["http://a b", "cannot have spaces or backslashes in it"],
  ])("cannot be at %s", (url, message) => {
    const text = (backend: string) => `routes:\n  - path: /a\n    backends: [${backend}]\n`;
    expect(errorsIn(text(`'${url}'`))).toEqual([`3:16: a backend's URL ${message}`]);
    expect(errorsIn(text(`{ url: '${url}' }`))).toEqual([`3:23: a backend's URL ${message}`]);
  });

  test("cannot have a port that there is not", () => {
    expect(
      errorsIn("routes:\n  - path: /a\n    backends: ['http://a:0', 'http://a:99999']\n"),
    ).toEqual([
      '3:16: "a:0" is not a host, or a host and a port from 1 to 65535',
      '3:30: "a:99999" is not a host, or a host and a port from 1 to 65535',
    ]);
  });

  test("are each named once in a route, in whatever form", () => {
    const text = "routes:\n  - path: /a\n    backends: [http://b, { url: http://b, weight: 2 }]\n";
    expect(errorsIn(text)).toEqual([
      "3:33: `http://b` is already a backend here; raise its weight instead",
    ]);
  });
});

describe("the server's host", () => {
  test.each([
    "0.0.0.0",
    "::",
    "::1",
    "127.0.0.1",
    "localhost",
    "gateway.internal",
    "my_host",
    "a.b.",
  ])("may be %s", (host) => {
    expect(errorsIn(`server: { host: "${host}" }\n${ROUTE}`)).toEqual([]);
  });

  test.each([
    ["300.1.1.1", "`300.1.1.1` is not an address: an IPv4 address has four numbers from 0 to 255"],
    ["1.2.3", "`1.2.3` is not an address: an IPv4 address has four numbers from 0 to 255"],
    [":8080", "`:8080` has no address; for every one, write `host: 0.0.0.0` and `port: 8080`"],
    ["8080", "`8080` is not an address; a port goes into `server.port`"],
    [
      "127.0.0.1:8080",
      "`127.0.0.1:8080` has a port in it; write `host: 127.0.0.1` and `port: 8080`",
    ],
    ["[::1]:8080", "`[::1]:8080` has a port in it; write `host: ::1` and `port: 8080`"],
    ["[::]", "`[::]` is not an address; write `host: ::`"],
    [
      "http://localhost:80/",
      "`http://localhost:80/` has a scheme and a port in it; write `host: localhost` and `port: 80`",
    ],
    ["http://localhost", "`http://localhost` is not an address; write `host: localhost`"],
    ["*:80", "`*:80` has a port in it; write `host: 0.0.0.0` and `port: 80`"],
    ["*", "every IPv4 address is `0.0.0.0`, every address `::`"],
    ["a b", "`a b` is neither an address nor a host name, like 0.0.0.0, ::1 or gateway.local"],
    ["-a", "`-a` is neither an address nor a host name, like 0.0.0.0, ::1 or gateway.local"],
  ])("cannot be %s", (host, message) => {
    expect(errorsIn(`server: { host: "${host}" }\n${ROUTE}`)).toEqual([`1:17: ${message}`]);
  });

  test("has its port in server.port", () => {
    expect(errorsIn(`server: { port: "127.0.0.1:80" }\n${ROUTE}`)).toEqual([
      expect.stringContaining("; write `host: 127.0.0.1` and `port: 80`"),
    ]);
    expect(errorsIn(`server: { port: ":80" }\n${ROUTE}`)).toEqual([
      expect.stringContaining("; write `80`"),
    ]);
  });
});

describe("the database", () => {
  const database = (file: string) => errorsIn(`logging: { database: "${file}" }\n${ROUTE}`);

  test.each([
    ["gateway.yaml", "routes: []\n"],
    ["access.log", "127.0.0.1 - - GET /\n\u001B[31mred\n".repeat(100)],
  ])("is not %s, which holds text and would be renamed", (name, text) => {
    const file = join(stage.folder(), name);
    writeFileSync(file, text);
    expect(database(file)).toEqual([
      `1:22: ${file} contains text and is not a database; name another file`,
    ]);
  });

  test.each([" ", "gateway.db ", "a\\u0000b"])("has no blanks at its ends: %p", (name) => {
    expect(database(name)).toHaveLength(1);
  });

  test("is a file in a folder that is there", () => {
    const folder = stage.folder();
    expect(database(`${folder}/gateway.db`)).toEqual([]);
    expect(database(folder)).toEqual([
      `1:22: ${folder} is a folder; name a file in it, like ${folder}/gateway.db`,
    ]);
    expect(database(`${folder}/none/gateway.db`)).toEqual([
      `1:22: the folder ${folder}/none does not exist; create it, or name a file elsewhere`,
    ]);
    writeFileSync(`${folder}/file`, "");
    expect(database(`${folder}/file/gateway.db`)).toEqual([`1:22: ${folder}/file is not a folder`]);
    expect(database(`${folder}/file`)).toEqual([]);
    expect(database("/dev/null")).toEqual([
      "1:22: /dev/null is not a file that can hold a database",
    ]);
  });
});

describe("trusted proxies", () => {
  test("are addresses or networks", () => {
    const list = "[10.0.0.0/8, '2001:db8::/32', '::1', 10.0.0.0/33, proxy.local, 7]";
    expect(errorsIn(`server: { trusted_proxies: ${list} }\n${ROUTE}`)).toEqual([
      "1:65: `10.0.0.0/33` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1",
      "1:78: `proxy.local` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1; names are not looked up",
      "1:91: expected an address or a network, like 10.0.0.0/8 or 2001:db8::1, got 7",
    ]);
  });
});

describe("untrusted fields", () => {
  test("are names that the gateway has no rules for", () => {
    const list = "[X-User, 'x user', host, 7]";
    expect(errorsIn(`server: { untrusted_fields: ${list} }\n${ROUTE}`)).toEqual([
      "1:38: `x user` is not a field name; write one like X-User",
      "1:48: the gateway has its own rules for `host`; leave it out",
      "1:54: expected a field name, like X-User, got 7",
    ]);
  });
});

describe("the operator's address", () => {
  const admin = (written: string, server = "") => `admin: { ${written} }\n${server}${ROUTE}`;

  test.each(["127.0.0.1:9090", "127.9.9.9:1", "localhost:9090", "Localhost:9090", "[::1]:9090"])(
    "may be this machine's own %s without a token",
    (listen) => {
      expect(errorsIn(admin(`listen: '${listen}'`))).toEqual([]);
    },
  );

  test.each([
    ["0.0.0.0:9090", "0.0.0.0"],
    ["[::]:9090", "::"],
    ["10.0.0.1:9090", "10.0.0.1"],
    ["gateway.example:9090", "gateway.example"],
  ])("%s needs a token", (listen, host) => {
    expect(errorsIn(admin(`listen: '${listen}'`))).toEqual([
      `1:18: ${host} can be reached from other machines; set \`admin.token\`, or listen on 127.0.0.1`,
    ]);
    expect(errorsIn(admin(`listen: '${listen}', token: secret`))).toEqual([]);
  });

  test("is not reported as missing a token if its token is invalid", () => {
    expect(errorsIn(admin("listen: '0.0.0.0:9090', token: ''"))).toEqual([
      "1:41: expected non-empty text, got empty text",
    ]);
    expect(errorsIn(admin("listen: '0.0.0.0:9090', token: '${TOKEN}'"))).toEqual([
      "1:42: environment variable TOKEN is not set; set it or write ${TOKEN:-default}",
    ]);
  });

  test("has a port that there is, and not the server's", () => {
    expect(errorsIn(admin("listen: '127.0.0.1:65536'"))).toEqual([
      "1:18: port 65536 does not exist; the last is 65535",
    ]);
    expect(errorsIn(admin("listen: '127.0.0.1:8080'"))).toEqual([
      "1:18: port 8080 is already server.port; choose another for admin.listen",
    ]);
    expect(errorsIn(admin("listen: '127.0.0.1:0'", "server: { port: 0 }\n"))).toEqual([]);
  });

  test.each([
    ["localhost", "it has no port; write `localhost:9090`"],
    ["'::1'", "it has no port; write `[::1]:9090`"],
    ["9090", "write `127.0.0.1:9090`"],
    ["':9090'", "write `127.0.0.1:9090`"],
    ["'*:9090'", "write `0.0.0.0:9090`"],
    ["http://localhost:9090/", "write `localhost:9090`"],
  ])("written as %s is answered with the form that is meant", (listen, advice) => {
    expect(errorsIn(admin(`listen: ${listen}`))).toEqual([expect.stringContaining(`; ${advice}`)]);
  });

  test("may be left out", () => {
    expect(errorsIn(admin("token: secret"))).toEqual([]);
  });

  test("is taken apart into host and port", () => {
    expect(splitAddress("localhost:9090")).toEqual({ host: "localhost", port: 9090 });
    expect(splitAddress("[::1]:80")).toEqual({ host: "::1", port: 80 });
  });
});

describe("cors", () => {
  test("cannot allow any origin together with credentials", () => {
    const named = "cors:\n  allow_credentials: true\n  allowed_origins: ['*']\n";
    expect(errorsIn(named + ROUTE)).toEqual([
      '3:20: browsers refuse `"*"` together with `allow_credentials`; name the origins',
    ]);
    expect(errorsIn(`cors: { allow_credentials: true }\n${ROUTE}`)).toEqual([
      '1:1: browsers refuse `"*"` together with `allow_credentials`; name the origins',
    ]);
  });

  test("has its own rules for a route too", () => {
    expect(errorsIn(route("cors: { allowed_origins: [], allowed_methods: [get] }"))).toEqual([
      '4:30: name at least one origin, or `"*"`, or set `enabled` to false',
      "4:52: method names are case-sensitive; write `GET`",
    ]);
  });

  test("is not judged by its meaning while its form is wrong", () => {
    const text = "cors: { allow_credentials: true, allowed_origins: ['*'], max_age: never }\n";
    expect(errorsIn(text + ROUTE)).toEqual([
      '1:67: expected a duration, like 250ms, 30s or 5m, got the text "never"',
    ]);
  });
});

describe("rate limits", () => {
  const rate = "a rate must be above zero and at most a million per second";
  const slow =
    "a used-up burst would take more than a year to refill; raise the rate or lower the burst";

  test.each([
    [route("rate_limit: 0/s"), `4:17: ${rate}`],
    [route("rate_limit: 2000000"), `4:17: ${rate}`],
    [route("rate_limit: { requests_per_second: 1/d, burst: 1000 }"), `4:52: ${slow}`],
    [`rate_limiting: { requests_per_second: 0/m }\n${ROUTE}`, `1:39: ${rate}`],
  ])("are within reason: %j is not", (text, message) => {
    expect(errorsIn(text)).toEqual([message]);
  });
});

describe("health checks", () => {
  const interval = "interval must be from 100ms to 1d";
  const timeout = "timeout must be above 0 and at most 1d";

  test.each([
    [`health_check: { interval: 50ms, timeout: 0 }\n${ROUTE}`, ["1:27: ", "1:42: "]],
    [`health_check: { interval: 2d, timeout: 25h }\n${ROUTE}`, ["1:27: ", "1:40: "]],
    [route("health_check: { interval: 0, timeout: 0s }"), ["4:31: ", "4:43: "]],
  ])("come neither too often nor too seldom: %j is refused", (text, [first = "", second = ""]) => {
    expect(errorsIn(text)).toEqual([first + interval, second + timeout]);
  });

  test("are judged by their well-formed parts", () => {
    expect(errorsIn(`health_check: { interval: 1ms, path: health }\n${ROUTE}`)).toEqual([
      `1:27: ${interval}`,
      '1:38: expected a path, like /health, got the text "health"',
    ]);
  });
});

describe.if(hasOpenssl)("tls", () => {
  const folder = mkdtempSync(join(tmpdir(), "gateway-test-"));
  const pem = (name: string) => join(folder, name);

  beforeAll(async () => {
    await makeAuthority(folder, "one");
    await makeAuthority(folder, "two");
    writeFileSync(pem("text"), "no PEM");
    writeFileSync(pem("torn.pem"), readFileSync(pem("one.pem"), "latin1").slice(0, 200));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("names files that are there", () => {
    const ours = `ca: "${pem("one.pem")}", certificate: "${pem("one.pem")}", key: "${pem("one.key")}"`;
    expect(errorsIn(route(`tls: { ${ours} }`))).toEqual([]);
    expect(errorsIn(route(`tls: { ca: "${folder}" }`))).toEqual([`4:16: ${folder} is not a file`]);
    expect(errorsIn(route(`tls: { ca: "${folder}/none" }`))).toEqual([
      `4:16: ${folder}/none does not exist; relative paths start at the working directory`,
    ]);
  });

  test.each(["text", "torn.pem", "one.key"])("takes no %s for a certificate", (name) => {
    const message = `4:16: ${pem(name)} has no certificate in PEM`;
    const [error, ...others] = errorsIn(route(`tls: { ca: "${pem(name)}" }`));
    expect(error).toStartWith(message);
    expect(others).toEqual([]);
  });

  test("has a certificate and its key together or neither", () => {
    expect(errorsIn(route(`tls: { certificate: "${pem("one.pem")}" }`))).toEqual([
      "4:25: a certificate needs its private `key`",
    ]);
    expect(errorsIn(route(`tls: { key: "${pem("one.key")}" }`))).toEqual([
      "4:17: a private key needs its `certificate`",
    ]);
    const mixed = `certificate: "${pem("one.pem")}", key: "${pem("two.key")}"`;
    expect(errorsIn(route(`tls: { ${mixed} }`))[0]).toEndWith(
      `${pem("two.key")} is not the key of the certificate in ${pem("one.pem")}`,
    );
    const noKey = `certificate: "${pem("one.pem")}", key: "${pem("text")}"`;
    expect(errorsIn(route(`tls: { ${noKey} }`))[0]).toEndWith(
      `${pem("text")} has no private key in PEM`,
    );
  });

  test("expects a certificate for a name that could be one", () => {
    for (const name of ["api.example.com", "127.0.0.1", "::1"]) {
      expect(errorsIn(route(`tls: { server_name: "${name}" }`))).toEqual([]);
    }
    for (const name of ["a b", "a\\u0000b", "https://a.example"]) {
      expect(errorsIn(route(`tls: { server_name: "${name}" }`))).toHaveLength(1);
    }
  });
});
