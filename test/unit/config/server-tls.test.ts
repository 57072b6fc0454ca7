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
      "1:16: TLS needs `certificates`, like `- { certificate: api.pem, key: api.key }`, or `acme` to get them from an issuer",
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
      `4:32: ${folder}/none.pem does not exist; relative paths start at the working directory`,
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

  test("has nothing to redirect where there is no plain port", () => {
    const text = tls(["a"], "redirect: true").replace("server:", "server:\n  port: off");
    expect(warningsIn(text)).toEqual(["5:15: `redirect` has no effect: `server.port` is off"]);
  });

  test("may be the only way in", () => {
    expect(loaded(tls(["a"]).replace("server:", "server:\n  port: off")).server.port).toBe("off");
    expect(errorsIn(`server: { port: off }\n${ROUTE}`)).toEqual([
      "1:17: without `tls` there would be no port for clients; choose a port, or configure `tls`",
    ]);
    expect(errorsIn(`server: { port: none }\n${ROUTE}`)[0]).toContain("write `off` for none");
  });

  test("warns of authorities that are none", () => {
    const rest = (name: string) => `client_certificates: { ca: ${folder}/${name}.pem }`;
    expect(warningsIn(tls(["a"], rest("ca")))).toEqual([]);
    expect(warningsIn(tls(["a"], rest("b")))).toEqual([
      `4:32: no certificate in ${folder}/b.pem is an authority's (CA:TRUE), so no client's certificate is accepted; name the authority's file`,
    ]);
  });

  test("of the gateway itself is no backend", () => {
    const text = tls(["a"], "port: 9443").replace("http://a", "https://localhost:9443");
    expect(warningsIn(text)).toEqual([
      expect.stringContaining("https://localhost:9443 is the gateway itself"),
    ]);
  });
});

describe("server.tls.acme", () => {
  const issuer = (rest: string, more = "") =>
    `server: { tls: { acme: { ${rest} } } }\n${more}${ROUTE}`;

  test("needs only names", () => {
    const { server } = loaded(issuer("domains: API.example.com"));
    expect(server.tls?.acme).toEqual({
      domains: ["API.example.com"],
      directory: "https://acme-v02.api.letsencrypt.org/directory",
    });
    expect(server.tls?.certificates).toEqual([]);
  });

  test("reports each problem at its place", () => {
    const rest = 'domains: ["*.example.com", 10.0.0.1], email: nobody, wildcards: true';
    expect(errorsIn(issuer(rest))).toEqual([
      expect.stringMatching(/^1:36: `\*\.example\.com` needs the DNS-01 challenge/),
      expect.stringMatching(/^1:53: `10\.0\.0\.1` is an address/),
      expect.stringMatching(/^1:71: expected an e-mail address/),
      expect.stringMatching(/^1:79: unknown key `wildcards`/),
    ]);
  });

  test("cannot keep certificates in a folder that cannot be made", () => {
    expect(errorsIn(issuer("domains: [api.example.com], storage: /dev/null/acme"))).toEqual([
      "1:63: /dev/null is not a folder",
    ]);
    const error = errorsIn(
      issuer("domains: [api.example.com]", "logging: { database: /dev/null/gateway.db }\n"),
    ).find((line) => line.includes("storage"));
    expect(error).toBe("1:24: /dev/null is not a folder; name another folder in `storage`");
  });

  test.skipIf(!hasOpenssl)("warns of a name that has a certificate already", async () => {
    const files = mkdtempSync(join(tmpdir(), "gateway-acme-"));
    await makeAuthority(files, "ca");
    await issue(files, "a", "DNS:a.example.com");
    const certificates = `[{ certificate: ${files}/a.pem, key: ${files}/a.key }]`;
    const text = `server:\n  tls:\n    certificates: ${certificates}\n    acme: { domains: [b.example.com, A.example.com] }\n${ROUTE}`;
    expect(warningsIn(text)).toEqual([
      "4:38: the issuer's certificate for `a.example.com` would never be chosen: certificate 1 of `certificates` has that name",
    ]);
    rmSync(files, { recursive: true });
  });
});
