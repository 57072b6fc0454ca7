import { KindGuard, type TArray, type TObject, type TSchema } from "@sinclair/typebox";
import type { ListNode, MappingNode, Place, ScalarNode } from "../text/node.ts";
import type { ConfigDocument } from "../text/document.ts";
import { accepts } from "./schema-kinds.ts";

const SEPARATED = /[^\s,]+/g;
const COMMENT = /(?<=^|\s)#.*$/gm;

/** Reads `cors: true` as `cors: { enabled: true }`, for sections that have `enabled`. */
export function asSwitch(schema: TObject, { node, at }: Place): MappingNode | undefined {
  const isSwitch = node.kind === "scalar" && /^(?:true|false)$/i.test(String(node.value));
  const isMeant = isSwitch && (typeof node.value === "boolean" || node.origin === "environment");
  if (!isMeant || !Object.hasOwn(schema.properties, "enabled")) return undefined;
  return { kind: "mapping", entries: new Map([["enabled", { node, at }]]) };
}

/** Reads a name as a list of one, and names separated by commas or spaces as a list. */
export function asItems(
  schema: TArray,
  { node, at }: Place,
  document: ConfigDocument,
): ListNode | undefined {
  if (node.kind !== "scalar" || !accepts(schema.items, "scalar")) return undefined;
  const { value } = node;
  // A lone number is no list, but its item's schema knows best what to write instead.
  if (typeof value === "number") return { kind: "list", items: [{ node, at }] };
  if (typeof value === "boolean" && takesBooleans(schema.items)) {
    return { kind: "list", items: [{ node, at }] };
  }
  if (typeof value !== "string") return undefined;
  // Only names are split; a URL may contain a comma.
  const areNames = KindGuard.IsString(schema.items) && schema.items["isOneItem"] !== true;
  // A file may say what its lines are.
  const isFromFile = node.origin === "environment" && value.includes("\n");
  const named = isFromFile ? value.replaceAll(COMMENT, (text) => " ".repeat(text.length)) : value;
  const parts = areNames ? [...named.matchAll(SEPARATED)] : [];
  if (parts.length < 2)
    return value.trim() === "" ? undefined : { kind: "list", items: [{ node, at }] };
  const { text } = document.source;
  const isAsWritten = text.slice(node.span.start, node.span.end).includes(value);
  const offset = text.indexOf(value, node.span.start);
  const isFromEnvironment = node.origin === "environment";
  const items = parts.map((match): Place => {
    const start = offset + match.index;
    const span = isAsWritten ? { start, end: start + match[0].length } : node.span;
    const [part] = match;
    if (isFromEnvironment) document.hide(part, node.written);
    const item: ScalarNode = {
      ...node,
      span,
      written: isFromEnvironment ? node.written : part,
      value: part,
    };
    return { node: item, at: isAsWritten ? span : at };
  });
  return { kind: "list", items };
}

function takesBooleans(items: TSchema): boolean {
  return KindGuard.IsUnion(items) && items.anyOf.some((item) => KindGuard.IsBoolean(item));
}
