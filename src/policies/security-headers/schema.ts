import { type StaticDecode, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Duration } from "../../units/duration.ts";

const OFF = Type.Literal(false);

/** One of some values, or false for no such field. */
function OneOf<const Values extends readonly string[]>(
  values: Values,
  options: { readonly description: string; readonly default: Values[number] | false },
) {
  return Type.Unsafe<Values[number] | false>(
    Type.Union([...values.map((value): TSchema => Type.Literal(value)), OFF], {
      expected: `${values.join(", ")} or false`,
      ...options,
    }),
  );
}

/** A field's value, or false for no such field. It may be written over several lines. */
function FieldText(description: string) {
  return Type.Union([Type.String({ minLength: 1 }), OFF], {
    description,
    expected: "a text, or false",
    default: false,
  });
}

const LONGEST_DAYS = 3650;

const shortAge = Duration({ description: "Short for `max_age`.", longestDays: LONGEST_DAYS });

const hsts = Type.Object(
  {
    max_age: Duration({
      description:
        "For how long browsers remember it. A year is what browsers' own lists ask for; for a first try, less.",
      default: "365d",
      longestDays: LONGEST_DAYS,
    }),
    include_subdomains: Type.Boolean({
      description:
        "Whether it holds for all hosts below this one too. By default not: the gateway cannot know whether each of them has https.",
      default: false,
    }),
    preload: Type.Boolean({
      description:
        "Whether browsers may put the host into their own lists, which takes months to undo.",
      default: false,
    }),
  },
  { additionalProperties: false },
);

const settings = Type.Object(
  {
    hsts: Type.Union([Type.Boolean(), shortAge, hsts], {
      description:
        "Strict-Transport-Security: browsers ask this host by https alone. Sent only to clients that came by https (RFC 6797 section 7.2). A duration is short for `max_age`.",
      expected: "true, false, a duration, or {max_age, include_subdomains, preload}",
      default: true,
    }),
    nosniff: Type.Boolean({
      description:
        "X-Content-Type-Options: nosniff. Browsers take content for what its type says, so that an upload cannot be run as a script.",
      default: true,
    }),
    frame_options: OneOf(["deny", "sameorigin"], {
      description:
        "X-Frame-Options: who may show pages in frames (clickjacking). By default pages of the same origin, so that applications made of frames go on working.",
      default: "sameorigin",
    }),
    referrer_policy: OneOf(
      [
        "no-referrer",
        "no-referrer-when-downgrade",
        "same-origin",
        "origin",
        "strict-origin",
        "origin-when-cross-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
      ],
      {
        description:
          "Referrer-Policy: what other sites learn of the address of a page that leads to them. By default its origin, and nothing without https.",
        default: "strict-origin-when-cross-origin",
      },
    ),
    csp: FieldText(
      "Content-Security-Policy: where pages may load scripts and all else from. Only the application knows, so there is no default.",
    ),
    csp_report_only: FieldText(
      "Content-Security-Policy-Report-Only: the same, and browsers only report what they would refuse.",
    ),
    permissions_policy: FieldText(
      'Permissions-Policy: which features of browsers pages may use, like "camera=(), geolocation=(self)".',
    ),
    cross_origin_opener_policy: OneOf(
      ["same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none"],
      {
        description:
          "Cross-Origin-Opener-Policy: whether pages keep a hold on windows of other origins. By default not sent: logins in popups may need that.",
        default: false,
      },
    ),
    cross_origin_embedder_policy: OneOf(["require-corp", "credentialless", "unsafe-none"], {
      description:
        "Cross-Origin-Embedder-Policy: whether everything that a page loads must agree to that. By default not sent: most of the web does not say so.",
      default: false,
    }),
    cross_origin_resource_policy: OneOf(["same-origin", "same-site", "cross-origin"], {
      description:
        "Cross-Origin-Resource-Policy: whose pages may embed answers. By default not sent: images and scripts for other sites would not load any more.",
      default: false,
    }),
    remove: Type.Array(Type.String({ expected: "the name of a field" }), {
      description:
        "Fields of backends that are kept from clients, because they say which software to attack. `[]`: none.",
      default: ["server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version"],
    }),
    override: Type.Boolean({
      description:
        "Whether these values replace a backend's own. By default a backend's own stay: it knows its pages.",
      default: false,
    }),
  },
  { additionalProperties: false },
);

export type SecuritySettings = StaticDecode<typeof settings>;

export const securityHeadersSchema = Type.Union(
  [Type.Boolean({ description: "Whether answers get these fields." }), settings],
  {
    description:
      "Fields that tell browsers to be careful, on all answers, the gateway's own errors included. `true` takes all defaults.",
    expected: "true, false or {hsts, nosniff, frame_options, referrer_policy, csp, …}",
  },
);

export type SecurityHeaders = boolean | SecuritySettings;

/** Undefined if nothing is to be done. */
export function settingsOf(config: SecurityHeaders): SecuritySettings | undefined {
  if (typeof config !== "boolean") return config;
  return config ? Value.Decode(settings, Value.Default(settings, {})) : undefined;
}

/** The parts of Strict-Transport-Security; undefined if it is not sent. */
export function hstsOf(written: SecuritySettings["hsts"]): StaticDecode<typeof hsts> | undefined {
  if (written === false) return undefined;
  const defaults = Value.Decode(hsts, Value.Default(hsts, {}));
  if (written === true) return defaults;
  return typeof written === "number" ? { ...defaults, max_age: written } : written;
}

/** A text over several lines as the one line that a field is. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}
