import { describe, expect, test } from "bun:test";
import { createPublicKey } from "node:crypto";
import { errorFrom, IssuerError } from "../../../../src/server/acme/issuer-error.ts";
import { ManagedCertificate } from "../../../../src/server/acme/managed-certificate.ts";
import { Messages } from "../../../../src/server/acme/messages.ts";
import { remedyFor } from "../../../../src/server/acme/remedies.ts";
import { keyAsPem, newKey, placeholderCertificate } from "../../../../src/server/acme/x509.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeIssuer } from "../../../support/fake-issuer.ts";

const NAME = "api.example.com";
const DAY = 24 * 60 * 60_000;

describe("what an operator can do about a failure", () => {
  test("is said for each kind of it", () => {
    const remedy = (type: string) => remedyFor(new IssuerError(type, "no"), NAME, "http-01");
    expect(remedy("dns")).toContain("A and AAAA records");
    expect(remedy("connection")).toBe(
      "port 80 of api.example.com must lead to server.port from the internet",
    );
    expect(remedy("unauthorized")).toContain("something else answers");
    expect(remedy("caa")).toContain("CAA record");
    expect(remedy("rateLimited")).toContain("staging directory");
    expect(remedy("rejectedIdentifier")).toContain("`acme.domains`");
    expect(remedy("invalidContact")).toContain("`acme.email`");
    expect(remedy("externalAccountRequired")).toContain("another `acme.directory`");
    expect(remedy("userActionRequired")).toContain("terms of service");
    expect(remedy("noChallenge")).toContain("the other port");
    expect(remedy("serverInternal")).toBeUndefined();
  });

  test("depends on the challenge", () => {
    expect(remedyFor(new IssuerError("tls", "no"), NAME, "tls-alpn-01")).toBe(
      "port 443 of api.example.com must lead to server.tls.port from the internet",
    );
  });

  test("tells an issuer that is not trusted from one that is not there", () => {
    const at = (reason: string) =>
      remedyFor(
        new IssuerError("unreachable", `https://certificate.test cannot be asked: ${reason}`),
        NAME,
        undefined,
      );
    expect(at("unable to verify the first certificate")).toContain("NODE_EXTRA_CA_CERTS");
    expect(at("Unable to connect")).toContain("check `acme.directory`");
  });
});

describe("the lines of the log", () => {
  function logging(storage = "acme") {
    const clock = new FakeClock();
    const lines: string[] = [];
    const subject = { directory: "https://issuer.test/directory", storage };
    const messages = new Messages(subject, clock, (level, text) => lines.push(`${level} ${text}`));
    const issuer = new FakeIssuer({});
    issuer.now = () => clock.wall();
    const key = newKey();
    const spki = createPublicKey(key).export({ type: "spki", format: "der" });
    const pair = { certificate: issuer.issue([NAME], spki), key: keyAsPem(key) };
    const meanwhile = placeholderCertificate(NAME, clock.wall());
    const managed = new ManagedCertificate(NAME, pair, meanwhile, 0);
    return { clock, lines, messages, managed };
  }

  test("say that a certificate has expired", () => {
    const { clock, lines, messages, managed } = logging();
    clock.advance(91 * DAY);
    messages.found(managed, false);
    messages.failed(managed, new IssuerError("serverInternal", "no"), "http-01", 3 * 60 * 60_000);
    expect(lines).toEqual([
      "error acme: api.example.com: the certificate expired at 2026-04-01 00:00 UTC",
      "error acme: api.example.com: no certificate: issuer.test says serverInternal: no; next attempt in 3 h; the certificate that is served expired at 2026-04-01 00:00 UTC",
    ]);
  });

  test("say that a certificate could not be stored", () => {
    const { lines, messages, managed } = logging("/var/acme");
    managed.isUnsaved = true;
    messages.failed(managed, new Error("ENOSPC: no space left"), undefined, 90_000);
    expect(lines).toEqual([
      "warn acme: api.example.com: certificate not stored: /var/acme cannot be used: ENOSPC: no space left; the gateway must be able to read and write there; next attempt in 90 s; the current certificate is valid until 2026-04-01 00:00 UTC",
    ]);
  });

  test("say that a file system has no links", () => {
    const { lines, messages, managed } = logging("/mnt/acme");
    const error = Object.assign(new Error("EPERM: operation not permitted"), { syscall: "link" });
    messages.failed(managed, error, undefined, 90_000);
    expect(lines[0]).toContain("its file system must support hard links");
  });

  test("do not put into an issuer's mouth what it did not say", () => {
    const { lines, messages, managed } = logging();
    messages.failed(managed, new IssuerError("timeout", "it takes too long"), "http-01", 60_000);
    expect(lines[0]).toContain("no certificate: it takes too long; ");
  });
});

describe("an issuer's error", () => {
  const COMMON = "urn:ietf:params:acme:error:";

  test("of several parts is named after its first part, and has the reasons of all", () => {
    const error = errorFrom({
      type: `${COMMON}compound`,
      detail: "two problems",
      subproblems: [
        { type: `${COMMON}caa`, detail: "a CAA record forbids it" },
        { type: `${COMMON}dns`, detail: "no A record" },
      ],
    });
    expect(error.type).toBe("caa");
    expect(error.message).toBe("two problems; a CAA record forbids it; no A record");
  });

  test("without any reason is still one", () => {
    expect(errorFrom("nonsense").type).toBe("invalidAnswer");
    expect(errorFrom({ type: `${COMMON}dns` }).message).toBe("the issuer gave no reason");
  });
});
