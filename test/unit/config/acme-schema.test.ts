import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acme, defaultStorage } from "../../../src/config/acme-schema.ts";

const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";
const OWN = "https://ca.internal:9000/acme/acme/directory";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "acme-"));
  folders.push(folder);
  return folder;
}

function issues(written: Parameters<NonNullable<typeof acme.check>>[0]): string[] {
  const found = acme.check?.(written, () => true) ?? [];
  return found.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const forDomain = (domain: string, directory = LETS_ENCRYPT) =>
  issues({ domains: [domain], directory });

describe("domains", () => {
  test("that a public issuer can certify are valid", () => {
    for (const name of ["example.com", "API.example.com", "xn--bcher-kva.example.com", "a.co.uk"]) {
      expect(forDomain(name)).toEqual([]);
    }
  });

  test("with a wildcard need a challenge that is not supported", () => {
    expect(forDomain("*.example.com")).toEqual([
      "domains.0: `*.example.com` needs the DNS-01 challenge, which is not supported: list each name, or give a certificate in `certificates`",
    ]);
  });

  test("cannot be addresses", () => {
    for (const address of ["192.0.2.1", "2001:db8::1", "[2001:db8::1]"]) {
      expect(forDomain(address)[0]).toContain("is an address");
    }
  });

  test("must be public for a public issuer, and need not be for one's own", () => {
    for (const name of ["localhost", "gateway", "api.internal", "api.test", "nas.home.arpa"]) {
      expect(forDomain(name)[0]).toContain("is not a public name");
      expect(forDomain(name, OWN)).toEqual([]);
    }
  });

  test("are host names alone, and what was probably meant is named", () => {
    expect(forDomain("https://api.example.com/")).toEqual([
      "domains.0: `https://api.example.com/` has more than a host name: write `api.example.com`",
    ]);
    expect(forDomain("api.example.com:443")[0]).toEndWith("write `api.example.com`");
    expect(forDomain("bücher.example.com")[0]).toEndWith("write `xn--bcher-kva.example.com`");
    expect(forDomain("api.example.com.")[0]).toEndWith("write `api.example.com`");
    expect(forDomain("my_api.example.com")).toEqual([
      "domains.0: `my_api.example.com` is not a host name, like api.example.com",
    ]);
    expect(forDomain("a..b")[0]).toContain("is not a host name");
    expect(forDomain("../../etc/passwd", OWN)[0]).toContain("is not a host name");
  });

  test("may be listed once", () => {
    const domains = ["api.example.com", undefined, "API.example.com"];
    expect(issues({ domains })).toEqual(["domains.2: `API.example.com` is listed twice"]);
  });
});

describe("the issuer", () => {
  const forDirectory = (directory: string) => issues({ domains: ["api.example.com"], directory });

  test("is asked by https, or on this machine", () => {
    expect(forDirectory(OWN)).toEqual([]);
    expect(forDirectory("http://127.0.0.1:14000/dir")).toEqual([]);
    expect(forDirectory("http://[::1]:14000/dir")).toEqual([]);
    expect(forDirectory("http://ca.example.com/dir")).toEqual([
      "directory: the issuer must be asked by https:// (RFC 8555 section 6.1)",
    ]);
  });

  test("has a URL without a password", () => {
    expect(forDirectory("https://me:secret@ca.example.com/")[0]).toContain("no user and password");
    expect(forDirectory("https://")[0]).toContain("is not a URL");
  });
});

describe("the storage", () => {
  test("is a folder, or can become one", () => {
    const folder = newFolder();
    expect(issues({ storage: folder })).toEqual([]);
    expect(issues({ storage: join(folder, "a/b") })).toEqual([]);
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(issues({ storage: file })).toEqual([`storage: ${file} is not a folder`]);
    expect(issues({ storage: join(file, "a") })).toEqual([`storage: ${file} is not a folder`]);
  });

  test.skipIf(process.geteuid?.() === 0)("can be written by this user", () => {
    const folder = newFolder();
    chmodSync(folder, 0o500);
    expect(issues({ storage: folder })).toEqual([
      `storage: ${folder} cannot be written by this user`,
    ]);
    expect(issues({ storage: join(folder, "a") })[0]).toContain("cannot be created");
    chmodSync(folder, 0o700);
  });

  test("is by default next to the database", () => {
    expect(defaultStorage("gateway.db")).toBe("acme");
    expect(defaultStorage("/var/lib/gateway/gateway.db")).toBe("/var/lib/gateway/acme");
  });
});
