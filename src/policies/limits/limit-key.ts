import { Type } from "@sinclair/typebox";
import { clientNetwork } from "../../http/address.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { isParsedText, type ParsedText } from "../../pipeline/placeholders.ts";
import { keyTemplate } from "../../pipeline/text-places.ts";
import { textKeySchema } from "./common-keys.ts";

/** What a limit counts by: everything together, each client, or a text made of each request. */
export type LimitKey = "all" | "client_ip" | ParsedText;

/** The schema of a limit's key. */
export function limitKeySchema(description: string) {
  return Type.Union([Type.Literal("all"), Type.Literal("client_ip"), textKeySchema], {
    default: "all",
    description,
    expected: 'all, client_ip, or text with placeholders, like "{header.x-tenant}"',
    advice: (written: string) => keyAdvice(written, 'write `"{auth.subject}"`'),
  });
}

/** What to write in place of a key in other gateways' words; `ofSubject` is the answer for identities. */
export function keyAdvice(written: string, ofSubject: string): string | undefined {
  const name = written.toLowerCase().replace(/^\$\{?|[{}]/g, "");
  if (ADDRESSES.test(name)) return "write `client_ip`";
  if (IDENTITIES.test(name)) return ofSubject;
  if (/^(?:global|server|service|route)$/.test(name)) return "write `all`";
  if (/^(?:header|query|cookie|path|auth|client|request)\.[\w.-]+$/.test(name)) {
    return `write \`"{${name}}"\``;
  }
  const [, ofNginx] = /^http_(\w+)$/.exec(name) ?? [];
  const field = ofNginx?.replaceAll("_", "-") ?? (/^x-[\w-]+$/.test(name) ? name : undefined);
  return field === undefined ? undefined : `write \`"{header.${field}}"\``;
}

const ADDRESSES =
  /^(?:ip|client|address|(?:client|remote|source|binary_remote)_(?:ip|addr|address))$/;
const IDENTITIES =
  /^(?:subject|sub|user|user_?name|user_id|consumer|identity|credential|account|remote_user)$/;

/** The same for keys that count alike. */
export function textOfKey(key: LimitKey): string {
  return typeof key === "string" ? key : `text ${key.text}`;
}

/** Whether a key is part of who sent the request, which is known only after `auth`. */
export function isKeyOfIdentity(key: LimitKey): boolean {
  return (
    isParsedKey(key) &&
    key.parts.some((part) => typeof part !== "string" && part.source.startsWith("auth."))
  );
}

/** Reads the key of an exchange; a value that is absent is empty. Undefined if all exchanges have one. */
export function keyReader(key: LimitKey): ((exchange: Exchange) => string) | undefined {
  if (key === "all") return undefined;
  if (!isParsedKey(key)) return ({ client }) => clientNetwork(client.address);
  // Who counts by address among other things counts clients too.
  const template = keyTemplate(key, (value, source) =>
    source === "client.ip" ? clientNetwork(value) : value,
  );
  return (exchange) => template.text(exchange);
}

function isParsedKey(key: LimitKey): key is ParsedText {
  return typeof key === "object" && isParsedText(key);
}
