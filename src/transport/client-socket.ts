import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";

/** The socket on which a client is connected to this process. */
export interface ClientSocket {
  /** False once it is closed here; then its client has no rights any more. */
  isOpen(): boolean;
}

/** Finds the socket of a client by address and port; undefined if there is not exactly one. */
export type FindClientSocket = (address: string, port: number) => ClientSocket | undefined;

/**
 * Looks the socket up in /proc, once for each client connection; afterwards one readlink shows whether
 * it is still the same. Address and port are not enough: another client may have them a second later.
 */
export const findClientSocket: FindClientSocket = (address, port) => {
  try {
    const inodes = new Set(inodesOf(address, port).map((inode) => `socket:[${inode}]`));
    if (inodes.size === 0) return undefined;
    const found: ClientSocket[] = [];
    for (const descriptor of readdirSync(DESCRIPTORS)) {
      const path = `${DESCRIPTORS}/${descriptor}`;
      const socket = linkAt(path);
      if (inodes.has(socket)) found.push({ isOpen: () => linkAt(path) === socket });
    }
    return found.length === 1 ? found[0] : undefined;
  } catch {
    // A system without /proc.
    return undefined;
  }
};

const DESCRIPTORS = "/proc/self/fd";

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return "";
  }
}

/** Of the sockets of this machine that are connected to an address and port. */
function inodesOf(address: string, port: number): string[] {
  const inodes: string[] = [];
  for (const { file, text } of writtenInProc(address)) {
    const needle = ` ${text}:${port.toString(16).toUpperCase().padStart(4, "0")} ${ESTABLISHED} `;
    const table = readFileSync(file, "latin1");
    for (let at = table.indexOf(needle); at !== -1; at = table.indexOf(needle, at + 1)) {
      // After the needle: queues, timer, retransmissions, user, timeout, inode.
      const inode = table.slice(at + needle.length).split(/\s+/, 6)[5];
      if (inode !== undefined) inodes.push(inode);
    }
  }
  return inodes;
}

const ESTABLISHED = "01";

/** How /proc writes an address: words of 32 bits, as they lie in memory. */
function writtenInProc(address: string): { file: string; text: string }[] {
  if (isIPv4(address)) {
    const text = words(address.split(".").map(Number));
    return [
      { file: "/proc/self/net/tcp", text },
      { file: "/proc/self/net/tcp6", text: `0000000000000000FFFF0000${text}` },
    ];
  }
  if (!isIPv6(address) || address.includes("%")) return [];
  return [{ file: "/proc/self/net/tcp6", text: words(bytesOf(address)) }];
}

/** Each four bytes from the last to the first, in hexadecimal: every machine that Bun runs on is little-endian. */
function words(bytes: readonly number[]): string {
  return bytes
    .map((_, at) => (bytes[at - (at % 4) + (3 - (at % 4))] ?? 0).toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
}

function bytesOf(address: string): number[] {
  // The URL parser knows all spellings, including those that end with an IPv4 address.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groupsOf = (text: string) => (text === "" ? [] : text.split(":"));
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
