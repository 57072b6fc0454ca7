import { closest, distance } from "fastest-levenshtein";
import { type Arguments, type Command, UsageError } from "./command.ts";

/** Reads what follows a command's name. Throws a UsageError with the nearest valid spelling. */
export function parseArguments(command: Command, written: readonly string[]): Arguments {
  const operands: string[] = [];
  const flags: Record<string, string> = {};
  const rest = [...written];
  for (let text = rest.shift(); text !== undefined; text = rest.shift()) {
    if (!text.startsWith("-") || text === "-") {
      operands.push(text);
      continue;
    }
    const [name, attached] = splitOnce(text.replace(/^--?/, ""));
    const flag = Object.hasOwn(command.flags, name) ? command.flags[name] : undefined;
    if (flag === undefined) {
      const known = Object.keys(command.flags).map((known) => `--${known}`);
      throw new UsageError(
        `unknown flag ${text.split("=")[0]} for \`${command.name}\`${suggestion(`--${name}`, known)}`,
      );
    }
    if (flag.value === undefined) {
      if (attached !== undefined) throw new UsageError(`--${name} takes no value`);
      flags[name] = "true";
      continue;
    }
    const value = attached ?? rest.shift();
    if (value === undefined)
      throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`);
    flags[name] = value;
  }
  if (operands.length > command.maxOperands) {
    throw new UsageError(
      `\`${command.name}\` does not know what to do with "${operands[command.maxOperands]}"`,
    );
  }
  return { operands, flags };
}

function splitOnce(text: string): [string, string | undefined] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** Says which known word was probably meant: ", did you mean X?", or nothing. */
export function suggestion(written: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const nearest = closest(written, known);
  const near = distance(written, nearest) <= Math.max(2, Math.floor(written.length / 3));
  return near ? `, did you mean ${nearest}?` : "";
}

/** Reads a flag that is a whole number. */
export function integerFlag(
  flags: Arguments["flags"],
  name: string,
  range: { default: number; minimum: number; maximum: number },
): number {
  const written = flags[name];
  if (written === undefined) return range.default;
  const value = /^[0-9]{1,15}$/.test(written) ? Number(written) : Number.NaN;
  if (!(value >= range.minimum && value <= range.maximum)) {
    throw new UsageError(
      `--${name} takes a whole number from ${range.minimum} to ${range.maximum}, not "${written}"`,
    );
  }
  return value;
}
