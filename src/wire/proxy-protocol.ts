import { isIPv4, isIPv6 } from "node:net";
import { normalizeAddress } from "../http/address.ts";

/**
 * What a proxy says about a client's connection, by the PROXY protocol, version 1 or 2
 * (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
 */
export interface ProxiedConnection {
  /** The client's address; normalized. */
  readonly source: string;
  readonly sourcePort: number;
  /** The address that the client connected to; normalized. */
  readonly destination: string;
  readonly destinationPort: number;
}

/** Read from the start of a connection. */
export type ProxyHeader =
  /** Its end has not arrived. */
  | { readonly state: "more" }
  | { readonly state: "malformed"; readonly problem: string }
  | {
      readonly state: "complete";
      /** The number of its bytes; what follows is the client's. */
      readonly length: number;
      /**
       * Undefined if the connection is the proxy's own (LOCAL, such as a health check), or of a kind
       * without addresses (UNKNOWN, UNSPEC, UNIX); then the peer is the proxy.
       */
      readonly client: ProxiedConnection | undefined;
    };

const MORE: ProxyHeader = { state: "more" };

/** Of version 1, the CRLF included. */
const LONGEST_LINE = 107;
/** Of version 2, additional values (TLV) included. */
const LONGEST_BLOCK = 16_384;

const LINE_START = Buffer.from("PROXY ", "latin1");
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
/** The signature, command, family and length of version 2. */
const FIXED_LENGTH = 16;

/** Reads the header that `bytes`, the first of a connection, begin with. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return MORE;
  if (startsAlike(bytes, SIGNATURE)) return readBlock(bytes);
  if (startsAlike(bytes, LINE_START)) return readLine(bytes);
  return malformed("the connection does not begin with a PROXY header");
}

/** Whether the bytes begin with this text, as far as they go. */
function startsAlike(bytes: Buffer, text: Buffer): boolean {
  const length = Math.min(bytes.length, text.length);
  return bytes.compare(text, 0, length, 0, length) === 0;
}

/** "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n" */
function readLine(bytes: Buffer): ProxyHeader {
  const start = bytes.subarray(0, LONGEST_LINE);
  const lineFeed = start.indexOf(0x0a);
  if (lineFeed === -1) {
    return bytes.length < LONGEST_LINE
      ? MORE
      : malformed(`the PROXY line is longer than ${LONGEST_LINE} bytes`);
  }
  const line = start.toString("latin1", 0, lineFeed + 1);
  if (line.indexOf("\r") !== lineFeed - 1) {
    return malformed("the PROXY line does not end with CR LF");
  }
  const [, family = "", ...rest] = line.slice(0, -2).split(" ");
  const length = lineFeed + 1;
  // Whatever else the line has is to be ignored.
  if (family === "UNKNOWN") return { state: "complete", length, client: undefined };
  const isAddress = family === "TCP4" ? isIPv4 : family === "TCP6" ? isPlainIPv6 : undefined;
  if (isAddress === undefined) return malformed("the PROXY line names no known protocol");
  const [source = "", destination = "", sourcePort = "", destinationPort = "", ...more] = rest;
  if (more.length > 0 || !isAddress(source) || !isAddress(destination)) {
    return malformed(`the PROXY line does not have two ${family} addresses`);
  }
  if (!isPort(sourcePort) || !isPort(destinationPort)) {
    return malformed("the PROXY line does not have two ports");
  }
  return {
    state: "complete",
    length,
    client: {
      source: canonical(source),
      sourcePort: Number(sourcePort),
      destination: canonical(destination),
      destinationPort: Number(destinationPort),
    },
  };
}

/** Without a zone ("%eth0"). */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes("%");
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65_535;
}

const VERSION_2 = 2;
const LOCAL = 0;
const PROXY = 1;
const INET = 1;
const UNIX = 3;
const DATAGRAM = 2;
/** The length of the addresses of each family: UNSPEC, INET, INET6, UNIX. */
const ADDRESSES_LENGTH = [0, 12, 36, 216];

function readBlock(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes[12];
  const familyAndTransport = bytes[13];
  if (versionAndCommand === undefined) return MORE;
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== VERSION_2 || command > PROXY) {
    return malformed("the PROXY header has an unknown version or command");
  }
  if (familyAndTransport === undefined || bytes.length < FIXED_LENGTH) return MORE;
  const length = FIXED_LENGTH + bytes.readUInt16BE(14);
  if (length > LONGEST_BLOCK) {
    return malformed(`the PROXY header is longer than ${LONGEST_BLOCK} bytes`);
  }
  const family = familyAndTransport >> 4;
  const transport = familyAndTransport & 0x0f;
  if (command !== LOCAL) {
    const addressesLength = ADDRESSES_LENGTH[family];
    if (addressesLength === undefined || transport > DATAGRAM) {
      return malformed("the PROXY header has an unknown address family or protocol");
    }
    if (length < FIXED_LENGTH + addressesLength) {
      return malformed("the PROXY header is too short for its addresses");
    }
  }
  if (bytes.length < length) return MORE;
  const hasClient = command !== LOCAL && transport !== 0 && family >= INET && family < UNIX;
  return {
    state: "complete",
    length,
    client: hasClient ? readAddresses(bytes, family) : undefined,
  };
}

function readAddresses(bytes: Buffer, family: number): ProxiedConnection {
  const size = family === INET ? 4 : 16;
  const textAt = family === INET ? ipv4At : ipv6At;
  const ports = FIXED_LENGTH + 2 * size;
  return {
    source: textAt(bytes, FIXED_LENGTH),
    sourcePort: bytes.readUInt16BE(ports),
    destination: textAt(bytes, FIXED_LENGTH + size),
    destinationPort: bytes.readUInt16BE(ports + 2),
  };
}

function ipv4At(bytes: Buffer, start: number): string {
  return bytes.subarray(start, start + 4).join(".");
}

function ipv6At(bytes: Buffer, start: number): string {
  const groups: string[] = [];
  for (let at = start; at < start + 16; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  return canonical(groups.join(":"));
}

/** As the system writes a peer's address (RFC 5952), so that a client has one name. */
function canonical(address: string): string {
  const plain = normalizeAddress(address);
  return plain.includes(":") ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain;
}

function malformed(problem: string): ProxyHeader {
  return { state: "malformed", problem };
}

/** Collects the header at the start of a connection, in whatever pieces it arrives. */
export class ProxyHeaderReader {
  #held: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  #size = 0;

  /**
   * Takes the next bytes of the connection. Once the header is complete, `rest` has those that follow
   * it, and nothing more may be given.
   */
  take(bytes: Buffer): { readonly header: ProxyHeader; readonly rest: Buffer } {
    if (this.#size === 0) {
      const header = readProxyHeader(bytes);
      if (header.state !== "more") return { header, rest: restOf(bytes, header) };
    }
    this.#hold(bytes);
    const held = this.#held.subarray(0, this.#size);
    const header = readProxyHeader(held);
    return { header, rest: restOf(held, header) };
  }

  #hold(bytes: Buffer): void {
    const size = this.#size + bytes.length;
    if (size > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#size);
      this.#held = larger;
    }
    bytes.copy(this.#held, this.#size);
    this.#size = size;
  }
}

/** Most headers of version 2 fit. */
const FIRST_CAPACITY = 128;

function restOf(bytes: Buffer, header: ProxyHeader): Buffer {
  return header.state === "complete" ? bytes.subarray(header.length) : NOTHING;
}

const NOTHING = Buffer.alloc(0);
