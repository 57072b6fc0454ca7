import { CertificateNames, subjectAltNames } from "../http/certificate-names.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import type { Checkable } from "../pipeline/section.ts";
import { hostsOf } from "../routing/conditions/of-route.ts";
import { certificatesIn } from "../documents/pem-files.ts";
import { FileProblem, readFileBytes } from "../documents/text-file.ts";
import type { Config } from "./schema.ts";

/**
 * Warns of routes that no client can reach without a warning of its own: clients must use TLS, and no
 * certificate is for any of the route's hosts.
 */
export function checkHostCertificates({ server, routes = [] }: Checkable<Config>): ConfigIssue[] {
  const isTlsRequired = server?.port === "off" || (server?.tls?.redirect ?? false) !== false;
  const names = server?.tls === undefined || !isTlsRequired ? undefined : namesOf(server.tls);
  if (names === undefined) return [];
  return routes.flatMap((route, index): ConfigIssue[] => {
    const hosts = route === undefined ? [] : (hostsOf(route) ?? []);
    if (hosts.length === 0 || hosts.some((host) => isCovered(host, names))) return [];
    const which = hosts.length === 1 ? `\`${hosts[0]}\`` : "any of these hosts";
    const message = `no certificate of \`server.tls\` is for ${which}, and clients must use TLS`;
    return [{ path: ["routes", index, "hosts"], message, severity: "warning" }];
  });
}

/** Undefined if some are not known; what is wrong with a file is reported with its section. */
function namesOf({
  certificates = [],
  acme,
}: NonNullable<NonNullable<Checkable<Config>["server"]>["tls"]>): CertificateNames | undefined {
  const names: string[] = [];
  for (const domain of acme?.domains ?? []) {
    if (domain === undefined) return undefined;
    names.push(domain);
  }
  for (const files of certificates) {
    if (files?.certificate === undefined) return undefined;
    try {
      const [own] = certificatesIn(files.certificate, readFileBytes(files.certificate));
      names.push(...subjectAltNames(own?.subjectAltName));
    } catch (error) {
      if (error instanceof FileProblem) return undefined;
      throw error;
    }
  }
  return new CertificateNames(names);
}

/** Of a wildcard, one certificate for a host below it is enough. */
function isCovered(host: string, names: CertificateNames): boolean {
  if (!host.startsWith("*.")) return names.cover(host);
  return names.all.some((name) => name.endsWith(host.slice(1)));
}
