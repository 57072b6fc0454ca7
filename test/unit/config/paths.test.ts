import { describe, expect, test } from "bun:test";
import { errorsIn, loaded, route, ROUTE, warningsIn } from "./loading.ts";

describe("encoded slashes", () => {
  test("are kept, unless the server or the route says otherwise", () => {
    expect(loaded(ROUTE).server.encoded_slashes).toBe("keep");
    expect(loaded(ROUTE).routes[0]).not.toHaveProperty("encoded_slashes");
    const text = `server: { encoded_slashes: decode }\n${route("encoded_slashes: reject")}`;
    expect(loaded(text)).toMatchObject({
      server: { encoded_slashes: "decode" },
      routes: [{ encoded_slashes: "reject" }],
    });
  });

  test("in a route's path must be kept", () => {
    const written = (path: string, more: string) =>
      `${more}routes:\n  - path: ${path}\n    backends: [http://a]\n`;
    expect(errorsIn(written("/a%2Fb", ""))).toEqual([]);
    expect(errorsIn(written("/a%5cb/*", "server: { encoded_slashes: reject }\n"))).toEqual([
      "3:11: no request can match this: `encoded_slashes` (that of `server`) is reject",
    ]);
    expect(errorsIn(written("/a%2Fb\n    encoded_slashes: decode", ""))).toEqual([
      "2:11: no request can match this: `encoded_slashes` (that of this route) is decode",
    ]);
    expect(errorsIn(written("/a%252Fb", "server: { encoded_slashes: decode }\n"))).toEqual([]);
  });

  test("have no other modes", () => {
    expect(errorsIn(route("encoded_slashes: true"))).toHaveLength(1);
    expect(errorsIn(route("encoded_slashes: allow"))[0]).toContain("keep, reject or decode");
  });
});

describe("a path that is preserved", () => {
  test("is not by default", () => {
    expect(loaded(ROUTE).routes[0]).toMatchObject({ preserve_path: false });
    expect(loaded(route("preserve_path: true")).routes[0]).toMatchObject({ preserve_path: true });
  });

  test("cannot have its slashes decoded", () => {
    const message =
      "a path cannot be passed on as it is and have its slashes decoded: `encoded_slashes` (that of";
    const both = "preserve_path: true\n    encoded_slashes:";
    expect(errorsIn(route(`${both} decode`))[0]).toContain(`${message} this route)`);
    const server = "server: { encoded_slashes: decode }\n";
    expect(errorsIn(server + route("preserve_path: true"))[0]).toContain(`${message} \`server\`)`);
    expect(errorsIn(server + route(`${both} keep`))).toEqual([]);
  });
});

describe("methods of a route", () => {
  test("may be any names", () => {
    const text = route("methods: [LIST, MKACTIVITY, x-own]");
    expect(errorsIn(text)).toEqual([]);
    expect(warningsIn(text)).toEqual([]);
  });

  test("are warned of if they look like a mistake", () => {
    expect(warningsIn(route("methods: [GET, PSOT]"))).toEqual([
      "4:20: `PSOT` is not a method in common use; if it is a mistake, write `POST`",
    ]);
  });

  test.each(["TRACE", "CONNECT", "get", "ALL", "GET|POST", "A B"])("cannot be %s", (method) => {
    expect(errorsIn(route(`methods: ["${method}"]`))).toHaveLength(1);
  });
});
