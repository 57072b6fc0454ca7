import { isIP, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { normalizeAddress } from "./address.ts";
import { hostName } from "./host.ts";

/** Why a host cannot be matched, for the operator: what is wrong and what to write instead. */
export interface HostPatternProblem {
  readonly message: string;
}

/** A name has at most 253 characters (RFC 1035 section 2.3.4); as sent, each may be an escape. */
const LONGEST_NAME = 253;
const LONGEST_FIELD = 3 * LONGEST_NAME + ":65535".length;

const LABEL = /^[a-z0-9_-]+$/;
const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const NOT_ASCII = /[^\0-\x7F]/;
const NUMBER_AT_END = /(?:^|\.)[0-9]+$/;

/**
 * The host of a valid Host field in the one form in which hosts are compared: without port and trailing
 * dots, in lower case, escapes decoded, international names in their ASCII form (`xn--…`), IPv6
 * addresses without brackets in their shortest form, IPv4-mapped ones as IPv4. Empty if it is longer than
 * any name.
 */
export function comparableHost(host: string): string {
  if (host.length > LONGEST_FIELD) return "";
  const name = hostName(host);
  if (host.startsWith("[")) return comparableAddress(name);
  const decoded = name.includes("%") ? decodedName(name) : name;
  const comparable = comparableName(decoded);
  return comparable.length > LONGEST_NAME ? "" : comparable;
}

/**
 * Reads a host that a route is for, and returns it in the form of `comparableHost`: one host, or
 * `*.example.com` for every host below that one.
 */
export function parseHostPattern(written: string): string | HostPatternProblem {
  const problem = foreignForm(written);
  if (problem !== undefined) return { message: problem };
  if (isIPv6(withoutBrackets(written))) return comparableAddress(withoutBrackets(written));
  const isWildcard = written.startsWith("*.");
  const name = isWildcard ? written.slice(2) : written;
  const host = comparableName(name);
  const wrong = labelProblem(written, host, isWildcard);
  if (wrong !== undefined) return { message: wrong };
  return isWildcard ? `*.${host}` : host;
}

/**
 * The names that a host is below, the longest first: of a.b.c they are "b.c" and "c". What is before each
 * consists of labels of letters, digits, "-" and "_": a wildcard stands for nothing else.
 */
export function parentsOf(host: string): string[] {
  const parents: string[] = [];
  if (isIP(host) !== 0) return parents;
  let start = 0;
  for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", start)) {
    if (!LABEL.test(host.slice(start, dot))) break;
    start = dot + 1;
    parents.push(host.slice(start));
  }
  return parents;
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // Its bytes are not UTF-8, so it is no name.
    return name;
  }
}

function comparableName(name: string): string {
  const ascii = NOT_ASCII.test(name) ? domainToASCII(name) : name;
  return withoutTrailingDots(ascii.toLowerCase());
}

/** IPv6 in its shortest form, IPv4-mapped addresses as IPv4. */
function comparableAddress(address: string): string {
  const normal = normalizeAddress(address);
  return isIPv6(normal) ? new URL(`http://[${normal}]`).hostname.slice(1, -1) : normal;
}

function withoutTrailingDots(name: string): string {
  let end = name.length;
  while (end > 0 && name[end - 1] === ".") end -= 1;
  return end === name.length ? name : name.slice(0, end);
}

function withoutBrackets(written: string): string {
  return /^\[(.*)\]$/.exec(written)?.[1] ?? written;
}

/** The problem of text that is more than a host, or what other software writes. */
function foreignForm(written: string): string | undefined {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(written) ?? [];
  if (scheme !== undefined) {
    return `a host has no scheme; write ${quoted(written.slice(scheme.length + 3).split("/")[0])}`;
  }
  if (/^(?:~|\/|\^)|[\\()|+$]/.test(written)) {
    return 'hosts are not matched by regular expressions; write them out, or "*.example.com" for all below one';
  }
  if (/[{}<>]/.test(written)) {
    return 'a host has no parameters; write "*.example.com" for all below one';
  }
  if (written.includes("/")) return "a host has no path; the path is matched by `path`";
  const [, host] = /^(\[.*\]|[^:]+):[0-9*]*$/.exec(written) ?? [];
  if (host !== undefined) {
    return `a host is matched whatever its port; write ${quoted(host)}`;
  }
  if (written === "*" || written === "_" || written === "**") {
    return "a route without `hosts` is for every host; leave the key out";
  }
  if (/^\.[^.]/.test(written)) {
    return `write ${quoted(written.slice(1))} and ${quoted(`*${written}`)}`;
  }
  return undefined;
}

function labelProblem(written: string, host: string, isWildcard: boolean): string | undefined {
  if (host === "") return "a host has at least one character, like api.example.com";
  if (host.includes("*")) {
    return '"*" must be the whole first label, as in "*.example.com", and stands for one or more labels';
  }
  if (!LABELS.test(host)) {
    return `${quoted(written)} is not a host: between the dots of a name are letters, digits, "-" and "_"`;
  }
  if (host.length > LONGEST_NAME || host.split(".").some((label) => label.length > 63)) {
    return "it is too long for a host: a name has at most 253 characters, and 63 between two dots";
  }
  if (isWildcard && NUMBER_AT_END.test(host)) return "no host is below an address";
  return undefined;
}

function quoted(text = ""): string {
  return JSON.stringify(text);
}
