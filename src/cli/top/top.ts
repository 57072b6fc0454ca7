import {
  ADMIN_FLAGS,
  AdminClient,
  AdminError,
  configuredAdmin,
  namedAdmin,
} from "../admin-client.ts";
import { type Arguments, type Command, type Console, UsageError } from "../command.ts";
import { findConfigFile, readConfigFile } from "../config-file.ts";
import type { OpenScreen } from "../screen.ts";
import { Session, type SessionServices } from "./session.ts";

/** Creates the command. */
export function topCommand(
  openScreen: OpenScreen,
  services: Omit<SessionServices, "color">,
): Command {
  return {
    name: "top",
    summary: "watch the traffic of a running gateway, full screen",
    operands: "",
    maxOperands: 0,
    flags: ADMIN_FLAGS,
    details: `Shows routes, backends and requests as they are at the moment: keys choose, sort, filter and open; ? lists
them. Rates and latencies are means of the last five seconds.

Asks the running gateway at admin.listen of the configuration, or at --admin URL, and waits for it when it
restarts. The past is in \`gateway stats\` and \`gateway logs\`, which work without a terminal as well.

Exit codes: 0 done; 1 no gateway answers, or there is no terminal; 2 invalid command line.`,
    examples: [
      ["gateway top", "of the gateway that the configuration describes"],
      ["gateway top --admin http://127.0.0.1:9090", "of the gateway there"],
    ],
    signals: "stop",
    async run(input, console) {
      const client = await clientFor(input, console);
      if (client === undefined) return 1;
      try {
        // Before the screen is taken: a wrong address or token is said where it stays.
        await client.get("/admin/api/session");
      } catch (error) {
        if (!(error instanceof AdminError)) throw error;
        console.err(`gateway: ${error.message}\n`);
        return 1;
      }
      const screen = openScreen();
      if (screen === undefined) {
        console.err(
          "gateway: top needs a terminal; `gateway stats --watch` and `gateway logs --follow` do without\n",
        );
        return 1;
      }
      const session = new Session(client, screen, { ...services, color: console.color.out });
      console.onStopSignal(() => session.end());
      try {
        await session.run();
      } finally {
        screen.close();
      }
      return 0;
    },
  };
}

async function clientFor(input: Arguments, console: Console): Promise<AdminClient | undefined> {
  const named = namedAdmin(input);
  if (named !== undefined) return new AdminClient(named);
  const config = (await readConfigFile(findConfigFile(input), console))?.config;
  if (config === undefined) return undefined;
  try {
    return new AdminClient(configuredAdmin(config, input));
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    throw new UsageError(error.message);
  }
}
