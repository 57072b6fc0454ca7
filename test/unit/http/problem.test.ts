import { expect, test } from "bun:test";
import { problemContent } from "../../../src/http/problem.ts";

const problem = {
  status: 404,
  title: "Not found",
  detail: 'no route matches "/ä"',
  code: "route_not_found",
  requestId: "id-1",
};

test("a problem is JSON with the members of RFC 9457, then the gateway's own", () => {
  expect(problemContent(problem)).toBe(
    '{"type":"about:blank","title":"Not found","status":404,' +
      '"detail":"no route matches \\"/ä\\"","code":"route_not_found","request_id":"id-1"}',
  );
});

test("a problem of a kind with a URI says so", () => {
  const type = "https://example.com/problems/quota";
  expect(JSON.parse(problemContent({ ...problem, type }))).toMatchObject({ type });
});
