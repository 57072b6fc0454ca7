import { describe, expect, test } from "bun:test";
import { FieldRules } from "../../../src/http/field-rules.ts";
import { RequestFields } from "../../../src/http/request-fields.ts";

const problemOf = (fields: Record<string, string>) =>
  new RequestFields(new Headers(fields)).problem;

describe("a request's framing", () => {
  test.each([
    {},
    { "content-length": "3", "x-a": "plain" },
    { "transfer-encoding": "chunked" },
    { "Transfer-Encoding": "Chunked" },
    { "x-content_length": "3", contentlength: "3" },
    { x_custom: "3", user_agent: "a" },
  ] as Record<string, string>[])("is clear with %p", (fields) => {
    expect(problemOf(fields)).toBeUndefined();
  });

  test.each([",chunked", "gzip, chunked", "chunked, chunked", "identity", "xchunked", ""])(
    "is not clear with Transfer-Encoding: %p",
    (encoding) => {
      expect(problemOf({ "transfer-encoding": encoding })).toBe(
        "the only supported Transfer-Encoding is chunked",
      );
    },
  );

  test.each([
    "Content_Length",
    "Transfer_Encoding",
    "X_Forwarded_For",
    "X-Forwarded_For",
    "x_forwarded_host",
    "x_forwarded_port",
    "x_forwarded_proto",
    "x_real_ip",
    "X_Request_Id",
    "X.Real.IP",
    "x!real~ip",
    "X.Forwarded.Prefix",
    "True_Client_IP",
  ])("is not clear with a field %s, which some read as another", (name) => {
    expect(problemOf({ [name]: "3" })).toBe(
      `the field ${name.toLowerCase()} resembles one that only the gateway sets`,
    );
  });

  test.each(["3, 3", "3, 4", "+3", "-1", "0x3", "3 3", ""])(
    "is not clear with Content-Length: %p",
    (length) => {
      expect(problemOf({ "content-length": length })).toBe(
        "the Content-Length field is not one number",
      );
    },
  );

  test("is not clear with DEL in a field, which is named", () => {
    expect(problemOf({ "x-a": "a\u007Fb", "x-b": "c" })).toBe(
      "the field x-a contains a control character",
    );
  });
});

describe("fields that only a proxy may send", () => {
  const claims = { "X-Forwarded-Prefix": "/a", "True-Client-IP": "6.6.6.6" };

  test("are kept apart from others", () => {
    const fields = new RequestFields(new Headers({ ...claims, "x-mine": "1", proxy: "http://x" }));
    expect(fields.others).toEqual(["x-mine", "1"]);
    expect(fields.claims).toEqual(["true-client-ip", "6.6.6.6", "x-forwarded-prefix", "/a"]);
    expect(fields.problem).toBeUndefined();
  });

  test("are what the rules say", () => {
    const rules = new FieldRules(["X-Mine"]);
    const fields = new RequestFields(new Headers({ "x-mine": "1" }), rules);
    expect([fields.others, fields.claims]).toEqual([[], ["x-mine", "1"]]);
  });
});
