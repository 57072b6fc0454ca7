import { describe, expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { IssuerError } from "../../../../src/server/acme/issuer-error.ts";
import { renewalId } from "../../../../src/server/acme/x509.ts";
import { issuing } from "./issuing.ts";

async function failure(promise: Promise<unknown>): Promise<IssuerError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof IssuerError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("getting a certificate", () => {
  test.each(["http-01", "tls-alpn-01"] as const)("proves a name by %s", async (type) => {
    const { issuer, obtain, challenges } = issuing([type]);
    await issuer.useAccount("ops@example.com");
    const { certificate, key } = await obtain("api.example.com");
    const read = new X509Certificate(certificate);
    expect(read.checkHost("api.example.com")).toBe("api.example.com");
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(challenges.certificate("api.example.com")).toBeUndefined();
  });

  test("answers no challenge before and after", async () => {
    const { issuer, obtain, challenges, fake } = issuing();
    await issuer.useAccount(undefined);
    const seen: string[] = [];
    const presentHttp = challenges.presentHttp.bind(challenges);
    challenges.presentHttp = (token, answer) => {
      seen.push(token);
      return presentHttp(token, answer);
    };
    await obtain();
    expect(seen).toHaveLength(1);
    expect(challenges.keyAuthorization(seen[0]!)).toBeUndefined();
    expect(fake.asked).toContain("challenge");
  });

  test("uses the challenge that the issuer offers, and says which it offers if none fits", async () => {
    const { issuer, obtain, fake } = issuing(["http-01", "tls-alpn-01"]);
    await issuer.useAccount(undefined);
    fake.offers = ["tls-alpn-01"];
    await obtain();
    fake.offers = ["dns-01"];
    const { type, message } = await failure(obtain("b.example.com"));
    expect(type).toBe("noChallenge");
    expect(message).toBe("the issuer offers dns-01, the gateway can answer http-01, tls-alpn-01");
  });

  test("waits while the issuer is at work, and not forever", async () => {
    const { issuer, obtain, fake, clock } = issuing();
    await issuer.useAccount(undefined);
    fake.processing = 3;
    await obtain();
    expect(clock.waited).toBeGreaterThan(2_000);
    fake.processing = 1_000;
    expect((await failure(obtain("b.example.com"))).type).toBe("timeout");
    expect(clock.waited).toBeLessThan(7 * 60_000);
  });

  test("asks again with a fresh nonce when one is stale", async () => {
    const { issuer, obtain, fake } = issuing();
    fake.staleNonces = 2;
    await issuer.useAccount(undefined);
    await obtain();
    fake.staleNonces = 100;
    expect((await failure(obtain("b.example.com"))).type).toBe("badNonce");
  });

  test("reports why the issuer does not believe a name", async () => {
    const { issuer, obtain, challenges } = issuing();
    await issuer.useAccount(undefined);
    challenges.presentHttp = () => Promise.resolve(() => Promise.resolve());
    const error = await failure(obtain());
    expect(error.type).toBe("unauthorized");
    expect(error.message).toBe("api.example.com did not prove http-01");
    expect(error.isRefusal).toBe(true);
  });

  test("names the certificate that it replaces only to an issuer that knows of renewal information", async () => {
    const { issuer, obtain, fake } = issuing();
    await issuer.useAccount(undefined);
    const id = renewalId(new X509Certificate((await obtain()).certificate));
    await obtain("api.example.com", id);
    expect(fake.lastReplaced).toBeUndefined();
  });

  test("orders without a predecessor if the issuer refuses to connect the two", async () => {
    const { issuer, obtain, fake } = issuing();
    fake.renewalWindow = { start: Date.UTC(2026, 1, 1), end: Date.UTC(2026, 1, 2) };
    await issuer.useAccount(undefined);
    const id = renewalId(new X509Certificate((await obtain()).certificate));
    await obtain("api.example.com", id);
    expect(fake.lastReplaced).toBe(id);
    fake.refuseNext("new-order", { type: "alreadyReplaced", detail: "again?", status: 409 });
    await obtain("api.example.com", id);
    expect(fake.lastReplaced).toBeUndefined();
  });
});

describe("a certificate that an issuer gives", () => {
  test.each([
    ["is no certificate", () => "nonsense", "cannot be read"],
    ["is for another key", (pem: string) => pem, "another name or key"],
  ])("is refused if it %s", async (_, make, reason) => {
    const { issuer, obtain, fake } = issuing();
    await issuer.useAccount(undefined);
    const other = await obtain();
    fake.issue = () => make(other.certificate);
    const error = await failure(obtain());
    expect(error.type).toBe("invalidAnswer");
    expect(error.message).toContain(reason);
  });

  test("is not waited for if the order has become invalid", async () => {
    const { issuer, obtain, fake } = issuing();
    await issuer.useAccount(undefined);
    fake.failsOrders = true;
    const error = await failure(obtain());
    expect([error.type, error.message]).toEqual(["caa", "forbidden at the last moment"]);
  });
});

describe("an issuer's answers", () => {
  test("say when to try again, in seconds or by a date", async () => {
    const { issuer, obtain, fake, clock } = issuing();
    await issuer.useAccount(undefined);
    const refuse = (after: string) =>
      fake.refuseNext("new-order", {
        type: "rateLimited",
        detail: "too many",
        status: 429,
        headers: { "retry-after": after },
      });
    refuse("90");
    expect((await failure(obtain())).retryAfterMs).toBe(90_000);
    refuse(new Date(clock.wall() + 60_000).toUTCString());
    expect((await failure(obtain())).retryAfterMs).toBe(60_000);
    refuse("soon");
    expect((await failure(obtain())).retryAfterMs).toBeUndefined();
  });

  test("that are no ACME are reported with their URL", async () => {
    const { issuer, fake } = issuing();
    fake.refuseNext("directory", { type: "serverInternal", detail: "", status: 500 });
    const error = await failure(issuer.useAccount(undefined));
    expect([error.type, error.isRefusal]).toEqual(["serverInternal", false]);
  });

  test("are not waited for when the gateway stops", async () => {
    const { issuer, aborting } = issuing();
    aborting.abort();
    expect((await failure(issuer.useAccount(undefined))).type).toBe("unreachable");
  });

  test("are at most 1 MiB long", async () => {
    const { issuer, fake } = issuing();
    fake.fetch = () => Promise.resolve(new Response(new Uint8Array(2 ** 20 + 1)));
    const { type, message } = await failure(issuer.useAccount(undefined));
    expect(type).toBe("unreachable");
    expect(message).toContain("longer than 1 MiB");
  });

  test("without what they must have are refused", async () => {
    const { issuer, fake } = issuing();
    fake.fetch = () => Promise.resolve(new Response("<html>"));
    expect((await failure(issuer.useAccount(undefined))).message).toBe(
      "https://issuer.test/directory is not an ACME directory: no newAccount",
    );
  });

  test("may want an account elsewhere, which is not supported", async () => {
    const { issuer, fake } = issuing();
    fake.meta = { externalAccountRequired: true };
    expect((await failure(issuer.useAccount(undefined))).type).toBe("externalAccountRequired");
  });
});
