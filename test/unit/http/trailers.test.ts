import { expect, test } from "bun:test";
import { allowedTrailers, mayBeTrailer } from "../../../src/http/trailers.ts";
import { fieldsOf, flat } from "../../support/fields.ts";

const FORBIDDEN = `
  content-length transfer-encoding trailer host content-encoding content-type content-range te
  connection keep-alive upgrade authorization proxy-authorization cookie set-cookie www-authenticate
  x-forwarded-for forwarded x-real-ip x-request-id via client-cert content_length x_real_ip
  cache-control if-match location expect`;

test.each(FORBIDDEN.trim().split(/\s+/))("%s must not stand behind content", (name) => {
  expect(mayBeTrailer(name)).toBe(false);
});

test.each(["grpc-status", "grpc-message", "server-timing", "etag", "digest", "x-checksum"])(
  "%s may stand behind content",
  (name) => {
    expect(mayBeTrailer(name)).toBe(true);
  },
);

test("trailers are those that may stand there, in order", () => {
  const fields = fieldsOf("X-B", "1", "Host", "a", "X-A", "2", "x-b", "3");
  expect(flat(allowedTrailers(fields) ?? [])).toEqual(["x-b", "1", "x-a", "2", "x-b", "3"]);
  expect(allowedTrailers(fieldsOf("Host", "a"))).toBeUndefined();
  expect(allowedTrailers([])).toBeUndefined();
});
