import { describe, expect, test } from "bun:test";
import { certificateFacts } from "../../../../../../src/policies/auth/providers/client-certificate/certificate-facts.ts";
import {
  NamePattern,
  nameText,
} from "../../../../../../src/policies/auth/providers/client-certificate/distinguished-names.ts";
import { CN, madeDer, type MadeName, O } from "./made-certificates.ts";

const OU = "2.5.4.11";
const DC = "0.9.2342.19200300.100.1.25";

const device: MadeName = [[["2.5.4.6", "DE"]], [[O, "Acme"]], [[CN, "device-1"]]];

function matches(pattern: string, subject: MadeName): boolean {
  return new NamePattern(pattern).matches(certificateFacts(madeDer({ subject })).subject);
}

describe("a rule for names", () => {
  test.each([
    ["CN=device-*,O=Acme", true],
    ["O=Acme,CN=device-*", true],
    ["cn = device-1 , o = Acme", true],
    ["2.5.4.3=device-1,OID.2.5.4.10=Acme", true],
    ["commonName=device-1", true],
    ["CN=device-*+O=Acme", true],
    ["CN=*", true],
    ["CN=d*i*e-*", true],
    ["CN=*-1", true],
    ["CN=device-1*", false],
    ["CN=device", false],
    ["CN=evice-*", false],
    ["CN=Device-1", false],
    ["CN=device-*,O=Acm", false],
    ["CN=device-*,O=Acme,OU=*", false],
    ["CN=device-*,CN=*,O=Acme", false],
    ["CN=device\\-1", true],
    ["CN=d\\65vice-1", true],
    ["CN=device-\\2A", false],
    ["CN=device-\\*", false],
  ])("%s takes CN=device-1,O=Acme,C=DE: %p", (pattern, taken) => {
    expect(matches(pattern, device)).toBe(taken);
  });

  test("is not met by a value that looks like several attributes", () => {
    expect(matches("CN=device-*,O=Acme", [[[CN, "device-1,O=Acme"]]])).toBe(false);
    expect(matches("CN=device-*,O=Acme", [[[CN, "device-1+O=Acme"]]])).toBe(false);
    expect(matches("CN=device-*,O=Acme", [[[CN, "device-1\nO=Acme"]]])).toBe(false);
    expect(matches("CN=device-*,O=Acme", [[[O, "Acme,CN=device-1"]], [[CN, "x"]]])).toBe(false);
    expect(matches("O=Acme", [[[O, "Evil/O=Acme"]]])).toBe(false);
  });

  test("takes a comma in a value if that is what is written", () => {
    expect(matches("O=Acme\\, Inc.", [[[O, "Acme, Inc."]]])).toBe(true);
    expect(matches("O=Acme\\2C Inc.", [[[O, "Acme, Inc."]]])).toBe(true);
  });

  test("is not met by a name that has one more value of a type", () => {
    expect(matches("CN=device-*,O=Acme", [...device, [[CN, "admin"]]])).toBe(false);
    expect(matches("CN=device-*,O=Acme", [[[O, "Evil"]], ...device])).toBe(false);
    expect(
      matches("CN=device-*", [
        [
          [CN, "device-1"],
          [CN, "admin"],
        ],
      ]),
    ).toBe(false);
  });

  test("takes attributes of one part and of several alike", () => {
    expect(
      matches("CN=device-*,O=Acme", [
        [
          [O, "Acme"],
          [CN, "device-1"],
        ],
      ]),
    ).toBe(true);
  });

  test("takes several values of a type in their order alone", () => {
    const domain: MadeName = [[[DC, "com"]], [[DC, "example"]], [[CN, "a"]]];
    expect(matches("CN=a,DC=example,DC=com", domain)).toBe(true);
    expect(matches("CN=a,DC=com,DC=example", domain)).toBe(false);
    expect(matches("CN=a,DC=example", domain)).toBe(false);
    expect(matches("OU=*,OU=*", [[[OU, "a"]], [[OU, "b"]]])).toBe(true);
  });

  test("takes text in every encoding, and nothing that is no text", () => {
    const utf16 = Buffer.from("Ärzte", "utf16le").swap16();
    expect(matches("O=Ärzte", [[[O, utf16, 0x1e]]])).toBe(true);
    expect(matches("O=Ärzte", [[[O, "Ärzte", 0x0c]]])).toBe(true);
    expect(matches("O=Ärzte", [[[O, Buffer.from("Ärzte", "latin1"), 0x14]]])).toBe(true);
    const ucs4 = Buffer.from([0, 0, 0, 0xc4, 0, 0, 0, 0x72]);
    expect(matches("O=Är", [[[O, ucs4, 0x1c]]])).toBe(true);
    expect(matches("O=Acme", [[[O, "Acme", 0x13]]])).toBe(true);
    expect(matches("O=*", [[[O, Buffer.from([0xff, 0xfe]), 0x0c]]])).toBe(false);
    expect(matches("O=*", [[[O, Buffer.from([1]), 0x02]]])).toBe(false);
    expect(matches("O=*", [[[O, Buffer.from([0, 0, 0]), 0x1c]]])).toBe(false);
    expect(matches("O=*", [[[O, Buffer.from([0, 0x11, 0, 0]), 0x1c]]])).toBe(false);
  });

  test("has no wildcard for nothing", () => {
    expect(matches("CN=device-*", [[[CN, "device-"]]])).toBe(false);
    expect(matches("CN=*", [[[CN, ""]]])).toBe(false);
    expect(matches("CN=a*b*c", [[[CN, "abc"]]])).toBe(false);
    expect(matches("CN=a*b*c", [[[CN, "axbxbxc"]]])).toBe(true);
  });

  test.each([
    ["device-1", "`device-1` is not an attribute with its value, like `CN=device-*`"],
    ["XX=a", "`XX` is not an attribute; write its name, like CN, or its object identifier"],
    ["CN=", "`CN` has no value; `CN=*` stands for any"],
    ["CN=a,", "there is nothing after the last comma"],
    ["CN=a,,O=b", "`,O` is not an attribute; write its name, like CN, or its object identifier"],
    ["/O=Acme/CN=a", "write the parts with commas, the most specific one first: CN=device,O=Acme"],
    ['O="Acme, Inc."', 'a " in a value is written \\"'],
    ["CN=a;O=b", "a ; in a value is written \\;"],
    [
      "CN=#0401",
      "values in hexadecimal are not supported; write the text, and a # at its beginning as \\#",
    ],
    ["CN=a\\", "there is nothing after the last \\"],
    ["CN=\\FF", "the bytes in hexadecimal are not UTF-8"],
  ])("%s is refused", (written, message) => {
    expect(() => new NamePattern(written)).toThrow(message);
  });

  test("takes blanks and a # where they are escaped", () => {
    expect(matches("CN=\\ a\\ ", [[[CN, " a "]]])).toBe(true);
    expect(matches("CN=\\#a", [[[CN, "#a"]]])).toBe(true);
    expect(matches("CN=a*\\ ", [[[CN, "ab "]]])).toBe(true);
  });
});

describe("a name as text", () => {
  test.each([
    [device, "CN=device-1,O=Acme,C=DE"],
    [[[[CN, 'a,b+c"d\\e;f<g>']]], 'CN=a\\,b\\+c\\"d\\\\e\\;f\\<g\\>'],
    [[[[CN, " a "]]], "CN=\\ a\\ "],
    [[[[CN, "#a"]]], "CN=\\#a"],
    [[[[CN, "a\nb\0"]]], "CN=a\\0Ab\\00"],
    [[[["1.2.3.4", "x"]]], "1.2.3.4=x"],
    [[[[O, Buffer.from([1]), 0x02]]], "O=#01"],
    [[], ""],
  ] as [MadeName, string][])("%j is %s", (subject, text) => {
    expect(nameText(certificateFacts(madeDer({ subject })).subject)).toBe(text);
  });
});
