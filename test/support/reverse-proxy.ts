import { join } from "node:path";
import { ask } from "./ask.ts";
import { startChild } from "./child.ts";
import { eventually } from "./eventually.ts";
import { unusedPort } from "./socket-server.ts";
import type { Stage } from "./stage.ts";
import { requires } from "./requires.ts";

// Debian has them where an ordinary user's PATH does not lead.
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
const find = (program: string) => Bun.which(program, { PATH });

/** Whether Debian's nginx and haproxy are here. */
export const hasProxies = requires(
  find("nginx") !== null && find("haproxy") !== null,
  "nginx and haproxy (apt-get install nginx-light haproxy)",
);

export interface ProxyOptions {
  /** The user that asks the gateway on behalf of clients. */
  readonly user: string;
  /** Lines of the server's own. */
  readonly lines: readonly string[];
  /** Lines of the http block, for nginx. */
  readonly http?: readonly string[];
}

/** Starts nginx with one location for all paths; answers its URL. */
export function startNginx(stage: Stage, { user, lines, http = [] }: ProxyOptions) {
  return startProxy(stage, "nginx", (folder, port) => [
    ["-p", folder, "-c", join(folder, "proxy.conf"), "-e", join(folder, "error.log")],
    [
      "daemon off;",
      // An ordinary user's workers are its own, and nginx warns of the line.
      ...(process.geteuid?.() === 0 ? [`user ${user};`] : []),
      `pid ${folder}/pid;`,
      "worker_processes 1;",
      "events {}",
      "http {",
      "access_log off;",
      ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
        (kind) => `${kind}_temp_path ${folder}/${kind};`,
      ),
      ...http,
      `server { listen 127.0.0.1:${port}; location / {`,
      ...lines,
      "} } }",
    ],
  ]);
}

/** Starts HAProxy with one frontend and its backend; answers its URL. */
export function startHaproxy(stage: Stage, { user, lines }: ProxyOptions) {
  return startProxy(stage, "haproxy", (folder, port) => [
    ["-db", "-f", join(folder, "proxy.conf")],
    [
      "global",
      ...(process.geteuid?.() === 0 ? [`user ${user}`] : []),
      "defaults",
      "timeout connect 5s",
      "timeout client 30s",
      "timeout server 30s",
      "listen in",
      `bind 127.0.0.1:${port}`,
      ...lines,
    ],
  ]);
}

async function startProxy(
  stage: Stage,
  program: string,
  configure: (folder: string, port: number) => readonly [args: string[], lines: string[]],
): Promise<string> {
  const folder = stage.folder();
  const port = await unusedPort();
  const [args, lines] = configure(folder, port);
  await Bun.write(join(folder, "proxy.conf"), `${lines.join("\n")}\n`);
  const command = [find(program) ?? program];
  const { errors, exited, kill } = await startChild(stage, args, { cwd: folder, command });
  // nginx ends its workers only if it is asked to end.
  stage.defer(() => {
    kill("SIGTERM");
    return exited;
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await eventually(() =>
      ask(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  } catch (error) {
    throw new Error(`${program} did not start: ${errors.text.slice(-2000)}`, { cause: error });
  }
  return url;
}
