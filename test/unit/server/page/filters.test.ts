import { describe, expect, test } from "bun:test";
import {
  FILTERS,
  filtersIn,
  filterText,
  readFilters,
} from "../../../../src/server/admin/page/app/data/filters.ts";
import { filterNames } from "../../../../src/telemetry/query/filters.ts";

test("the page knows the filters of the log", () => {
  expect(Object.keys(FILTERS).toSorted()).toEqual(filterNames.toSorted());
});

describe("what is written in the filter line", () => {
  test.each([
    ["status:5xx", { status: "5xx" }],
    [
      "status:>=400 path:/api/* duration:>200ms",
      { status: ">=400", path: "/api/*", duration: ">200ms" },
    ],
    ["request-id:abc", { request_id: "abc" }],
    ["Status:404", { status: "404" }],
    ['subject:"Ada Lovelace"', { subject: "Ada Lovelace" }],
    ['subject:"say \\"hi\\""', { subject: 'say "hi"' }],
    ["backend:http://localhost:9001", { backend: "http://localhost:9001" }],
    ["  ", {}],
    ["status:404 status:500", { status: "500" }],
  ])("%s", (text, filters) => {
    expect(readFilters(text)).toEqual({ filters, problem: undefined });
  });

  test.each([
    ["5xx", { status: "5xx" }],
    [">=400", { status: ">=400" }],
    ["404,5xx", { status: "404,5xx" }],
    ["post", { method: "POST" }],
    [">1.5s", { duration: ">1.5s" }],
    ["/api/users/", { path: "/api/users/" }],
    ["users", { path: "*users*" }],
  ])("%s is taken for what it looks like", (text, filters) => {
    expect(readFilters(text).filters).toEqual(filters);
  });

  test("a name that is not a filter's, and one without a value, are named", () => {
    expect(readFilters("stauts:404").problem).toBe("There is no filter “stauts”.");
    expect(readFilters("status:").problem).toBe("status: needs a value, like 404, 5xx, >=400.");
  });

  test("filters are written as they are read", () => {
    const filters = { status: "5xx", path: "/a b/*", subject: 'say "hi"' };
    expect(readFilters(filterText(filters)).filters).toEqual(filters);
  });
});

test("a URL's other parameters are no filters", () => {
  expect(filtersIn({ open: "12", status: "404", host: "" })).toEqual({ status: "404" });
});
