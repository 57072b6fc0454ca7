import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cores } from "./machine.ts";

const START_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 5_000;

export interface Start {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The core reserved for contestants; without one they run where the load does. */
  readonly pinned: boolean;
  /** It has started as soon as something listens on all of these. */
  readonly ports: readonly number[];
}

/** A process that was started here. */
export interface Running {
  readonly pid: number;
  /** The file that its standard output and errors are in. */
  readonly output: string;
  /** Ends it, at first politely. */
  stop(): Promise<void>;
}

/** Where a run takes place: one folder and all processes, both gone when it is cleared. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "gateway-bench-"));
  readonly #cores: Cores | undefined;
  readonly #running = new Set<Running>();
  readonly #ended = new Set<{ kill(signal: "SIGKILL"): void }>();
  #started = 0;

  constructor(cores: Cores | undefined) {
    this.#cores = cores;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, text: string): Promise<string> {
    await Bun.write(this.path(name), text);
    return this.path(name);
  }

  /** A command that runs on the contestants' core. */
  pinned(command: readonly string[]): string[] {
    return this.#cores === undefined
      ? [...command]
      : ["taskset", "-c", this.#cores.contestant, ...command];
  }

  /** Starts a process and waits until it listens. Throws, with its output, if it does not. */
  async start({ name, command, env, pinned, ports }: Start): Promise<Running> {
    this.#started += 1;
    const output = this.path(`${this.#started}.out`);
    const descriptor = openSync(output, "w");
    const child = Bun.spawn(pinned ? this.pinned(command) : [...command], {
      cwd: this.folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: this.folder, ...env },
      stdin: "ignore",
      stdout: descriptor,
      stderr: descriptor,
    });
    closeSync(descriptor);
    const running: Running = {
      pid: child.pid,
      output,
      stop: async () => {
        this.#running.delete(running);
        child.kill("SIGTERM");
        const late = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
        await child.exited;
        clearTimeout(late);
      },
    };
    this.#running.add(running);
    const deadline = performance.now() + START_WITHIN_MS;
    while (!(await allListen(ports))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`${name} did not start:\n${readFileSync(output, "utf8").slice(-2000)}`);
      }
      await Bun.sleep(10);
    }
    return running;
  }

  /** Ends a process that was started elsewhere, even a paused one, when the stage is cleared. */
  ends(child: { kill(signal: "SIGKILL"): void; readonly exited: Promise<unknown> }): void {
    this.#ended.add(child);
    void child.exited.then(() => this.#ended.delete(child));
  }

  async clear(): Promise<void> {
    for (const child of this.#ended) child.kill("SIGKILL");
    await Promise.all([...this.#running].map((running) => running.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port that is currently free. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function allListen(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) if (!(await listens(port))) return false;
  return true;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
