import { fieldOf, type Field, FieldName } from "../../../../http/field.ts";
import { FieldList } from "../../../../http/field-list.ts";
import { keepFromSharedCaches } from "../../../../http/shared-caches.ts";
import { Answer } from "../../../../pipeline/answer.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { Proof } from "../../provider.ts";
import type { ServiceAnswer } from "./service.ts";

/** What is taken over of an answer that admits a request. Names are in lower case. */
export interface Received {
  readonly names: readonly string[];
  readonly lists: readonly string[];
  /** The field that says who the client is; empty if none does. */
  readonly subject: string;
}

/** What an answer means: the request is admitted; the client gets this answer; or it makes no sense. */
export type Meaning =
  | { readonly kind: "admitted"; readonly proof: Proof; readonly isForKeeping: boolean }
  | { readonly kind: "refused" }
  | { readonly kind: "nonsense"; readonly reason: string };

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Of all received fields, in characters. */
const LONGEST_RECEIVED = 16_384;

export function meaningOf(answer: ServiceAnswer, received: Received): Meaning {
  const { status, fields } = answer;
  if (status >= 200 && status <= 299) return admission(fields, received);
  if (status === 401 || status === 403) return { kind: "refused" };
  if (REDIRECTS.has(status)) {
    return fields.some(({ name }) => name === "location")
      ? { kind: "refused" }
      : { kind: "nonsense", reason: `answered ${status} without Location` };
  }
  const loop = status === 508 ? ": it is behind this gateway itself" : "";
  return { kind: "nonsense", reason: `answered ${status}${loop}` };
}

function admission(fields: readonly Field[], { names, lists, subject }: Received): Meaning {
  const values = new Map<string, string>();
  const cookies: Field[] = [];
  let isForKeeping = true;
  let length = 0;
  for (const field of fields) {
    const { name, value } = field;
    if (name === "set-cookie") cookies.push(field);
    else if (name === "cache-control")
      isForKeeping = !/(?:^|[\s,])no-store(?:$|[\s,])/i.test(value);
    if (name !== subject && !names.includes(name)) continue;
    values.set(name, value);
    length += value.length;
  }
  if (length > LONGEST_RECEIVED) {
    return {
      kind: "nonsense",
      reason: `answered with fields of more than ${LONGEST_RECEIVED} bytes`,
    };
  }
  const claims: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const text = textOf(value);
    claims[name] = lists.includes(name) ? elementsOf(text) : text;
  }
  const proof: Proof = {
    subject: textOf(values.get(subject) ?? ""),
    claims,
    backendFields: names.flatMap((name) => {
      const value = values.get(name);
      return value === undefined || value === "" ? [] : [[name, value] as const];
    }),
    ...(cookies.length > 0 && { answerFields: cookies }),
  };
  return { kind: "admitted", proof, isForKeeping: isForKeeping && cookies.length === 0 };
}

/** Bytes that are UTF-8 as what they mean; others, one a character, as Latin-1. */
function textOf(bytes: string): string {
  if (!/[\x80-\xFF]/.test(bytes)) return bytes;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    return bytes;
  }
}

/** Services separate what is in a list by "," or "|". */
function elementsOf(list: string): string[] {
  return list
    .split(/[,|]/)
    .map((element) => element.trim())
    .filter((element) => element !== "");
}

/** The service's own answer for the client: a login page, a redirect to one, a refusal. */
export function answerFor(
  exchange: Exchange,
  { status, statusText, fields, content }: ServiceAnswer,
  challenge: string,
): Answer {
  const list = new FieldList(fields.filter(({ name }) => !NOT_FOR_CLIENTS.has(name)));
  list.put(REQUEST_ID.with(exchange.requestId));
  // It is about this client alone, and about this moment.
  if (list.has("cache-control")) keepFromSharedCaches(list);
  else list.put(NO_STORE);
  if (status === 401 && !list.has("www-authenticate")) list.set("WWW-Authenticate", challenge);
  return new Answer(content.length === 0 ? null : content, { status, statusText, fields: list });
}

/** What would be about the gateway's host, and is about the service's. */
const NOT_FOR_CLIENTS: ReadonlySet<string> = new Set(["alt-svc", "strict-transport-security"]);
const NO_STORE = fieldOf("Cache-Control", "no-store");
const REQUEST_ID = new FieldName("X-Request-ID");
