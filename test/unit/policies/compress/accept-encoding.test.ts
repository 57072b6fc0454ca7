import { describe, expect, test } from "bun:test";
import { negotiate, Negotiation } from "../../../../src/policies/compress/accept-encoding.ts";

const ALL = ["zstd", "br", "gzip"] as const;

describe("the coding for an Accept-Encoding field", () => {
  test.each([
    ["gzip", "gzip"],
    ["gzip, deflate, br, zstd", "zstd"],
    ["gzip, deflate, br", "br"],
    ["GZIP", "gzip"],
    ["x-gzip", "gzip"],
    ["X-GZip;q=0.5", "gzip"],
    ["gzip;q=1.0, br;q=0.5, zstd;q=0.1", "gzip"],
    ["gzip;q=0.001", "gzip"],
    ["gzip ; Q=0.8 , br\t;\tq=0.9", "br"],
    ["*", "zstd"],
    ["*;q=0.5, gzip", "gzip"],
    ["*, zstd;q=0", "br"],
    ["zstd;q=0, br;q=0, *;q=0.1", "gzip"],
    ["identity;q=0.5, gzip;q=0.5", "gzip"],
    ["identity;q=0, gzip;q=0.1", "gzip"],
    ["deflate;q=1, gzip;q=0.2", "gzip"],
    [",, gzip ,", "gzip"],
  ] as const)("%p chooses %p", (accepted, coding) => {
    expect(negotiate(accepted, ALL)).toBe(coding);
  });

  test.each([
    [null],
    [""],
    ["identity"],
    ["deflate, compress, exi"],
    ["gzip;q=0"],
    ["gzip;q=0.000"],
    ["*;q=0"],
    ["identity, gzip;q=0.5"],
    ["identity;q=0.9, *;q=0.8"],
    ["gzip;q=2"],
    ["gzip;q=-1"],
    ["gzip;q=high"],
    ["gzip;q=0.1234"],
    ["gzip;level=5"],
    ["gzip br"],
    ["gzipped"],
    ["constructor, __proto__"],
  ])("%p chooses none", (accepted) => {
    expect(negotiate(accepted, ALL)).toBeUndefined();
  });

  test("chooses by the server's order what the client prefers equally", () => {
    expect(negotiate("zstd, br, gzip", ["gzip", "br"])).toBe("gzip");
    expect(negotiate("zstd;q=0.5, br;q=0.7, gzip;q=0.7", ["gzip", "br", "zstd"])).toBe("gzip");
  });

  test("chooses nothing that the server does not offer", () => {
    expect(negotiate("zstd, br", ["gzip"])).toBeUndefined();
  });

  test("reads a long field in a time that grows with its length alone", () => {
    expect(negotiate(`${"gzip;".repeat(10_000)}, br`, ALL)).toBe("br");
    expect(negotiate(`${";\t".repeat(20_000)}, br`, ALL)).toBe("br");
    expect(negotiate(`${"a,".repeat(30_000)}br`, ALL)).toBe("br");
  });
});

test("what has been chosen is remembered, whatever the number of fields", () => {
  const negotiation = new Negotiation(ALL);
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 200; index += 1) {
      expect(negotiation.choose(`x${index}, gzip`)).toBe("gzip");
      expect(negotiation.choose(`x${index}`)).toBeUndefined();
    }
  }
  expect(negotiation.choose(`${"x, ".repeat(1_000)}br`)).toBe("br");
  expect(negotiation.choose(null)).toBeUndefined();
});
