import { type Field, FieldName } from "../../http/field.ts";
import type { Answer } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { definePolicy, type Policy } from "../../pipeline/policy.ts";
import { checkSecurityHeaders } from "./checks.ts";
import {
  hstsOf,
  oneLine,
  type SecurityHeaders,
  securityHeadersSchema,
  type SecuritySettings,
  settingsOf,
} from "./schema.ts";

/** Sets fields that tell browsers to be careful, and removes those that tell attackers too much. */
export const securityHeaders = definePolicy({
  name: "security_headers",
  routeReplacesGlobal: true,
  global: {
    key: "security_headers",
    schema: securityHeadersSchema,
    check: checkSecurityHeaders,
    create,
  },
  route: {
    key: "security_headers",
    schema: securityHeadersSchema,
    check: checkSecurityHeaders,
    create,
  },
});

function create(config: SecurityHeaders): Policy | undefined {
  const settings = settingsOf(config);
  return settings && new SecurityFields(settings);
}

const HSTS = "strict-transport-security";

class SecurityFields implements Policy {
  readonly name = "security_headers";
  readonly #fields: readonly Field[];
  readonly #hsts: Field | undefined;
  /** What becomes of a backend's fields: 0 removes one, another number is the bit of one that stays. */
  readonly #ofBackend: ReadonlyMap<string, number>;

  constructor(settings: SecuritySettings) {
    this.#fields = fieldsOf(settings);
    this.#hsts = hstsField(settings.hsts);
    const own = [...this.#fields, ...(this.#hsts === undefined ? [] : [this.#hsts])];
    const ofBackend = new Map(settings.remove.map((name) => [name.toLowerCase(), 0]));
    for (const [at, { name }] of own.entries()) {
      ofBackend.set(name, settings.override ? 0 : 1 << at);
    }
    this.#ofBackend = ofBackend;
  }

  response({ client }: Exchange, { status, fields: { list } }: Answer): undefined {
    // What follows belongs to another protocol.
    if (status === 101) return;
    const isSecure = client.protocol === "https";
    let present = 0;
    for (let at = list.length - 1; at >= 0; at -= 1) {
      const name = list[at]?.name ?? "";
      const bit = this.#ofBackend.get(name);
      if (bit === undefined) continue;
      if (bit === 0 || (name === HSTS && !isSecure)) list.splice(at, 1);
      else present |= bit;
    }
    let bit = 1;
    for (const field of this.#fields) {
      if ((present & bit) === 0) list.push(field);
      bit <<= 1;
    }
    if (isSecure && this.#hsts !== undefined && (present & bit) === 0) list.push(this.#hsts);
  }
}

/** All but Strict-Transport-Security. */
function fieldsOf(settings: SecuritySettings): Field[] {
  const values: readonly (readonly [name: string, value: string | false])[] = [
    ["X-Content-Type-Options", settings.nosniff && "nosniff"],
    ["X-Frame-Options", settings.frame_options && settings.frame_options.toUpperCase()],
    ["Referrer-Policy", settings.referrer_policy],
    ["Content-Security-Policy", settings.csp],
    ["Content-Security-Policy-Report-Only", settings.csp_report_only],
    ["Permissions-Policy", settings.permissions_policy],
    ["Cross-Origin-Opener-Policy", settings.cross_origin_opener_policy],
    ["Cross-Origin-Embedder-Policy", settings.cross_origin_embedder_policy],
    ["Cross-Origin-Resource-Policy", settings.cross_origin_resource_policy],
  ];
  return values.flatMap(([name, value]) =>
    value === false ? [] : [new FieldName(name).with(oneLine(value))],
  );
}

function hstsField(written: SecuritySettings["hsts"]): Field | undefined {
  const hsts = hstsOf(written);
  if (hsts === undefined) return undefined;
  const subdomains = hsts.include_subdomains ? "; includeSubDomains" : "";
  const preload = hsts.preload ? "; preload" : "";
  const value = `max-age=${Math.floor(hsts.max_age / 1000)}${subdomains}${preload}`;
  return new FieldName("Strict-Transport-Security").with(value);
}
