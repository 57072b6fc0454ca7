import { expect, test } from "bun:test";
import { createStage } from "../../../support/stage.ts";
import { byBody } from "./support.ts";

const stage = createStage();

test.each([
  [{ $ref: "#/$defs/none" }, /none/],
  [{ type: "strange" }, /type/],
  [{ minimum: "a" }, /minimum/],
  [{ pattern: "(?=a)" }, /pattern|look|group/i],
  [{ $ref: "https://example.com/other.json" }, /example\.com/],
])("a schema that cannot be used is refused with its reason: %j", (schema, reason) => {
  expect(() => byBody(stage, schema)).toThrow(reason);
});
