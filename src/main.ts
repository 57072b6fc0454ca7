// First, because it holds the signals that come while the others are loaded.
import { processSignals } from "./cli/signals.ts";
import { asksForHelp, parseArguments } from "./cli/args.ts";
import { audit } from "./cli/audit.ts";
import { check } from "./cli/check.ts";
import { configCommand } from "./cli/config/config.ts";
import { type Console, UsageError } from "./cli/command.ts";
import { demo } from "./cli/demo.ts";
import { explainCommand } from "./cli/explain/explain.ts";
import { findCommand } from "./cli/find-command.ts";
import { commandHelp, helpCommand } from "./cli/help.ts";
import { init } from "./cli/init.ts";
import { key } from "./cli/key.ts";
import { logsCommand } from "./cli/logs/logs.ts";
import { mock } from "./cli/mock.ts";
import { password } from "./cli/password.ts";
import { proxy } from "./cli/proxy.ts";
import { quota } from "./cli/quota/quota.ts";
import { replay } from "./cli/replay/replay.ts";
import { routes } from "./cli/routes/routes.ts";
import { StandardInput } from "./cli/secret-input.ts";
import { reload } from "./cli/reload.ts";
import { serve } from "./cli/serve.ts";
import { mayColor, writeAll } from "./cli/terminal.ts";
import { statsCommand } from "./cli/stats/stats.ts";
import { terminalScreen } from "./cli/screen.ts";
import { topCommand } from "./cli/top/top.ts";
import { version } from "./cli/version.ts";
import { systemClock } from "./time/clock.ts";
import { printableLines } from "./units/printable.ts";

const STDOUT = 1;
const STDERR = 2;

const pause = async (milliseconds: number): Promise<boolean> => {
  await Bun.sleep(milliseconds);
  return true;
};
const stats = statsCommand(pause);
const logs = logsCommand(pause);
const top = topCommand(terminalScreen(process.env), { clock: systemClock });
const commands = [
  serve,
  check,
  explainCommand,
  audit,
  init,
  proxy,
  demo,
  logs,
  stats,
  top,
  routes,
  replay,
  configCommand,
  reload,
  key,
  password,
  quota,
  mock,
  version,
];
const help = helpCommand(commands);

let isOutGone = false;

const processConsole: Console = {
  out(text) {
    if (!writeAll(STDOUT, text)) isOutGone = true;
  },
  isOutGone: () => isOutGone,
  err(text) {
    // Messages quote arguments, which may be ids and names that clients have chosen.
    writeAll(STDERR, printableLines(text));
  },
  input: new StandardInput(
    () => process.stdin,
    (text) => void writeAll(STDERR, text),
    (listener) => processSignals.onStop(listener),
  ),
  now: () => Date.now(),
  environment: process.env,
  color: {
    out: mayColor(process.stdout.isTTY, process.env),
    err: mayColor(process.stderr.isTTY, process.env),
  },
  columns: () => (process.stdout.isTTY ? process.stdout.columns : undefined),
  rows: () => (process.stdout.isTTY ? process.stdout.rows : undefined),
  onStopSignal: (listener) => processSignals.onStop(listener),
  onReloadSignal: (listener) => processSignals.onReload(listener),
};

async function main(written: readonly string[], console: Console): Promise<number> {
  const [first = "help", ...rest] = written;
  try {
    const command = findCommand([...commands, help], first);
    const isHelp = asksForHelp(rest);
    processSignals.settle(isHelp ? undefined : command.signals);
    if (!isHelp) return await command.run(parseArguments(command, rest), console);
    console.out(commandHelp(command));
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    if (!isUsage && !isSystemError(error)) throw error;
    console.err(`gateway: ${error.message}\n`);
    return isUsage ? 2 : 1;
  }
}

/** Whether the system refused something, like writing to a full disk: its message says enough. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && "code" in error;
}

process.exit(await main(process.argv.slice(2), processConsole));
