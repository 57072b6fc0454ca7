import { writeSync } from "node:fs";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether text written to a stream may be coloured: on a terminal, unless NO_COLOR says no
 * (https://no-color.org), or where FORCE_COLOR or CLICOLOR_FORCE ask for it. Empty variables do not
 * count.
 */
export function mayColor(isTerminal: boolean, environment: Environment): boolean {
  if (isSet(environment["NO_COLOR"])) return false;
  const forced = environment["FORCE_COLOR"] || environment["CLICOLOR_FORCE"];
  if (isSet(forced)) return forced !== "0" && forced !== "false";
  return isTerminal && environment["TERM"] !== "dumb";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

const RETRY_AFTER_MS = 5;

/**
 * Writes all of a text before it returns, because the process may end right after. A reader that has
 * gone away (`gateway help | head -1`, a closed terminal) is not an error; the rest of the text is
 * lost, and the answer is false.
 */
export function writeAll(descriptor: number, text: string): boolean {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE" || code === "EIO") return false;
      if (code !== "EAGAIN") throw error;
      Bun.sleepSync(RETRY_AFTER_MS);
    }
  }
  return true;
}
