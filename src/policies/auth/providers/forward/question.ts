import type { Exchange } from "../../../../pipeline/exchange.ts";

/** Fields with their values, each character one byte. Names are in lower case. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** What the service is told of a request. */
export interface Question {
  /** The client's own fields, as far as they are sent. */
  readonly sent: Pairs;
  /** What was asked for, and by whom, as Traefik's and nginx's services expect it. */
  readonly about: Pairs;
  /** What says nothing of the client's right to it. */
  readonly other: Pairs;
}

/** Asks about an exchange. `send` names fields in lower case. */
export function questionAbout(exchange: Exchange, send: readonly string[]): Question {
  const { client, outgoing, method, target } = exchange;
  const host = outgoing.get("x-forwarded-host") ?? "";
  // As it was routed: what the service permits is what the backend is asked.
  const uri = target.path + target.query;
  const about: [string, string][] = [
    ["x-forwarded-method", method],
    ["x-forwarded-proto", client.protocol],
    ["x-forwarded-host", host],
    ["x-forwarded-uri", uri],
    ["x-forwarded-for", outgoing.get("x-forwarded-for") ?? client.address],
    ["x-real-ip", client.address],
    ["x-original-method", method],
    ["x-original-url", `${client.protocol}://${host}${uri}`],
  ];
  const other: [string, string][] = [
    ["x-request-id", exchange.requestId],
    // By this, a service behind this gateway is recognized as a loop.
    ["via", outgoing.get("via") ?? exchange.via],
  ];
  return { sent: sentFields(exchange, send), about, other };
}

function sentFields({ fields, client }: Exchange, send: readonly string[]): Pairs {
  const sent: [string, string][] = [];
  for (const name of send) {
    const kind = fields.rules.kindOf(name);
    if (kind !== "plain" && !(kind === "claim" && client.viaTrustedProxy)) continue;
    let value: string | undefined;
    for (const field of fields.all) {
      if (field.name !== name) continue;
      // Cookies are joined in their own way (RFC 9113 section 8.2.3).
      const separator = name === "cookie" ? "; " : ", ";
      value = value === undefined ? field.value : value + separator + field.value;
    }
    if (value !== undefined) sent.push([name, value]);
  }
  return sent;
}
