import { describe, expect, test } from "bun:test";
import { HeldSignals, type Signal, type SignalSource } from "../../../src/cli/signals.ts";

/** A process that remembers what signals would do to it. */
class FakeProcess implements SignalSource {
  readonly pid = 1;
  readonly killedBy: Signal[] = [];
  readonly #handlers = new Map<Signal, () => void>();

  on(signal: Signal, handler: () => void): void {
    this.#handlers.set(signal, handler);
  }

  off(signal: Signal): void {
    this.#handlers.delete(signal);
  }

  kill(_pid: number, signal: Signal): void {
    const handler = this.#handlers.get(signal);
    if (handler === undefined) this.killedBy.push(signal);
    else handler();
  }
}

function held({ isHangupIgnored = false } = {}) {
  const source = new FakeProcess();
  const signals = new HeldSignals(source, isHangupIgnored);
  const heard: string[] = [];
  return {
    signals,
    heard,
    send: (signal: Signal) => source.kill(1, signal),
    killedBy: source.killedBy,
    listen: () => {
      signals.onStop((signal) => heard.push(`stop ${signal}`));
      signals.onReload((signal) => heard.push(`reload ${signal}`));
    },
  };
}

describe("signals", () => {
  test("that come before the command is known are held until it listens", () => {
    const { signals, heard, send, listen, killedBy } = held();
    send("SIGHUP");
    send("SIGTERM");
    signals.settle("stop and reload");
    send("SIGHUP");
    expect(heard).toEqual([]);
    listen();
    expect(heard).toEqual(["stop SIGTERM", "reload SIGHUP", "reload SIGHUP"]);
    expect(killedBy).toEqual([]);
  });

  test("reach a command that listens", () => {
    const { signals, heard, send, listen } = held();
    signals.settle("stop and reload");
    listen();
    send("SIGHUP");
    send("SIGINT");
    expect(heard).toEqual(["reload SIGHUP", "stop SIGINT"]);
  });

  test("of a closed terminal stop a command that does not reload", () => {
    const { signals, heard, send, listen } = held();
    signals.settle("stop");
    listen();
    send("SIGHUP");
    expect(heard).toEqual(["stop SIGHUP"]);
  });

  test("end a command that has no use for them, also those that came before", () => {
    const { signals, send, killedBy } = held();
    send("SIGHUP");
    expect(killedBy).toEqual([]);
    signals.settle(undefined);
    expect(killedBy).toEqual(["SIGHUP"]);
    send("SIGTERM");
    expect(killedBy).toEqual(["SIGHUP", "SIGTERM"]);
  });

  test.each([undefined, "stop"] as const)(
    "of a closed terminal are ignored after nohup (use: %s)",
    (use) => {
      const { signals, heard, send, listen, killedBy } = held({ isHangupIgnored: true });
      signals.settle(use);
      listen();
      send("SIGHUP");
      expect([heard, killedBy]).toEqual([[], []]);
    },
  );

  test("reload also after nohup", () => {
    const { signals, heard, send, listen } = held({ isHangupIgnored: true });
    signals.settle("stop and reload");
    listen();
    send("SIGHUP");
    expect(heard).toEqual(["reload SIGHUP"]);
  });
});
