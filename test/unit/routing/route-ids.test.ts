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

test("routes of one path are distinguished by their hosts first, and then by methods and conditions", () => {
  const x = asksFor("x");
  const routes = [
    { path: "/a" },
    { path: "/a", hosts: ["a.example"] },
    { path: "/a", hosts: ["b.example", "*.b.example"], methods: ["GET"] },
    { path: "/a", hosts: ["b.example", "*.b.example"], conditions: [x] },
    { path: "/a", hosts: ["1.example", "2.example", "3.example", "4.example"] },
    { path: "/b", hosts: ["a.example"] },
  ];
  expect(runThrough(routeIds(routes))).toEqual([
    "/a",
    "a.example/a",
    "GET b.example,*.b.example/a",
    "* b.example,*.b.example/a",
    "1.example,2.example,+2/a",
    "/b",
  ]);
});

test("a route's name is its id, and leaves the others theirs", () => {
  const routes = [
    { path: "/a", name: "first" },
    { path: "/a", hosts: ["a.example"] },
  ];
  expect(runThrough(routeIds(routes))).toEqual(["first", "/a"]);
});

test("no two routes have one id, whatever is left out of their texts", () => {
  const hosts = ["1.example", "2.example"];
  const secret = (key: string) => ({ ...asksFor(key), text: "the key is a certain value", key });
  const routes = [
    { path: "/a", hosts: [...hosts, "3.example"] },
    { path: "/a", hosts: [...hosts, "4.example"] },
    { path: "/b", conditions: [secret("x")] },
    { path: "/b", conditions: [secret("y")] },
    { path: "/b", conditions: [secret("z")] },
  ];
  expect(runThrough(routeIds(routes))).toEqual([
    "1.example,2.example,+1/a",
    "1.example,2.example,+1/a #2",
    "/b if the key is a certain value",
    "/b if the key is a certain value #2",
    "/b if the key is a certain value #3",
  ]);
});
