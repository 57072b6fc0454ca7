import { isAddress, splitAddress } from "../config/admin-schema.ts";
import type { Config } from "../config/schema.ts";
import { printable } from "../units/printable.ts";
import { type Arguments, type Flag, UsageError } from "./command.ts";
import { eventsOf, type ServerEvent } from "./event-stream.ts";
import { reasonOf } from "./system-error.ts";

/** The flags of a command that asks a running gateway. */
export const ADMIN_FLAGS: Readonly<Record<"config" | "admin" | "token", Flag>> = {
  config: {
    value: "FILE",
    short: "c",
    summary: "the configuration of the running gateway, which names its operator port",
  },
  admin: {
    value: "URL",
    summary: "the operator port itself, like http://127.0.0.1:9090, without a configuration",
  },
  token: { value: "TOKEN", summary: "its token; by default admin.token of the configuration" },
};

/** Where an operator's pages are, and what opens them. */
export interface AdminAddress {
  /** "http://127.0.0.1:9090" */
  readonly origin: string;
  readonly token: string | undefined;
}

/** The gateway was asked in vain; the message says why, and what to do. */
export class AdminError extends Error {}

/** Nothing answers at the address. */
export class NoGatewayError extends AdminError {}

/** The port when the configuration names none. */
const DEFAULT_LISTEN = "127.0.0.1:9090";

/** The address of `--admin`; undefined without that. Throws a UsageError if it is not one. */
export function namedAdmin({ flags }: Arguments): AdminAddress | undefined {
  const { admin: written, token } = flags;
  if (written === undefined) return undefined;
  const url = URL.parse(/^https?:\/\//i.test(written) ? written : `http://${written}`);
  if (url === null || url.hostname === "" || url.search !== "" || url.hash !== "") {
    throw new UsageError(`--admin takes an address, like http://127.0.0.1:9090, not "${written}"`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("--admin takes no user and password; the token is given by --token");
  }
  return { origin: url.origin, token };
}

/** The address of the operator's pages by a configuration. Throws an AdminError if it has none. */
export function configuredAdmin({ admin, server }: Config, { flags }: Arguments): AdminAddress {
  const token = flags["token"] ?? admin?.token;
  const listen = admin?.listen ?? DEFAULT_LISTEN;
  if (isAddress(listen)) {
    const { host, port } = splitAddress(listen);
    if (port !== 0) return { origin: `http://${reachable(host)}:${port}`, token };
    throw new AdminError(
      "admin.listen has port 0, so the gateway's log says which port it is; name it with --admin",
    );
  }
  if (admin?.main_port === "token" && server.port !== "off" && server.port !== 0) {
    return { origin: `http://${reachable(server.host)}:${server.port}`, token };
  }
  throw new AdminError("the configuration has no operator port (admin.listen is off)");
}

/** An address that listens on all interfaces is reached by the machine's own. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

const TIMEOUT_MS = 10_000;

/** Asks the operator's pages of a running gateway. */
export class AdminClient {
  readonly #address: AdminAddress;

  constructor(address: AdminAddress) {
    this.#address = address;
  }

  /** Where it asks: "http://127.0.0.1:9090". */
  get origin(): string {
    return this.#address.origin;
  }

  /** `query`: parameters; those that are undefined are left out. Throws an AdminError. */
  get(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<unknown> {
    const given = Object.entries(query).filter(
      (parameter): parameter is [string, string] => parameter[1] !== undefined,
    );
    const parameters = new URLSearchParams(given).toString();
    return this.#ask("GET", parameters === "" ? path : `${path}?${parameters}`);
  }

  /** Throws an AdminError. */
  post(path: string, content: unknown): Promise<unknown> {
    return this.#ask("POST", path, JSON.stringify(content));
  }

  /**
   * The events of a page that tells of them as they happen, until that ends or `signal` aborts. Rejects
   * with an AdminError.
   */
  async events(target: string, signal: AbortSignal): Promise<AsyncGenerator<ServerEvent>> {
    const { origin, token } = this.#address;
    const begun = new AbortController();
    const late = setTimeout(() => begun.abort(new DOMException("", "TimeoutError")), TIMEOUT_MS);
    let answer: Response;
    try {
      answer = await fetch(origin + target, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        redirect: "manual",
        proxy: NO_PROXY,
        signal: AbortSignal.any([signal, begun.signal]),
      });
    } catch (error) {
      throw this.#noAnswer(error);
    } finally {
      clearTimeout(late);
    }
    const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
    if (answer.status === 200 && isStream && answer.body !== null)
      return eventsOf(answer.body, signal);
    throw new AdminError(this.#refusal(answer.status, await answer.text()));
  }

  async #ask(method: string, target: string, body?: string): Promise<unknown> {
    const { origin, token } = this.#address;
    let status: number;
    let text: string;
    try {
      const answer = await fetch(origin + target, {
        method,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body }),
        redirect: "manual",
        proxy: NO_PROXY,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      ({ status } = answer);
      text = await answer.text();
    } catch (error) {
      throw this.#noAnswer(error);
    }
    const content = status === 200 ? parsed(text) : undefined;
    if (content === undefined) throw new AdminError(this.#refusal(status, text));
    return content;
  }

  #noAnswer(error: unknown): AdminError {
    const { origin } = this.#address;
    if (error instanceof Error && error.name === "TimeoutError") {
      return new AdminError(`the gateway at ${origin} did not answer within 10 s`);
    }
    return new NoGatewayError(
      `no gateway answers at ${origin} (${reasonOf(error)}); is it running? \`--admin URL\` names another address`,
    );
  }

  #refusal(status: number, text: string): string {
    const { origin, token } = this.#address;
    if (status === 401) {
      const given = token === undefined ? "the gateway wants its token" : "the token is wrong";
      return `${given}: set admin.token in the configuration, or --token`;
    }
    if (status === 404 && ROUTED.test(text)) {
      return `${origin} is a gateway's port for clients; its operator port is admin.listen`;
    }
    const [line = ""] = detailOf(text).split("\n");
    const isPages = /^[ -~]{1,500}$/.test(line) && !line.startsWith("<");
    if (status === 404 && !isPages)
      return `what answers at ${origin} is no gateway's operator port`;
    if (status === 200) return `what answers at ${origin} is no gateway's operator port`;
    return isPages ? printable(line) : `${origin} answered with status ${status}`;
  }
}

/** The problem of a request that no route of a gateway takes. */
const ROUTED = /"code":"(?:route_not_found|method_not_allowed)"/;

/** What a problem of the API says; other answers are texts. */
function detailOf(text: string): string {
  const problem = parsed(text);
  const detail: unknown =
    typeof problem === "object" && problem !== null ? Reflect.get(problem, "detail") : undefined;
  return typeof detail === "string" ? detail : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

// The types know only a URL here; false is what switches proxying off.
const NO_PROXY = false as unknown as string;
