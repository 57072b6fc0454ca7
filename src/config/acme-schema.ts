import { accessSync, constants, statSync } from "node:fs";
import { isIP } from "node:net";
import { dirname, join, resolve } from "node:path";
import { domainToASCII } from "node:url";
import { Type } from "@sinclair/typebox";
import { isLoopback } from "../http/address.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";

const schema = Type.Object(
  {
    domains: Type.Array(
      Type.String({ expected: "a host name, like api.example.com", minLength: 1 }),
      {
        description:
          "The host names to get certificates for, one for each. Each must lead to this gateway.",
        minItems: 1,
      },
    ),
    email: Type.Optional(
      Type.String({
        description: "Where the issuer may write to; not every issuer wants it.",
        pattern: "^[^@\\s,?:]+@[^@\\s,?:]+$",
        expected: "an e-mail address, like ops@example.com",
      }),
    ),
    directory: Type.String({
      description:
        "The URL of the issuer's ACME directory. The default is Let's Encrypt; use https://acme-staging-v02.api.letsencrypt.org/directory while trying things out, because its rate limits are higher. By naming an issuer you agree to its terms of service.",
      default: "https://acme-v02.api.letsencrypt.org/directory",
      pattern: "^https?://",
      expected: "a URL, like https://acme-v02.api.letsencrypt.org/directory",
    }),
    storage: Type.Optional(
      Type.String({
        description:
          "The folder that holds the account's key and the certificates; only its owner may read it. Gateways may share it. By default the folder `acme` next to logging.database.",
        minLength: 1,
        expected: "a folder, like acme/",
      }),
    ),
  },
  {
    additionalProperties: false,
    expected: "a mapping with `domains`",
    advice: () => "name the domains, like `{ domains: [api.example.com] }`",
    description:
      "Certificates that the gateway gets from an issuer and renews by itself (ACME, RFC 8555). The issuer must reach port 80 or 443 of each name, and these must lead to server.port or server.tls.port.",
  },
);

/** `acme` below `server.tls`. */
export const acme = defineSection({ schema: Type.Optional(schema), check });

interface Written {
  readonly domains?: readonly (string | undefined)[];
  readonly directory?: string | undefined;
  readonly storage?: string | undefined;
}

function check({ domains = [], directory, storage }: Written): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const known = new Set<string>();
  for (const [index, domain] of domains.entries()) {
    if (domain === undefined) continue;
    const message = domainProblem(domain, isPublicIssuer(directory));
    const name = domain.toLowerCase();
    if (message !== undefined) issues.push({ path: ["domains", index], message });
    else if (known.has(name)) {
      const message = `\`${domain}\` is listed twice`;
      issues.push({ path: ["domains", index], message, severity: "warning" });
    }
    known.add(name);
  }
  const wrongUrl = directory === undefined ? undefined : directoryProblem(directory);
  if (wrongUrl !== undefined) issues.push({ path: ["directory"], message: wrongUrl });
  const noFolder = storage === undefined ? undefined : storageProblem(storage);
  if (noFolder !== undefined) issues.push({ path: ["storage"], message: noFolder });
  return issues;
}

/** The folder that is used if none is named. */
export function defaultStorage(database: string): string {
  return join(dirname(database), "acme");
}

/** Issuers that everyone trusts certify public names only. Others are a company's own, or for trials. */
function isPublicIssuer(directory: string | undefined): boolean {
  return (
    directory !== undefined &&
    /(?:^|[./])(?:letsencrypt\.org|pki\.goog|zerossl\.com|buypass\.com|ssl\.com|digicert\.com|sectigo\.com)(?:[:/]|$)/.test(
      directory,
    )
  );
}

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
/** Names that nobody outside can look up (RFC 6761, 6762, 7686, 8375, 9476, and ICANN's `internal`). */
const NOT_PUBLIC =
  /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|home\.arpa|corp|test|example|invalid|onion|alt)$/;

/** Why no certificate can be had for a name. */
function domainProblem(domain: string, isPublic: boolean): string | undefined {
  const name = domain.toLowerCase();
  if (isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0) {
    return `\`${domain}\` is an address: certificates for addresses are not supported here; list a name, or give a certificate in \`certificates\``;
  }
  if (name.startsWith("*.")) {
    return `\`${domain}\` needs the DNS-01 challenge, which is not supported: list each name, or give a certificate in \`certificates\``;
  }
  const [, host] = /^(?:[a-z]+:\/\/)?([^/:]+)/.exec(name) ?? [];
  if (host !== undefined && host !== name && isHostName(host)) {
    return `\`${domain}\` has more than a host name: write \`${host}\``;
  }
  if (!isHostName(name)) {
    const ascii = domainToASCII(name.replace(/\.$/, ""));
    const advice =
      ascii !== "" && ascii !== name && isHostName(ascii) ? `: write \`${ascii}\`` : "";
    return `\`${domain}\` is not a host name, like api.example.com${advice}`;
  }
  if (isPublic && (!name.includes(".") || NOT_PUBLIC.test(name))) {
    return `\`${domain}\` is not a public name, and this issuer certifies no others: give a certificate in \`certificates\`, or name your own issuer in \`directory\``;
  }
  return undefined;
}

/** As certificates have them: without underscores, unlike names in DNS. */
function isHostName(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => LABEL.test(label));
}

function directoryProblem(directory: string): string | undefined {
  if (!URL.canParse(directory)) return `\`${directory}\` is not a URL`;
  const { protocol, hostname, username, password } = new URL(directory);
  if (username !== "" || password !== "") return "a directory's URL has no user and password";
  const isHere = hostname === "localhost" || isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"));
  if (protocol === "https:" || isHere) return undefined;
  return "the issuer must be asked by https:// (RFC 8555 section 6.1)";
}

/** Why certificates cannot be kept in a folder. One that is missing is created. */
export function storageProblem(folder: string): string | undefined {
  if (folder.includes("\0")) return "a folder's name cannot contain a NUL";
  let path = resolve(folder);
  for (;;) {
    try {
      if (!statSync(path).isDirectory()) return `${path} is not a folder`;
      break;
    } catch {
      const parent = dirname(path);
      if (parent === path) return `${folder} cannot be created`;
      path = parent;
    }
  }
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return path === resolve(folder)
      ? `${folder} cannot be written by this user`
      : `${folder} cannot be created: ${path} cannot be written by this user`;
  }
}
