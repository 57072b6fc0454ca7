import { describe, expect, test } from "bun:test";
import { describeFailure, type FailureKinds, FailureTest } from "../../../src/upstream/failures.ts";
import { answered, failed } from "./outcomes.ts";

const byDefault: FailureKinds = ["connect", "reset", "timeout", "5xx"];

describe("an attempt", () => {
  test.each([
    [byDefault, failed("connect"), "failure"],
    [byDefault, failed("reset"), "failure"],
    [byDefault, failed("timeout"), "failure"],
    [byDefault, answered(500), "failure"],
    [byDefault, answered(599), "failure"],
    [byDefault, answered(101), "success"],
    [byDefault, answered(200), "success"],
    [byDefault, answered(404), "success"],
    [byDefault, answered(429), "success"],
    [["timeout"], failed("connect"), undefined],
    [["timeout"], answered(500), "success"],
    [[503, "reset"], answered(503), "failure"],
    [[503, "reset"], answered(500), "success"],
  ] as const)("judged by %j: %j is a %p", (kinds, outcome, verdict) => {
    expect(new FailureTest([...kinds]).judge(outcome)).toBe(verdict);
  });

  test("is described by its error, or by its status", () => {
    expect(describeFailure(failed("reset"))).toBe("reset of a test");
    expect(describeFailure({ ...failed("reset"), detail: "" })).toBe("reset");
    expect(describeFailure(answered(502))).toBe("answered 502");
  });
});
