import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { StandardInput } from "../../../src/cli/secret-input.ts";

class FakeTerminal extends EventEmitter {
  isTTY = true;
  readonly modes: boolean[] = [];
  setRawMode(isRaw: boolean): void {
    this.modes.push(isRaw);
  }
  resume(): void {}
  pause(): void {}
  type(text: string | Uint8Array): void {
    this.emit("data", Buffer.from(text as string));
  }
}

function opened() {
  const terminal = new FakeTerminal();
  let shown = "";
  let stop = () => {};
  const input = new StandardInput(
    () => terminal,
    (text) => void (shown += text),
    (listener) => void (stop = listener),
  );
  return { terminal, input, shown: () => shown, stop: () => stop() };
}

describe("a line that is typed", () => {
  test("is read without being shown", async () => {
    const { terminal, input, shown } = opened();
    const asked = input.ask("Password: ");
    for (const key of "secret\r") terminal.type(key);
    expect(await asked).toBe("secret");
    expect(shown()).toBe("Password: \n");
    expect(terminal.modes).toEqual([true, false]);
    expect(terminal.listenerCount("data")).toBe(0);
  });

  test.each([
    ["sec\u007F\u007F\u007Fret\n", "ret"],
    ["\bx\r", "x"],
    ["wrong\u0015right\r", "right"],
    ["p\u00E4ss\u{1F511}\u007F\r", "p\u00E4ss"],
    ["secret\u0004", "secret"],
    ["\r", ""],
    ["\u0004", undefined],
    ["secret\u0003", undefined],
  ])("may be corrected: %j", async (keys, line) => {
    const { terminal, input } = opened();
    const asked = input.ask("Password: ");
    terminal.type(keys);
    expect(await asked).toBe(line);
  });

  test("may come in pieces of characters, and with the next one", async () => {
    const { terminal, input } = opened();
    const asked = input.ask("Password: ");
    terminal.type(new Uint8Array([0xc3]));
    terminal.type(new Uint8Array([0xa4]));
    terminal.type("\rsecond\r");
    expect(await asked).toBe("\u00E4");
    expect(await input.ask("Again: ")).toBe("second");
  });

  test("does not come if the terminal is gone, or the process is to stop", async () => {
    for (const event of ["end", "error"]) {
      const { terminal, input } = opened();
      const asked = input.ask("Password: ");
      terminal.emit(event);
      expect(await asked).toBeUndefined();
    }
    const { terminal, input, stop } = opened();
    const asked = input.ask("Password: ");
    stop();
    expect(await asked).toBeUndefined();
    expect(terminal.modes).toEqual([true, false]);
  });
});

describe("what is piped", () => {
  test("is read whole, up to a bound", async () => {
    const { terminal, input } = opened();
    const read = input.read(10);
    terminal.type("sec");
    terminal.type("ret");
    terminal.emit("end");
    expect((await read)?.toString()).toBe("secret");
    const tooMuch = input.read(10);
    terminal.type("x".repeat(11));
    expect(await tooMuch).toBeUndefined();
  });

  test("is no terminal", () => {
    const { terminal, input } = opened();
    expect(input.isTerminal).toBe(true);
    terminal.isTTY = false;
    expect(input.isTerminal).toBe(false);
  });
});
