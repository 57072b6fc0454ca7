import { suggestion } from "./args.ts";
import { type Command, UsageError } from "./command.ts";

/** Makes the command that explains the others; it has to know them. */
export function helpCommand(others: readonly Command[]): Command {
  const help: Command = {
    name: "help",
    summary: "explain a command",
    operands: "[COMMAND]",
    maxOperands: 1,
    flags: {},
    details: "Without a command, lists them all.",
    async run({ operands }, console) {
      const [name] = operands;
      const commands = [...others, help];
      if (name === undefined) {
        console.out(overview(commands));
        return 0;
      }
      console.out(explain(findCommand(commands, name)));
      return 0;
    },
  };
  return help;
}

/** Throws a UsageError with the nearest name where there is no such command. */
export function findCommand(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = commands.map((command) => command.name);
  throw new UsageError(
    `unknown command ${name}${suggestion(name, names)}
\`gateway help\` lists the commands`,
  );
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `An API gateway in one file: routes, balances, limits, and remembers every request.

Usage: gateway COMMAND [FLAGS]

${lines.join("\n")}

\`gateway help COMMAND\` explains one. To see it all at work: \`gateway demo\`.
`;
}

function explain({ name, summary, operands, flags, details }: Command): string {
  const entries = Object.entries(flags).map(
    ([flag, { value, summary: text }]) =>
      [`--${flag}${value === undefined ? "" : ` ${value}`}`, text] as const,
  );
  const width = Math.max(0, ...entries.map(([flag]) => flag.length));
  const list = entries.map(([flag, text]) => `  ${flag.padEnd(width)}  ${text}\n`).join("");
  const usage = ["gateway", name, operands, entries.length > 0 ? "[FLAGS]" : ""].filter(Boolean);
  return `${name}: ${summary}\n\nUsage: ${usage.join(" ")}\n\n${list}${list === "" ? "" : "\n"}${details}\n`;
}
