import { randomBytes } from "node:crypto";
import { Http2Client } from "../support/http2-client.ts";
import { type RecordingBackend } from "./backend.ts";
import { type Context, type RequestParts, type WireCase, within } from "./case.ts";
import { Client } from "./client.ts";
import { escapesRoute, oddities } from "./strictness.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Whether it speaks TLS; its certificate is not looked at. */
  readonly tls?: boolean;
}

export interface Outcome {
  readonly section: string;
  readonly name: string;
  readonly why: string;
  readonly passed: boolean;
  /** Why it failed, or a note on how it passed. */
  readonly reason: string;
  readonly ms: number;
}

/** Milliseconds that a read on a client's connection waits for a next byte. */
const PATIENCE = 5_000;
/** Cases that run at the same time. */
const AT_ONCE = 8;
/** Milliseconds for a whole case. */
const CASE_AT_MOST = 120_000;

/** Runs one case; never rejects. */
export async function runCase(
  wireCase: WireCase,
  target: Target,
  backend: RecordingBackend,
): Promise<Outcome> {
  const started = performance.now();
  const clients: { close(): void }[] = [];
  const context = createContext(target, backend, clients);
  const outcome = (passed: boolean, reason: string): Outcome => ({
    section: wireCase.section,
    name: wireCase.name,
    why: wireCase.why,
    passed,
    reason,
    ms: Math.round(performance.now() - started),
  });
  try {
    const note = await within(CASE_AT_MOST, "end of the case", wireCase.run(context));
    const broken = brokenInvariant(context);
    return broken === undefined ? outcome(true, note ?? "") : outcome(false, broken);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return outcome(false, brokenInvariant(context) ?? reason);
  } finally {
    for (const client of clients) client.close();
  }
}

/** Runs cases, some at the same time, and answers in their order. */
export async function runCases(
  cases: readonly WireCase[],
  target: Target,
  backend: RecordingBackend,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = cases.entries();
  const work = async () => {
    for (const [index, wireCase] of queue) {
      outcomes[index] = await runCase(wireCase, target, backend);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcomes;
}

// Holds for every case: whatever was asked, no request of two meanings comes through, nothing from
// outside of the route, and nothing that a request had hidden inside of it.
function brokenInvariant({ backend }: Context): string | undefined {
  for (const { head, target } of backend.requests) {
    const [odd] = oddities(head);
    if (odd !== undefined) return `the backend saw ${odd}`;
    if (escapesRoute(target)) return `the backend saw ${target}`;
    if (target.includes("smuggled")) return "the backend saw a smuggled request";
  }
  return undefined;
}

function createContext(
  target: Target,
  backend: RecordingBackend,
  clients: { close(): void }[],
): Context {
  const token = `k${randomBytes(5).toString("hex")}k`;
  const path = (suffix = "") => `/public/${token}${suffix}`;
  const request = (parts: RequestParts = {}) => {
    const { method = "GET", version = "HTTP/1.1", host = "wire.test", content = "" } = parts;
    const lines = [
      `${method} ${parts.target ?? path()} ${version}`,
      ...(host === null ? [] : [`Host: ${host}`]),
      `X-Case: ${token}`,
      ...(parts.fields ?? []),
    ];
    return `${lines.join("\r\n")}\r\n\r\n${content}`;
  };
  const connect = async () => {
    const client = await Client.connect(target.host, target.port, PATIENCE, target.tls);
    clients.push(client);
    return client;
  };
  return {
    token,
    backend: backend.part(token),
    scheme: target.tls === true ? "https" : "http",
    path,
    request,
    connect,
    async connectHttp2() {
      const client = await Http2Client.dial(target.host, target.port, target.tls);
      clients.push(client);
      await client.begin();
      return client;
    },
    async ask(parts = {}) {
      const client = await connect();
      await client.send(request(parts));
      return client.answer(parts.method);
    },
  };
}
