import { closest } from "../units/closest.ts";
import { type Arguments, type Command, type Flag, UsageError } from "./command.ts";

/** Reads what follows a command's name. Throws a UsageError with the nearest valid spelling. */
export function parseArguments(command: Command, written: readonly string[]): Arguments {
  const operands: string[] = [];
  const flags: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  const rest = [...written];
  for (let text = rest.shift(); text !== undefined; text = rest.shift()) {
    if (text === "--") {
      operands.push(...rest.splice(0));
      continue;
    }
    if (!text.startsWith("-") || text === "-") {
      operands.push(text);
      continue;
    }
    const { name, flag, attached } = readFlag(command, text);
    const value = valueOf(name, flag, attached, rest);
    if (flag.repeatable === true) {
      (lists[name] ??= []).push(value);
      continue;
    }
    const earlier = flags[name];
    if (earlier !== undefined && flag.value !== undefined) {
      throw new UsageError(
        `--${name} is given twice: ${earlier} and ${value}; which one is meant?`,
      );
    }
    flags[name] = value;
  }
  const surplus = operands[command.maxOperands];
  if (surplus !== undefined) throw new UsageError(tooMany(command, surplus));
  return { operands, flags, lists };
}

/** Whether a command line asks for help, whatever else it contains. */
export function asksForHelp(written: readonly string[]): boolean {
  const end = written.indexOf("--");
  const words = end === -1 ? written : written.slice(0, end);
  return words.some((word) => ["--help", "-help", "-h", "-?"].includes(word));
}

interface ReadFlag {
  readonly name: string;
  readonly flag: Flag;
  readonly attached: string | undefined;
}

function readFlag(command: Command, text: string): ReadFlag {
  const [written, attached] = splitOnce(text.replace(/^--?/, ""));
  const name = Object.hasOwn(command.flags, written) ? written : nameOf(command, written);
  const flag = Object.hasOwn(command.flags, name) ? command.flags[name] : undefined;
  if (flag !== undefined) return { name, flag, attached };
  const short = text.startsWith("--") ? undefined : readShort(command, text, attached);
  if (short !== undefined) return short;
  const elsewhere = command.elsewhere?.[name];
  if (elsewhere !== undefined) {
    throw new UsageError(`\`${command.name}\` has no flag ${text.split("=")[0]}: ${elsewhere}`);
  }
  const known = Object.keys(command.flags);
  const unknown = text.split("=")[0];
  if (known.length === 0) {
    throw new UsageError(`unknown flag ${unknown}: \`${command.name}\` has no flags`);
  }
  throw new UsageError(
    `unknown flag ${unknown} for \`${command.name}\`${suggestion(name, known, "--")}
\`gateway help ${command.name}\` lists its flags`,
  );
}

/** The flag that may be spelled so, too. */
function nameOf({ flags }: Command, spelling: string): string {
  return Object.entries(flags).find(([, { also }]) => also === spelling)?.[0] ?? spelling;
}

/** Reads `-p 80`, `-p=80` and, if the value cannot be a mistyped letter, `-p80`. */
function readShort(
  command: Command,
  text: string,
  attached: string | undefined,
): ReadFlag | undefined {
  const letter = text[1];
  const [name, flag] =
    Object.entries(command.flags).find(([, { short }]) => short === letter) ?? [];
  if (name === undefined || flag === undefined) return undefined;
  const following = text.slice(2);
  if (following === "") return { name, flag, attached: undefined };
  if (following.startsWith("=")) return { name, flag, attached };
  if (flag.value === undefined || !/^[^a-z]/i.test(following)) return undefined;
  return { name, flag, attached: following };
}

function valueOf(name: string, flag: Flag, attached: string | undefined, rest: string[]): string {
  if (flag.value === undefined) {
    if (attached !== undefined) throw new UsageError(`--${name} takes no value`);
    return "true";
  }
  const value = attached ?? rest.shift();
  if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`);
  return value;
}

function tooMany(command: Command, surplus: string): string {
  const isPort = /^:?[0-9]+$/.test(surplus) && Object.hasOwn(command.flags, "port");
  const meant = isPort
    ? `, did you mean --port ${surplus.replace(":", "")}?`
    : Object.hasOwn(command.flags, "config")
      ? configMeant(surplus)
      : "";
  return `unexpected argument "${surplus}" for \`${command.name}\`${meant}
usage: ${usageOf(command)}`;
}

/** For commands that take a configuration by a flag alone: ", did you mean --config FILE?", or nothing. */
export function configMeant(operand: string): string {
  return /\.ya?ml$/i.test(operand) ? `, did you mean --config ${operand}?` : "";
}

/** "gateway serve [FILE] [FLAGS]" */
export function usageOf({ name, operands, flags }: Command): string {
  const hasFlags = Object.keys(flags).length > 0;
  return ["gateway", name, operands, hasFlags ? "[FLAGS]" : ""].filter(Boolean).join(" ");
}

function splitOnce(text: string): [string, string | undefined] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** Says which known word was probably meant: ", did you mean X?", or nothing. */
export function suggestion(written: string, known: readonly string[], prefix = ""): string {
  const nearest = closest(written, known);
  return nearest === undefined ? "" : `, did you mean ${prefix}${nearest}?`;
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
