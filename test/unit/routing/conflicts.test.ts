import { expect, test } from "bun:test";
import { findConflicts } from "../../../src/routing/conflicts.ts";
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
      message: 'POST and GET on "/api/users/:id" are already taken by "/api/users/:name"',
    },
  ]);
});

test("routes of one shape that list no methods conflict", () => {
  expect(findConflicts([{ path: "/*" }, { path: "/*rest" }])).toEqual([
    { index: 1, other: 0, message: 'the requests for "/*rest" are already taken by "/*"' },
  ]);
});

test("a conflict between equal paths says so in place of the path", () => {
  const routes = [
    { path: "/a", methods: ["GET"] },
    { path: "/a", methods: ["GET"] },
  ];
  expect(findConflicts(routes).map(({ message }) => message)).toEqual([
    'GET on "/a" is already taken by an earlier route with the same path',
  ]);
});

test("a route can conflict with several earlier ones", () => {
  const routes = [
    { path: "/a/:x", methods: ["GET", "HEAD"] },
    { path: "/a/:y", methods: ["POST"] },
    { path: "/a/:z", methods: ["HEAD", "POST", "GET", "PUT"] },
  ];
  expect(findConflicts(routes)).toEqual([
    { index: 2, other: 0, message: 'HEAD and GET on "/a/:z" are already taken by "/a/:x"' },
    { index: 2, other: 1, message: 'POST on "/a/:z" is already taken by "/a/:y"' },
  ]);
});

test("three common methods are joined with commas and an and", () => {
  const methods = ["GET", "PUT", "POST"];
  const [conflict] = findConflicts([
    { path: "/:a", methods },
    { path: "/:b", methods },
  ]);
  expect(conflict?.message).toBe('GET, PUT and POST on "/:b" are already taken by "/:a"');
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
    'the requests for "/:b" are already taken by "/:a", which has the same conditions',
    'GET on "/:a" is already taken by an earlier route with the same path and conditions',
  ]);
});
