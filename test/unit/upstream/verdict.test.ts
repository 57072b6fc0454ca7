import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { destinationOf, readBackendAddress } from "../../../src/upstream/backend.ts";
import { judgeAnswer, judgeFailure, judgeSilence } from "../../../src/upstream/health/verdict.ts";

const at = (url: string) => destinationOf(readBackendAddress(url));
const asked = {
  to: at("http://a.test:9001"),
  path: "/health",
  grpcService: undefined,
  isPathChosen: true,
};
const askedByTls = { ...asked, to: at("https://a.test:9001") };

const answer = (status: number, location?: string) => judgeAnswer({ status, location }, asked);
const failure = (code: string, message = "") =>
  judgeFailure(Object.assign(new Error(message), { code }), asked);
const failureByTls = (code: string, message = "") =>
  judgeFailure(Object.assign(new Error(message), { code }), askedByTls);

describe("the verdict on an answer", () => {
  test.each([200, 204, 299])("of %d is a success, and that is all there is to say", (status) => {
    expect(answer(status)).toEqual({ succeeded: true, reason: `answered ${status}` });
  });

  test.each([
    [404, "no such page"],
    [301, "redirects are not followed"],
    [400, "an unknown Host (the check sends a.test:9001)"],
    [421, "plain HTTP on a TLS port"],
    [401, "no credentials"],
    [403, "no credentials"],
    [410, "`health_check.path`"],
    [429, "`health_check.interval`"],
  ])("of %d says what to do: %s", (status, remedy) => {
    const verdict = answer(status);
    expect(verdict).toMatchObject({ succeeded: false, reason: `answered ${status}` });
    expect(verdict.remedy).toContain(remedy);
  });

  test.each([500, 502, 503])("of %d says no more than that", (status) => {
    expect(answer(status).remedy).toBeUndefined();
  });

  test("that redirects says where to, in one line whatever it holds", () => {
    expect(answer(302, "/login\u001B[31m").reason).toBe(
      'answered 302 with Location "/login\\u001b[31m"',
    );
    expect(answer(302, "/login").remedy).toContain("`health_check.path`");
  });

  test("that redirects to TLS at the same host says to ask for https", () => {
    expect(answer(308, "https://a.test/health").remedy).toContain("write https:// in its URL");
    for (const elsewhere of ["https://login.test/", "http://a.test/", "https://", "//a.test/x"]) {
      expect(answer(308, elsewhere).remedy).not.toContain("write https://");
    }
  });
});

describe("the verdict on a check without an answer", () => {
  test("names the timeout's key", () => {
    expect(judgeSilence(3_000).reason).toBe("no answer within 3s (`health_check.timeout`)");
    expect(judgeSilence(250).reason).toContain("250ms");
  });

  test("says what is to be looked at when nothing listens or the name is unknown", () => {
    expect(failure("ECONNREFUSED")).toEqual({
      succeeded: false,
      reason: "connection refused",
      remedy: "is the service running, and is this its port?",
    });
    expect(failure("ENOTFOUND")?.remedy).toContain("DNS");
  });

  test("suspects the other scheme", () => {
    expect(failure("ECONNRESET")?.remedy).toContain("write https://");
    expect(failureByTls("ECONNRESET")?.remedy).toContain("write http://");
    expect(failureByTls("EPROTO")).toMatchObject({
      reason: "the TLS handshake failed",
      remedy: "if the backend speaks plain HTTP, write http:// in its URL",
    });
  });

  test("says how a certificate comes to be trusted", () => {
    expect(failureByTls("DEPTH_ZERO_SELF_SIGNED_CERT", "self signed certificate")).toMatchObject({
      reason: "the certificate is not trusted (self signed certificate)",
      remedy: "set `tls.ca` of the route to the authority's certificate",
    });
    expect(failureByTls("UNABLE_TO_VERIFY_LEAF_SIGNATURE")?.remedy).toContain("`tls.ca`");
    expect(failureByTls("ERR_TLS_CERT_ALTNAME_INVALID")?.remedy).toContain("`tls.server_name`");
  });

  test("suspects another protocol when the answer is no HTTP", () => {
    expect(failure("backend_protocol_error")?.remedy).toContain("HTTP/1.1");
  });

  test("names the egress proxy where that is what cannot be reached", () => {
    const to = { ...asked.to, proxy: "http://user:secret@egress:3128" };
    const error = Object.assign(new Error(), { code: "ECONNREFUSED" });
    expect(judgeFailure(error, { ...asked, to })).toEqual({
      succeeded: false,
      reason: "the egress proxy egress:3128: connection refused",
      remedy: "is it running, and is the route's `proxy` right?",
    });
    expect(
      judgeFailure(Object.assign(new Error(), { code: "EPROTO" }), { ...asked, to })?.reason,
    ).toBe("the TLS handshake failed");
  });

  test("is none when the gateway itself is at fault", () => {
    expect(judgeFailure(new GatewayError("overloaded", "no descriptors"), asked)).toBeUndefined();
    expect(judgeFailure(new GatewayError("backend_timeout", "late"), asked)?.succeeded).toBe(false);
  });

  test("has the error's own words for unknown failures", () => {
    expect(failure("EWHATEVER", "something odd")).toMatchObject({ reason: "something odd" });
  });
});
