import { Database } from "bun:sqlite";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Child, type ChildOptions, startChild } from "./child.ts";
import { eventually } from "./eventually.ts";
import type { Stage } from "./stage.ts";

/** A configuration as a file has it. Host, port and database are chosen where they are absent. */
export interface TestConfig {
  readonly server?: Readonly<Record<string, unknown>>;
  readonly logging?: { readonly database?: string; readonly [key: string]: unknown };
  readonly routes: readonly Readonly<Record<string, unknown>>[];
  readonly [section: string]: unknown;
}

export interface GatewayProcess extends Child {
  readonly url: string;
  /** The address with TLS; empty where there is none. */
  readonly tlsUrl: string;
  readonly port: number;
  /** The operator's own address; empty where there is none. */
  readonly adminUrl: string;
  readonly database: string;
  /** Puts another configuration in force. */
  reload(config: TestConfig): Promise<void>;
  /** Sends SIGTERM and answers the exit code. */
  stop(): Promise<number>;
  /** The rows of the access log, oldest first. */
  rows(): LogRow[];
  /** The rows, as soon as there are that many; throws if there are fewer in time, or more. */
  waitForRows(count: number): Promise<LogRow[]>;
}

/** A row of table `logs`. */
export interface LogRow {
  readonly source: string;
  readonly level: string;
  readonly message: string;
  readonly timestamp: string;
  readonly method: string | null;
  readonly path: string | null;
  readonly status_code: number;
  readonly latency_ms: number;
  readonly client_ip: string;
  readonly user_agent: string | null;
  readonly backend: string | null;
  readonly route: string | null;
  readonly request_id: string;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly attempts: number;
  readonly attempt_outcomes: string | null;
  readonly subject: string | null;
  readonly provider: string | null;
  readonly ttfb_ms: number | null;
  readonly error_code: string | null;
  readonly ended_by: string | null;
  readonly grpc_status: number | null;
  readonly query: string | null;
  readonly host: string | null;
  readonly protocol: string | null;
  readonly tls_version: string | null;
  readonly server_name: string | null;
  readonly upstream: string | null;
  readonly cache: string | null;
  readonly refused_by: string | null;
  readonly decisions: string | null;
  readonly request_fields: string | null;
  readonly response_fields: string | null;
}

/** Health checks that stay out of a test's way. */
export const noHealthChecks = { enabled: false };

/** Starts a gateway in its own process and waits until it listens. */
export async function startGateway(
  stage: Stage,
  config: TestConfig,
  options: ChildOptions = {},
): Promise<GatewayProcess> {
  const folder = options.cwd ?? stage.folder();
  const file = join(folder, "test-gateway.yaml");
  const database = config.logging?.database ?? join(folder, "gateway.db");
  const write = (config: TestConfig) =>
    Bun.write(
      file,
      stringify({
        ...config,
        server: { host: "127.0.0.1", port: 0, ...config.server },
        logging: { ...config.logging, database },
      }),
    );
  await write(config);
  const child = await startChild(stage, ["serve", "--config", file], {
    ...options,
    cwd: folder,
  });
  const url = await urlIn(child, /listening on (https?:\/\/[^\s,]+)/);
  const [, tlsUrl = ""] =
    /\b(https:\/\/[^\s,]+)/.exec(await child.lines.waitFor(/listening on /)) ?? [];
  const { admin } = config as { readonly admin?: { readonly listen?: string } };
  const hasAdmin = admin?.listen !== "off";
  const rows = () => readRows(database);
  return {
    ...child,
    url,
    tlsUrl,
    port: Number(new URL(url).port),
    adminUrl: hasAdmin ? await urlIn(child, /admin on (http:\/\/\S+)\/admin/) : "",
    database,
    async reload(config) {
      const before = child.lines.matching(IN_FORCE).length;
      await write(config);
      child.kill("SIGHUP");
      await eventually(() => child.lines.matching(IN_FORCE).length > before);
    },
    stop() {
      child.kill("SIGTERM");
      return child.exited;
    },
    rows,
    async waitForRows(count) {
      const found = await eventually(() => {
        const present = rows();
        return present.length >= count && present;
      });
      if (found.length > count) {
        throw new Error(`expected ${count} rows, found ${found.length}`);
      }
      return found;
    },
  };
}

const IN_FORCE = /new configuration in force/;

async function urlIn({ lines, errors }: Child, pattern: RegExp): Promise<string> {
  try {
    return pattern.exec(await lines.waitFor(pattern))?.[1] ?? "";
  } catch (error) {
    throw new Error(`the gateway did not start: ${errors.text.slice(-2000)}`, { cause: error });
  }
}

function readRows(file: string): LogRow[] {
  let database: Database;
  try {
    database = new Database(file, { readonly: true });
  } catch {
    return [];
  }
  try {
    return database.query<LogRow, []>("SELECT * FROM logs ORDER BY id").all();
  } catch {
    // Not there yet: the table, or the rows that are just being written.
    return [];
  } finally {
    database.close();
  }
}
