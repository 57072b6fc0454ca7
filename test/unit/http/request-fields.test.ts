import { describe, expect, test } from "bun:test";
import { FieldRules } from "../../../src/http/field-rules.ts";
import { fieldsFrom } from "../../support/client-request.ts";
import { flat } from "../../support/fields.ts";
import { RequestFields } from "../../../src/http/request-fields.ts";

const problemOf = (fields: Record<string, string>) => new RequestFields(fieldsFrom(fields)).problem;

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
});

describe("fields that only a proxy may send", () => {
  const claims = { "X-Forwarded-Prefix": "/a", "True-Client-IP": "6.6.6.6" };

  test("are kept apart from others", () => {
    const fields = new RequestFields(fieldsFrom({ ...claims, "x-mine": "1", proxy: "http://x" }));
    expect(flat(fields.others)).toEqual(["x-mine", "1"]);
    expect(flat(fields.claims!)).toEqual(["x-forwarded-prefix", "/a", "true-client-ip", "6.6.6.6"]);
    expect(fields.problem).toBeUndefined();
  });

  test("are what the rules say", () => {
    const rules = new FieldRules(["X-Mine"]);
    const fields = new RequestFields(fieldsFrom({ "x-mine": "1" }), rules);
    expect([fields.others, flat(fields.claims!)]).toEqual([[], ["x-mine", "1"]]);
  });
});

test("a field's value is that of all its lines", () => {
  const fields = new RequestFields(
    fieldsFrom([
      ["Via", "1.0 a"],
      ["X-A", "1"],
      ["via", "1.1 b"],
      ["x-a", "2"],
    ]),
  );
  expect([fields.via, fields.get("via"), fields.get("x-a"), fields.get("x-b")]).toEqual([
    "1.0 a, 1.1 b",
    "1.0 a, 1.1 b",
    "1, 2",
    null,
  ]);
  expect([fields.has("x-a"), fields.has("x-b")]).toEqual([true, false]);
});
