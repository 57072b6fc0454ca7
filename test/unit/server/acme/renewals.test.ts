import { afterEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AutomaticCertificates } from "../../../../src/server/acme/automatic-certificates.ts";
import type { AcmeSettings } from "../../../../src/server/acme/renewals.ts";
import { LOCK_LEASE_MS } from "../../../../src/server/acme/storage.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeIssuer } from "../../../support/fake-issuer.ts";
import { answering } from "./issuing.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "acme-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Tells the timer of the next round from that which renews a lock. */
class ObservedClock extends FakeClock {
  #rounds = 0;

  get waitsForRound(): boolean {
    return this.#rounds > 0;
  }

  override schedule(delay: number, callback: () => void): () => void {
    if (delay === LOCK_LEASE_MS / 3) return super.schedule(delay, callback);
    this.#rounds += 1;
    let isPending = true;
    const end = () => {
      if (isPending) this.#rounds -= 1;
      isPending = false;
    };
    const cancel = super.schedule(delay, () => {
      end();
      callback();
    });
    return () => {
      end();
      cancel();
    };
  }
}

/** A gateway's certificates, by an issuer that believes what they answer. */
function gateway(
  changes: Partial<AcmeSettings> = {},
  shared: { clock?: ObservedClock; issuer?: FakeIssuer } = {},
) {
  const { clock = new ObservedClock() } = shared;
  const lines: string[] = [];
  let changed = 0;
  const certificates: AutomaticCertificates = new AutomaticCertificates({
    clock,
    random: () => 0,
    log: (level, message) => lines.push(`${level} ${message}`),
    fetch: (url, init) => issuer.fetch(url, init),
    onChange: () => (changed += 1),
  });
  const issuer = shared.issuer ?? new FakeIssuer(answering(certificates.challenges));
  issuer.now = () => clock.wall();
  const settings: AcmeSettings = {
    domains: ["api.example.com"],
    email: "ops@example.com",
    directory: issuer.directory,
    storage: changes.storage ?? newFolder(),
    challenges: ["http-01"],
    ...changes,
  };
  certificates.use(settings);
  cleanups.push(() => certificates.stop());
  const line = (pattern: RegExp, count = 1) =>
    eventually(() => lines.filter((line) => pattern.test(line)).length >= count);
  const served = () => certificates.certificates.map((one) => new X509Certificate(one.certificate));
  /** Waits until whatever is due has been done. */
  const settle = () => eventually(() => clock.waitsForRound);
  return {
    certificates,
    clock,
    issuer,
    settings,
    lines,
    line,
    served,
    settle,
    changes: () => changed,
    start: () => {
      certificates.start();
      clock.advance(0);
    },
  };
}

describe("certificates from an issuer", () => {
  test("are got for each name at the start, and a self-signed one is served until then", async () => {
    const { start, served, line, lines, issuer, changes, settings } = gateway({
      domains: ["a.example.com", "b.example.com"],
    });
    expect(served().map(({ subject }) => subject)).toEqual([
      "CN=placeholder until a certificate is issued",
      "CN=placeholder until a certificate is issued",
    ]);
    start();
    await line(/certificate issued/, 2);
    expect(served().map(({ issuer }) => issuer)).toEqual(["CN=Fake issuer", "CN=Fake issuer"]);
    expect(served().map((one) => one.subjectAltName)).toEqual([
      "DNS:a.example.com",
      "DNS:b.example.com",
    ]);
    expect(issuer.contacts).toEqual([["mailto:ops@example.com"]]);
    expect(changes()).toBe(2);
    expect(lines.slice(0, 6)).toEqual([
      "warn acme: a.example.com: no certificate of issuer.test yet: a self-signed one is served until it is issued",
      "warn acme: b.example.com: no certificate of issuer.test yet: a self-signed one is served until it is issued",
      "info acme: a.example.com: asking issuer.test for a certificate by http-01",
      "info acme: account registered at issuer.test, terms of service accepted: https://issuer.test/terms",
      "info acme: a.example.com: certificate issued, valid until 2026-04-01 00:00 UTC, renewal at 2026-03-02 00:00 UTC",
      "info acme: b.example.com: asking issuer.test for a certificate by http-01",
    ]);
    const [folder = ""] = readdirSync(settings.storage);
    await eventually(() => !readdirSync(join(settings.storage, folder)).includes("lock"));
    expect(readdirSync(join(settings.storage, folder)).toSorted()).toEqual([
      "a.example.com.pem",
      "account.json",
      "b.example.com.pem",
      "challenges",
    ]);
  });

  test("are read from the storage at the next start, without asking the issuer", async () => {
    const first = gateway();
    first.start();
    await first.line(/certificate issued/);
    await first.certificates.stop();
    const second = gateway({ storage: first.settings.storage }, { clock: first.clock });
    expect(second.served()[0]?.issuer).toBe("CN=Fake issuer");
    second.start();
    await second.settle();
    expect(second.lines).toEqual([
      "info acme: api.example.com: certificate valid until 2026-04-01 00:00 UTC",
    ]);
    expect(second.issuer.ordered).toEqual([]);
  });

  test("are renewed after two thirds of their lifetime", async () => {
    const { start, line, clock, served, issuer, settle } = gateway();
    start();
    await line(/certificate issued/);
    const [first] = served();
    await settle();
    clock.advance(59 * DAY);
    await settle();
    expect(issuer.ordered).toHaveLength(1);
    clock.advance(2 * DAY);
    await line(/certificate issued/, 2);
    expect(served()[0]?.serialNumber).not.toBe(first!.serialNumber);
    expect(Date.parse(served()[0]!.validTo)).toBeGreaterThan(Date.parse(first!.validTo) + 58 * DAY);
  });

  test("are renewed when the issuer says so", async () => {
    const { start, line, clock, issuer, settle } = gateway();
    const soon = clock.wall() + 10 * DAY;
    issuer.renewalWindow = { start: soon, end: soon };
    start();
    await line(/certificate issued/);
    await settle();
    clock.advance(9 * DAY);
    await settle();
    expect(issuer.ordered).toHaveLength(1);
    clock.advance(DAY);
    await line(/certificate issued/, 2);
    expect(issuer.lastReplaced).toBeString();
  });
});

describe("an issuer that fails", () => {
  test("is asked again after longer and longer pauses, each with its reason and remedy", async () => {
    const { start, line, lines, clock, issuer, settle, served } = gateway();
    const refusal = { type: "dns", detail: "NXDOMAIN looking up A for api.example.com" };
    issuer.refuseNext("new-order", refusal, refusal);
    start();
    await line(/no certificate: /);
    expect(lines.at(-1)).toBe(
      "error acme: api.example.com: no certificate: issuer.test says dns: NXDOMAIN looking up A for api.example.com; point the A and AAAA records of api.example.com at this gateway; next attempt in 5 min; a self-signed certificate is served",
    );
    await settle();
    clock.advance(5 * MINUTE);
    await line(/next attempt in 10 min/);
    await settle();
    clock.advance(9 * MINUTE);
    expect(issuer.ordered).toEqual([]);
    await settle();
    clock.advance(1 * MINUTE);
    await line(/certificate issued/);
    expect(served()[0]?.issuer).toBe("CN=Fake issuer");
  });

  test("leaves the current certificate in use", async () => {
    const { start, line, clock, issuer, settle, served, lines } = gateway();
    start();
    await line(/certificate issued/);
    const [first] = served();
    issuer.refuseNext("new-order", { type: "serverInternal", detail: "broken", status: 500 });
    await settle();
    clock.advance(60 * DAY);
    await line(/no certificate: /);
    expect(lines.at(-1)).toBe(
      "warn acme: api.example.com: no certificate: issuer.test says serverInternal: broken; next attempt in 30 s; the current certificate is valid until 2026-04-01 00:00 UTC",
    );
    expect(served()[0]?.serialNumber).toBe(first!.serialNumber);
  });

  test("with a rate limit is not asked before it is over, not even by a gateway that starts again", async () => {
    const first = gateway();
    first.issuer.refuseNext("new-order", {
      type: "rateLimited",
      detail: "too many certificates",
      status: 429,
      headers: { "retry-after": "7200" },
    });
    first.start();
    await first.line(/rateLimited/);
    await first.certificates.stop();
    const { start, lines, clock, issuer, line, settle } = gateway(
      { storage: first.settings.storage },
      { clock: first.clock },
    );
    start();
    expect(lines[0]).toEndWith("; a rate limit of issuer.test lasts until 2026-01-01 02:00 UTC");
    await settle();
    clock.advance(60 * MINUTE);
    await settle();
    expect(issuer.ordered).toEqual([]);
    clock.advance(60 * MINUTE);
    await line(/certificate issued/);
  });

  test("that has forgotten the account gets it again", async () => {
    const { start, line, clock, issuer, settle } = gateway();
    start();
    await line(/certificate issued/);
    issuer.forgetAccounts();
    await settle();
    clock.advance(61 * DAY);
    await line(/certificate issued/, 2);
    await line(/account registered/, 2);
  });

  test("of one name does not keep the others from getting theirs", async () => {
    const { start, line, issuer } = gateway({ domains: ["a.example.com", "b.example.com"] });
    issuer.refuseNext("new-order", { type: "rejectedIdentifier", detail: "forbidden" });
    start();
    await line(/a\.example\.com: no certificate: .* remove it from `acme.domains`/);
    await line(/b\.example\.com: certificate issued/);
  });

  test("is answered by another challenge the next time", async () => {
    const { start, line, lines, clock, settle, certificates } = gateway({
      challenges: ["http-01", "tls-alpn-01"],
    });
    certificates.challenges.presentHttp = () => Promise.resolve(() => Promise.resolve());
    start();
    await line(/did not prove http-01; api\.example\.com must lead to this gateway/);
    await settle();
    clock.advance(5 * MINUTE);
    await line(/certificate issued/);
    expect(lines.some((text) => text.endsWith("by tls-alpn-01"))).toBe(true);
  });
});

describe("several gateways on one storage", () => {
  test("order one certificate, which all of them serve", async () => {
    const first = gateway();
    const second = gateway({ storage: first.settings.storage }, { issuer: first.issuer });
    first.issuer.pause = async () => {
      second.start();
      await second.settle();
    };
    first.start();
    await first.line(/certificate issued/);
    await first.settle();
    second.clock.advance(10_000);
    await second.line(/a certificate that another gateway got is in use/);
    expect(first.issuer.ordered).toHaveLength(1);
    expect(second.served()[0]?.serialNumber).toBe(first.served()[0]!.serialNumber);
  });
});

describe.each(["http-01", "tls-alpn-01"] as const)("several gateways and %s", (type) => {
  test("any of them answers the issuer", async () => {
    const first = gateway({ challenges: [type] });
    const second = gateway({ storage: first.settings.storage }, { clock: first.clock });
    const issuer = new FakeIssuer(answering(second.certificates.challenges), first.issuer.origin);
    issuer.now = () => first.clock.wall();
    first.issuer.fetch = issuer.fetch;
    first.start();
    await first.line(/certificate issued/);
    await first.settle();
    const [folder = ""] = readdirSync(first.settings.storage);
    expect(readdirSync(join(first.settings.storage, folder, "challenges"))).toEqual([]);
  });
});

describe("other settings", () => {
  test("bring further names without touching those that are there", async () => {
    const { start, line, certificates, settings, clock, settle, served } = gateway();
    start();
    await line(/certificate issued/);
    const [before] = served();
    certificates.use({ ...settings, domains: ["api.example.com", "www.example.com"] });
    expect(served()).toHaveLength(2);
    await settle();
    clock.advance(0);
    await line(/www\.example\.com: certificate issued/);
    expect(served()[0]?.serialNumber).toBe(before!.serialNumber);
  });

  test("keep the certificate in use while another issuer has given none", async () => {
    const { start, line, certificates, settings, served, issuer, clock, settle } = gateway();
    start();
    await line(/certificate issued/);
    const [before] = served();
    certificates.use({ ...settings, directory: "https://other.test/directory" });
    issuer.refuseNext("directory", { type: "serverInternal", detail: "closed" });
    await settle();
    clock.advance(0);
    await line(/no certificate of other\.test yet: the one before is served until it is issued/);
    expect(served()[0]?.serialNumber).toBe(before!.serialNumber);
  });

  test("without any end it", async () => {
    const { start, line, certificates, changes } = gateway();
    start();
    await line(/certificate issued/);
    certificates.use(undefined);
    expect(certificates.certificates).toEqual([]);
    expect(changes()).toBe(2);
  });

  test("with another address are told to the issuer", async () => {
    const { start, line, certificates, settings, clock, issuer, settle } = gateway();
    start();
    await line(/certificate issued/);
    certificates.use({ ...settings, email: "admin@example.com" });
    await settle();
    clock.advance(0);
    await settle();
    clock.advance(61 * DAY);
    await line(/certificate issued/, 2);
    expect(issuer.contacts).toEqual([["mailto:admin@example.com"]]);
  });
});

test.skipIf(process.geteuid?.() === 0)("a storage that cannot be written is reported", async () => {
  const storage = newFolder();
  chmodSync(storage, 0o500);
  cleanups.push(() => chmodSync(storage, 0o700));
  const { start, line } = gateway({ storage });
  start();
  await line(/cannot be used: .*; the gateway must be able to read and write there/);
});
