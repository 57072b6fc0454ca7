import { describe, expect, test } from "bun:test";
import { openSync } from "node:fs";
import {
  connectError,
  freeDescriptor,
  hasFreeDescriptors,
  NoDescriptorsError,
} from "../../../src/transport/descriptors.ts";

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

describe("a failed connection", () => {
  test("is what it seems while file descriptors are left", () => {
    const refused = new Error("refused");
    expect(freeDescriptor()).toBeGreaterThan(0);
    expect(connectError(refused)).toBe(refused);
  });

  test.each(["EMFILE", "ENFILE"])("is no backend's doing after %s", (code) => {
    const refused = new Error("refused");
    const error = connectError(refused, failing(code));
    expect(error).toBeInstanceOf(NoDescriptorsError);
    expect(error).toMatchObject({ code: "overloaded", status: 503, cause: refused });
  });

  test("is what it seems where / cannot be opened for another reason", () => {
    const refused = new Error("refused");
    expect(connectError(refused, failing("EACCES"))).toBe(refused);
  });
});

describe("free descriptors", () => {
  test("are as many as can be opened, and all are given back", () => {
    const before = freeDescriptor();
    expect(hasFreeDescriptors(20)).toBe(true);
    expect(freeDescriptor()).toBe(before);
  });

  test("are too few as soon as one cannot be opened, and the others are given back", () => {
    const before = freeDescriptor();
    let left = 5;
    const scarce = () => {
      left -= 1;
      return left < 0 ? failing("EMFILE")() : openSync("/", "r");
    };
    expect(hasFreeDescriptors(20, scarce)).toBe(false);
    expect(freeDescriptor()).toBe(before);
  });
});
