import { describe, expect, test } from "bun:test";
import { conditionsOf } from "../../../src/routing/conditions/of-route.ts";
import { findConflicts } from "../../../src/routing/conflicts.ts";
import { parseNetwork } from "../../../src/http/address-set.ts";
import { asksFor } from "./requests.ts";

test("routes that list a common method on one shape conflict, whatever their names", () => {
  const routes = [
    { path: "/api/users/:name", methods: ["GET", "POST", "PUT"] },
    { path: "/api/users/:id", methods: ["POST", "DELETE", "GET"] },
  ];
  expect(findConflicts(routes)).toEqual([
    {
      index: 1,
      other: 0,
      message: 'POST and GET on "/api/users/:id" are already taken by route 1, "/api/users/:name"',
    },
  ]);
});

test("routes of one shape that list no methods conflict", () => {
  expect(findConflicts([{ path: "/*" }, { path: "/*rest" }])).toEqual([
    { index: 1, other: 0, message: 'the requests for "/*rest" are already taken by route 1, "/*"' },
  ]);
});

test("a conflict between equal paths says so in place of the path", () => {
  const routes = [
    { path: "/a", methods: ["GET"] },
    { path: "/a", methods: ["GET"] },
  ];
  expect(findConflicts(routes).map(({ message }) => message)).toEqual([
    'GET on "/a" is already taken by route 1, which has the same path',
  ]);
});

test("a route can conflict with several earlier ones", () => {
  const routes = [
    { path: "/a/:x", methods: ["GET", "HEAD"] },
    { path: "/a/:y", methods: ["POST"] },
    { path: "/a/:z", methods: ["HEAD", "POST", "GET", "PUT"] },
  ];
  expect(findConflicts(routes)).toEqual([
    {
      index: 2,
      other: 0,
      message: 'HEAD and GET on "/a/:z" are already taken by route 1, "/a/:x"',
    },
    { index: 2, other: 1, message: 'POST on "/a/:z" is already taken by route 2, "/a/:y"' },
  ]);
});

test("three common methods are joined with commas and an and", () => {
  const methods = ["GET", "PUT", "POST"];
  const [conflict] = findConflicts([
    { path: "/:a", methods },
    { path: "/:b", methods },
  ]);
  expect(conflict?.message).toBe('GET, PUT and POST on "/:b" are already taken by route 1, "/:a"');
});

test("a third route conflicts with the one that gets the requests, not with the second", () => {
  const conflicts = findConflicts([{ path: "/a" }, { path: "/a" }, { path: "/a" }]);
  expect(conflicts.map(({ index, other }) => [index, other])).toEqual([
    [1, 0],
    [2, 0],
  ]);
});

test("routes that can each be reached do not conflict", () => {
  const routes = [
    { path: "/a", methods: ["GET"] },
    { path: "/a", methods: ["POST"] },
    { path: "/a" },
    { path: "/a/" },
    { path: "/a/:id", methods: ["GET", "GET"] },
    { path: "/a/*" },
    { path: "/a/:id/*", methods: ["constructor"] },
    { path: "/a/:id/*", methods: ["__proto__"] },
  ];
  expect(findConflicts(routes)).toEqual([]);
});

test("a path that cannot be read conflicts with nothing", () => {
  expect(findConflicts([{ path: "a" }, { path: "a" }])).toEqual([]);
});

test("routes with different conditions do not conflict, however much they overlap", () => {
  const routes = [
    { path: "/a", conditions: [asksFor("x")] },
    { path: "/a", conditions: [asksFor("x"), asksFor("y")] },
    { path: "/a", conditions: [asksFor("y")] },
    { path: "/a" },
  ];
  expect(findConflicts(routes)).toEqual([]);
});

test("routes with the same conditions conflict, in whatever order those stand", () => {
  const [x, y] = [asksFor("x"), asksFor("y")];
  const routes = [
    { path: "/:a", conditions: [x, y] },
    { path: "/:b", conditions: [y, x] },
    { path: "/:a", methods: ["GET"], conditions: [x] },
    { path: "/:a", methods: ["GET"], conditions: [x] },
  ];
  expect(findConflicts(routes).map(({ message }) => message)).toEqual([
    'the requests for "/:b" are already taken by route 1, "/:a", which has the same conditions',
    'GET on "/:a" is already taken by route 3, which has the same path and the same conditions',
  ]);
});

const messages = (routes: Parameters<typeof findConflicts>[0]) =>
  findConflicts(routes).map(({ message }) => message);

test("routes for different hosts do not conflict, nor do a host, a wildcard and every host", () => {
  const hosts = [["a.example"], ["b.example"], ["*.example"], ["*.a.example"], undefined];
  expect(findConflicts(hosts.map((one) => ({ path: "/a", hosts: one })))).toEqual([]);
});

test("routes conflict for the hosts that they have in common", () => {
  const routes = [
    { path: "/a", hosts: ["a.example", "b.example", "c.example"] },
    { path: "/a", hosts: ["b.example", "d.example"], methods: ["GET"] },
    { path: "/:x", hosts: ["b.example", "d.example"] },
    { path: "/a", hosts: ["c.example", "d.example", "b.example"], name: "last" },
    { path: "/a", hosts: ["d.example"] },
  ];
  expect(messages(routes)).toEqual([
    'the requests for "/a" to c.example and b.example are already taken by route 1, which has the same path',
    'the requests for "/a" to d.example are already taken by route last, which has the same path',
  ]);
});

test("a conflict names at most a few hosts", () => {
  const hosts = ["1.example", "2.example", "3.example", "4.example", "5.example"];
  expect(
    messages([
      { path: "/a", hosts },
      { path: "/a", hosts },
    ]),
  ).toEqual([
    'the requests for "/a" to 1.example, 2.example, 3.example and 2 more hosts are already taken by route 1, which has the same path',
  ]);
});

test("the route with the higher priority takes the requests from an earlier one", () => {
  const routes = [{ path: "/a" }, { path: "/a", priority: 1, name: "first" }];
  expect(findConflicts(routes)).toEqual([
    {
      index: 0,
      other: 1,
      message:
        'the requests for "/a" are already taken by route first, which has the same path and a higher priority',
    },
  ]);
});

describe("a route never gets requests that meet the conditions of an earlier one as well", () => {
  const on = (rest: object, more: object = {}) => ({ path: "/a", ...more, ...conditionsOf(rest) });
  const networks = (...written: string[]) => ({ clients: written.map(parseNetwork) });
  const fields = (test: unknown) => on({ headers: { "x-v": test } });
  const taken = [
    'the requests for "/a" are already taken by route 1, which has the same path and conditions that all of them meet; give this one a higher `priority`, or put it first',
  ];

  test.each([
    ["any value", fields({ present: true }), fields("2")],
    ["any value, and an expression", fields({ present: true }), fields({ matches: "^2" })],
    ["several values", fields(["1", "2", "3"]), fields(["3", "2"])],
    ["one of several values", fields(["1", "2"]), fields("2")],
    ["an expression", fields({ matches: "^[12]$" }), fields(["1", "2"])],
    ["a network", on(networks("10.0.0.0/8")), on(networks("10.1.0.0/16", "10.2.3.4"))],
    ["a network of IPv6", on(networks("2001:db8::/32")), on(networks("2001:db8:1::/48"))],
    [
      "two things",
      on({ headers: { a: { present: true } }, query: { b: ["1", "2"] } }),
      on({ headers: { A: "1" }, query: { b: "2" } }),
    ],
  ])("which ask for %s", (_what, earlier, later) => {
    expect(messages([earlier, later])).toEqual(taken);
    expect(messages([later, earlier])).toEqual([]);
    expect(messages([earlier, { ...later, priority: 1 }])).toEqual([]);
  });

  test.each([
    ["another value", fields("1"), fields("2")],
    ["a value too few", fields(["1", "2"]), fields(["2", "3"])],
    ["no value", fields({ present: false }), fields("2")],
    [
      "a value, where the later one asks for none",
      fields({ present: true }),
      fields({ present: false }),
    ],
    ["an expression that one value does not match", fields({ matches: "^1" }), fields(["1", "2"])],
    ["another expression", fields({ matches: "^1" }), fields({ matches: "^11" })],
    ["something else", fields({ present: true }), on({ query: { "x-v": "2" } })],
    ["more than that", on({ headers: { a: { present: true } }, query: { b: "1" } }), fields("2")],
    ["a smaller network", on(networks("10.1.0.0/16")), on(networks("10.0.0.0/8"))],
    ["a network of another family", on(networks("0.0.0.0/0")), on(networks("::/0"))],
  ])("unless that asks for %s", (_what, earlier, later) => {
    expect(messages([earlier, later])).toEqual([]);
  });

  test("by the methods that both list", () => {
    const [get, put] = [["GET"], ["GET", "PUT"]];
    const earlier = on({ headers: { a: { present: true } }, methods: get });
    expect(messages([earlier, on({ headers: { a: "1" }, methods: put })])).toEqual([
      'GET on "/a" is already taken by route 1, which has the same path and conditions that all of them meet; give this one a higher `priority`, or put it first',
    ]);
    expect(messages([earlier, on({ headers: { a: "1" } })])).toEqual([]);
  });

  test("and is reported once", () => {
    const all = [fields({ present: true }), fields(["1", "2"]), fields("1"), fields("1")];
    expect(findConflicts(all).map(({ index, other }) => [index, other])).toEqual([
      [1, 0],
      [2, 0],
      [3, 2],
    ]);
  });
});

test("thousands of routes of one path are compared in no time", () => {
  const routes = Array.from({ length: 10_000 }, (_, index) => ({
    path: "/a",
    ...conditionsOf({ headers: { "x-tenant": [`a${index}`, `b${index}`] } }),
  }));
  expect(findConflicts(routes)).toEqual([]);
});
