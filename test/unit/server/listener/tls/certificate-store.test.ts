import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateStore } from "../../../../../src/server/listener/tls/certificate-store.ts";
import type { StoreConfig } from "../../../../../src/server/listener/tls/loading.ts";
import type { PemPair } from "../../../../../src/server/listener/tls/secure-context.ts";
import { hasOpenssl, issue, makeAuthority } from "../../../../support/certificates.ts";
import { eventually } from "../../../../support/eventually.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";

let folder: string;
let clock: FakeClock;
let lines: string[];

const file = (name: string) => join(folder, name);
const pem = (name: string) => readFileSync(file(name), "utf8");
const files = (name: string) => ({ certificate: file(`${name}.pem`), key: file(`${name}.key`) });

function config(names: string[], more: Partial<StoreConfig> = {}): StoreConfig {
  return { certificates: names.map(files), min_version: "1.2", ...more };
}

function storeOf(written: StoreConfig, automatic?: { certificates: PemPair[] }) {
  return new CertificateStore(written, {
    clock,
    logger: { log: (level, message) => lines.push(`${level} ${message}`) },
    automatic: automatic && {
      get certificates() {
        return automatic.certificates;
      },
      challenge: (name) => (name === "challenged.test" ? automatic.certificates[0] : undefined),
    },
  });
}

const namesFor = (store: CertificateStore, host: string) =>
  store.settings.certificates.choose(host)?.names.all;
const contextFor = (store: CertificateStore, host: string) =>
  store.settings.certificates.choose(host)?.context;

/** Lets the clock run until something is the case. */
function untilSeconds(condition: () => boolean) {
  return eventually(() => {
    clock.advance(1_000);
    return condition();
  });
}

/** Lets the clock run for a few looks at the files, each of which takes a turn. */
async function someSeconds() {
  for (let second = 0; second < 5; second += 1) {
    clock.advance(1_000);
    await Bun.sleep(5);
  }
}

/** Puts one certificate's files in the place of another's. */
function replace(name: string, by: string) {
  for (const ending of ["pem", "key"]) {
    copyFileSync(file(`${by}.${ending}`), file("next"));
    renameSync(file("next"), file(`${name}.${ending}`));
  }
}

describe.skipIf(!hasOpenssl)("the certificates of a port", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gateway-store-"));
    await makeAuthority(folder, "ca");
    for (const name of ["a", "b", "c"]) await issue(folder, name, `DNS:${name}.test`);
  });

  beforeEach(() => {
    clock = new FakeClock(Date.now());
    lines = [];
    replace("own", "a");
    replace("other", "b");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("are read from files", () => {
    const store = storeOf(config(["own", "other"]));
    expect(namesFor(store, "a.test")).toEqual(["a.test"]);
    expect(namesFor(store, "b.test")).toEqual(["b.test"]);
    expect(namesFor(store, "c.test")).toEqual(["a.test"]);
    store.stop();
    expect(clock.pending).toBe(0);
  });

  test("are read again when files change", async () => {
    const store = storeOf(config(["own", "other"]));
    const untouched = contextFor(store, "b.test");
    replace("own", "c");
    await untilSeconds(() => namesFor(store, "c.test")?.[0] === "c.test");
    expect(contextFor(store, "b.test")).toBe(untouched as never);
    expect(lines).toEqual(["info TLS certificates have been read again"]);
    store.stop();
  });

  test("are read again when a symbolic link leads elsewhere", async () => {
    for (const ending of ["pem", "key"]) {
      rmSync(file(`link.${ending}`), { force: true });
      symlinkSync(file(`a.${ending}`), file(`link.${ending}`));
    }
    const store = storeOf(config(["link"]));
    for (const ending of ["pem", "key"]) {
      symlinkSync(file(`c.${ending}`), file("next"));
      renameSync(file("next"), file(`link.${ending}`));
    }
    await untilSeconds(() => namesFor(store, "")?.[0] === "c.test");
    store.stop();
  });

  test("stay as they were if they cannot be read, which is reported once", async () => {
    const store = storeOf(config(["own", "other"]));
    const before = contextFor(store, "a.test");
    replace("other", "c");
    writeFileSync(file("own.key"), pem("c.key"));
    await untilSeconds(() => namesFor(store, "c.test")?.[0] === "c.test");
    await someSeconds();
    expect(contextFor(store, "a.test")).toBe(before as never);
    expect(lines).toEqual([
      `error cannot read a TLS certificate again, the one before stays in use: ${file("own.key")} is not the key of the certificate in ${file("own.pem")}`,
    ]);
    writeFileSync(file("own.pem"), pem("c.pem"));
    await untilSeconds(() => namesFor(store, "")?.[0] === "c.test");
    store.stop();
  });

  test("that can be read again are reported, also if they are the ones in use", async () => {
    const store = storeOf(config(["own"]));
    writeFileSync(file("own.pem"), "");
    await untilSeconds(() => lines.length === 1);
    writeFileSync(file("own.pem"), pem("a.pem"));
    await untilSeconds(() => lines.length === 2);
    expect(lines[1]).toBe("info TLS certificates have been read again");
    store.stop();
  });

  test("keep their contexts when nothing has changed", async () => {
    const store = storeOf(config(["own"]));
    const before = contextFor(store, "a.test");
    store.change(config(["own", "other"]));
    writeFileSync(file("own.pem"), pem("a.pem"));
    await someSeconds();
    expect(contextFor(store, "a.test")).toBe(before as never);
    expect(lines).toEqual([]);
    store.change(config(["own"], { min_version: "1.3" }));
    expect(contextFor(store, "a.test")).not.toBe(before as never);
    store.stop();
  });

  test("change by another configuration, or not at all", () => {
    const store = storeOf(config(["own"]));
    expect(() => store.change(config(["other", "none"]))).toThrow("none.pem does not exist");
    expect(namesFor(store, "")).toEqual(["a.test"]);
    store.change(config(["other"]));
    expect(namesFor(store, "")).toEqual(["b.test"]);
    rmSync(file("other.pem"));
    store.change(config(["other"]));
    expect(namesFor(store, "")).toEqual(["b.test"]);
    expect(lines).toEqual([expect.stringContaining("other.pem does not exist")]);
    store.stop();
  });

  test("cannot be missing at the start", () => {
    expect(() => storeOf(config(["none"]))).toThrow("none.pem does not exist");
    const clients = { ca: file("a.key"), required: true };
    expect(() => storeOf(config(["own"], { client_certificates: clients }))).toThrow(
      "a.key has no certificate in PEM",
    );
    expect(clock.pending).toBe(0);
  });

  test("ask clients for theirs, by authorities that are read again, too", async () => {
    writeFileSync(file("clients.pem"), pem("ca.pem"));
    const clients = { ca: file("clients.pem"), required: false };
    const store = storeOf(config(["own"], { client_certificates: clients }));
    expect(store.settings.clientCertificates).toBe("asked for");
    const before = contextFor(store, "");
    writeFileSync(file("clients.pem"), "");
    await untilSeconds(() => lines.length > 0);
    expect(lines).toEqual([expect.stringContaining("clients.pem has no certificate in PEM")]);
    expect(contextFor(store, "")).toBe(before as never);
    writeFileSync(file("clients.pem"), `${pem("ca.pem")}${pem("a.pem")}`);
    await untilSeconds(() => contextFor(store, "") !== before);
    const asking = contextFor(store, "");
    store.change(config(["own"], { client_certificates: { ...clients, required: true } }));
    expect(contextFor(store, "")).not.toBe(asking as never);
    expect(store.settings.clientCertificates).toBe("required");
    store.change(config(["own"]));
    expect(store.settings.clientCertificates).toBe("ignored");
    store.stop();
  });

  test("may come from elsewhere, and change there", () => {
    const automatic = { certificates: [{ certificate: pem("b.pem"), key: pem("b.key") }] };
    const store = storeOf(config(["own"]), automatic);
    const first = contextFor(store, "b.test");
    expect(namesFor(store, "")).toEqual(["a.test"]);
    expect(store.settings.challenge?.("challenged.test")).toBeDefined();
    expect(store.settings.challenge?.("b.test")).toBeUndefined();
    automatic.certificates = [
      { certificate: pem("b.pem"), key: pem("b.key") },
      { certificate: pem("c.pem"), key: pem("c.key") },
    ];
    store.refresh();
    expect(namesFor(store, "c.test")).toEqual(["c.test"]);
    expect(contextFor(store, "b.test")).toBe(first as never);
    store.stop();
  });

  test("are warned of every day", () => {
    const store = storeOf(config(["own"]));
    clock.advance(23 * 3_600_000);
    expect(lines).toEqual([]);
    clock.advance(3_600_000);
    clock.advance(86_400_000);
    expect(lines).toEqual([
      expect.stringContaining(`warn TLS certificate ${file("own.pem")}: it expired on`),
    ]);
    store.stop();
  });
});
