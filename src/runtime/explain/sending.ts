import type { RouteConfig } from "../../config/schema.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { Redirect } from "../../policies/answering/redirect.ts";
import { FixedAnswer } from "../../policies/answering/respond.ts";
import { host } from "../../policies/rewriting/host.ts";
import { rewrite } from "../../policies/rewriting/rewrite.ts";
import { stripPrefix } from "../../policies/rewriting/strip-prefix.ts";
import { transformRequest } from "../../policies/transform/request.ts";
import { textOfBytes } from "../../http/bytes.ts";
import { visible } from "../../http/target.ts";
import { inertServices } from "../inert-services.ts";
import type { Shown } from "./explained-configuration.ts";
import type { ExplainedAnswer, ExplainedSending } from "./explanation.ts";

/** What decides what a backend gets, in the registry's order. These open nothing. */
const WRITING = [stripPrefix, rewrite, host, transformRequest];

/** What a backend would get. `exchange` has its route, parameters and rules for `outgoing`. */
export function explainSending(
  exchange: Exchange,
  route: RouteConfig,
  shown: Shown,
): ExplainedSending {
  let problem: string | undefined;
  try {
    for (const { route: scope } of WRITING) {
      const written: unknown = scope && Reflect.get(route, scope.key);
      if (scope === undefined || written === undefined) continue;
      void scope.create(written, inertServices(), exchange.route)?.request?.(exchange);
    }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    problem = `${error.status}: ${error.message}`;
  }
  const { outgoing, redaction } = exchange;
  const fields: [string, string][] = [];
  for (let at = 0; at < outgoing.fields.length; at += 2) {
    const name = outgoing.fields[at] ?? "";
    if (name === "host") continue;
    const value = textOfBytes(redaction.field({ name, value: outgoing.fields[at + 1] ?? "" }));
    fields.push([name, shown.text(value, name)]);
  }
  return {
    method: outgoing.method,
    target: redaction.path(outgoing.path) + redaction.query(visible(outgoing.query)),
    host: outgoing.host ?? null,
    fields,
    ...(problem !== undefined && { problem }),
  };
}

/** What the client of a route that answers by itself would get; undefined for other routes. */
export function explainAnswer(
  exchange: Exchange,
  { redirect, respond }: RouteConfig,
  shown: Shown,
): ExplainedAnswer | undefined {
  if (redirect === undefined && respond === undefined) return undefined;
  const end = redirect === undefined ? new FixedAnswer(respond ?? 500) : new Redirect(redirect);
  const { status, fields } = end.handle(exchange);
  const { redaction } = exchange;
  return {
    status,
    fields: fields.list.map((field) => [
      field.name,
      shown.text(textOfBytes(redaction.field(field)), field.name),
    ]),
  };
}
