import { printable } from "../units/printable.ts";
import {
  ADMIN_FLAGS,
  AdminClient,
  AdminError,
  configuredAdmin,
  namedAdmin,
  NoGatewayError,
} from "./admin-client.ts";
import type { Arguments, Command, Console } from "./command.ts";
import { findConfigFile, readConfigFile } from "./config-file.ts";

export const reload: Command = {
  name: "reload",
  summary: "have the running gateway read its configuration again",
  operands: "[FILE]",
  maxOperands: 1,
  flags: ADMIN_FLAGS,
  elsewhere: { pid: "it asks the operator port; signal a process with: kill -HUP PID" },
  details: `Asks the gateway at admin.listen of the configuration (FILE, config/gateway.yaml or ./gateway.yaml), or
at --admin URL, to read its file again, and says what came of it. If the file is not valid, the gateway
keeps the configuration that it has. A gateway without an operator port reloads at \`kill -HUP PID\`.

Exit codes: 0 the configuration is in force; 1 it is not, or no gateway answers; 2 invalid command line.`,
  examples: [
    ["gateway reload", "of config/gateway.yaml or ./gateway.yaml"],
    ["gateway reload --admin http://127.0.0.1:9091 --token $TOKEN", "another one"],
  ],
  async run(input, console) {
    try {
      const client = new AdminClient(await addressFor(input, console));
      const { message } = (await client.post("/admin/api/reload", {})) as { message: string };
      console.out(`${printable(message)}\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      const signal = error instanceof NoGatewayError ? SIGNAL : "";
      console.err(`gateway: ${error.message}${signal}\n`);
      return 1;
    }
  },
};

/** For one that has no operator port. */
const SIGNAL = "; a gateway without an operator port reloads on SIGHUP: kill -HUP PID";

/** Throws an AdminError if there is none. */
async function addressFor(input: Arguments, console: Console) {
  const named = namedAdmin(input);
  if (named !== undefined) return named;
  const read = await readConfigFile(findConfigFile(input), console);
  if (read === undefined) {
    throw new AdminError("the file is not valid, so nothing was reloaded; what is in force stays");
  }
  return configuredAdmin(read.config, input);
}
