import type { ConfigIssue } from "../../pipeline/policy.ts";
import { closest } from "../../units/closest.ts";
import { nameProblem, refusedInAnswers } from "../field-names.ts";
import { hstsOf, oneLine, type SecurityHeaders, type SecuritySettings } from "./schema.ts";

/** What browsers would ignore or misunderstand. */
export function checkSecurityHeaders(config: SecurityHeaders): ConfigIssue[] {
  if (typeof config === "boolean") return [];
  return [
    ...checkHsts(config.hsts),
    ...checkText(config, "csp", cspProblem),
    ...checkText(config, "csp_report_only", cspProblem),
    ...checkText(config, "permissions_policy", permissionsProblem),
    ...config.remove.flatMap((name, index): ConfigIssue[] => {
      const message = nameProblem(name, refusedInAnswers.remove);
      return message === undefined ? [] : [{ path: ["remove", index], message }];
    }),
  ];
}

const YEAR_MS = 31_536_000_000;

/** What the lists of browsers ask for: https://hstspreload.org */
function checkHsts(written: SecuritySettings["hsts"]): ConfigIssue[] {
  const hsts = hstsOf(written);
  if (hsts === undefined || !hsts.preload) return [];
  if (hsts.include_subdomains && hsts.max_age >= YEAR_MS) return [];
  const message =
    "browsers' lists take only hosts with `include_subdomains: true` and a `max_age` of a year or more";
  return [{ path: ["hsts", "preload"], message }];
}

type TextKey = "csp" | "csp_report_only" | "permissions_policy";

function checkText(
  config: SecuritySettings,
  key: TextKey,
  problemOf: (value: string) => string | undefined,
): ConfigIssue[] {
  const written = config[key];
  if (written === false) return [];
  const value = oneLine(written);
  if (!/^[ -~]+$/.test(value)) {
    return [{ path: [key], message: "this must be visible ASCII, and not empty" }];
  }
  const message = problemOf(value);
  return message === undefined ? [] : [{ path: [key], message, severity: "warning" }];
}

/** CSP level 3, and what browsers have beyond it. */
const DIRECTIVES = (
  "child-src connect-src default-src fenced-frame-src font-src frame-src img-src manifest-src media-src " +
  "object-src prefetch-src script-src script-src-attr script-src-elem style-src style-src-attr " +
  "style-src-elem worker-src base-uri sandbox form-action frame-ancestors report-to report-uri " +
  "require-trusted-types-for trusted-types upgrade-insecure-requests block-all-mixed-content webrtc"
).split(" ");

const KEYWORDS = new Set([
  "self",
  "none",
  "unsafe-inline",
  "unsafe-eval",
  "unsafe-hashes",
  "wasm-unsafe-eval",
  "strict-dynamic",
  "report-sample",
]);

/** Directives whose values are names of the page's own. */
const NAMING = new Set(["trusted-types", "report-to"]);

function cspProblem(value: string): string | undefined {
  const known = new Set<string>();
  for (const directive of value.split(";")) {
    const [written = "", ...sources] = directive.trim().split(" ");
    if (written === "") continue;
    const name = written.toLowerCase();
    if (!DIRECTIVES.includes(name)) {
      const near = closest(name, DIRECTIVES);
      const remedy =
        near === undefined ? "directives are separated by `;`" : `did you mean \`${near}\`?`;
      return `browsers ignore \`${written}\`, which is not a directive; ${remedy}`;
    }
    if (known.has(name))
      return `browsers ignore the second \`${written}\`; write one with both values`;
    known.add(name);
    const bare = sources.find((source) => KEYWORDS.has(source.toLowerCase()));
    if (bare !== undefined && !NAMING.has(name)) {
      return `\`${bare}\` is a host here; the keyword is \`'${bare}'\`, with its quotes`;
    }
  }
  return undefined;
}

/** A dictionary of RFC 9651 whose values are lists of who may use a feature. */
const PERMISSION = /^[a-z][a-z0-9-]*=(?:\*|self|\([^()]*\))(?:;[a-z-]+=[^,;]+)*$/;

function permissionsProblem(value: string): string | undefined {
  const wrong = value.split(/, ?(?![^(]*\))/).find((member) => !PERMISSION.test(member));
  return wrong === undefined
    ? undefined
    : `browsers ignore all of this because of \`${wrong}\`; write it like \`camera=(), geolocation=(self "https://maps.example.com")\``;
}
