import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { parsePercent, Percent } from "../../../src/units/percent.ts";

describe("a percentage", () => {
  test.each([
    ["0%", 0],
    ["20%", 0.2],
    ["2.5%", 0.025],
    ["20 %", 0.2],
    ["100%", 1],
  ])("%s is %d", (written, share) => {
    expect(parsePercent(written)).toBe(share);
  });

  test.each(["", "%", "20", "-1%", "101%", "1000%", "20%%", "1e2%", "0.2"])(
    "cannot be %j",
    (written) => {
      expect(parsePercent(written)).toBeUndefined();
    },
  );

  const schema = Type.Object({ share: Percent({ description: "", least: 0.01, most: 0.5 }) });

  test("is a share in code, and written back as a percentage", () => {
    expect(Value.Decode(schema, { share: "20%" })).toEqual({ share: 0.2 });
    expect(Value.Encode(schema, { share: 0.07 })).toEqual({ share: "7%" });
  });

  test.each(["0%", "51%", "101%"])("has bounds that %s is not within", (share) => {
    expect(() => Value.Decode(schema, { share })).toThrow(`\`${share}\` is not from 1% to 50%`);
  });

  test.each([
    ["20", "write `20%`"],
    ["0.2", "write `20%`"],
    ["0.07", "write `7%`"],
    ["half", undefined],
  ])("written as %s is answered with the form that is meant", (written, advice) => {
    expect(schema.properties.share["advice"](written)).toBe(advice);
  });
});
