import { readFileSync } from "node:fs";

/** The id of the user whose socket is at the other end of a loopback connection; undefined if unknown. */
export type UserOfPeer = (peerPort: number, port: number) => number | undefined;

/** Asks Linux, in proc_net(5); unknown on other systems. */
export const userOfPeer: UserOfPeer = (peerPort, port) => {
  for (const table of ["/proc/self/net/tcp", "/proc/self/net/tcp6"]) {
    const user = userIn(readTable(table), peerPort, port);
    if (user !== undefined) return user;
  }
  return undefined;
};

function readTable(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/** Finds a connection from one port to another in a table of sockets. */
export function userIn(table: string, from: number, to: number): number | undefined {
  const row = new RegExp(
    `^ *[0-9]+: [0-9A-F]+:${hex(from)} [0-9A-F]+:${hex(to)} [0-9A-F]{2} \\S+ \\S+ \\S+ +([0-9]+) `,
    "m",
  );
  const user = row.exec(table)?.[1];
  return user === undefined ? undefined : Number(user);
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
