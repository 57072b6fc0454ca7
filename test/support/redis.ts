import { RedisClient } from "bun";
import { join } from "node:path";
import { type Child, startChild } from "./child.ts";
import { requiresProgram } from "./requires.ts";
import type { Stage } from "./stage.ts";

export const hasRedis = requiresProgram("redis-server", "redis-server");

export interface RedisProcess extends Child {
  readonly socket: string;
  /** For `store`. */
  readonly url: string;
  /** Asks it for something. */
  readonly command: (name: string, ...parameters: string[]) => Promise<unknown>;
  /** The same with a password. */
  readonly commandAs: (password: string, name: string, ...parameters: string[]) => Promise<unknown>;
}

/**
 * Starts a Redis server that keeps nothing, on a Unix socket, and waits until it can be used. The stage
 * ends it. Another one may take the socket of one that has been killed.
 */
export async function startRedis(
  stage: Stage,
  { folder = stage.folder(), args = [] }: { folder?: string; args?: readonly string[] } = {},
): Promise<RedisProcess> {
  const socket = join(folder, "redis.sock");
  const settings = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"];
  const child = await startChild(stage, [...settings, "--dir", folder, ...args], {
    command: ["redis-server"],
  });
  await child.lines.waitFor(/eady to accept connections/);
  const commandAs = async (credentials: string, name: string, parameters: string[]) => {
    const client = new RedisClient(`redis+unix://${credentials}localhost${socket}`);
    const reply: unknown = await client.send(name, parameters);
    client.close();
    return reply;
  };
  return {
    ...child,
    socket,
    url: `unix:${socket}`,
    command: (name, ...parameters) => commandAs("", name, parameters),
    commandAs: (password, name, ...parameters) => commandAs(`:${password}@`, name, parameters),
  };
}
