import { usageOf } from "./args.ts";
import { type Command, UsageError } from "./command.ts";
import { configHelp, foreignHelp, hasKey, placeholderHelp } from "./config-help.ts";
import { findCommand } from "./find-command.ts";

/** Creates the command that explains the others. */
export function helpCommand(others: readonly Command[]): Command {
  const help: Command = {
    name: "help",
    summary: "explain a command, or the configuration: help config",
    operands: "[COMMAND | config [KEY]]",
    maxOperands: 2,
    flags: {},
    details: `Without a command, lists them all. \`config\` prints every key of the configuration. A key of nginx,
HAProxy, Envoy, Traefik, Caddy or Kong is answered with what it is here.`,
    examples: [
      ["gateway help serve", "explains `serve`"],
      ["gateway help config | less", "every key of the configuration"],
      ["gateway help config routes.timeouts", "the keys below one of them"],
      ["gateway help placeholders", "what texts may have in braces, like {client.ip}"],
      ["gateway help proxy_next_upstream", "what that is here"],
    ],
    async run({ operands: [topic, key] }, console) {
      const commands = [...others, help];
      if (topic === "config") {
        console.out(configHelp(key));
        return 0;
      }
      if (key !== undefined) {
        throw new UsageError(`unexpected argument "${key}" for \`help ${topic}\``);
      }
      console.out(topic === undefined ? overview(commands) : explainTopic(commands, topic));
      return 0;
    },
  };
  return help;
}

function overview(commands: readonly Command[]): string {
  const list = columns(commands.map(({ name, summary }) => [name, summary] as const));
  return `An API gateway in one file: routes, balances, limits, and remembers every request.

Three ways to begin:

  gateway demo                              look around: a gateway, three backends, what to try
  gateway proxy --to http://localhost:3000  in front of your backend, without a file
  gateway init                              write a configuration with comments; then: gateway serve

Usage: gateway COMMAND [FLAGS]

${list}
\`gateway help COMMAND\` explains a command, \`gateway help config\` every key of the configuration. The
project's README.md and docs/ have the rest.
`;
}

/** A command or, if there is none of that name, a key of the configuration, ours or another gateway's. */
function explainTopic(commands: readonly Command[], topic: string): string {
  const command = commands.find(({ name }) => name === topic);
  if (command !== undefined) return commandHelp(command);
  try {
    // Words for commands, like `validate` for `check`, may be keys.
    if (hasKey(topic)) return configHelp(topic);
    return explain(findCommand(commands, topic));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const other = topic === "placeholders" ? placeholderHelp() : foreignHelp(topic);
    if (other === undefined) throw error;
    return other;
  }
}

/** The explanation of a command, for `gateway COMMAND --help` too. */
export function commandHelp(command: Command): string {
  const { name } = command;
  const other = `\n\`gateway help config ${name}\` explains the key of the configuration.\n`;
  return `${explain(command)}${hasKey(name) ? other : ""}`;
}

function explain(command: Command): string {
  const { name, summary, flags, details, examples } = command;
  const options = Object.entries(flags).map(
    ([flag, { short, value, summary: text }]) =>
      [
        `${short === undefined ? "" : `-${short}, `}--${flag}${value === undefined ? "" : ` ${value}`}`,
        text,
      ] as const,
  );
  const parts = [
    `${name}: ${summary}\n`,
    `Usage: ${usageOf(command)}\n`,
    ...(options.length > 0 ? [columns(options)] : []),
    `${details}\n`,
    `Examples:\n${columns(examples)}`,
    "More: `gateway help config`, and the project's README.md and docs/.\n",
  ];
  return parts.join("\n");
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}
