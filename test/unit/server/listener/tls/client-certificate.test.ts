import { describe, expect, test } from "bun:test";
import { distinguishedName } from "../../../../../src/server/listener/tls/client-certificate.ts";

describe("a distinguished name", () => {
  test("begins with its most specific part", () => {
    expect(distinguishedName("C=SE\nO=Acme\nCN=device-1")).toBe("CN=device-1,O=Acme,C=SE");
  });

  test("keeps escaped characters, and joins the values of one part", () => {
    expect(distinguishedName("O=Acme\\, Inc.\nCN=a + serialNumber=7")).toBe(
      "CN=a+serialNumber=7,O=Acme\\, Inc.",
    );
    expect(distinguishedName("CN=a \\+ b")).toBe("CN=a \\+ b");
  });

  test("may be empty", () => {
    expect(distinguishedName("")).toBe("");
    expect(distinguishedName(undefined)).toBe("");
  });
});
