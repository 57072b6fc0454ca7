import { Database } from "bun:sqlite";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import type { GatewayProcess } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import type { Stage } from "../support/stage.ts";
import type { Ledger } from "./ledger.ts";

/** Something that happens around a gateway. */
export interface Disaster {
  readonly name: string;
  /** What the gateway's log says of it; absent where it can say nothing. */
  readonly said?: RegExp;
  /** Begins it; returns a function that ends it. */
  strike(): Promise<() => unknown>;
}

/** What disasters happen to. */
export interface Victims {
  readonly stage: Stage;
  readonly gateway: GatewayProcess;
  readonly configuration: string;
  readonly ledger: Ledger;
  readonly backends: MockProcess[];
  /** The process that reads the gateway's standard output. */
  readonly reader: { kill(signal: NodeJS.Signals): void };
}

/** More than the gateway may open. */
const CONNECTIONS = 400;

export function disasters(victims: Victims): Disaster[] {
  const { stage, gateway, configuration, ledger, backends, reader } = victims;
  let turn = 0;
  return [
    {
      name: "a backend is killed",
      said: /is unhealthy/,
      async strike() {
        turn += 1;
        const at = turn % backends.length;
        const backend = backends[at];
        if (backend === undefined) throw new Error("there are no backends");
        backend.kill("SIGKILL");
        await backend.exited;
        return async () => {
          const port = String(backend.port);
          backends[at] = await startMockProcess(stage, backend.name, ["--port", port]);
        };
      },
    },
    {
      name: "the database is removed",
      said: /was moved or removed while in use/,
      async strike() {
        ledger.remove();
        return () => {};
      },
    },
    {
      name: "the database is replaced",
      said: /was (?:moved or removed|replaced by another file) while in use/,
      async strike() {
        const other = join(stage.folder(), "other.db");
        new Database(other).close();
        ledger.remove();
        renameSync(other, gateway.database);
        return () => {};
      },
    },
    {
      name: "the database is locked",
      said: /database is locked/,
      async strike() {
        const locker = await eventually(() => lock(gateway.database));
        return () => {
          locker.exec("ROLLBACK");
          locker.close();
        };
      },
    },
    {
      name: "standard output is not read",
      async strike() {
        reader.kill("SIGSTOP");
        return () => reader.kill("SIGCONT");
      },
    },
    {
      name: "descriptors are used up",
      said: /(?:client connections are open, as many as|no file descriptor is left)/,
      async strike() {
        const sockets = Array.from({ length: CONNECTIONS }, () => hold(gateway.port));
        return () => {
          for (const socket of sockets) socket.destroy();
        };
      },
    },
    {
      name: "the configuration is read again",
      said: /SIGHUP: new configuration in force/,
      async strike() {
        const text = readFileSync(configuration, "utf8");
        const [before, after] = text.includes("max_in_flight: 5000") ? [5000, 5001] : [5001, 5000];
        writeFileSync(configuration, text.replace(`: ${before}`, `: ${after}`));
        gateway.kill("SIGHUP");
        return () => {};
      },
    },
  ];
}

/** Locks a database against all other writers; undefined while another process has the lock. */
export function lock(file: string): Database | undefined {
  let database: Database | undefined;
  try {
    database = new Database(file, { readwrite: true, create: false });
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch {
    database?.close();
    return undefined;
  }
}

/** A connection on which nothing is said. */
function hold(port: number): Socket {
  const socket = connect({ host: "127.0.0.1", port });
  // The gateway may close it, or never take it.
  socket.on("error", () => socket.destroy());
  return socket;
}
