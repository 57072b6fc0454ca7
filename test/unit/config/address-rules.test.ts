import { describe, expect, test } from "bun:test";
import { errorsIn, loaded, ROUTE, route, warningsIn } from "./loading.ts";

describe("address rules", () => {
  test("are a list, one of it, or several in a text", () => {
    const { routes } = loaded(
      `routes:
  - { path: /a, respond: 200, allow: 10.0.0.0/8 }
  - { path: /b, respond: 200, allow: "10.0.0.0/8, 2001:db8::1" }
  - { path: /c, respond: 200, deny: [10.6.6.6] }
  - { path: /d, respond: 200, deny: "\${DENIED}" }
`,
      { DENIED: "# attackers, seen\n10.6.6.6\n10.7.0.0/16 # all of it\n" },
    );
    const written = routes.map((one) =>
      [Reflect.get(one, "allow"), Reflect.get(one, "deny")].flat(),
    );
    expect(written.map((list) => list.filter((item) => item !== undefined).length)).toEqual([
      1, 2, 1, 2,
    ]);
  });

  test("of the defaults hold in routes that do not have the key themselves", () => {
    const { routes } = loaded(
      `defaults: { allow: 10.0.0.0/8, deny: 10.6.0.0/16 }\n${route("allow: false")}`,
    );
    expect(Reflect.get(routes[0] ?? {}, "allow")).toBe(false);
    expect(Reflect.get(routes[0] ?? {}, "deny")).toHaveLength(1);
  });

  test.each([
    [
      "allow: all",
      "4:12: `all` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1; to serve everyone, leave `allow` out or write `false`",
    ],
    [
      "deny: [all]",
      "4:12: `all` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1; to refuse all others than some, list those in `allow` and leave `deny` out",
    ],
    [
      "allow: [example.com]",
      "4:13: `example.com` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1; names are not looked up",
    ],
    [
      "allow: fe80::1%eth0",
      "4:12: `fe80::1%eth0` has a zone, which only one machine knows; write the address without it",
    ],
    ["allow: []", "4:12: expected a list of at least 1 item, got an empty list"],
    [
      "deny: true",
      "4:11: expected addresses and networks, like [10.0.0.0/8, 2001:db8::1], got true",
    ],
  ])("with `%s` are an error", (rest, message) => {
    expect(errorsIn(route(rest))).toEqual([message]);
  });

  test.each([
    [
      "allow: [10.0.0.1, 0.0.0.0/0]",
      "4:23: this admits every IPv4 address and no IPv6 one; to serve everyone, leave `allow` out or write `false`",
    ],
    [
      "allow: '::/0'",
      "4:12: this admits every IPv6 address and no IPv4 one; to serve everyone, leave `allow` out or write `false`",
    ],
    [
      "deny: 0.0.0.0/0",
      "4:11: this refuses every IPv4 address and no IPv6 one; to serve only some, list them in `allow` and leave this out",
    ],
    [
      "deny: 10.6.6.6/24",
      "4:11: 10.6.6.6/24 is the network 10.6.6.0/24, of which this is one address; write one of the two",
    ],
  ])("with `%s` are warned of", (rest, message) => {
    expect(warningsIn(route(rest))).toEqual([message]);
  });

  test("that admit what they deny are warned of, in the defaults too", () => {
    const message = "10.6.1.0/24 is never admitted: `deny` has 10.6.0.0/16, and wins";
    const text = `    allow: [10.0.0.0/8, 10.6.1.0/24]\n`;
    expect(warningsIn(`defaults: { deny: 10.6.0.0/16 }\n${ROUTE}${text}`)).toEqual([
      `5:25: ${message}`,
    ]);
  });
});
