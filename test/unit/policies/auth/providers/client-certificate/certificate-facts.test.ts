import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { certificateFacts } from "../../../../../../src/policies/auth/providers/client-certificate/certificate-facts.ts";
import { madeDer } from "./made-certificates.ts";

describe("a certificate", () => {
  test("has its serial number, its end and its names", () => {
    const bytes = madeDer({
      serial: [0x00, 0xab, 0x01],
      notAfter: "20501231235959Z",
      names: [
        [0x82, "a.example.com"],
        [0x81, "ada@example.com"],
        [0x86, "spiffe://acme/device/7"],
        [0x87, Buffer.from([192, 0, 2, 7])],
        [0x87, Buffer.from("20010db8000000000000000000000007", "hex")],
        [0x87, Buffer.from([1, 2, 3])],
        [0x88, Buffer.from([42])],
      ],
    });
    const { serial, notAfter, alternativeNames } = certificateFacts(bytes);
    expect(serial).toBe("ab01");
    expect(notAfter).toBe(Date.UTC(2050, 11, 31, 23, 59, 59));
    expect(alternativeNames.map(({ kind, value }) => `${kind} ${value}`)).toEqual([
      "dns a.example.com",
      "email ada@example.com",
      "uri spiffe://acme/device/7",
      "ip 192.0.2.7",
      "ip 2001:db8::7",
    ]);
  });

  test.each([
    ["301231235959Z", 2030],
    ["491231235959Z", 2049],
    ["501231235959Z", 1950],
  ])("that ends at %s ends in %p", (notAfter, year) => {
    expect(new Date(certificateFacts(madeDer({ notAfter })).notAfter).getUTCFullYear()).toBe(year);
  });

  test("without alternative names has none", () => {
    expect(certificateFacts(madeDer()).alternativeNames).toEqual([]);
  });

  test.each([
    ["nothing", ""],
    ["a length without end", "3080"],
    ["a length of five bytes", "308500000000"],
    ["a length beyond the bytes", "3005a0"],
    ["a tag of several bytes", "1f8101"],
    ["another type", "0401"],
  ])("that is %s is refused", (_, hex) => {
    expect(() => certificateFacts(Buffer.from(hex, "hex"))).toThrow(RangeError);
  });

  test("that is damaged anywhere is read or refused, and nothing else happens", () => {
    const whole = madeDer({ names: [[0x82, "a.example.com"]] });
    const place = fc.integer({ min: 0, max: whole.length - 1 });
    fc.assert(
      fc.property(place, fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, byte, cut) => {
        const damaged = Buffer.from(cut ? whole.subarray(0, at) : whole);
        if (!cut) damaged[at] = byte;
        try {
          certificateFacts(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
