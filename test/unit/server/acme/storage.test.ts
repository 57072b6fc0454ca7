import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOCK_LEASE_MS, Storage } from "../../../../src/server/acme/storage.ts";
import { placeholderCertificate } from "../../../../src/server/acme/x509.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newStorage(directory = "https://issuer.test/directory") {
  const folder = mkdtempSync(join(tmpdir(), "acme-"));
  folders.push(folder);
  return new Storage(join(folder, "acme"), directory);
}

const NOW = Date.UTC(2026, 0, 1);
const pair = placeholderCertificate("api.example.com", NOW);
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe("certificates and the account on disk", () => {
  test("can be read by their owner alone, and leave nothing else behind", async () => {
    const storage = newStorage();
    await storage.writeCertificate("api.example.com", pair);
    await storage.writeAccount({ key: "KEY", url: "https://issuer.test/1", email: undefined });
    expect(readdirSync(storage.folder).toSorted()).toEqual(["account.json", "api.example.com.pem"]);
    expect(mode(storage.folder)).toBe("700");
    expect(mode(join(storage.folder, "account.json"))).toBe("600");
    expect(mode(join(storage.folder, "api.example.com.pem"))).toBe("600");
  });

  test("come back as they were written", async () => {
    const storage = newStorage();
    expect(await storage.readCertificate("api.example.com")).toBeUndefined();
    expect(await storage.readAccount()).toBeUndefined();
    await storage.writeCertificate("api.example.com", pair);
    await storage.writeCertificate("api.example.com", pair);
    expect(await storage.readCertificate("api.example.com")).toEqual(pair);
    expect(storage.readCertificateNow("api.example.com")).toEqual(pair);
    const account = { key: "KEY", url: "https://issuer.test/1", email: "ops@example.com" };
    await storage.writeAccount(account);
    expect(await storage.readAccount()).toEqual(account);
    for (const damaged of ["", "{", '{"key":1}', "null"]) {
      writeFileSync(join(storage.folder, "account.json"), damaged);
      expect(await storage.readAccount()).toBeUndefined();
    }
  });

  test("are not taken for certificates if they are damaged or key and certificate do not fit", async () => {
    const storage = newStorage();
    const other = placeholderCertificate("api.example.com", NOW);
    await storage.writeCertificate("a.example", { certificate: pair.certificate, key: other.key });
    await storage.writeCertificate("b.example", { certificate: "", key: pair.key });
    await storage.writeCertificate("c.example", {
      certificate: pair.certificate.slice(0, 200),
      key: pair.key,
    });
    for (const name of ["a.example", "b.example", "c.example", "absent.example"]) {
      expect(storage.readCertificateNow(name)).toBeUndefined();
    }
  });

  test("of different issuers lie in different folders", () => {
    const names = [
      "https://acme-v02.api.letsencrypt.org/directory",
      "https://acme-staging-v02.api.letsencrypt.org/directory",
      "https://127.0.0.1:14000/dir",
      "https://issuer.test/../../etc",
    ].map((directory) => newStorage(directory).folder.split("/").at(-1));
    expect(names).toEqual([
      "acme-v02.api.letsencrypt.org-directory",
      "acme-staging-v02.api.letsencrypt.org-directory",
      "127.0.0.1-14000-dir",
      "issuer.test-..-..-etc",
    ]);
  });

  test("a pause that the issuer wants outlives the process", async () => {
    const storage = newStorage();
    expect(storage.readPauseNow("api.example.com")).toBe(0);
    await storage.writePause("api.example.com", NOW);
    expect(storage.readPauseNow("api.example.com")).toBe(NOW);
    writeFileSync(join(storage.folder, "b.example.paused"), "soon");
    expect(storage.readPauseNow("b.example")).toBe(0);
  });
});

describe("the lock of a storage", () => {
  test("is had by one at a time", async () => {
    const storage = newStorage();
    const lock = await storage.lock(NOW);
    expect(await storage.lock(NOW)).toBeUndefined();
    await lock!.release();
    expect(readdirSync(storage.folder)).toEqual([]);
    expect(await storage.lock(NOW)).toBeDefined();
  });

  test("of a gateway that died expires, of one that lives is renewed", async () => {
    const storage = newStorage();
    const lock = await storage.lock(NOW);
    await lock!.renew(NOW + LOCK_LEASE_MS / 2);
    expect(await storage.lock(NOW + LOCK_LEASE_MS)).toBeUndefined();
    expect(await storage.lock(NOW + LOCK_LEASE_MS * 1.5)).toBeDefined();
    expect(readdirSync(storage.folder)).toEqual(["lock"]);
  });

  test("is not released by a gateway that has lost it", async () => {
    const storage = newStorage();
    const first = await storage.lock(NOW);
    await storage.lock(NOW + LOCK_LEASE_MS);
    await first!.release();
    expect(await storage.lock(NOW + LOCK_LEASE_MS)).toBeUndefined();
  });

  test("that has expired goes to one of those who want it", async () => {
    for (let round = 0; round < 20; round += 1) {
      const storage = newStorage();
      await storage.lock(NOW);
      const later = NOW + LOCK_LEASE_MS;
      const locks = await Promise.all(Array.from({ length: 8 }, () => storage.lock(later)));
      expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
      expect(readdirSync(storage.folder)).toEqual(["lock"]);
    }
  });

  test("is taken over although a gateway died while it did so", async () => {
    const storage = newStorage();
    await storage.lock(NOW);
    const text = readFileSync(join(storage.folder, "lock"), "utf8");
    const claim = `lock.${new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16)}`;
    writeFileSync(join(storage.folder, claim), text);
    const later = NOW + LOCK_LEASE_MS;
    expect(await storage.lock(later)).toBeUndefined();
    expect(await storage.lock(later)).toBeDefined();
  });

  test("by a clock that is far ahead, or with a text that is none, binds nobody", async () => {
    const storage = newStorage();
    await storage.lock(NOW + 60 * LOCK_LEASE_MS);
    expect(await storage.lock(NOW)).toBeDefined();
    writeFileSync(join(storage.folder, "lock"), "");
    expect(await storage.lock(NOW)).toBeDefined();
    expect(readFileSync(join(storage.folder, "lock"), "utf8")).toContain("until");
  });
});
