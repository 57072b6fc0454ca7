import { AddressSet, parseNetwork } from "../../../../http/address-set.ts";
import type { AlternativeName } from "./certificate-facts.ts";
import { PatternProblem } from "./distinguished-names.ts";
import { type Glob, globOf } from "./glob.ts";

type Matches = (value: string) => boolean;

/**
 * A rule for subject alternative names: a kind and a text with wildcards, like `dns:*.example.com`,
 * `email:*@example.com`, `uri:spiffe://acme/device/*` or `ip:10.0.0.0/8`. A wildcard stays within a
 * label of a host, before the @ of a mail address, or within a segment of a URI; `**` at the end of a
 * URI stands for all segments that follow.
 */
export class AlternativeNamePattern {
  readonly #kind: AlternativeName["kind"];
  readonly #matches: Matches;

  /** Throws a PatternProblem. */
  constructor(written: string) {
    const [, prefix = "", value = ""] = /^([A-Za-z ]+):(.+)$/.exec(written) ?? [];
    const kind = KINDS[prefix.toLowerCase()];
    if (kind === undefined) {
      throw new PatternProblem(
        `\`${written}\` does not say what it is; write dns:, email:, uri: or ip: before the name`,
      );
    }
    this.#kind = kind;
    this.#matches = RULES[kind](value);
  }

  matches({ kind, value }: AlternativeName): boolean {
    return kind === this.#kind && this.#matches(value);
  }
}

const KINDS: Readonly<Record<string, AlternativeName["kind"]>> = {
  dns: "dns",
  email: "email",
  uri: "uri",
  ip: "ip",
  // As openssl prints it.
  "ip address": "ip",
};

const RULES: Readonly<Record<AlternativeName["kind"], (written: string) => Matches>> = {
  dns: hostRule,
  email: mailRule,
  uri: uriRule,
  ip: addressRule,
};

function hostRule(written: string): Matches {
  if (/[^A-Za-z0-9*._-]|^\.|\.\./.test(written)) {
    throw new PatternProblem(`\`${written}\` is not the name of a host, with * in a label of it`);
  }
  const globs = parts(plainHost(written), ".");
  return (value) => partsMatch(globs, plainHost(value).split("."));
}

/** Hosts are compared without regard to case (RFC 9525 section 6.3). */
function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}

function mailRule(written: string): Matches {
  const at = written.lastIndexOf("@");
  if (at <= 0) throw new PatternProblem(`\`${written}\` is not a mail address, like *@example.com`);
  const name = globOf(written.slice(0, at));
  const isHost = hostRule(written.slice(at + 1));
  return (value) => {
    const end = value.lastIndexOf("@");
    return end > 0 && name.matches(value.slice(0, end)) && isHost(value.slice(end + 1));
  };
}

function uriRule(written: string): Matches {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(written)) {
    throw new PatternProblem(`\`${written}\` is not a URI, like spiffe://example.com/device/*`);
  }
  const isOpen = written.endsWith("/**");
  const globs = parts(isOpen ? written.slice(0, -3) : written, "/");
  return (value) => {
    const segments = value.split("/");
    if (!isOpen) return partsMatch(globs, segments);
    return segments.length > globs.length && partsMatch(globs, segments.slice(0, globs.length));
  };
}

function addressRule(written: string): Matches {
  const network = parseNetwork(written);
  if (network === undefined) {
    throw new PatternProblem(`\`${written}\` is neither an address nor a network, like 10.0.0.0/8`);
  }
  const addresses = new AddressSet([network]);
  return (value) => addresses.has(value);
}

function parts(written: string, separator: string): Glob[] {
  return written.split(separator).map(globOf);
}

function partsMatch(globs: readonly Glob[], values: readonly string[]): boolean {
  return (
    globs.length === values.length && globs.every((glob, at) => glob.matches(values[at] ?? ""))
  );
}
