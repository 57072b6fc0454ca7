/** What a TLS client says first, as far as it decides how it is answered (RFC 8446 section 4.1.2). */
export interface ClientHello {
  /** The server name (SNI) in lower case, without a final dot; empty without one, or if it is no host name. */
  readonly serverName: string;
  /** The protocols that it offers by ALPN, in its order. Each character is one byte. */
  readonly protocols: readonly string[];
}

/** Read from the start of a connection. */
export type HelloReading =
  /** Its end has not arrived. */
  | { readonly state: "more" }
  | { readonly state: "malformed" }
  | { readonly state: "complete"; readonly hello: ClientHello };

const MORE: HelloReading = { state: "more" };
const MALFORMED: HelloReading = { state: "malformed" };

/** Of all bytes. Hellos of today have 200 to 2,000. */
export const LONGEST_HELLO = 16_384;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const SERVER_NAME = 0;
const ALPN = 16;

/** Reads the ClientHello that `bytes`, the first of a connection, begin with. */
export function readClientHello(bytes: Buffer): HelloReading {
  const message = handshakeMessage(bytes);
  if (!Buffer.isBuffer(message)) return message;
  try {
    return { state: "complete", hello: readMessage(message) };
  } catch (error) {
    // A length that points outside of what holds it.
    if (error instanceof RangeError) return MALFORMED;
    throw error;
  }
}

/** The message's content, which may be spread over several records. */
function handshakeMessage(bytes: Buffer): Buffer | HelloReading {
  const parts: Buffer[] = [];
  let length = 0;
  let wanted = MESSAGE_HEADER;
  for (let at = 0; length < wanted;) {
    if (at < bytes.length && bytes[at] !== HANDSHAKE) return MALFORMED;
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return MALFORMED;
    if (at + RECORD_HEADER > bytes.length) return MORE;
    const size = bytes.readUInt16BE(at + 3);
    if (size === 0) return MALFORMED;
    const start = at + RECORD_HEADER;
    const part = bytes.subarray(start, start + size);
    parts.push(part);
    length += part.length;
    at = start + size;
    if (wanted === MESSAGE_HEADER && length >= MESSAGE_HEADER) {
      const header = parts.length === 1 ? part : Buffer.concat(parts);
      if (header[0] !== CLIENT_HELLO) return MALFORMED;
      wanted = MESSAGE_HEADER + header.readUIntBE(1, 3);
      if (wanted > LONGEST_HELLO) return MALFORMED;
    }
    if (part.length < size && length < wanted) return MORE;
  }
  const [only] = parts;
  const all = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  return all.subarray(MESSAGE_HEADER, wanted);
}

/** Throws a RangeError for a length that points outside. */
function readMessage(message: Buffer): ClientHello {
  const reader = new Reader(message);
  reader.skip(2 + 32); // Version, random.
  reader.skip(reader.uint8()); // Session id.
  reader.skip(reader.uint16()); // Cipher suites.
  reader.skip(reader.uint8()); // Compression methods.
  let serverName = "";
  let protocols: readonly string[] = [];
  if (reader.isAtEnd) return { serverName, protocols };
  const extensions = reader.vector(reader.uint16());
  while (!extensions.isAtEnd) {
    const type = extensions.uint16();
    const content = extensions.vector(extensions.uint16());
    if (type === SERVER_NAME) serverName = readServerName(content);
    else if (type === ALPN) protocols = readProtocols(content);
  }
  return { serverName, protocols };
}

/** RFC 6066 section 3. */
function readServerName(content: Reader): string {
  const list = content.vector(content.uint16());
  while (!list.isAtEnd) {
    const type = list.uint8();
    const name = list.text(list.uint16());
    if (type === 0) return hostName(name);
  }
  return "";
}

const HOST_NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/;

/** A client may send anything; what is no host name must not reach logs. */
function hostName(name: string): string {
  if (name.length > 255 || !HOST_NAME.test(name)) return "";
  return name.toLowerCase().replace(/\.$/, "");
}

/** RFC 7301 section 3.1. */
function readProtocols(content: Reader): string[] {
  const list = content.vector(content.uint16());
  const protocols: string[] = [];
  while (!list.isAtEnd) protocols.push(list.text(list.uint8()));
  return protocols;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#pass(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#pass(2));
  }

  skip(length: number): void {
    this.#pass(length);
  }

  vector(length: number): Reader {
    const start = this.#pass(length);
    return new Reader(this.#bytes.subarray(start, start + length));
  }

  text(length: number): string {
    const start = this.#pass(length);
    return this.#bytes.toString("latin1", start, start + length);
  }

  /** Where the bytes start that are passed. */
  #pass(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new RangeError("it ends too early");
    this.#at += length;
    return start;
  }
}
