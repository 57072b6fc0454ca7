import { suggestion } from "./args.ts";
import { type Command, UsageError } from "./command.ts";

/** Names from other tools that can only mean one command. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-help", "help"],
  ["-h", "help"],
  ["-?", "help"],
  ["--version", "version"],
  ["-version", "version"],
  ["-v", "version"],
  ["-V", "version"],
  ["run", "serve"],
  ["start", "serve"],
  ["up", "serve"],
  ["validate", "check"],
  ["lint", "check"],
  ["security", "audit"],
  ["scan", "audit"],
  ["reverse-proxy", "proxy"],
  ["live", "top"],
  ["monitor", "top"],
  ["configuration", "config"],
  ["rollback", "config"],
  ["quotas", "quota"],
  ["statistics", "stats"],
  ["stat", "stats"],
  ["log", "logs"],
  ["search", "logs"],
  ["keys", "key"],
  ["hash-password", "password"],
  ["htpasswd", "password"],
  ["passwd", "password"],
]);

/** Names that are not commands here, each with the alternative. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ...["test", "verify", "configtest", "-t"].map((word) => [word, "did you mean check?"] as const),
  ...["new", "create", "generate", "example", "setup"].map(
    (word) => [word, "did you mean init?"] as const,
  ),
  ...["api-key", "apikey", "keygen", "genkey", "token"].map(
    (word) => [word, "did you mean `gateway key new`?"] as const,
  ),
  ...["reference", "docs"].map((word) => [word, "did you mean `gateway help config`?"] as const),
  ["tail", "did you mean `gateway logs --follow`?"],
  ["stop", "to stop a running gateway, send it SIGTERM: kill PID"],
  ["status", "a running gateway answers at /health and /admin/backends"],
]);

/** Finds a command by its name or an alias. Throws a UsageError that says what was probably meant. */
export function findCommand(commands: readonly Command[], name: string): Command {
  const meant = ALIASES.get(name) ?? name;
  const found = commands.find((command) => command.name === meant);
  if (found !== undefined) return found;
  throw new UsageError(`${unknown(commands, name)}\n\`gateway help\` lists the commands`);
}

function unknown(commands: readonly Command[], name: string): string {
  if (name === "") return "the command is empty";
  const instead = INSTEAD.get(name);
  if (instead !== undefined) return `unknown command ${name}; ${instead}`;
  if (/\.ya?ml$/.test(name)) {
    return `unknown command ${name}; to run a configuration: gateway serve ${name}`;
  }
  if (name.startsWith("-")) return `a command comes before the flags, like gateway serve ${name}`;
  const names = [...commands.map((command) => command.name), ...ALIASES.keys()];
  return `unknown command ${name}${suggestion(name, names)}`;
}
