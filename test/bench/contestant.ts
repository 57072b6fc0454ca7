import type { Backend } from "./backend.ts";
import { freePort, type Running, type Stage, type Start } from "./stage.ts";

/** A proxy to be measured. */
export interface Contestant {
  readonly key: string;
  /** For the table: what it is, and what it does besides proxying. */
  readonly name: string;
  /** How to install it; undefined when it is. */
  readonly missing?: string | undefined;
  readonly webSockets: boolean;
  /** Whether it is one of those that all workloads are for; if not, some name it. */
  readonly general: boolean;
  /** "http" if absent. */
  readonly scheme?: "http" | "https";
  prepare(place: Place): Promise<Omit<Start, "name" | "pinned" | "port">>;
}

/** What a contestant accepts TLS with: files in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a contestant needs in order to start. */
export interface Place {
  readonly stage: Stage;
  /** Where it is to listen, on 127.0.0.1. */
  readonly port: number;
  readonly backend: Backend;
}

/** A contestant that is running. */
export interface Entrant {
  readonly contestant: Contestant;
  readonly port: number;
  readonly process: Running;
}

export function originOf({ contestant, port }: Pick<Entrant, "contestant" | "port">): string {
  return `${contestant.scheme ?? "http"}://127.0.0.1:${port}`;
}

export async function startContestant(
  contestant: Contestant,
  stage: Stage,
  backend: Backend,
): Promise<Entrant> {
  const port = await freePort();
  const start = await contestant.prepare({ stage, port, backend });
  const process = await stage.start({ ...start, name: contestant.name, pinned: true, port });
  return { contestant, port, process };
}
