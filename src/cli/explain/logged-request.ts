import type { KeptFields } from "../../pipeline/decisions/decisions.ts";
import type { ExplainQuery } from "../../runtime/explain/query.ts";
import { type FoundLog, loggedRequest } from "../find-log.ts";

/** A logged request as one to ask about, and what is different about it. */
export interface LoggedQuery {
  readonly query: ExplainQuery;
  /** The id of the configuration that served it; empty if it is not known. */
  readonly configuration: string;
  readonly notes: readonly string[];
}

const SEARCH_MS = 10_000;

/** Finds a request in a log by its id or its row's. Throws a QueryError if it is not there. */
export function loggedQuery(id: string, log: FoundLog): LoggedQuery {
  try {
    return queryOf(loggedRequest(log, id, SEARCH_MS), id);
  } finally {
    log.file.close();
  }
}

function queryOf(row: object, id: string): LoggedQuery {
  const text = (column: string): string => {
    const value: unknown = Reflect.get(row, column);
    return typeof value === "string" ? value : "";
  };
  const kept = text("request_fields");
  const fields = kept === "" ? hostAlone(text("host")) : fieldsIn(kept);
  const scheme = text("tls_version") === "" ? "http" : "https";
  const host = text("host") === "" ? "localhost" : text("host");
  const path = text("path").replace(/^(?!\/)/, "/");
  const status = String(Reflect.get(row, "status_code"));
  const notes = [
    `request ${id} of ${text("timestamp")} was answered with ${status}${text("route") === "" ? "" : ` by route ${text("route")}`}`,
    ...(kept === ""
      ? ["its fields were not kept; logging.trace says of which requests they are"]
      : []),
  ];
  const client = text("client_ip");
  return {
    configuration: text("configuration"),
    query: {
      method: text("method"),
      url: `${scheme}://${host}${path}${text("query")}`,
      fields,
      ...(client !== "" && { client }),
    },
    notes,
  };
}

function hostAlone(host: string): [string, string][] {
  return host === "" ? [] : [["host", host]];
}

/** Without those of which nothing is known but how many there were. */
function fieldsIn(kept: string): readonly (readonly [string, string])[] {
  return (JSON.parse(kept) as KeptFields).filter(([name]) => name !== "");
}
