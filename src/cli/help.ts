import type { Command } from "./command.ts";
import { findCommand } from "./find-command.ts";

/** Makes the command that explains the others; it has to know them. */
export function helpCommand(others: readonly Command[]): Command {
  const help: Command = {
    name: "help",
    summary: "explain a command",
    operands: "[COMMAND]",
    maxOperands: 1,
    flags: {},
    details: "Without a command, lists them all.",
    examples: [["gateway help serve", "explains `serve`"]],
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

function overview(commands: readonly Command[]): string {
  const list = columns(commands.map(({ name, summary }) => [name, summary] as const));
  return `An API gateway in one file: routes, balances, limits, and remembers every request.

Usage: gateway COMMAND [FLAGS]

${list}
\`gateway help COMMAND\` explains one. To see it all at work: \`gateway demo\`.
`;
}

function explain(command: Command): string {
  const { name, summary, operands, flags, details, examples } = command;
  const options = Object.entries(flags).map(
    ([flag, { short, value, summary: text }]) =>
      [
        `${short === undefined ? "" : `-${short}, `}--${flag}${value === undefined ? "" : ` ${value}`}`,
        text,
      ] as const,
  );
  const usage = ["gateway", name, operands, options.length > 0 ? "[FLAGS]" : ""].filter(Boolean);
  const parts = [
    `${name}: ${summary}\n`,
    `Usage: ${usage.join(" ")}\n`,
    ...(options.length > 0 ? [columns(options)] : []),
    `${details}\n`,
    `Examples:\n${columns(examples)}`,
  ];
  return parts.join("\n");
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}
