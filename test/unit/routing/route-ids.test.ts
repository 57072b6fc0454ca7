import { expect, test } from "bun:test";
import { routeIds } from "../../../src/routing/route-ids.ts";
import { runThrough } from "../../../src/time/slices.ts";
import { asksFor } from "./requests.ts";

test("a route is called by its path", () => {
  expect(runThrough(routeIds([{ path: "/a", methods: ["GET"] }, { path: "/b" }]))).toEqual([
    "/a",
    "/b",
  ]);
});

test("routes of one path are distinguished by their methods", () => {
  const routes = [{ path: "/a", methods: ["GET", "HEAD"] }, { path: "/a" }, { path: "/b" }];
  expect(runThrough(routeIds(routes))).toEqual(["GET,HEAD /a", "* /a", "/b"]);
});

test("routes of one path and the same methods are distinguished by their conditions", () => {
  const [x, y] = [asksFor("x"), asksFor("y")];
  const routes = [
    { path: "/a", conditions: [x, y] },
    { path: "/a" },
    { path: "/b", methods: ["GET"], conditions: [x] },
    { path: "/b", methods: ["GET"], conditions: [y] },
    { path: "/b", conditions: [y] },
  ];
  expect(runThrough(routeIds(routes))).toEqual([
    "/a if the query has x and the query has y",
    "/a",
    "GET /b if the query has x",
    "GET /b if the query has y",
    "* /b",
  ]);
});
