import { expect, test } from "bun:test";
import { webHeaders, webRequest } from "../../../src/server/web.ts";
import { clientRequest, fieldsFrom } from "../../support/client-request.ts";

function urlOf(target: string, host?: string): string {
  const fields = host === undefined ? [] : fieldsFrom({ host });
  return webRequest(clientRequest({ method: "GET", target, fields })).url;
}

test("a Web request has the URL that its target and Host name", () => {
  expect(urlOf("/admin?a=b", "gateway.test:81")).toBe("http://gateway.test:81/admin?a=b");
  expect(urlOf("/admin")).toBe("http://localhost/admin");
  expect(urlOf("http://other.test/admin", "gateway.test")).toBe("http://other.test/admin");
});

test.each(["1.2.3.4.5", "a b", "[::1", "a%00"])(
  "a Web request is for localhost if the Host is %p, which no URL can have",
  (host) => {
    expect(urlOf("/admin/log", host)).toBe("http://localhost/admin/log");
  },
);

test.each(["http://1.2.3.4.5/admin", "*", "http://[x/", ""])(
  "a Web request is without a path if its target is %p",
  (target) => {
    expect(urlOf(target, "gateway.test")).toBe("http://gateway.test/");
  },
);

test("a Web request has all fields, each with all its values", () => {
  const request = clientRequest({
    fields: fieldsFrom([
      ["x-a", "1"],
      ["X-A", "2"],
      ["host", "a b"],
    ]),
  });
  expect([...webHeaders(request)]).toEqual([
    ["host", "a b"],
    ["x-a", "1, 2"],
  ]);
});
