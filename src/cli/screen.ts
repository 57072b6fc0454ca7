import { writeAll } from "./terminal.ts";

/** A whole terminal, for a program that draws all of it. */
export interface Screen {
  /** Places in a line, and lines. */
  readonly width: number;
  readonly height: number;
  write(text: string): void;
  /** Calls back with what has been typed, as it comes. */
  onInput(listener: (bytes: Uint8Array) => void): void;
  onResize(listener: () => void): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

/** Undefined where there is no terminal to draw on and to read keys from. */
export type OpenScreen = () => Screen | undefined;

const STDOUT = 1;
/** If the terminal does not tell. */
const USUAL = { width: 80, height: 24 };

const BEGIN = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const END = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/** The terminal of this process. What was on it comes back when it is closed. */
export function terminalScreen(environment: Readonly<Record<string, string | undefined>>) {
  return (): Screen | undefined => {
    const { stdin, stdout } = process;
    if (!stdin.isTTY || !stdout.isTTY || environment["TERM"] === "dumb") return undefined;
    stdin.setRawMode(true);
    stdin.resume();
    writeAll(STDOUT, BEGIN);
    return {
      get width() {
        return stdout.columns || USUAL.width;
      },
      get height() {
        return stdout.rows || USUAL.height;
      },
      write: (text) => writeAll(STDOUT, text),
      onInput: (listener) => void stdin.on("data", listener),
      onResize: (listener) => void stdout.on("resize", listener),
      close() {
        stdin.removeAllListeners("data");
        stdout.removeAllListeners("resize");
        stdin.setRawMode(false);
        stdin.pause();
        writeAll(STDOUT, END);
      },
    };
  };
}
