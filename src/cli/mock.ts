import { startMock } from "../../mock/server.ts";
import { parseDuration } from "../units/duration.ts";
import { integerFlag } from "./args.ts";
import { type Command, UsageError } from "./command.ts";
import { portTrouble } from "./ports.ts";
import { reasonOf } from "./system-error.ts";

export const mock: Command = {
  name: "mock",
  summary: "run a mock backend to test against",
  operands: "",
  maxOperands: 0,
  flags: {
    port: {
      value: "PORT",
      short: "p",
      summary: "the port to listen on (9001); 0 takes a free one",
    },
    host: { value: "HOST", summary: "the address to listen on (127.0.0.1)" },
    name: { value: "NAME", summary: "its name in its answers (Mock-PORT)" },
    latency: { value: "DURATION", summary: "how long to wait before each answer, like 50ms (0)" },
    "fail-rate": {
      value: "SHARE",
      summary: "the share of requests to answer with 500, 0 to 1 (0)",
    },
  },
  details: `Answers /api/users/, /api/users/1, /api/orders/1, /health, /echo and many other paths; GET / lists them.
Runs until SIGTERM, SIGINT (Ctrl-C) or SIGHUP.`,
  examples: [
    ["gateway mock --port 9002 --name Second", "a backend on port 9002"],
    ["gateway mock --latency 200ms --fail-rate 0.1", "a slow one that fails every tenth request"],
  ],
  signals: "stop",
  async run({ flags }, console) {
    const port = integerFlag(flags, "port", { default: 9001, minimum: 0, maximum: 65_535 });
    const options = {
      port,
      host: flags["host"] ?? "127.0.0.1",
      name: flags["name"] ?? `Mock-${port}`,
      latency: latencyFlag(flags["latency"]),
      failRate: failRateFlag(flags["fail-rate"]),
    };
    const { promise: signal, resolve } = Promise.withResolvers<string>();
    console.onStopSignal(resolve);
    let backend;
    try {
      backend = startMock(options);
    } catch (error) {
      const trouble = portTrouble(options.host, port);
      const reason =
        trouble === undefined
          ? reasonOf(error)
          : `cannot listen on ${options.host}:${port}: ${trouble}`;
      console.err(`gateway: ${reason}; choose another address with --port and --host\n`);
      return 1;
    }
    console.out(`mock backend ${backend.name} listening on ${backend.url}\n`);
    await signal;
    await backend.stop();
    return 0;
  },
};

function latencyFlag(written = "0"): number {
  const milliseconds = parseDuration(written);
  if (milliseconds === undefined) {
    throw new UsageError(`--latency takes a duration, like 50ms or 2s, not "${written}"`);
  }
  return milliseconds;
}

function failRateFlag(written = "0"): number {
  const share = /^[0-9]*\.?[0-9]+$/.test(written) ? Number(written) : Number.NaN;
  if (!(share >= 0 && share <= 1)) {
    throw new UsageError(`--fail-rate takes a number from 0 to 1, like 0.1, not "${written}"`);
  }
  return share;
}
