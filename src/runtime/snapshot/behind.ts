import type { SplitChoiceConfig } from "../../config/split-schema.ts";
import { isParsedText, type ParsedText } from "../../pipeline/placeholders.ts";
import type { Behind } from "../../pipeline/policy.ts";
import { policyRegistry } from "../../policies/registry.ts";

/** Keys of a route, besides those of policies, that decide what a client gets of an answer or instead. */
const OTHERS = ["preserve_path", "redirect", "respond", "split"];

/** What a route's configuration says of what comes after a policy. */
export function behind(route: object, policy: string): Behind {
  const at = policyRegistry.findIndex(({ name }) => name === policy);
  const after = policyRegistry.slice(at + 1).map(({ route: scope }) => scope?.key ?? "");
  const entries = [...after, ...OTHERS].map((key): [string, unknown] => [
    key,
    Reflect.get(route, key),
  ]);
  return {
    texts: [...entries.flatMap(([, value]) => textsIn(value)), ...choosing(route)],
    fingerprint: Bun.hash(JSON.stringify(entries)).toString(36),
  };
}

function textsIn(value: unknown): ParsedText[] {
  if (typeof value !== "object" || value === null) return [];
  return isParsedText(value) ? [value] : Object.values(value).flatMap(textsIn);
}

/** What decides to which upstream of a split a request must go, as texts. */
function choosing(route: { readonly split?: readonly SplitChoiceConfig[] }): ParsedText[] {
  return (route.split ?? []).flatMap(({ when }) => [
    ...Object.keys(when?.header ?? {}).map((name) => textOf("header", name.toLowerCase())),
    ...Object.keys(when?.cookie ?? {}).map((name) => textOf("cookie", name)),
  ]);
}

function textOf(source: "header" | "cookie", name: string): ParsedText {
  return { text: "", parts: [{ source, name, offset: 0 }] };
}
