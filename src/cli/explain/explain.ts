import { isIP } from "node:net";
import { loadWithSource } from "../../config/history/source.ts";
import { isError, readConfig } from "../../config/load.ts";
import { explain, explainable } from "../../runtime/explain/explain.ts";
import type { Explanation } from "../../runtime/explain/explanation.ts";
import { type ExplainQuery, ExplainQueryError } from "../../runtime/explain/query.ts";
import { QueryError } from "../../telemetry/query/errors.ts";
import {
  ADMIN_FLAGS,
  type AdminAddress,
  AdminClient,
  AdminError,
  configuredAdmin,
  namedAdmin,
} from "../admin-client.ts";
import { type Arguments, type Command, type Console, UsageError } from "../command.ts";
import { findConfigFile, report, textOfConfigFile } from "../config-file.ts";
import { logOf } from "../find-log.ts";
import { loggedQuery } from "./logged-request.ts";
import { explanationText } from "./text.ts";
import { printable, printableJson } from "../../units/printable.ts";

export const explainCommand: Command = {
  name: "explain",
  summary: "say what would become of a request, without sending it",
  operands: "METHOD URL",
  maxOperands: 2,
  flags: {
    ...ADMIN_FLAGS,
    header: {
      value: "'NAME: VALUE'",
      short: "H",
      repeatable: true,
      summary: "a field of the request",
    },
    client: { value: "ADDRESS", summary: "where it comes from; 127.0.0.1 by default" },
    request: {
      value: "ID",
      summary: "a logged request, by its id or its row's, in place of METHOD and URL",
    },
    live: { summary: "ask the running gateway, which knows how its backends are" },
    json: { summary: "print JSON" },
  },
  details: `Says which route gets the request and why the others do not, the policies in the order in which they
would run, with their settings and where these are written, the backends that could be chosen, and what a
backend would get. Reads the configuration as \`gateway check\` does; opens nothing and sends nothing. URL is
a path, or has a scheme and a host. With --request, the request is read from the access log of the
configuration (logging.database); secrets were not kept and are "[redacted]".

Exit codes: 0 a route gets it; 1 none does, the configuration is not valid, or the log
has no such request; 2 invalid command line.`,
  examples: [
    ["gateway explain GET /api/users/7", "by the configuration that `gateway serve` would read"],
    [
      "gateway explain POST https://api.example.com/orders -H 'x-version: 2' --client 10.0.0.7",
      "with what its route may ask for",
    ],
    [
      "gateway explain --request 2f1c9a4e",
      "a request that is in the log, by today's configuration",
    ],
    ["gateway explain GET /api --live", "with the states of the running gateway's backends"],
  ],
  async run(input, console) {
    let explanation: Explanation | undefined;
    try {
      explanation = await explanationFor(input, console);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      console.err(`gateway: ${error.message}\n`);
    }
    if (explanation === undefined) return 1;
    const { json } = input.flags;
    console.out(
      json === undefined ? explanationText(explanation) : `${printableJson(explanation, 2)}\n`,
    );
    return explanation.route === undefined ? 1 : 0;
  },
};

async function explanationFor(
  input: Arguments,
  console: Console,
): Promise<Explanation | undefined> {
  const isLive = input.flags["live"] !== undefined;
  if (input.flags["request"] !== undefined && input.operands.length > 0) {
    throw new UsageError("--request ID is in place of METHOD and URL; which one is meant?");
  }
  const named = namedAdmin(input);
  if (isLive && named !== undefined && input.flags["request"] === undefined) {
    return askLive(named, writtenQuery(input), console);
  }
  const { request } = input.flags;
  const file = findConfigFile({ ...input, operands: [] });
  const text = await textOfConfigFile(file);
  const { config, diagnostics, document } = readConfig(file, text, console.environment);
  if (config === undefined) {
    report(diagnostics.filter(isError), console);
    const instead =
      request === undefined
        ? ""
        : `; what became of the request is shown without it: gateway logs show ${printable(request)} --database FILE`;
    console.err(`${file} is not valid, so nothing can be explained by it${instead}\n`);
    return undefined;
  }
  const logged = request === undefined ? undefined : loggedQuery(request, logOf(config, input));
  const query = logged?.query ?? writtenQuery(input);
  const served = logged?.configuration ?? "";
  const isOther =
    served !== "" && loadWithSource(file, text, console.environment).source?.id !== served;
  if (isLive)
    return askLive(named ?? addressOf(() => configuredAdmin(config, input)), query, console);
  try {
    const explanation = explain(explainable(config, document), query);
    const notes = [...(logged?.notes ?? []), ...(isOther ? [otherText(served)] : [])];
    return { ...explanation, notes: [...notes, ...explanation.notes] };
  } catch (error) {
    if (error instanceof ExplainQueryError) throw new UsageError(error.message);
    throw error;
  }
}

function otherText(served: string): string {
  return `it was served by another configuration, ${served}; this is what the file says today`;
}

async function askLive(
  address: AdminAddress,
  { method, url, fields, client }: ExplainQuery,
  console: Console,
): Promise<Explanation | undefined> {
  const query = new URLSearchParams({ method, url, ...(client !== undefined && { client }) });
  for (const [name, value] of fields) query.append("header", `${name}: ${value}`);
  try {
    const path = `/admin/api/explain?${query.toString()}`;
    return (await new AdminClient(address).get(path)) as Explanation;
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    console.err(`gateway: ${error.message}\n`);
    return undefined;
  }
}

function addressOf(find: () => AdminAddress): AdminAddress {
  try {
    return find();
  } catch (error) {
    if (error instanceof AdminError) throw new UsageError(error.message);
    throw error;
  }
}

function writtenQuery({ operands, flags, lists }: Arguments): ExplainQuery {
  const [method, url] = operands;
  const { client } = flags;
  if (method === undefined || url === undefined) {
    const given = method?.startsWith("/") === true ? ` GET ${method}` : " GET /api/users";
    throw new UsageError(
      `\`explain\` takes a method and a URL, like \`gateway explain${given}\`, or --request ID`,
    );
  }
  if (client !== undefined && isIP(client) === 0) {
    throw new UsageError(`--client takes an IP address, not "${client}"`);
  }
  return { method, url, fields: (lists["header"] ?? []).map(fieldIn), client };
}

function fieldIn(written: string): readonly [string, string] {
  const colon = written.indexOf(":");
  if (colon <= 0) {
    throw new UsageError(
      `-H takes a name, a colon and a value, like 'x-version: 2', not "${written}"`,
    );
  }
  return [written.slice(0, colon).trim(), written.slice(colon + 1).trim()];
}
