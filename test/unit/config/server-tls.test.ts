import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasOpenssl, issue, makeAuthority } from "../../support/certificates.ts";
import { errorsIn, loaded, ROUTE, warningsIn } from "./loading.ts";

let folder: string;

/** A server's `tls` in one line, with certificates of these names. */
function tls(names: string[], rest = "") {
  const certificates = names.map(
    (name) => `{ certificate: ${folder}/${name}.pem, key: ${folder}/${name}.key }`,
  );
  return `server:\n  tls:\n    certificates: [${certificates.join(", ")}]\n    ${rest}\n${ROUTE}`;
}

describe.skipIf(!hasOpenssl)("server.tls", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "gateway-server-tls-"));
    await makeAuthority(folder, "ca");
    await issue(folder, "a", "DNS:a.test,DNS:b.test");
    await issue(folder, "b", "DNS:b.test");
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("needs only certificates", () => {
    const config = loaded(tls(["a"]));
    expect(config.server.tls).toEqual({
      port: 8443,
      certificates: [{ certificate: `${folder}/a.pem`, key: `${folder}/a.key` }],
      min_version: "1.2",
      redirect: false,
    });
    expect(warningsIn(tls(["a"]))).toEqual([]);
  });

  test.each(["1.3", '"1.3"', "${VERSION}"])("takes %s as a version", (version) => {
    const config = loaded(tls(["a"], `min_version: ${version}`), { VERSION: "1.3" });
    expect(config.server.tls?.min_version).toBe("1.3");
  });

  test("takes no other version", () => {
    expect(errorsIn(tls(["a"], "min_version: 1.1"))).toEqual([
      '4:18: expected "1.2" or "1.3", got 1.1; did you mean `1.2`?',
    ]);
  });

  test("is an error without certificates", () => {
    expect(errorsIn(`server: { tls: { port: 1 } }\n${ROUTE}`)).toEqual([
      "1:16: TLS needs `certificates`, like `- { certificate: api.pem, key: api.key }`",
    ]);
  });

  test("is an error with files that TLS could not use", () => {
    const [error] = errorsIn(
      `server:\n  tls:\n    certificates:\n      - certificate: ${folder}/a.pem\n        key: ${folder}/b.key\n${ROUTE}`,
    );
    expect(error).toBe(
      `5:14: ${folder}/b.key is not the key of the certificate in ${folder}/a.pem`,
    );
    const clients = `client_certificates: { ca: ${folder}/none.pem }`;
    expect(errorsIn(tls(["a"], clients))).toEqual([
      `4:32: ${folder}/none.pem cannot be read; relative paths start at the working directory`,
    ]);
  });

  test("warns of certificates that clients refuse, and of one that is never chosen", () => {
    expect(warningsIn(tls(["ca"]))).toEqual([
      expect.stringContaining("it names no host (subjectAltName)"),
    ]);
    expect(warningsIn(tls(["a", "b"]))).toEqual([
      expect.stringContaining("it is never chosen: certificate 1 of the list has its names"),
    ]);
    expect(warningsIn(tls(["b", "a"]))).toEqual([]);
  });

  test("requires certificates of clients, unless it only asks for them", () => {
    const clients = (rest: string) =>
      loaded(tls(["a"], `client_certificates: { ca: ${folder}/ca.pem${rest} }`)).server.tls
        ?.client_certificates?.required;
    expect(clients("")).toBe(true);
    expect(clients(", required: false")).toBe(false);
  });

  test("redirects to its own port, or to the one that clients use", () => {
    expect(loaded(tls(["a"], "redirect: true")).server.tls?.redirect).toBe(true);
    expect(loaded(tls(["a"], "redirect: 443")).server.tls?.redirect).toBe(443);
    expect(errorsIn(tls(["a"], "redirect: always"))).toEqual([
      '4:15: expected true, false or the port that clients use, got the text "always"',
    ]);
  });

  test("has a port of its own", () => {
    expect(errorsIn(tls(["a"], "port: 8080"))).toEqual([
      "4:11: port 8080 is already server.port; choose another, or turn that off with `port: off`",
    ]);
    expect(errorsIn(`admin: { listen: 127.0.0.1:8443 }\n${tls(["a"])}`)).toEqual([
      "1:18: port 8443 is already server.tls.port; choose another for admin.listen",
    ]);
  });

  test("may be the only way in", () => {
    expect(loaded(tls(["a"]).replace("server:", "server:\n  port: off")).server.port).toBe("off");
    expect(errorsIn(`server: { port: off }\n${ROUTE}`)).toEqual([
      "1:17: without `tls` there would be no port for clients; choose a port, or configure `tls`",
    ]);
    expect(errorsIn(`server: { port: none }\n${ROUTE}`)[0]).toContain("write `off` for none");
  });

  test("of the gateway itself is no backend", () => {
    const text = tls(["a"], "port: 9443").replace("http://a", "https://localhost:9443");
    expect(warningsIn(text)).toEqual([
      expect.stringContaining("https://localhost:9443 is the gateway itself"),
    ]);
  });
});
