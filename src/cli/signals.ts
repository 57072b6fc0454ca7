import { readFileSync } from "node:fs";

const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;
export type Signal = (typeof SIGNALS)[number];

/** How a command that runs until it is stopped handles signals. */
export type SignalUse =
  /** SIGTERM, SIGINT and SIGHUP (a closed terminal) stop it gracefully. */
  | "stop"
  /** SIGTERM and SIGINT stop it gracefully, SIGHUP reloads its configuration. */
  | "stop and reload";

/** The part of `process` that signals come from. */
export interface SignalSource {
  readonly pid: number;
  on(signal: Signal, handler: () => void): unknown;
  off(signal: Signal, handler: () => void): unknown;
  kill(pid: number, signal: Signal): unknown;
}

interface Group {
  readonly signals: Set<Signal>;
  readonly listeners: ((signal: Signal) => void)[];
}

/** Holds signals until a command listens to them or leaves them alone. */
export class HeldSignals {
  readonly #source: SignalSource;
  readonly #isHangupIgnored: boolean;
  readonly #handlers = new Map<Signal, () => void>();
  readonly #stop: Group = { signals: new Set(), listeners: [] };
  readonly #reload: Group = { signals: new Set(), listeners: [] };
  #held: Signal[] = [];

  /** `isHangupIgnored`: whether the process was started with SIGHUP ignored, as nohup does. */
  constructor(source: SignalSource, isHangupIgnored: boolean) {
    this.#source = source;
    this.#isHangupIgnored = isHangupIgnored;
    for (const signal of SIGNALS) {
      const handler = () => this.#arrive(signal);
      this.#handlers.set(signal, handler);
      source.on(signal, handler);
    }
  }

  /** Sets the effect of signals from now on; without a use, the default one. */
  settle(use: SignalUse | undefined): void {
    if (use === undefined) {
      this.#release("SIGINT");
      this.#release("SIGTERM");
      if (!this.#isHangupIgnored) this.#release("SIGHUP");
      return;
    }
    this.#stop.signals.add("SIGINT").add("SIGTERM");
    if (use === "stop and reload") this.#reload.signals.add("SIGHUP");
    else if (!this.#isHangupIgnored) this.#stop.signals.add("SIGHUP");
  }

  /** Calls back for each stop signal, earlier ones included. */
  onStop(listener: (signal: Signal) => void): void {
    this.#listen(this.#stop, listener);
  }

  /** Calls back for each reload signal, earlier ones included. */
  onReload(listener: (signal: Signal) => void): void {
    this.#listen(this.#reload, listener);
  }

  #listen(group: Group, listener: (signal: Signal) => void): void {
    group.listeners.push(listener);
    const due = this.#held.filter((signal) => group.signals.has(signal));
    this.#held = this.#held.filter((signal) => !group.signals.has(signal));
    for (const signal of due) listener(signal);
  }

  #arrive(signal: Signal): void {
    const group = [this.#stop, this.#reload].find(({ signals }) => signals.has(signal));
    if (group === undefined || group.listeners.length === 0) this.#held.push(signal);
    else for (const listener of group.listeners) listener(signal);
  }

  #release(signal: Signal): void {
    const handler = this.#handlers.get(signal);
    if (handler !== undefined) this.#source.off(signal, handler);
    if (this.#held.includes(signal)) this.#source.kill(this.#source.pid, signal);
  }
}

/**
 * The signals of this process. This module must be loaded first: a signal that comes while the others
 * are being loaded would otherwise end the process.
 */
export const processSignals = new HeldSignals(process, isHangupIgnored());

function isHangupIgnored(): boolean {
  try {
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return (Number.parseInt(ignored?.slice(-1) ?? "0", 16) & 1) === 1;
  } catch {
    return false; // Not Linux.
  }
}
