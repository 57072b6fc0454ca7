import type { Backend } from "./backend.ts";
import { type CertificateFiles, certificateFiles } from "./certificate.ts";
import { freePort, type Running, type Stage, type Start } from "./stage.ts";

/** What not every contestant speaks with clients; "h2c" is HTTP/2 without TLS, by prior knowledge. */
export type Protocol = "websocket" | "https" | "h2" | "h2c";

/** A proxy to be measured. */
export interface Contestant {
  readonly key: string;
  /** For the table: what it is, and what it does besides proxying. */
  readonly name: string;
  /** How to install it; undefined when it is. */
  readonly missing?: string | undefined;
  readonly speaks: readonly Protocol[];
  /** Whether it needs another port for HTTP/2 by prior knowledge than for HTTP/1.1. */
  readonly http2Apart?: boolean;
  /** Whether it is one of those that all workloads are for; if not, some name it. */
  readonly general: boolean;
  prepare(place: Place): Promise<Omit<Start, "name" | "pinned" | "ports">>;
}

/** What a contestant needs in order to start. */
export interface Place {
  readonly stage: Stage;
  /** Where it is to listen, on 127.0.0.1. */
  readonly ports: Ports;
  readonly certificate: CertificateFiles;
  readonly backend: Backend;
}

/** The ports of a contestant, of which it opens those for what it speaks. */
export interface Ports {
  readonly http: number;
  /** HTTP/1.1 and, by ALPN, HTTP/2. */
  readonly tls: number;
  /** HTTP/2 by prior knowledge; the port for HTTP/1.1 where one port takes both. */
  readonly http2: number;
}

/** A contestant that is running. */
export interface Entrant {
  readonly contestant: Contestant;
  readonly ports: Ports;
  readonly process: Running;
}

export async function startContestant(
  contestant: Contestant,
  stage: Stage,
  backend: Backend,
): Promise<Entrant> {
  const [http, tls, spare] = [await freePort(), await freePort(), await freePort()];
  const ports: Ports = { http, tls, http2: contestant.http2Apart === true ? spare : http };
  const certificate = await certificateFiles(stage);
  const start = await contestant.prepare({ stage, ports, certificate, backend });
  const { speaks } = contestant;
  const process = await stage.start({
    ...start,
    name: contestant.name,
    pinned: true,
    ports: [
      http,
      ...(speaks.includes("https") ? [tls] : []),
      ...(speaks.includes("h2c") ? [ports.http2] : []),
    ],
  });
  return { contestant, ports, process };
}
